/**
 * The `kubectl` blocks of the pages, printed by kubectl itself at the embedded cluster, with the
 * kubeconfig of `npm start`. `npm test` prints the same lists without it: both are compared with the
 * same page. `DOCS=write` writes them.
 */
import { execFile } from 'node:child_process';
import { delimiter, dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defined } from '../../functions/model/defined.ts';
import { buildMuster, removeMuster } from '../cli/run.ts';
import { type Fence, fencesIn, isWriting, pageNames, readPage, writePage } from '../docs/pages.ts';
import { ownServersOf } from '../docs/own-servers.ts';
import { replayedPage } from '../docs/replay-page.ts';
import { type Kubectl, startReplay } from '../docs/replay.ts';
import { ownCluster } from './own.ts';

const { own, why } = ownCluster();

/** As a shell runs it, with both of its outputs. */
const kubectl: Kubectl = (command, kubeconfigFile) =>
  new Promise((resolve) => {
    const { kubectl: program } = own.assets;
    const path = program.includes('/') ? dirname(program) + delimiter : '';
    const env = { ...process.env, KUBECONFIG: kubeconfigFile, PATH: path + process.env['PATH'] };
    const child = execFile('sh', ['-c', command], { env }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? 1, text: tidy(stdout) + tidy(stderr) }),
    );
  });

/** Without spaces and empty lines at an end, which nobody sees; `-o jsonpath` ends no line. */
const tidy = (text: string): string =>
  text === '' ? '' : `${text.replace(/[ \t]+$/gm, '').trimEnd()}\n`;

const isKubectl = ({ text }: Fence): boolean => text.includes('$ kubectl ');

const pages = (
  await Promise.all(
    pageNames.map(async (name) => ({ name, fences: fencesIn(await readPage(name)) })),
  )
)
  .filter(({ fences }) => fences.some((fence) => fence.language === 'console' && isKubectl(fence)))
  .map(({ name }) => name);

describe.skipIf(why !== undefined)(
  `the pages show what kubectl prints${why === undefined ? '' : ` (skipped: ${why})`}`,
  () => {
    let muster: string;
    beforeAll(async () => {
      muster = await buildMuster();
    });
    afterAll(() => removeMuster(muster));

    test('some of them do', () => expect(pages).toContain('kubernetes.md'));

    test.each(pages)('%s', async (name) => {
      const own = await ownServersOf(await readPage(name));
      const replay = startReplay(muster, defined({ kubectl, own }));
      try {
        const page = await replayedPage(name, replay, isKubectl);
        if (isWriting) await writePage(name, page);
        expect(page).toBe(await readPage(name));
      } finally {
        await replay.end();
        await own?.end();
      }
    });
  },
);
