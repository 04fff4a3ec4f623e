/** A seed that fails is made small: here by a `nextStatus` that is broken on purpose. */
import { afterEach, expect, test, vi } from 'vitest';
import type * as statusModule from '../../functions/reachability/status.ts';
import type { Status } from '../../functions/model/mcpserver.ts';
import { violations } from './checker.ts';
import { runScript } from './run-script.ts';
import { scriptOf } from './script.ts';
import { report } from './seeds.ts';

const broken = vi.hoisted(() => ({ is: false }));

vi.mock('../../functions/reachability/status.ts', async (importOriginal) => {
  const original = await importOriginal<typeof statusModule>();
  return {
    ...original,
    statusToWrite: (...given: Parameters<typeof original.statusToWrite>): Status | undefined => {
      const next = original.statusToWrite(...given);
      const [server] = given;
      // A second failure in a row after a sign-in is forgotten.
      return broken.is && next?.consecutiveFailures === 2 && server.status.state === 'Connecting'
        ? { ...next, consecutiveFailures: 1 }
        : next;
    },
  };
});

afterEach(() => {
  broken.is = false;
});

test('the same seed gives the same history, to the last write', async () => {
  const [one, other] = [await runScript(scriptOf(3)), await runScript(scriptOf(3))];
  expect(one.writes.length).toBeGreaterThan(100);
  expect(one).toEqual(other);
});

test('a failing seed is shrunk to the one server and the steps that it takes, and names its replay', async () => {
  broken.is = true;
  const seed = 2;
  const [first] = violations(await runScript(scriptOf(seed)));
  if (first === undefined) throw new Error('The broken rule was not seen.');
  expect(first.rule).toBe('counterCounts');
  const text = await report(seed, first);
  const lines = text.split('\n');
  expect(lines[1]).toBe('Replay: CHAOS_SEED=2 npm run test:chaos');
  const parts = lines.slice(4);
  expect(parts.filter((line) => line.includes('"begins"'))).toHaveLength(1);
  expect(parts.filter((line) => line.includes('"trouble"'))).toEqual([]);
});
