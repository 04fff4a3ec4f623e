/**
 * How often a server is probed while EventBridge Scheduler starts sweeps up to two minutes late,
 * and the bus delivers pages late and twice. The real rules run in virtual time.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { McpServer } from '../../../functions/model/mcpserver.ts';
import type { SweepCursor } from '../../../functions/reachability/fanout.ts';
import type { ProbeOutcome } from '../../../functions/reachability/outcome.ts';
import {
  type RunReport,
  runSweep,
  type SweepPorts,
} from '../../../functions/reachability/run-sweep.ts';
import { noOutbox } from '../../../functions/reachability/state-changes.ts';
import { virtualTime } from '../../chaos/virtual-time.ts';
import { quietPorts } from '../../world/page-ports.ts';
import { aServer } from '../../world/server.ts';

const begin = Date.UTC(2026, 2, 1);
const tickMs = 60_000;
/** Scheduler may be a minute late, and Lambda's queue another one. */
const latestMs = 120_000;
/** A sweep of the most pages, one delivery after another, takes less than a tick. */
const deliveryMs = 1_500;
const startMs = 900;

type Behavior = 'up' | 'refuses' | 'hangs' | 'asksToWait';
const outcomes: Readonly<
  Record<Behavior, { readonly ms: number; readonly outcome: ProbeOutcome }>
> = {
  up: {
    ms: 40,
    outcome: { kind: 'answered', status: 200, bearerChallenge: false, timings: {} },
  },
  refuses: {
    ms: 5,
    outcome: {
      kind: 'unreachable',
      cause: 'refused',
      stage: 'tcp',
      detail: 'ECONNREFUSED',
      timings: {},
    },
  },
  hangs: {
    ms: 10_000,
    outcome: {
      kind: 'unreachable',
      cause: 'timeout',
      stage: 'headers',
      detail: 'no response within 10 s',
      timings: {},
    },
  },
  asksToWait: {
    ms: 20,
    outcome: {
      kind: 'answered',
      status: 503,
      bearerChallenge: false,
      retryAfterMs: 90_000,
      timings: {},
    },
  },
};

type Schedule = {
  /** How late each tick comes, in milliseconds. */
  readonly late: readonly number[];
  /** Which of them come once more, and how much later. */
  readonly again: readonly (number | undefined)[];
  readonly servers: readonly Behavior[];
  readonly pageSize: number;
  /** Deliveries of pages: how long each takes, and whether it comes once more. */
  readonly deliveries: readonly { readonly ms: number; readonly isTwice: boolean }[];
};

type Lived = {
  /** When first invocations of sweeps began, in order. */
  readonly invocations: readonly number[];
  /** When each server was probed, and the earliest time at which its next probe was due. */
  readonly probes: ReadonlyMap<string, readonly { readonly at: number; readonly due: number }[]>;
  readonly renewals: readonly { readonly at: number; readonly renewedTo: number }[];
  readonly reports: readonly { readonly began: number; readonly report: RunReport }[];
};

/** Runs the schedule to its end, and one tick more. */
async function live({ late, again, servers, pageSize, deliveries }: Schedule): Promise<Lived> {
  const time = virtualTime(begin);
  const invocations: number[] = [];
  const probes = new Map<string, { at: number; due: number }[]>();
  const renewals: { at: number; renewedTo: number }[] = [];
  const reports: { began: number; report: RunReport }[] = [];
  const cluster = new Map<string, McpServer>(
    servers.map((_, index) => {
      const name = `server-${String(index)}`;
      return [name, aServer({ name, uid: `uid-${name}` })];
    }),
  );
  const behaviorOf = ({ name }: McpServer): Behavior =>
    servers[Number(name.slice('server-'.length))] ?? 'up';
  const objects = (): readonly McpServer[] => [...cluster.values()];
  const pageFrom = (from: number, limit: number) => {
    const rest = from + limit < cluster.size ? { continue: String(from + limit) } : {};
    return { servers: objects().slice(from, from + limit), malformed: [], ...rest };
  };
  let delivered = 0;
  const ports: SweepPorts = {
    ...quietPorts,
    outbox: noOutbox,
    now: () => new Date(time.now()),
    listPage: async ({ limit, continue: from = '0' }) => {
      await time.sleep(30);
      return { kind: 'page', page: pageFrom(Number(from), limit) };
    },
    skipPage: async ({ limit, continue: from }) => {
      await time.sleep(30);
      const { servers: passed, ...rest } = pageFrom(Number(from), limit);
      return { count: passed.length, ...('continue' in rest ? { continue: rest.continue } : {}) };
    },
    queuePage: async (page) => {
      const { ms = 0, isTwice = false } = deliveries[delivered % deliveries.length] ?? {};
      delivered += 1;
      for (const more of isTwice ? [0, 7_000] : [0])
        time.at(time.now() + ms + more, () => run(page));
    },
    renewLease: async (at) => {
      renewals.push({ at: time.now(), renewedTo: at.getTime() });
      return undefined;
    },
    probe: async (server) => {
      const { ms, outcome } = outcomes[behaviorOf(server)];
      const at = time.now();
      await time.sleep(ms);
      const own = probes.get(server.name) ?? [];
      probes.set(server.name, [...own, { at, due: at }]);
      return outcome;
    },
    patchStatusFor: () => async (server, status) => {
      cluster.set(server.name, { ...server, status });
      const last = probes.get(server.name)?.at(-1);
      if (last !== undefined)
        last.due = Math.max(last.at, (status.nextRetryAfter?.getTime() ?? 0) - tickMs / 2);
      return { kind: 'written', resourceVersion: '1' };
    },
    readServer: async (_namespace, name) => cluster.get(name),
  };
  const run = (cursor: SweepCursor): void => {
    const began = time.now();
    if (cursor.hop === 0) invocations.push(began);
    void runSweep(cursor, new Date(began), ports, {
      pageSize,
      tickMs,
      heartbeatMs: 5 * tickMs,
      concurrency: 50,
    }).then((report) => reports.push({ began: Date.parse(cursor.began ?? cursor.tick), report }));
  };
  const tick = (due: number): void =>
    run({
      tick: new Date(due).toISOString(),
      began: new Date(time.now()).toISOString(),
      hop: 0,
      everything: false,
    });
  late.forEach((lateMs, index) => {
    const due = begin + index * tickMs;
    const start = startMs * ((index % 4) / 3);
    time.at(due + lateMs + start, () => tick(due));
    const more = again[index % again.length];
    if (more !== undefined) time.at(due + lateMs + start + more, () => tick(due));
  });
  await time.run(begin + late.length * tickMs + latestMs + 2 * tickMs);
  return { invocations, probes, renewals, reports };
}

const behaviors = fc.constantFrom<Behavior>('up', 'up', 'up', 'refuses', 'hangs', 'asksToWait');
const upTo = (ms: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: ms });
const deliveries = fc.array(
  fc.record({
    ms: upTo(deliveryMs),
    isTwice: fc.integer({ min: 0, max: 9 }).map((one) => one === 0),
  }),
  { minLength: 1, maxLength: 8 },
);
const latenesses = fc.oneof(
  // Always as late, or by chance.
  upTo(latestMs).chain((ms) => fc.array(fc.constant(ms), { minLength: 4, maxLength: 8 })),
  fc.array(upTo(latestMs), { minLength: 4, maxLength: 8 }),
);
const schedules: fc.Arbitrary<Schedule> = fc.record({
  late: latenesses,
  again: fc.array(fc.option(upTo(50_000), { nil: undefined, freq: 3 }), {
    minLength: 1,
    maxLength: 4,
  }),
  servers: fc.array(behaviors, { minLength: 1, maxLength: 50 }),
  pageSize: fc.integer({ min: 2, max: 20 }),
  deliveries,
});

/** The longest time between two probes: to the next invocation after it was due, and one tick. */
function gaps({ invocations, probes }: Lived) {
  const last = invocations.at(-1) ?? begin;
  return [...probes].flatMap(([name, all]) =>
    all.flatMap(({ at, due }, index) => {
      const next = all[index + 1]?.at ?? Infinity;
      const before = invocations.findLast((one) => one <= due) ?? begin;
      const after = invocations.find((one) => one > due);
      // After the last invocation nothing is probed.
      if (after === undefined || after > last) return [];
      return [{ name, at, next, longest: due - at + (after - before) + tickMs }];
    }),
  );
}

const check = (property: (lived: Lived, schedule: Schedule) => void): Promise<void> =>
  fc.assert(
    fc.asyncProperty(schedules, async (schedule) => property(await live(schedule), schedule)),
    { numRuns: 150 },
  );

describe('while the schedule is up to two minutes late', () => {
  test('between two probes of a server are at most the time between two invocations and a tick', () =>
    check((lived, { servers }) => {
      expect(lived.probes.size).toBe(servers.length);
      for (const { name, at, next, longest } of gaps(lived))
        expect(next - at, `${name} after ${String(at - begin)} ms`).toBeLessThanOrEqual(longest);
    }));

  test('no sweep ends early, and its delay counts from when it began', () =>
    check(({ reports, invocations }) => {
      expect(reports.length).toBeGreaterThanOrEqual(invocations.length);
      expect(reports.flatMap(({ report }) => report.ended ?? [])).toEqual([]);
      for (const { report } of reports) expect(report.lagMs).toBeLessThanOrEqual(tickMs);
    }));

  test('the Lease is renewed to the time at which the sweep began', () =>
    check(({ renewals }) => {
      for (const { at, renewedTo } of renewals) {
        expect(renewedTo).toBeLessThanOrEqual(at);
        expect(at - renewedTo).toBeLessThanOrEqual(1_000);
      }
    }));
});
