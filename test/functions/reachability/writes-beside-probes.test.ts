/** When the statuses and Events of a page are written: beside the probes, and what waits for the page. */
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { tableOutbox } from '../../../functions/adapters/dynamodb/outbox.ts';
import type { StateChange } from '../../../functions/model/bus-events.ts';
import type { McpServer, Status } from '../../../functions/model/mcpserver.ts';
import type { Cause, ProbeOutcome } from '../../../functions/reachability/outcome.ts';
import { runSweep, type SweepPorts } from '../../../functions/reachability/run-sweep.ts';
import {
  type PageOptions,
  type PagePorts,
  sweepPage,
} from '../../../functions/reachability/sweep-page.ts';
import { memoryTable } from '../../../local/memory-table.ts';
import { aFailure, anAnswer } from '../../world/outcome.ts';
import { quietPorts } from '../../world/page-ports.ts';
import { aServer, connected } from '../../world/server.ts';

const tick = new Date('2026-01-01T00:00:00Z');
const now = new Date(tick.getTime() + 1500);
const options: PageOptions = {
  tick,
  tickMs: 60_000,
  heartbeatMs: 300_000,
  concurrency: 4,
  everything: true,
};
const named = (name: string, status?: Status): McpServer =>
  aServer({
    name,
    uid: `uid-of-${name}`,
    url: `https://${name}.example/mcp`,
    ...(status !== undefined && { status }),
  });
const fresh: Status = {
  ...connected(),
  lastAttempt: new Date(tick.getTime() - 60_000),
  lastConnected: new Date(tick.getTime() - 60_000),
};
const numbered = (count: number, prefix: string, status?: Status): readonly McpServer[] =>
  Array.from({ length: count }, (_, index) => named(`${prefix}-${index}`, status));

/** Runs a page whose server `slow` answers when it is told to. */
function begun(
  servers: readonly McpServer[],
  outcomeOf: (server: McpServer) => ProbeOutcome,
  ports: Partial<PagePorts> = {},
  concurrency = 4,
) {
  const did: string[] = [];
  const slow = Promise.withResolvers<ProbeOutcome>();
  const report = sweepPage(
    [...servers, named('slow', fresh)],
    {
      now: () => now,
      probe: async (server) => (server.name === 'slow' ? slow.promise : outcomeOf(server)),
      patchStatus: async ({ name }) => {
        did.push(`write ${name}`);
        return { kind: 'written', resourceVersion: '2' };
      },
      ...quietPorts,
      recordEvents: async (records) => {
        did.push(...records.map(({ server, type }) => `${type} ${server.name}`));
        return { count: 0 };
      },
      ...ports,
    },
    { ...options, concurrency },
  );
  const end = async (outcome: ProbeOutcome = anAnswer) => {
    slow.resolve(outcome);
    return report;
  };
  return { did, end };
}

test('a server that answered has its status while others of its page are still probed', async () => {
  const { did, end } = begun([named('a')], () => anAnswer);
  await setImmediate();
  expect(did).toEqual(['write a']);
  // Good news is no hurry.
  expect(await end()).toMatchObject({ probed: 2, written: 2, events: 1 });
  expect(did).toContain('Normal a');
});

test('a failure that no page can take back is written at once, with its Warning', async () => {
  const { did, end } = begun([named('a', fresh)], () => aFailure('nameNotFound', { stage: 'dns' }));
  await setImmediate();
  expect(did).toEqual(['write a', 'Warning a']);
  expect(await end()).toMatchObject({ events: 1 });
});

test('a failure that may be our own waits for the whole page, and is then written', async () => {
  const { did, end } = begun([named('a', fresh)], () => aFailure('refused'));
  await setImmediate();
  expect(did).toEqual([]);
  expect(await end()).toMatchObject({ suppressed: 0 });
  expect(did).toContain('write a');
});

test('where the page shows that the network is ours, no failure of it was written', async () => {
  const { did, end } = begun(numbered(6, 'lost', fresh), () => aFailure('timeout'), {
    isOnline: async () => false,
  });
  await setImmediate();
  expect(await end(aFailure('timeout'))).toMatchObject({ suppressed: 7, written: 0 });
  expect(did).toEqual([]);
});

const causes: readonly Cause[] = ['tlsExpired', 'tlsUntrusted', 'tlsHostname', 'tlsNotYetValid'];
test.each(causes)('a certificate problem (%s) waits for the page', async (cause) => {
  const { did, end } = begun([named('a', fresh)], () => aFailure(cause, { stage: 'tls' }));
  await setImmediate();
  expect(did).toEqual([]);
  await end();
  expect(did).toContain('write a');
});

test('a status is written also where probes have all of the places', async () => {
  const { did, end } = begun([named('a')], () => anAnswer, {}, 1);
  await setImmediate();
  expect(did).toEqual(['write a']);
  await end();
});

test('writes take no places of probes', async () => {
  const probed: string[] = [];
  const writing = Promise.withResolvers<{ kind: 'gone' }>();
  const servers = numbered(9, 'server');
  const page = sweepPage(
    servers,
    {
      now: () => now,
      probe: async ({ name }) => {
        probed.push(name);
        return anAnswer;
      },
      patchStatus: () => writing.promise,
      ...quietPorts,
    },
    { ...options, concurrency: 1 },
  );
  await setImmediate();
  expect(probed).toHaveLength(9);
  writing.resolve({ kind: 'gone' });
  expect(await page).toMatchObject({ probed: 9, written: 0 });
});

test('what a sweep wrote before it was cut off is published by the next one', async () => {
  const published: StateChange[] = [];
  const cluster = new Map(
    ['a', 'b', 'hangs'].map((name): [string, McpServer] => [name, named(name)]),
  );
  const outbox = tableOutbox({ table: memoryTable(), now: () => now });
  const run = (ports: Partial<SweepPorts>, minute: number) => {
    const at = new Date(tick.getTime() + minute * 60_000);
    const cursor = { tick: at.toISOString(), hop: 0, everything: true };
    return runSweep(
      cursor,
      at,
      {
        now: () => new Date(at.getTime() + 1500),
        probe: async () => anAnswer,
        listPage: async () => ({
          kind: 'page',
          page: { servers: [...cluster.values()], malformed: [] },
        }),
        skipPage: async () => ({ count: 0 }),
        queuePage: async () => {},
        renewLease: async () => undefined,
        patchStatusFor: () => async (server, status) => {
          cluster.set(server.name, { ...server, status });
          return { kind: 'written', resourceVersion: '2' };
        },
        ...quietPorts,
        outbox,
        readServer: async (_namespace, name) => cluster.get(name),
        publish: async (changes) => {
          published.push(...changes);
          return [];
        },
        ...ports,
      },
      { ...options, pageSize: 500 },
    );
  };
  // Lambda ends it while one probe is still open.
  void run({ probe: async ({ name }) => (name === 'hangs' ? new Promise(() => {}) : anAnswer) }, 0);
  await expect.poll(() => cluster.get('b')?.status.state).toBe('Connected');
  expect(published).toEqual([]);
  expect(await outbox.pending()).toHaveLength(2);
  const report = await run({}, 2);
  expect(report).toMatchObject({ pending: { published: 2 }, changes: 1 });
  expect(published.map(({ name }) => name).sort()).toEqual(['a', 'b', 'hangs']);
  expect(await outbox.pending()).toEqual([]);
});

describe('Events', () => {
  const count = (did: readonly string[], type: string): number =>
    did.filter((one) => one.startsWith(type)).length;

  test('of a new fleet are at most 100 for a page, and the report counts the others', async () => {
    const { did, end } = begun(numbered(130, 'new'), () => anAnswer);
    expect(await end()).toMatchObject({ written: 131, events: 100, droppedEvents: 30 });
    expect(count(did, 'Normal')).toBe(100);
  });

  test('that are Warnings come before all others', async () => {
    const { did, end } = begun(
      [...numbered(50, 'new'), ...numbered(80, 'broken', fresh)],
      ({ name }) => (name.startsWith('new') ? anAnswer : aFailure('notHttp')),
    );
    expect(await end()).toMatchObject({ events: 100, droppedEvents: 30 });
    expect([count(did, 'Warning'), count(did, 'Normal')]).toEqual([80, 20]);
  });

  test('that are Warnings have the same limit', async () => {
    const { did, end } = begun([named('new'), ...numbered(101, 'broken', fresh)], ({ name }) =>
      name === 'new' ? anAnswer : aFailure('notHttp'),
    );
    expect(await end()).toMatchObject({ events: 100, droppedEvents: 2 });
    expect([count(did, 'Warning'), count(did, 'Normal')]).toEqual([100, 0]);
  });

  test('that could not be written are not counted, and the first reason is reported', async () => {
    const { end } = begun(
      [named('new'), ...numbered(3, 'broken', fresh)],
      ({ name }) => (name === 'new' ? anAnswer : aFailure('notHttp')),
      {
        recordEvents: async (records) => ({
          count: records.length,
          message: records[0]?.server.name ?? '',
        }),
      },
    );
    expect(await end()).toMatchObject({ events: 0, eventProblem: 'broken-0' });
  });

  test('cost the page nothing where writing them throws', async () => {
    const { did, end } = begun([named('broken', fresh)], () => aFailure('notHttp'), {
      recordEvents: async () => Promise.reject(new Error('no such thing')),
    });
    await setImmediate();
    expect(did).toEqual(['write broken']);
    expect(await end()).toMatchObject({
      probed: 2,
      events: 0,
      eventProblem: 'no such thing',
    });
  });
});
