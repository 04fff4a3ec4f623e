/**
 * How soon people see that a server is back, and how often it is written while it is down: the real
 * `sweepPage` over a scripted clock. Prints what it measures.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ProbeOutcome } from '../../../functions/reachability/outcome.ts';
import { sweepPage } from '../../../functions/reachability/sweep-page.ts';
import { noOutbox } from '../../../functions/reachability/state-changes.ts';
import { type McpServer, ownState, type Status } from '../../../functions/model/mcpserver.ts';
import { aServer } from '../../world/server.ts';

const tickMs = 60_000;
const heartbeatMs = 5 * 60_000;
/** EventBridge Scheduler starts a sweep some seconds after its tick. */
const longestLateMs = 8_000;
const begin = new Date('2026-03-01T00:00:00Z').getTime();

type Truth = 'up' | 'refuses' | 'hangs' | 'resets' | 'nameless';
/** What is true from the end of the phase before, for so many seconds. */
type Phase = { readonly truth: Truth; readonly seconds: number };

const outcomes: Readonly<Record<Truth, ProbeOutcome>> = {
  up: {
    kind: 'answered',
    status: 401,
    bearerChallenge: true,
    timings: { tcp: 1, headers: 20 },
  },
  refuses: {
    kind: 'unreachable',
    stage: 'tcp',
    cause: 'refused',
    detail: 'ECONNREFUSED',
    timings: { tcp: 1 },
  },
  resets: {
    kind: 'unreachable',
    stage: 'headers',
    cause: 'reset',
    detail: 'ECONNRESET',
    timings: { tcp: 1, headers: 1, discover: 3 },
  },
  hangs: {
    kind: 'unreachable',
    stage: 'headers',
    cause: 'timeout',
    detail: 'no answer within 10 s',
    timings: { tcp: 1, headers: 9_999, discover: 5_000 },
  },
  nameless: {
    kind: 'unreachable',
    stage: 'dns',
    cause: 'nameNotFound',
    detail: 'ENOTFOUND',
    timings: { dns: 8 },
  },
};

type Write = { readonly at: number; readonly status: Status };

/** Sweeps one server through the phases. `late` is how late each tick comes, in seconds. */
async function live(
  phases: readonly Phase[],
  { uid = 'uid-a', late = (_tick: number): number => 0, newSpecAt = new Set<number>() } = {},
) {
  let server: McpServer = aServer({ uid });
  let clock = begin;
  const writes: Write[] = [];
  const probes: { readonly at: number; readonly truth: Truth }[] = [];
  const ends = phases.reduce<readonly number[]>(
    (all, { seconds }) => [...all, (all.at(-1) ?? begin) + seconds * 1000],
    [],
  );
  const truthAt = (at: number): Truth => phases[ends.findIndex((end) => at < end)]?.truth ?? 'up';
  const end = (ends.at(-1) ?? begin) + 15 * tickMs;
  for (let tick = 0; begin + tick * tickMs < end; tick += 1) {
    if (newSpecAt.has(tick)) server = { ...server, generation: server.generation + 1 };
    clock = begin + tick * tickMs + late(tick) * 1000;
    await sweepPage(
      [server],
      {
        now: () => new Date(clock),
        probe: async () => {
          const truth = truthAt(clock);
          probes.push({ at: clock, truth });
          if (truth === 'hangs') clock += 10_000;
          return outcomes[truth];
        },
        patchStatus: async (_server, status) => {
          server = { ...server, status };
          writes.push({ at: clock, status });
          return { kind: 'written', resourceVersion: '1' };
        },
        readServer: async () => server,
        publish: async () => [],
        outbox: noOutbox,
        keepChanges: async () => undefined,
        recordEvents: async () => ({ count: 0 }),
        isOnline: async () => true,
        backOff: async () => {},
      },
      {
        tick: new Date(begin + tick * tickMs),
        tickMs,
        heartbeatMs,
        concurrency: 1,
        everything: false,
      },
    );
  }
  return { writes, probes, ends };
}

/** How long after each return of the server its STATE said so, and what the last probe before saw. */
function recoveries(
  phases: readonly Phase[],
  { writes, probes, ends }: Awaited<ReturnType<typeof live>>,
) {
  return phases.flatMap(({ truth }, index) => {
    const since = ends[index - 1];
    if (truth !== 'up' || since === undefined) return [];
    const seen = writes.find(({ at, status }) => at >= since && ownState(status) === 'Connected');
    const before = probes.findLast(({ at }) => at < since)?.truth;
    // No sweep saw it down, or it was down again before any sweep could see it up.
    if (before === undefined || before === 'up' || seen === undefined) return [];
    if (seen.at > (ends[index] ?? Infinity)) return [];
    return [{ before, ms: seen.at - since }];
  });
}

describe('recovery is seen', () => {
  const truth = fc.constantFrom<Truth>('up', 'refuses', 'hangs', 'resets', 'nameless');
  const flapping = fc.record({ truth, seconds: fc.integer({ min: 20, max: 400 }) });
  const outage = fc.record({ truth, seconds: fc.integer({ min: 400, max: 20_000 }) });
  const lives = fc.record({
    phases: fc.array(fc.oneof({ weight: 4, arbitrary: flapping }, outage), { maxLength: 14 }),
    uid: fc.uuid(),
    lates: fc.array(fc.integer({ min: 0, max: longestLateMs / 1000 }), {
      minLength: 7,
      maxLength: 7,
    }),
    newSpecs: fc.uniqueArray(fc.integer({ min: 0, max: 200 }), { maxLength: 4 }),
  });

  test('within a tick when it failed fast, within 2 minutes and a tick when it hung', async () => {
    const worst = { fast: 0, slow: 0, count: 0 };
    await fc.assert(
      fc.asyncProperty(lives, async ({ phases, uid, lates, newSpecs }) => {
        const all = [...phases, { truth: 'up' as const, seconds: 900 }];
        const lived = await live(all, {
          uid,
          late: (tick) => lates[tick % lates.length] ?? 0,
          newSpecAt: new Set(newSpecs),
        });
        for (const { before, ms } of recoveries(all, lived)) {
          const kind = before === 'hangs' ? 'slow' : 'fast';
          worst[kind] = Math.max(worst[kind], ms);
          worst.count += 1;
          expect(ms).toBeLessThanOrEqual((kind === 'slow' ? 3 : 1) * tickMs + longestLateMs);
        }
      }),
      { numRuns: 300 },
    );
    expect(worst.count).toBeGreaterThan(100);
    console.info(
      `recoveries ${worst.count}: seen after at most ${worst.fast / 1000} s (failed fast), ${worst.slow / 1000} s (hung)`,
    );
  });

  test('a day of refused connections is written at the heartbeat only, and probed in every sweep', async () => {
    const day = 24 * 60;
    const { writes, probes } = await live([{ truth: 'refuses', seconds: day * 60 }]);
    const down = writes.filter(({ status }) => ownState(status) === 'Failed');
    expect(probes.filter(({ truth }) => truth === 'refuses')).toHaveLength(day);
    expect(down.length).toBeLessThanOrEqual(day / 5 + 2);
    expect(down.every(({ status }) => status.nextRetryAfter === undefined)).toBe(true);
    // Written failures are counted, and nothing else.
    expect(down.at(-1)?.status.consecutiveFailures).toBe(down.length + 2);
  });

  test('a server that hangs is asked every 2 minutes, and each time it is written when next', async () => {
    const { writes, probes } = await live([{ truth: 'hangs', seconds: 2 * 60 * 60 }]);
    const down = writes.filter(({ status }) => ownState(status) !== 'Connected');
    expect(down.length).toBe(probes.filter(({ truth }) => truth === 'hangs').length);
    expect(down.length).toBeLessThanOrEqual(61);
    for (const { at, status } of down) {
      const waits = (status.nextRetryAfter?.getTime() ?? 0) - at;
      expect(waits).toBeGreaterThanOrEqual(107_000);
      expect(waits).toBeLessThanOrEqual(133_000);
    }
  });

  test('Connecting, Connecting, Failed: three failures in a row are three writes', async () => {
    const { writes } = await live([
      { truth: 'up', seconds: 90 },
      { truth: 'resets', seconds: 400 },
    ]);
    expect(writes.slice(1, 4).map(({ status }) => status.state)).toEqual([
      'Connecting',
      'Connecting',
      'Failed',
    ]);
  });

  test('a new spec of a server that hangs is probed in the next sweep', async () => {
    const { probes } = await live([{ truth: 'hangs', seconds: 600 }], { newSpecAt: new Set([3]) });
    expect(probes.map(({ at }) => Math.round((at - begin) / tickMs)).slice(0, 3)).toEqual([
      0, 2, 3,
    ]);
  });
});
