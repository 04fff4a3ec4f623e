import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { journey } from '../../deploy/smoke/journey.ts';
import { runJourney, type StepResult } from '../../deploy/smoke/run-journey.ts';
import { resultText, summaryText } from '../../deploy/smoke/smoke-report.ts';
import type { JourneyContext } from '../../deploy/smoke/step.ts';
import { ada } from '../../local/issuer.ts';
import { listen } from '../../local/listen.ts';
import { startWorld, type World } from '../../local/world.ts';
import { openTerminal } from '../cli/pseudo-terminal.ts';
import { buildMuster, removeMuster, runMuster } from '../cli/run.ts';
import { browserOf } from '../world/browser.ts';
import { expose } from '../world/leaks.ts';

let folder: string;
let muster: string;
let world: World;
/** Its functions see no server. */
let empty: World;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'muster-smoke-'));
  [muster, world, empty] = await Promise.all([
    buildMuster(),
    startWorld(),
    startWorld({ settings: { ANONYMOUS_LIST: 'off', NAMESPACE: 'nowhere' } }),
  ]);
  await Promise.all([world.sweep({ everything: true }), empty.sweep({ everything: true })]);
});
afterAll(async () => {
  await Promise.all([world?.close(), empty?.close()]);
  await Promise.all([removeMuster(muster), rm(folder, { recursive: true })]);
});

/** Ada at a machine of her own, before this endpoint. */
async function travel(
  endpoint: string,
  others: Partial<JourneyContext> = {},
): Promise<readonly StepResult[]> {
  const home = await mkdtemp(join(folder, 'home-'));
  const results = await runJourney(
    journey,
    {
      endpoint,
      command: (...words) =>
        runMuster(muster, words.join(' '), {
          endpoint,
          home,
          onAddress: (address) => browserOf(ada).visit(address),
        }),
      ...others,
    },
    () => undefined,
  );
  expose('npm run smoke', results.map((result) => resultText(result, 'test')).join('\n'));
  return results;
}

const kindsOf = (results: readonly StepResult[]): readonly string[] =>
  results.map(({ kind }) => kind);

describe('the journey after a deployment', () => {
  test('goes through every step, and leaves no session behind', async () => {
    const results = await travel(world.url);
    expect(results.map((result) => resultText(result, 'test')).join('\n')).toMatch(
      /^(?:ok .*\n?)+$/,
    );
    expect(summaryText(results, 'test')).toBe(
      `${journey.length} ok, 0 skipped, 0 failed, 0 not run. The stage test works.`,
    );
  });

  test('skips what an empty cluster has nothing for, and says why', async () => {
    const results = await travel(empty.url);
    const skipped = results.flatMap((one) => (one.kind === 'skipped' ? [one.why] : []));
    expect(skipped).toEqual([
      'The cluster has no MCPServers.',
      'The cluster has no MCPServer that is probed.',
      'The cluster has no MCPServer that is probed.',
      'No MCPServer waits for a sign-in.',
      'The journey signed in to no server.',
      'The journey signed in to no server.',
    ]);
    expect(results.filter(({ kind }) => kind === 'failed')).toEqual([]);
  });

  test('a server that does not exist fails its sign-in, and the person is signed out all the same', async () => {
    const results = await travel(world.url, { server: 'nowhere' });
    expect(results.find(({ kind }) => kind === 'failed')).toMatchObject({
      title: 'a check probes a server now',
      message: expect.stringContaining('muster check nowhere ended with 1:'),
      place: 'server',
    });
    expect(results.at(-1)).toMatchObject({ kind: 'done', title: 'the person signs out of muster' });
    expect(kindsOf(results)).toContain('notRun');
    expect(summaryText(results, 'test')).toMatch(
      /1 failed, 3 not run\. .*npm run smoke -- --stage test$/,
    );
  });

  test('an endpoint that is not muster fails at once, with the log to read', async () => {
    const other = await listen(createServer((_request, response) => response.end('hello')));
    const results = await travel(other.url);
    await other.close();
    expect(resultText(results[0] ?? { title: '', kind: 'notRun' }, 'production')).toMatch(
      /^FAILED +the endpoint answers\n.*is not the answer of muster\.\n.*aws logs tail .*\/aws\/lambda\/muster-production-Api .*\n.*ApiErrors/,
    );
    expect(results.slice(1, -2).every(({ kind }) => kind === 'notRun')).toBe(true);
  });
});

describe('npm run smoke', () => {
  const smoke = fileURLToPath(new URL('../../deploy/smoke/smoke.ts', import.meta.url));
  /** A folder from which this stage was deployed. */
  async function folderOf(stage: string): Promise<string> {
    const home = await mkdtemp(join(folder, 'owner-'));
    await mkdir(join(home, '.sst'));
    const outputs = { endpoint: world.url, table: `muster-${stage}-TableTable-abcdefgh` };
    await writeFile(join(home, '.sst/outputs.json'), JSON.stringify(outputs));
    return home;
  }

  test('reads the address of the deployment, and lets the person at the terminal sign in', async () => {
    const home = await folderOf('production');
    const environment = { HOME: home, PATH: process.env['PATH'] ?? '' };
    const line = `cd ${home} && exec ${process.execPath} ${smoke} --stage production`;
    const terminal = openTerminal('/bin/sh', ['-c', line], { environment, columns: 300 });
    const addresses = (): readonly string[] =>
      [...terminal.written().matchAll(/^ {2}(https?:\/\/\S+)\r?$/gm)].map(([, one = '']) => one);
    await terminal.until('Do you trust it');
    terminal.type('y\r');
    const visitNext = async (count: number): Promise<void> => {
      await terminal.until(`${count}`, () => String(addresses().length));
      await browserOf(ada).visit(addresses().at(-1) ?? '');
    };
    await visitNext(1);
    // Each waits for few commands: a machine under load is slow with them.
    for (const title of ['a person signs in', 'the sweep is recent', 'the last changes'])
      await terminal.until(`ok       ${title}`);
    await visitNext(2);
    expect(await terminal.ended).toBe(0);
    expect(terminal.screen()).toContain('0 failed, 0 not run. The stage production works.');
  });

  test.each([
    ['without a stage', [], 'The stage is missing. Add it, for example: --stage production'],
    [
      'of another stage',
      ['--stage', 'dev'],
      'is not the stage dev: its table is muster-production-',
    ],
    ['with an unknown flag', ['--stage', 'production', '--fast'], "Unknown option '--fast'"],
  ])('%s says what to add, without a stack', async (_what, words, message) => {
    const home = await folderOf('production');
    const ended = await promisify(execFile)(process.execPath, [smoke, ...words], {
      cwd: home,
    }).catch((error: unknown) => z.object({ code: z.number(), stderr: z.string() }).parse(error));
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining(message) });
    expect(ended.stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});
