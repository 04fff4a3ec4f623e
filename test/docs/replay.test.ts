import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import * as z from 'zod/mini';
import { parse as parseCommand } from '../../cli/parse.ts';
import { startCluster } from '../../local/cluster/local-cluster.ts';
import { defined } from '../../functions/model/defined.ts';
import { declareServers } from '../../local/declare-servers.ts';
import { usage } from '../../local/start-options.ts';
import { buildMuster, removeMuster } from '../cli/run.ts';
import { crdFile } from '../world/manifest.ts';
import { ownServersOf } from './own-servers.ts';
import { type Fence, fencesIn, isWriting, pageNames, readPage, writePage } from './pages.ts';
import { isPageWorld } from './page-worlds.ts';
import { commandsIn, replayedPage } from './replay-page.ts';
import { startReplay } from './replay.ts';

let muster: string;
beforeAll(async () => {
  muster = await buildMuster();
});
afterAll(() => removeMuster(muster));

const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')));

const pages = await Promise.all(
  [...pageNames, '../README.md'].map(async (name) => ({
    name,
    fences: fencesIn(await readPage(name)),
  })),
);
const withTerminal = pages
  .filter(({ fences }) => fences.some(({ language }) => language === 'console'))
  .map(({ name }) => name);

describe('the console blocks of a page show the current output', () => {
  test.each(withTerminal)(
    '%s',
    async (name) => {
      const own = await ownServersOf(await readPage(name));
      const replay = startReplay(muster, defined({ own }));
      try {
        const page = await replayedPage(name, replay);
        if (isWriting) await writePage(name, page);
        // npm run docs:write writes the current output into the page.
        expect(page).toBe(await readPage(name));
      } finally {
        await replay.end();
        await own?.end();
      }
      // Three worlds and thirty commands, beside everything else.
    },
    90_000,
  );
});

const all = (language: string) =>
  pages.flatMap(({ name, fences }) =>
    fences.filter((fence) => fence.language === language).map(({ text }) => ({ name, text })),
  );

test('commands that are shown without output exist', () => {
  const problems = all('sh').flatMap(({ name, text }) =>
    text
      .split('\n')
      .flatMap((line) => line.replace(/ +#.*$/, '').split(/ && | \|\|? /))
      .flatMap((command) =>
        problemsOf(command.trim()).map((message) => `${name}: ${command}: ${message}`),
      ),
  );
  expect(problems).toEqual([]);
});

/** Problems of our own commands; other commands are not checked. */
function problemsOf(command: string): readonly string[] {
  const [, script] = /^npm run (?:--silent )?([\w:-]+)/.exec(command) ?? [];
  if (script !== undefined && scripts[script] === undefined) return ['there is no such script'];
  const [, line] = /^(?:npx )?muster (.+?)(?: \d?>.*)?$/.exec(command) ?? [];
  if (line !== undefined) {
    try {
      parseCommand(line.split(' '));
    } catch (error) {
      return [String(error)];
    }
  }
  const [, args = ''] = /^npm start .*?-- (.+)$/.exec(command) ?? [];
  return [...args.matchAll(/(?<= |^)--?[a-z]+/g)]
    .map(([flag]) => flag)
    .filter((flag) => !usage.includes(flag));
}

test('the cluster accepts the manifests', async () => {
  const cluster = await startCluster({ crdFile });
  try {
    for (const { name, text } of all('yaml')) {
      expect(parseAllDocuments(text).flatMap(({ errors }) => errors)).toEqual([]);
      if (text.includes('kind: MCPServer\n'))
        expect(await declareServers(cluster.kubeconfig, text, name)).toEqual([]);
    }
  } finally {
    await cluster.close();
  }
});

test('JSON is JSON', () => {
  for (const { text } of all('json')) expect(() => JSON.parse(text)).not.toThrow();
});

test.each(pages.map(({ name, fences }) => [name, fences] as const))(
  '%s has no block without a check',
  (_, fences) => {
    const unchecked = fences.filter(
      ({ language }) => !['console', 'sh', 'yaml', 'json', 'mermaid'].includes(language),
    );
    expect(unchecked.map(({ text }) => text)).toEqual([]);
  },
);

/** A table of a command, an error, or what someone typed with what it printed. */
const looksPrinted = /^ *(NAME +[A-Z]|Error: |Warning: |\$ |\d\d:\d\d:\d\d )/m;

test.each(pages)('$name shows no output that no test has produced', async ({ name, fences }) => {
  const text = await readPage(name);
  const unproduced = fences.flatMap(({ language, text: block }) =>
    language === 'console' || !looksPrinted.test(block) ? [] : [block],
  );
  const withoutFences = text.replace(/^```[\s\S]*?^```$/gm, '');
  const indented = [...withoutFences.matchAll(/(?:^ {4}.*\n)+/gm)]
    .map(([block]) => block)
    .filter((block) => looksPrinted.test(block));
  expect([...unproduced, ...indented]).toEqual([]);
});

test('output is recognized in a block that only looks like a listing', () => {
  expect('    NAME       STATE\n    server-a   Connected\n').toMatch(looksPrinted);
  expect('$ kubectl get mcps\n').toMatch(looksPrinted);
  expect('muster list\nkubectl get mcps # STATE\n').not.toMatch(looksPrinted);
});

const consoleBlocks = pages.flatMap(({ fences }) =>
  fences.filter(({ language }) => language === 'console'),
);

test('every console block has a command, and a world that exists', () => {
  const isRunnable = ({ text, world = 'demo' }: Fence) =>
    commandsIn(text).length > 0 && isPageWorld(world);
  expect(consoleBlocks.filter((fence) => !isRunnable(fence))).toEqual([]);
});
