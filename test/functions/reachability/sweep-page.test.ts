/** One page of a sweep with a scripted cluster: what is written, announced, kept and reported. */
import { describe, expect, test } from 'vitest';
import type { StateChange } from '../../../functions/model/bus-events.ts';
import type { McpServer, Status } from '../../../functions/model/mcpserver.ts';
import { isCertificateEventDue } from '../../../functions/reachability/certificate.ts';
import type { EventRecord } from '../../../functions/reachability/event-records.ts';
import type { ProbeOutcome } from '../../../functions/reachability/outcome.ts';
import {
  type PageOptions,
  type PagePorts,
  type PageReport,
  sweepPage,
} from '../../../functions/reachability/sweep-page.ts';
import { aCondition, aServer, aStatus, connected } from '../../world/server.ts';
import { aFailure, anAnswer } from '../../world/outcome.ts';

const tick = new Date('2026-01-01T00:00:00Z');
const now = new Date(tick.getTime() + 1500);
const trouble: ProbeOutcome = { kind: 'proberTrouble', detail: 'EMFILE', timings: {} };
const lost = aFailure('timeout');
const nxdomain = aFailure('nameNotFound', { stage: 'dns' });

type Seen = {
  readonly report: PageReport;
  readonly written: readonly { readonly name: string; readonly status: Status }[];
  readonly published: readonly StateChange[];
  readonly kept: readonly StateChange[];
  readonly recorded: readonly (readonly [id: string, previous: string | undefined])[];
  readonly removed: readonly StateChange[];
  readonly events: readonly EventRecord[];
  readonly waited: readonly number[];
  readonly probed: readonly (readonly [name: string, classify: boolean])[];
};

/** Sweeps one page; `ports` and `options` say only what differs from a quiet day. */
async function swept(
  servers: readonly McpServer[],
  ports: Partial<PagePorts> & { readonly outcome?: (server: McpServer) => ProbeOutcome } = {},
  options: Partial<PageOptions> = {},
): Promise<Seen> {
  const written: { name: string; status: Status }[] = [];
  const published: StateChange[] = [];
  const kept: StateChange[] = [];
  const recorded: [string, string | undefined][] = [];
  const removed: StateChange[] = [];
  const events: EventRecord[] = [];
  const waited: number[] = [];
  const probed: [string, boolean][] = [];
  const { outcome = () => anAnswer, ...others } = ports;
  const report = await sweepPage(
    servers,
    {
      now: () => now,
      probe: async (server, wanted) => {
        probed.push([server.name, wanted.classify]);
        return outcome(server);
      },
      patchStatus: async ({ name }, status) => {
        written.push({ name, status });
        return { kind: 'written', resourceVersion: '2' };
      },
      readServer: async () => undefined,
      publish: async (changes) => {
        published.push(...changes);
        return [];
      },
      outbox: {
        record: async ({ id }, previous) => {
          recorded.push([id, previous]);
          return undefined;
        },
        remove: async (changes) => {
          removed.push(...changes);
        },
      },
      keepChanges: async (changes) => {
        kept.push(...changes);
        return undefined;
      },
      recordEvents: async (records) => {
        events.push(...records);
        return { count: 0 };
      },
      isOnline: async () => true,
      backOff: async (attempt) => {
        waited.push(attempt);
      },
      ...others,
    },
    {
      tick,
      tickMs: 60_000,
      heartbeatMs: 300_000,
      concurrency: 4,
      everything: false,
      ...options,
    },
  );
  return { report, written, published, kept, recorded, removed, events, waited, probed };
}

const named = (name: string, facts: Partial<McpServer> = {}): McpServer =>
  aServer({ name, uid: `uid-of-${name}`, url: `https://${name}.example/mcp`, ...facts });
const quiet: Omit<PageReport, 'servers' | 'probed' | 'outcomes'> = {
  lagMs: 1500,
  written: 0,
  conflicts: 0,
  unchanged: 0,
  suppressed: 0,
  changes: 0,
  unpublished: 0,
  events: 0,
  problems: [],
};
const at = (status: Status, time: Date): Status => ({
  ...status,
  lastAttempt: time,
  lastConnected: time,
});
const fresh = at(connected(), new Date(tick.getTime() - 60_000));

test('a new server that answers is written, announced once and told as an Event', async () => {
  const page = await swept([named('a', { namespace: 'team-a' })]);
  expect(page.report).toEqual({
    ...quiet,
    servers: 1,
    probed: 1,
    outcomes: { Responded: 1 },
    written: 1,
    changes: 1,
    events: 1,
  });
  const id = 'uid-of-a/2026-01-01T00:00:01.000Z/Connected';
  expect(page.recorded).toEqual([[id, undefined]]);
  expect(page.published).toEqual([
    {
      id,
      namespace: 'team-a',
      name: 'a',
      uid: 'uid-of-a',
      to: 'Connected',
      reason: 'Responded',
      message: 'The server answered HTTP 200.',
      at: now,
    },
  ]);
  expect(page.removed).toEqual(page.published);
  expect(page.events).toEqual([
    {
      server: { namespace: 'team-a', name: 'a', uid: 'uid-of-a', resourceVersion: '1' },
      type: 'Normal',
      reason: 'Responded',
      message: 'STATE is Connected: The server answered HTTP 200.',
      at: now,
    },
  ]);
  expect(page.probed).toEqual([['a', true]]);
});

test('a server that stays as it is costs no write, no announcement and no Event', async () => {
  const calls: string[] = [];
  const [before] = (await swept([named('a')])).written;
  const page = await swept([named('a', { status: before?.status ?? fresh })], {
    publish: async () => {
      calls.push('publish');
      return [];
    },
    recordEvents: async () => {
      calls.push('events');
      return { count: 0 };
    },
  });
  expect(page.report).toMatchObject({ probed: 1, unchanged: 1, written: 0, changes: 0, events: 0 });
  expect([calls, page.written, page.recorded]).toEqual([[], [], []]);
});

test('a change after another one names it, so that the outbox can confirm it', async () => {
  const page = await swept([named('a', { status: fresh })], { outcome: () => nxdomain });
  expect(page.recorded).toEqual([
    ['uid-of-a/2026-01-01T00:00:01.000Z/Failed', 'uid-of-a/2026-01-01T00:00:00.000Z/Connected'],
  ]);
  expect(page.published).toMatchObject([{ from: 'Connected', to: 'Failed', reason: 'DNSFailure' }]);
});

describe('who is probed', () => {
  const waiting = aStatus({
    nextRetryAfter: new Date(tick.getTime() + 120_000),
    conditions: [aCondition({ status: 'False', reason: 'Timeout' })],
  });
  const servers = [
    named('stdio', { type: 'stdio' }),
    named('waits', { status: waiting }),
    named('suspended', { suspended: true }),
    named('opted-out', { optedOut: true }),
    named('due'),
  ];
  test('is whoever is due', async () => {
    const page = await swept(servers);
    expect(page.probed.map(([name]) => name)).toEqual(['due']);
    expect(page.report).toMatchObject({ servers: 5, probed: 1, outcomes: { Responded: 1 } });
  });
  test('is every remote server when everything is asked for', async () => {
    const page = await swept(servers, {}, { everything: true });
    expect(page.probed.map(([name]) => name)).toEqual(['waits', 'due']);
  });
  test('is at most so many at the same time', async () => {
    let running = 0;
    let most = 0;
    const count = async (): Promise<ProbeOutcome> => {
      running += 1;
      most = Math.max(most, running);
      await Promise.resolve();
      running -= 1;
      return anAnswer;
    };
    await swept(
      ['a', 'b', 'c', 'd', 'e'].map((name) => named(name)),
      { probe: count },
      {
        concurrency: 2,
      },
    );
    expect(most).toBe(2);
  });
});

test('reasons are counted, and the lag is that of the last probe', async () => {
  const page = await swept(
    ['a', 'b', 'c', 'd'].map((name) => named(name)),
    {
      outcome: ({ name }) => {
        if (name === 'c') return nxdomain;
        return name === 'd' ? trouble : anAnswer;
      },
    },
  );
  expect(page.report.outcomes).toEqual({ Responded: 2, DNSFailure: 1, Undecided: 1 });
  expect((await swept([])).report.lagMs).toBe(0);
});

describe('trouble of our own', () => {
  test('is a problem of the sweep by name, and writes nothing while the status is fresh', async () => {
    const page = await swept([named('a', { status: fresh }), named('b')], {
      probe: async ({ name }) => {
        if (name === 'a') throw new Error('it broke');
        return anAnswer;
      },
    });
    expect(page.written.map(({ name }) => name)).toEqual(['b']);
    expect(page.report).toMatchObject({
      outcomes: { Responded: 1, Undecided: 1 },
      proberOffline: 'prober errors for 1 of 2 servers: it broke',
      problems: [{ namespace: 'default', name: 'a', message: 'prober error: it broke' }],
    });
  });

  test('makes a status Unknown once it is too old to trust, and only once', async () => {
    const old = at(connected(), new Date(tick.getTime() - 3_600_000));
    const page = await swept([named('a', { status: old })], { outcome: () => trouble });
    expect(page.written).toHaveLength(1);
    expect(page.written[0]?.status.conditions[0]).toMatchObject({
      type: 'Reachable',
      status: 'Unknown',
      reason: 'ProberOffline',
      message: 'The prober is offline: EMFILE.',
    });
    expect(page.report).toMatchObject({ written: 1, changes: 0, events: 0, problems: [] });
    const again = await swept([named('a', { status: page.written[0]?.status ?? old })], {
      outcome: () => trouble,
    });
    expect(again.written).toEqual([]);
    expect(again.report.problems).toMatchObject([{ message: 'prober error: EMFILE' }]);
  });
});

describe('a page that loses everything', () => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  const page = (status: Status) => names.map((name) => named(name, { status }));
  const message = 'all 5 servers that were reachable (5 hosts) became unreachable at the same time';

  test('is our own network: nothing is written while each status is fresh', async () => {
    const { report, written } = await swept(page(fresh), {
      outcome: () => lost,
      isOnline: () => Promise.reject(new Error('not asked')),
    });
    expect(written).toEqual([]);
    expect(report).toMatchObject({ suppressed: 5, proberOffline: message, problems: [] });
  });

  test('is hidden for no longer where the schedule is late', async () => {
    // Heartbeat and three ticks are eight minutes.
    const atAge = async (ageMs: number) => {
      const { report } = await swept(
        page(at(connected(), new Date(now.getTime() - ageMs))),
        {
          outcome: () => lost,
        },
        { tick: new Date(now.getTime() - 120_000) },
      );
      return report.suppressed;
    };
    expect([await atAge(479_000), await atAge(480_000)]).toEqual([5, 0]);
  });

  const stale = at(connected(), new Date(tick.getTime() - 3_600_000));
  test('is written as Unknown when they are too old and the prober is offline', async () => {
    let asked = 0;
    const { report, written } = await swept(page(stale), {
      outcome: () => lost,
      isOnline: async () => {
        asked += 1;
        return false;
      },
    });
    expect(asked).toBe(1);
    expect(written.map(({ status }) => status.conditions[0]?.message)).toEqual(
      names.map(() => `The prober is offline: ${message}.`),
    );
    expect(report).toMatchObject({ suppressed: 0, written: 5, changes: 0, proberOffline: message });
  });

  test('is the servers when the prober is online', async () => {
    const { report, published } = await swept(page(stale), { outcome: () => lost });
    expect(published.map(({ to }) => to)).toEqual(names.map(() => 'Connecting'));
    expect(report).toMatchObject({ suppressed: 0, written: 5, changes: 5 });
    expect(report).not.toHaveProperty('proberOffline');
  });

  test('and has prober errors beside it keeps the word of those', async () => {
    const { report } = await swept([...page(stale), named('f', { status: fresh })], {
      outcome: ({ name }) => (name === 'f' ? trouble : lost),
    });
    expect(report.proberOffline).toBe('prober errors for 1 of 6 servers: EMFILE');
  });

  test('leaves alone those of the page that answered', async () => {
    const mixed = [...page(fresh), named('f', { status: stale })];
    const { report, written } = await swept(mixed, {
      outcome: ({ name }) => (name === 'f' ? anAnswer : lost),
      isOnline: async () => false,
    });
    expect(written.map(({ name }) => name)).toEqual(['f']);
    expect(report).toMatchObject({ suppressed: 5, written: 1 });
  });
});

describe('what cannot be written or announced', () => {
  test('is a problem by name, and the others go on', async () => {
    const page = await swept([named('a'), named('b'), named('c')], {
      patchStatus: async ({ name }) => {
        if (name === 'a') throw new Error('the cluster is away');
        return name === 'b'
          ? { kind: 'refused', detail: 'it is too long' }
          : { kind: 'written', resourceVersion: '2', shortened: 'it is too long' };
      },
    });
    expect(page.report).toMatchObject({ written: 1, changes: 1 });
    expect(page.report.problems).toEqual([
      {
        namespace: 'default',
        name: 'a',
        message: 'the status could not be written: the cluster is away',
      },
      {
        namespace: 'default',
        name: 'b',
        message: 'the cluster refused the status: it is too long',
      },
      {
        namespace: 'default',
        name: 'c',
        message:
          'the cluster refused the status: it is too long. It has the status without the full message.',
      },
    ]);
  });

  test('stays in the outbox when the bus did not take it', async () => {
    const page = await swept([named('a'), named('b')], {
      publish: async (changes) => changes.filter(({ name }) => name === 'a'),
    });
    expect(page.removed.map(({ name }) => name)).toEqual(['b']);
    expect(page.report).toMatchObject({
      changes: 2,
      unpublished: 1,
      problems: [
        {
          namespace: 'default',
          name: 'a',
          message: 'the change to Connected could not be published',
        },
      ],
    });
  });

  test('is kept as the last change of its server, whether the bus takes it or not', async () => {
    const page = await swept([named('a'), named('b')], { publish: async (changes) => changes });
    expect(page.kept.map(({ name, to, message }) => [name, to, message])).toEqual([
      ['a', 'Connected', 'The server answered HTTP 200.'],
      ['b', 'Connected', 'The server answered HTTP 200.'],
    ]);
    expect(page.report).not.toHaveProperty('historyProblem');
  });

  test('is written and announced although it cannot be kept, and the report says why', async () => {
    const page = await swept([named('a')], { keepChanges: async () => 'the table is unavailable' });
    expect([page.published, page.removed, page.written].map(({ length }) => length)).toEqual([
      1, 1, 1,
    ]);
    expect(page.report).toMatchObject({
      historyProblem: 'the table is unavailable',
      problems: [],
    });
  });

  test('that is none costs no write to the last changes', async () => {
    let calls = 0;
    const keepChanges = async (): Promise<undefined> => void (calls += 1);
    await swept([named('a', { status: connected() })], { keepChanges });
    expect(calls).toBe(0);
  });

  test('is announced although the outbox is away, which is a problem by name', async () => {
    const page = await swept([named('a')], {
      outbox: { record: async () => 'the table is away', remove: async () => {} },
    });
    expect(page.published).toHaveLength(1);
    expect(page.report.problems).toEqual([
      {
        namespace: 'default',
        name: 'a',
        message: 'the change could not be recorded in the outbox: the table is away',
      },
    ]);
  });

  test('as an Event is counted, with the reason', async () => {
    const page = await swept([named('a'), named('b')], {
      recordEvents: async () => ({ count: 1, message: 'no right to create events' }),
    });
    expect(page.report).toMatchObject({ events: 1, eventProblem: 'no right to create events' });
  });
});

describe('a conflict', () => {
  const server = named('a', { generation: 3, status: fresh });
  /** The first write conflicts, and `found` is there then. */
  const after = (found: McpServer | undefined, conflicts = 1) => {
    let tries = 0;
    const written: Status[] = [];
    return swept([server], {
      outcome: () => nxdomain,
      readServer: async () => found,
      patchStatus: async (_server, status) => {
        tries += 1;
        if (tries <= conflicts) return { kind: 'conflict' };
        written.push(status);
        return { kind: 'written', resourceVersion: '9' };
      },
    });
  };

  test('is tried again on what is there now, after a wait that grows', async () => {
    const page = await after({ ...server, resourceVersion: '2' }, 4);
    expect(page.report).toMatchObject({ written: 1, conflicts: 4, changes: 1, problems: [] });
    expect(page.waited).toEqual([1, 2, 3, 4]);
  });
  test('is given up after five in a row, as a problem by name', async () => {
    const page = await after({ ...server, resourceVersion: '2' }, 5);
    expect(page.waited).toHaveLength(5);
    expect(page.report).toMatchObject({
      written: 0,
      problems: [
        {
          namespace: 'default',
          name: 'a',
          message: 'the status could not be written: 5 conflicts in a row with another writer',
        },
      ],
    });
  });
  test.each<[string, McpServer | undefined]>([
    ['is gone', undefined],
    ['is another one of the same name', { ...server, uid: 'another' }],
  ])('with a server that %s ends without a word', async (_what, found) => {
    const { report } = await after(found);
    expect(report).toMatchObject({ written: 0, conflicts: 0, problems: [] });
  });
  test.each<[string, McpServer]>([
    ['a newer spec', { ...server, generation: 4 }],
    ['a server that its owner took out', { ...server, optedOut: true }],
    ['a newer observation', { ...server, status: at(fresh, now) }],
    ['one of the same second', { ...server, status: at(fresh, new Date(tick.getTime() + 1000)) }],
  ])('with %s leaves that as it is', async (_what, found) => {
    const { report } = await after(found);
    expect(report).toMatchObject({ written: 0, conflicts: 1, problems: [] });
  });
  test('with an older observation of another run is tried again', async () => {
    const found = { ...server, status: at(fresh, new Date(tick.getTime() + 999)) };
    expect((await after(found)).report).toMatchObject({ written: 1, conflicts: 1 });
  });
  test('with a server that was never observed is tried again', async () => {
    const found = { ...server, status: aStatus() };
    expect((await after(found)).report).toMatchObject({ written: 1, conflicts: 1 });
  });
});

test('a server that goes away while it is written is no problem', async () => {
  const { report } = await swept([named('a')], { patchStatus: async () => ({ kind: 'gone' }) });
  expect(report).toMatchObject({ written: 0, changes: 0, problems: [] });
});

test('a certificate that ends soon is an Event in the sweep of the day that is its own', async () => {
  const outcome = (): ProbeOutcome => ({
    ...anAnswer,
    certificateExpiresAt: new Date('2026-01-06T00:00:00Z'),
  });
  const server = named('a', { status: fresh });
  const day = 24 * 60;
  const minute = Array.from({ length: day }, (_, index) => index).find((index) =>
    isCertificateEventDue(server.uid, new Date(tick.getTime() + index * 60_000), 60_000),
  );
  const own = new Date(tick.getTime() + (minute ?? 0) * 60_000);
  const siteUrl = new URL('https://docs.example.com/');
  const eventsAt = async (at: Date) =>
    (await swept([server], { outcome }, { tick: at, siteUrl })).events;
  expect(await eventsAt(own)).toContainEqual({
    server: { namespace: 'default', name: 'a', uid: 'uid-of-a', resourceVersion: '1' },
    at: own,
    type: 'Warning',
    reason: 'CertificateExpiring',
    message:
      'The certificate expires on 2026-01-06. See https://docs.example.com/reasons/certificate-expiring/',
  });
  expect(await eventsAt(new Date(own.getTime() + 60_000))).toEqual([]);
});
