/** What becomes of a change of STATE whose run was cut off. */
import { describe, expect, test } from 'vitest';
import type { StateChange } from '../../../functions/model/bus-events.ts';
import { ClusterError } from '../../../functions/model/cluster-error.ts';
import type { McpServer } from '../../../functions/model/mcpserver.ts';
import {
  changeOf,
  fateOf,
  idOf,
  longestRunMs,
  noOutbox,
  type PendingChange,
  publishPending,
} from '../../../functions/reachability/state-changes.ts';
import { aCondition, aServer, aStatus } from '../../world/server.ts';

const uid = 'uid-of-server-a';
const since = new Date('2026-01-01T00:10:00Z');
const later = (ms: number): Date => new Date(since.getTime() + ms);
const now = later(120_000);

const statusOf = (to: string, at = since) =>
  aStatus({
    consecutiveFailures: to === 'Failed' ? 3 : 1,
    state: to,
    conditions: [
      aCondition({ status: to === 'Connected' ? 'True' : 'False', lastTransitionTime: at }),
    ],
  });
const serverThat = (to: string, at = since): McpServer => aServer({ status: statusOf(to, at) });
const changeTo = (to: StateChange['to'], at = since, made = since): StateChange => ({
  id: `${uid}/${at.toISOString()}/${to}`,
  namespace: 'default',
  name: 'server-a',
  uid,
  to,
  reason: 'Responded',
  at: made,
});
const pending = (change: StateChange, isConfirmed = false): PendingChange => ({
  change,
  isConfirmed,
});

test('a change names server, both states, reason and time; the same STATE is none', () => {
  const server = serverThat('Connected');
  const next = aStatus({
    consecutiveFailures: 1,
    conditions: [
      aCondition({ status: 'False', reason: 'Timeout', lastTransitionTime: later(1000) }),
      aCondition({ type: 'AuthRequired', reason: 'Another' }),
    ],
  });
  expect(changeOf(server, next, now)).toEqual({
    id: `${uid}/2026-01-01T00:10:01.000Z/Connecting`,
    namespace: 'default',
    name: 'server-a',
    uid,
    from: 'Connected',
    to: 'Connecting',
    reason: 'Timeout',
    failingSince: later(1000),
    at: now,
  });
  expect(changeOf(server, server.status, now)).toBeUndefined();
  expect(changeOf(server, aStatus(), now)).toBeUndefined();
});

test('a change knows since when the server fails, and a recovery since when it had failed', () => {
  const connected = serverThat('Connected', later(90_000)).status;
  expect(changeOf(serverThat('Failed'), connected, now)?.failingSince).toEqual(since);
  expect(changeOf(serverThat('Connecting'), statusOf('Failed'), now)?.failingSince).toEqual(since);
  // Reachable was Unknown for a while: the time before that is gone.
  const unknown = aStatus({
    state: 'Failed',
    conditions: [aCondition({ status: 'Unknown', reason: 'ProberOffline' })],
  });
  expect(changeOf(aServer({ status: unknown }), connected, now)).not.toHaveProperty('failingSince');
  expect(changeOf(aServer({ status: aStatus() }), connected, now)).not.toHaveProperty(
    'failingSince',
  );
});

test('a status that no sweep of ours wrote names no change', () => {
  expect(idOf(uid, aStatus({ state: 'Connected' }))).toBeUndefined();
  const offline = aCondition({ status: 'Unknown', reason: 'ProberOffline' });
  expect(idOf(uid, aStatus({ state: 'Connected', conditions: [offline] }))).toBeUndefined();
  expect(idOf(uid, statusOf('Failed'))).toBe(`${uid}/2026-01-01T00:10:00.000Z/Failed`);
});

describe('a change is published', () => {
  test('when the status shows it', () => {
    expect(fateOf(pending(changeTo('Failed')), serverThat('Failed'), now)).toBe('publish');
    expect(fateOf(pending(changeTo('Failed')), serverThat('Failed'), since)).toBe('publish');
  });
  test.each<[string, StateChange, McpServer]>([
    ['a later stay', changeTo('Failed', later(-60_000)), serverThat('Connected')],
    ['Failed after Connecting', changeTo('Connecting'), serverThat('Failed')],
  ])('when the next writer confirmed it and the status has %s', (_what, change, server) => {
    expect(fateOf(pending(change, true), server, now)).toBe('publish');
    expect(fateOf(pending(change), server, now)).toBe('drop');
  });
});

describe('a change is dropped', () => {
  test.each<[string, StateChange, McpServer | undefined]>([
    ['the server is gone', changeTo('Failed'), undefined],
    ['the server is another one', changeTo('Failed'), { ...serverThat('Failed'), uid: 'another' }],
    ['the server was never observed', changeTo('Failed'), aServer()],
    [
      'its id names another STATE',
      { ...changeTo('Failed'), to: 'Connected' },
      serverThat('Failed'),
    ],
    ['it lies ahead of the status', changeTo('Failed', later(1000)), serverThat('Connected')],
    ['it is the other word of the same stay', changeTo('Failed'), serverThat('Connecting')],
    ['a stay of the same time is up', changeTo('Connecting'), serverThat('Connected')],
    [
      'its id has no time',
      { ...changeTo('Failed'), id: `${uid}/yesterday/Failed` },
      serverThat('Connected'),
    ],
    [
      'its time is written in another way',
      { ...changeTo('Failed'), id: `${uid}/2025-01-01/Failed` },
      serverThat('Connected'),
    ],
    [
      'its id is of another server',
      {
        ...changeTo('Failed', later(-60_000)),
        id: 'uid-of-server-b/2025-01-01T00:00:00.000Z/Failed',
      },
      serverThat('Connected'),
    ],
  ])('when %s, even if it was confirmed', (_what, change, server) => {
    expect(fateOf(pending(change, true), server, now)).toBe('drop');
  });
});

test('a change waits for as long as its run may still write, whichever clock is ahead', () => {
  const fate = (ageMs: number) =>
    fateOf(pending(changeTo('Failed', since, later(-ageMs))), serverThat('Connected'), since);
  expect(longestRunMs).toBe(60_000);
  expect([60_000, 60_001, -60_000, -60_001].map(fate)).toEqual(['wait', 'drop', 'wait', 'drop']);
});

describe('the changes that earlier runs left', () => {
  type World = {
    readonly pending: readonly PendingChange[];
    readonly server?: () => Promise<McpServer | undefined>;
    readonly unpublished?: (change: StateChange) => boolean;
  };
  async function published({ pending, server, unpublished = () => false }: World) {
    const sent: StateChange[] = [];
    const removed: StateChange[] = [];
    const kept: StateChange[] = [];
    let publications = 0;
    const report = await publishPending(
      {
        now: () => now,
        outbox: {
          record: async () => undefined,
          pending: async () => pending,
          remove: async (changes) => {
            removed.push(...changes);
          },
        },
        readServer: server ?? (async () => serverThat('Failed')),
        publish: async (changes) => {
          publications += 1;
          sent.push(...changes);
          return changes.filter(unpublished);
        },
        keepChanges: async (changes) => {
          kept.push(...changes);
          return undefined;
        },
      },
      now,
    );
    const ids = (changes: readonly StateChange[]) => changes.map(({ id }) => id);
    return { report, publications, sent: ids(sent), removed: ids(removed), kept: ids(kept) };
  }
  const shown = changeTo('Failed');
  const never = changeTo('Connected', later(-1000));
  const young = changeTo('Connected', later(-2000), later(90_000));

  test('are published, dropped or left alone, each by what the cluster shows', async () => {
    expect(await published({ pending: [shown, never, young].map((one) => pending(one)) })).toEqual({
      report: { published: 1, dropped: 1, waiting: 1 },
      publications: 1,
      sent: [shown.id],
      removed: [shown.id, never.id],
      kept: [shown.id],
    });
  });
  test('are kept before the run ends', async () => {
    let isKept = false;
    await publishPending(
      {
        now: () => now,
        outbox: {
          record: async () => undefined,
          pending: async () => [pending(shown)],
          remove: async () => {},
        },
        readServer: async () => serverThat('Failed'),
        publish: async () => [],
        keepChanges: async () => {
          await new Promise(setImmediate);
          isKept = true;
          return undefined;
        },
      },
      now,
    );
    expect(isKept).toBe(true);
  });
  test('stay in the outbox when the bus does not take them', async () => {
    expect(await published({ pending: [pending(shown)], unpublished: () => true })).toMatchObject({
      report: { published: 0, dropped: 0, waiting: 1 },
      removed: [],
      kept: [],
    });
  });
  test('do not bother the bus when there are none to publish', async () => {
    expect(await published({ pending: [pending(never)] })).toMatchObject({ publications: 0 });
  });
  test('are not those of this run, but a time far ahead is of no run', async () => {
    const own = [now, later(121_000), later(180_000)].map((made) =>
      changeTo('Failed', since, made),
    );
    const ahead = changeTo('Failed', since, later(180_001));
    expect(await published({ pending: [...own, ahead].map((one) => pending(one)) })).toMatchObject({
      report: { published: 1, dropped: 0, waiting: 0 },
    });
  });
  // A runner beside this one confirmed the change, and then moved STATE on.
  test('that were confirmed while they were judged are published', async () => {
    const lists = [
      [pending(never), pending(shown)],
      [pending(never, true), pending(shown)],
    ];
    const sent: StateChange[] = [];
    const removed: StateChange[] = [];
    const report = await publishPending(
      {
        now: () => now,
        outbox: {
          record: async () => undefined,
          pending: async () => lists.shift() ?? [],
          remove: async (changes) => void removed.push(...changes),
        },
        readServer: async () => serverThat('Failed'),
        publish: async (changes) => {
          sent.push(...changes);
          return [];
        },
        keepChanges: async () => 'the table is unavailable',
      },
      now,
    );
    expect(sent).toEqual([never, shown]);
    expect(removed).toEqual([never, shown]);
    expect(report).toEqual({ published: 2, dropped: 0, waiting: 0 });
  });
  test('about a server that cannot be read show nothing; a cluster that is away stops all', async () => {
    const malformed = new ClusterError({
      reason: 'malformedServer',
      namespace: 'default',
      name: 'server-a',
      message: 'spec is missing',
    });
    expect(
      await published({ pending: [pending(shown)], server: () => Promise.reject(malformed) }),
    ).toMatchObject({ report: { published: 0, dropped: 1 } });
    const away = new ClusterError({ reason: 'unauthorized', address: 'https://cluster.example' });
    for (const error of [away, new Error('away')])
      await expect(
        published({ pending: [pending(shown)], server: () => Promise.reject(error) }),
      ).rejects.toThrow(error);
  });
});

test('a sweep without a table has an outbox that keeps nothing', async () => {
  expect(await noOutbox.record(changeTo('Failed'), undefined)).toBeUndefined();
  expect(await noOutbox.pending()).toEqual([]);
  expect(await noOutbox.remove([])).toBeUndefined();
});
