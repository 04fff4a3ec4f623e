import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { watchedProber } from '../../../../functions/adapters/mcp/watched-prober.ts';
import { pauseWatch } from '../../../../functions/adapters/network/pause-watch.ts';
import type { ProbeOutcome } from '../../../../functions/reachability/outcome.ts';
import { aServer } from '../../../world/server.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

/** Clocks that only the test moves. */
function aMachine() {
  const now = { monotonic: 1000, wall: 1_000_000 };
  const watch = pauseWatch({ monotonic: () => now.monotonic, wall: () => now.wall });
  const runs = (ms: number): void => {
    for (let passed = 0; passed < ms; passed += 250) {
      now.monotonic += 250;
      now.wall += 250;
      vi.advanceTimersByTime(250);
    }
  };
  return { now, watch, runs };
}

test('time that passes is no pause', () => {
  const { watch, runs } = aMachine();
  const end = watch.begin();
  runs(10_000);
  expect(end()).toBe(0);
});

test('a frozen process, a suspended machine and a clock that is set are pauses', () => {
  const pauses = [
    { monotonic: 9000, wall: 9000 },
    { monotonic: 0, wall: 9000 },
    { monotonic: 0, wall: -9000 },
  ].map((step) => {
    const { now, watch, runs } = aMachine();
    const end = watch.begin();
    runs(500);
    now.monotonic += step.monotonic;
    now.wall += step.wall;
    return end();
  });
  expect(pauses).toEqual([8750, 8750, 8750]);
});

test('a pause counts only for what it interrupted', () => {
  const { now, watch, runs } = aMachine();
  const early = watch.begin();
  now.monotonic += 5000;
  now.wall += 5000;
  runs(250);
  const late = watch.begin();
  runs(250);
  expect(late()).toBe(0);
  expect(early()).toBeGreaterThan(4000);
  expect(vi.getTimerCount()).toBe(0);
});

test('an answer counts whatever interrupted it; a failure then is a prober error', async () => {
  const outcomes: ProbeOutcome[] = [
    { kind: 'answered', status: 200, bearerChallenge: false, timings: {} },
    { kind: 'unreachable', stage: 'headers', cause: 'timeout', detail: '', timings: {} },
    { kind: 'unreachable', stage: 'tls', cause: 'tlsNotYetValid', detail: '', timings: {} },
  ];
  const kinds = [];
  for (const outcome of outcomes) {
    const { now, watch } = aMachine();
    const probe = watchedProber(async () => {
      now.monotonic += 5000;
      return outcome;
    }, watch);
    kinds.push((await probe(aServer(), { classify: false })).kind);
  }
  expect(kinds).toEqual(['answered', 'proberTrouble', 'proberTrouble']);
});
