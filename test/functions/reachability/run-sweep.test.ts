/** One invocation of a sweep with scripted ports: what it lists, queues, renews and reports. */
import { describe, expect, test } from 'vitest';
import { defined } from '../../../functions/model/defined.ts';
import type { McpServer, PageResult } from '../../../functions/model/mcpserver.ts';
import type { SweepCursor } from '../../../functions/reachability/fanout.ts';
import { runSweep, type SweepPorts } from '../../../functions/reachability/run-sweep.ts';
import { noOutbox } from '../../../functions/reachability/state-changes.ts';
import { aServer } from '../../world/server.ts';
import { quietPorts } from '../../world/page-ports.ts';

const started = new Date('2026-01-01T00:00:10Z');
const ended = new Date('2026-01-01T00:00:12Z');
const tick = '2026-01-01T00:00:00.000Z';
const first: SweepCursor = { tick, began: tick, hop: 0, everything: false };
const page = (count: number, more: object = {}): PageResult => ({
  kind: 'page',
  page: {
    servers: Array.from(
      { length: count },
      (_, index): McpServer =>
        aServer({ name: `server-${String(index)}`, uid: `uid-${String(index)}` }),
    ),
    malformed: [],
    ...more,
  },
});

/** Runs one invocation; `ports` say only what differs from a quiet day. */
async function swept(ports: Partial<SweepPorts> = {}, cursor: SweepCursor = first) {
  const did: string[] = [];
  const report = await runSweep(
    cursor,
    started,
    {
      now: () => ended,
      listPage: async ({ limit, continue: from }) => {
        did.push(`list ${String(limit)} ${from ?? 'from the first'}`);
        return page(1);
      },
      skipPage: async () => ({ count: 0 }),
      queuePage: async (next) => void did.push(`queue hop ${String(next.hop)} ${next.continue}`),
      renewLease: async (at) => {
        did.push(`renew ${at.toISOString()}`);
        return undefined;
      },
      probe: async ({ name }) => {
        did.push(`probe ${name}`);
        return { kind: 'answered', status: 200, bearerChallenge: false, timings: {} };
      },
      patchStatusFor: (trace) => async () => {
        did.push(`write ${trace}`);
        return { kind: 'written', resourceVersion: '2' };
      },
      ...quietPorts,
      outbox: noOutbox,
      ...ports,
    },
    { pageSize: 2, tickMs: 60_000, heartbeatMs: 300_000, concurrency: 1 },
  );
  return { did, report };
}

test('the first invocation lists, renews the Lease, probes and writes, and says when', async () => {
  const { did, report } = await swept();
  expect(did).toEqual([
    'list 2 from the first',
    `renew ${started.toISOString()}`,
    'probe server-0',
    `write sweep-${tick}`,
  ]);
  expect(report).toMatchObject({
    trace: `sweep-${tick}`,
    tick,
    hop: 0,
    ms: 2_000,
    servers: 1,
    probed: 1,
    pending: { published: 0, dropped: 0, waiting: 0 },
  });
  for (const name of ['ended', 'malformed', 'leaseProblem', 'pendingProblem'])
    expect(report).not.toHaveProperty(name);
});

test('the Lease says when the sweep began, however late or early its tick came', async () => {
  for (const due of ['2026-01-01T00:00:40.000Z', '2025-12-31T23:58:20.000Z'])
    expect((await swept({}, { ...first, tick: due })).did).toContain(
      `renew ${started.toISOString()}`,
    );
});

test('how late its probes are counts from when the sweep began, or else from its tick', async () => {
  const lagMs = async (facts: Partial<SweepCursor>) =>
    (await swept({}, { tick, hop: 0, everything: false, ...facts })).report.lagMs;
  expect(await lagMs({ began: '2026-01-01T00:00:05.000Z' })).toBe(7_000);
  expect(await lagMs({})).toBe(12_000);
});

test('a tick that is too old does nothing, and says so', async () => {
  const { did, report } = await swept({}, { ...first, tick: '2025-12-31T23:00:00.000Z' });
  expect(did).toEqual([]);
  expect(report).toEqual({
    trace: 'sweep-2025-12-31T23:00:00.000Z',
    tick: '2025-12-31T23:00:00.000Z',
    hop: 0,
    ms: 2_000,
    ended: 'dropped: the tick is older than 3 ticks',
  });
});

describe('a later page', () => {
  const later: SweepCursor = { ...first, hop: 1, continue: 'token' };
  test('renews no Lease and looks for no earlier change', async () => {
    const { did, report } = await swept({}, later);
    expect(did).toEqual(['list 2 token', 'probe server-0', `write sweep-${tick}`]);
    expect(report.hop).toBe(1);
    expect(report).not.toHaveProperty('pending');
  });
  test('goes on with the token that comes with the news that its own has expired', async () => {
    const asked: unknown[] = [];
    const { report } = await swept(
      {
        listPage: async (request) => {
          asked.push(request);
          return request.continue === 'token' ? { kind: 'expired', continue: 'fresh' } : page(1);
        },
      },
      later,
    );
    expect(asked).toEqual([
      { limit: 2, continue: 'token' },
      { limit: 2, continue: 'fresh' },
    ]);
    expect(report.probed).toBe(1);
  });
  test('ends where there is no other token', async () => {
    const { report } = await swept({ listPage: async () => ({ kind: 'expired' }) }, later);
    expect(report).toEqual({
      trace: `sweep-${tick}`,
      tick,
      hop: 1,
      ms: 2_000,
      ended: 'the continue token has expired, and the cluster gave no other one',
    });
  });
});

test('the next page is queued before the own one is probed', async () => {
  const { did } = await swept({ listPage: async () => page(1, { continue: 'rest' }) });
  expect(did.slice(0, 2)).toEqual(['queue hop 1 rest', `renew ${started.toISOString()}`]);
});

test('a next page that cannot be queued is told, and costs no server its probe', async () => {
  const { did, report } = await swept({
    listPage: async () => page(1, { continue: 'rest' }),
    queuePage: async () => {
      throw new Error('the bus is away');
    },
  });
  expect(did).toContain('probe server-0');
  expect(report.ended).toBe('the next page could not be queued: the bus is away');
});

test('shards are queued one for each stretch that has servers, with how many it has', async () => {
  const queued: unknown[] = [];
  const skips = new Map([
    ['rest', { count: 3, continue: 'empty' }],
    ['empty', { count: 0, continue: 'last' }],
    ['last', { count: 1 }],
  ]);
  const { did } = await swept(
    {
      listPage: async () => page(1, { continue: 'rest' }),
      skipPage: async ({ continue: from }) => skips.get(from) ?? { count: 0 },
      queuePage: async (next) => {
        queued.push(defined({ from: next.continue, servers: next.servers }));
      },
    },
    { ...first, hop: 20, continue: 'here' },
  );
  expect(did).toContain('probe server-0');
  expect(queued).toEqual([
    { from: 'rest', servers: 3 },
    { from: 'last', servers: 1 },
  ]);
});

test('objects that are no MCPServers are named, and count toward the page', async () => {
  const malformed = [{ namespace: 'team-a', name: 'odd', message: 'spec is missing' }];
  const { report } = await swept({ listPage: async () => page(1, { malformed }) });
  expect(report.malformed).toEqual(['team-a/odd: spec is missing']);
});

test('a Lease or an outbox that fails is told, and the page goes on', async () => {
  const { report } = await swept({
    renewLease: async () => 'the Lease is not ours',
    outbox: {
      ...noOutbox,
      pending: async () => {
        throw new Error('the table is away');
      },
    },
  });
  expect(report).toMatchObject({
    probed: 1,
    leaseProblem: 'the Lease is not ours',
    pendingProblem: 'the table is away',
  });
});
