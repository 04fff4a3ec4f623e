import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { journey } from '../../deploy/smoke/journey.ts';
import { runJourney, type StepResult } from '../../deploy/smoke/run-journey.ts';
import { resultText, summaryText } from '../../deploy/smoke/smoke-report.ts';
import type { JourneyContext } from '../../deploy/smoke/step.ts';
import { ada } from '../../local/issuer.ts';
import { listen } from '../../local/listen.ts';
import { startWorld, type World } from '../../local/world.ts';
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
      'No MCPServer waits for a sign-in.',
      'The journey signed in to no server.',
      'The journey signed in to no server.',
    ]);
    expect(results.filter(({ kind }) => kind === 'failed')).toEqual([]);
  });

  test('a server that does not exist fails its sign-in, and the person is signed out all the same', async () => {
    const results = await travel(world.url, { server: 'nowhere' });
    const [failed] = results.filter(({ kind }) => kind === 'failed');
    expect(failed).toMatchObject({
      title: 'a check probes a server now',
      message: expect.stringContaining('muster check nowhere ended with 1:'),
      place: 'server',
    });
    expect(results.at(-1)).toMatchObject({ kind: 'done', title: 'the person signs out of muster' });
    expect(kindsOf(results)).toContain('notRun');
    expect(summaryText(results, 'test')).toMatch(
      /1 failed, 2 not run\. .*npm run smoke -- --stage test$/,
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
