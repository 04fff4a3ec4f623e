import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { connectCluster } from '../../functions/adapters/cluster/apiserver.ts';
import {
  pageLister,
  serverReader,
  statusPatcher,
} from '../../functions/adapters/cluster/kubernetes.ts';
import { changePublisher } from '../../functions/adapters/eventbridge.ts';
import { dynamoTable } from '../../functions/adapters/dynamodb/dynamo-table.ts';
import {
  type ChangeHistory,
  changeHistory,
} from '../../functions/adapters/dynamodb/change-history.ts';
import { tableOutbox } from '../../functions/adapters/dynamodb/outbox.ts';
import {
  publishPending,
  type PendingPorts,
  longestRunMs,
} from '../../functions/reachability/state-changes.ts';
import type { ProbeOutcome } from '../../functions/reachability/outcome.ts';
import { type PagePorts, sweepPage } from '../../functions/reachability/sweep-page.ts';
import { type Bus, startBus } from '../../local/event-bus.ts';
import { type LocalCluster, startCluster } from '../../local/cluster/local-cluster.ts';
import { declareServers } from '../../local/declare-servers.ts';
import { type Store, startStore } from '../../local/dynamodb.ts';
import { memoryTable } from '../../local/memory-table.ts';
import { ClusterError } from '../../functions/model/cluster-error.ts';
import { crdFile } from '../world/manifest.ts';

const answered: ProbeOutcome = {
  kind: 'answered',
  status: 401,
  bearerChallenge: false,
  timings: {},
};
const refused: ProbeOutcome = {
  kind: 'unreachable',
  stage: 'tcp',
  cause: 'refused',
  detail: 'ECONNREFUSED',
  timings: {},
};
const detailSchema = z.object({ id: z.string(), to: z.string() });

class Crash extends Error {}
const crash = async (): Promise<never> => {
  throw new Crash('the runner was cut off');
};

let cluster: LocalCluster;
let history: ChangeHistory;
let store: Store;
let bus: Bus;
let clock: number;
let ports: PagePorts & PendingPorts;
let outcome: ProbeOutcome;

beforeEach(async () => {
  cluster = await startCluster({ crdFile });
  store = await startStore();
  bus = await startBus([]);
  clock = Date.UTC(2026, 0, 1);
  outcome = answered;
  await declareServers(
    cluster.kubeconfig,
    `apiVersion: muster.giantswarm.io/v1alpha1
kind: MCPServer
metadata: { name: a, namespace: default }
spec: { type: streamable-http, url: "https://a.example.com/mcp" }`,
    'the test',
  );
  const connection = connectCluster({ kubeconfig: cluster.kubeconfig });
  const now = () => new Date(clock);
  history = changeHistory({ table: memoryTable(), now });
  ports = {
    now,
    probe: async () => outcome,
    patchStatus: statusPatcher(connection),
    readServer: serverReader(connection),
    publish: changePublisher(new EventBridgeClient({ endpoint: bus.url }), 'muster'),
    outbox: tableOutbox({
      table: dynamoTable(DynamoDBDocumentClient.from(store.client), store.table),
      now,
    }),
    keepChanges: history.keep,
    recordEvents: async () => ({ count: 0 }),
    isOnline: async () => true,
    backOff: async () => {},
  };
});
afterEach(async () => {
  await bus.close();
  await store.close();
  await cluster.close();
});

/**
 * One sweep, a minute after the one before: pending changes first, then its page. What it is cut off by
 * may be in its ports.
 */
async function sweep(cut: Partial<PagePorts & PendingPorts> = {}): Promise<void> {
  clock += 60_000;
  const own = { ...ports, ...cut };
  const listed = await pageLister(connectCluster({ kubeconfig: cluster.kubeconfig }))({
    limit: 10,
  });
  if (listed.kind === 'expired') throw new Error('The list expired.');
  const options = {
    tick: new Date(clock),
    tickMs: 60_000,
    heartbeatMs: 300_000,
    concurrency: 10,
    everything: true,
  };
  await publishPending(own, new Date(clock)).catch(onlyCrash);
  await sweepPage(listed.page.servers, own, options).catch(onlyCrash);
}
function onlyCrash(error: unknown): void {
  if (!(error instanceof Crash)) throw error;
}

const announced = (): readonly z.infer<typeof detailSchema>[] =>
  bus.events.map(({ detail }) => detailSchema.parse(detail));
const states = (): readonly string[] => announced().map(({ to }) => to);
const state = async (): Promise<string | undefined> =>
  (await ports.readServer('default', 'a'))?.status.state;
const rows = async (): Promise<number> =>
  (await store.client.send(new ScanCommand({ TableName: store.table }))).Items?.length ?? 0;

describe('a change of state is announced', () => {
  test('once, and nothing stays in the outbox, when nothing goes wrong', async () => {
    await sweep();
    await sweep();
    expect([states(), await rows()]).toEqual([['Connected'], 0]);
  });

  test('by the next sweep, when its runner was cut off before the outbox had it', async () => {
    await sweep({ outbox: { ...ports.outbox, record: crash } });
    expect([await state(), states()]).toEqual([undefined, []]);
    await sweep();
    expect([await state(), states(), await rows()]).toEqual(['Connected', ['Connected'], 0]);
  });

  test('by the next sweep, when its runner was cut off between outbox and status; what never came to be is dropped', async () => {
    await sweep({ patchStatus: crash });
    expect([await state(), await rows()]).toEqual([undefined, 1]);
    await sweep();
    await sweep();
    expect([await state(), states(), await rows()]).toEqual(['Connected', ['Connected'], 0]);
  });

  test('by the next sweep, when its runner was cut off between status and bus', async () => {
    await sweep({ publish: crash });
    expect([await state(), states(), await rows()]).toEqual(['Connected', [], 1]);
    await sweep();
    expect([states(), await rows()]).toEqual([['Connected'], 0]);
  });

  test('and is once among the last changes, with its message, however it got there', async () => {
    const uid = (await ports.readServer('default', 'a'))?.uid ?? '';
    const kept = async () =>
      (await history.list(uid)).map(({ from = '-', to, message = '' }) => [from, to, message]);
    const first = ['-', 'Connected', expect.stringContaining('401')];
    await sweep({ publish: crash, keepChanges: crash });
    expect(await kept()).toEqual([]);
    await sweep();
    expect(await kept()).toEqual([first]);
    // The bus is down: the change is kept at once, and again when the bus has it.
    outcome = refused;
    await sweep({ publish: async (changes) => changes });
    const second = ['Connected', 'Connecting', expect.stringContaining('refused')];
    expect(await kept()).toEqual([second, first]);
    await sweep();
    expect(states()).toEqual(['Connected', 'Connecting']);
    expect(await kept()).toEqual([second, first]);
  });

  test('twice with the same id, when its runner was cut off between bus and outbox', async () => {
    await sweep({ outbox: { ...ports.outbox, remove: crash } });
    await sweep();
    expect([states(), await rows()]).toEqual([['Connected', 'Connected'], 0]);
    expect(new Set(announced().map(({ id }) => id)).size).toBe(1);
  });

  test('twice with the same id, when the run that publishes pending changes is itself cut off', async () => {
    await sweep({ publish: crash });
    await sweep({ outbox: { ...ports.outbox, remove: crash } });
    await sweep();
    expect([states(), await rows()]).toEqual([['Connected', 'Connected'], 0]);
    expect(new Set(announced().map(({ id }) => id)).size).toBe(1);
  });

  test('and the one after it, when the state has changed again before anybody looked after the first change', async () => {
    await sweep({ publish: crash });
    outcome = refused;
    await sweep({ outbox: { ...ports.outbox, pending: crash }, publish: crash });
    expect([await state(), states(), await rows()]).toEqual(['Connecting', [], 2]);
    await sweep();
    expect([new Set(states()), await rows()]).toEqual([new Set(['Connected', 'Connecting']), 0]);
  });

  // The first invocation of a tick publishes what is pending while it sweeps its own page.
  test('also where the state moves on just after its row was read', async () => {
    await sweep({ publish: crash });
    outcome = refused;
    clock += 120_000;
    const { outbox } = ports;
    let hasMoved = false;
    const pending = async () => {
      const rows = await outbox.pending();
      if (!hasMoved) {
        hasMoved = true;
        await sweep({ outbox: { ...outbox, pending: async () => [] } });
      }
      return rows;
    };
    expect(
      await publishPending({ ...ports, outbox: { ...outbox, pending } }, new Date(clock)),
    ).toMatchObject({ published: 1, dropped: 0 });
    expect(new Set(states())).toEqual(new Set(['Connected', 'Connecting']));
  });

  test('as soon as the bus is back, however long it was away', async () => {
    await sweep({ publish: async (changes) => changes });
    await sweep({ publish: async (changes) => changes });
    expect([await state(), states(), await rows()]).toEqual(['Connected', [], 1]);
    await sweep();
    expect([states(), await rows()]).toEqual([['Connected'], 0]);
  });

  test('and written, when the table is away', async () => {
    const away = tableOutbox({
      table: dynamoTable(DynamoDBDocumentClient.from(store.client), 'nowhere'),
      now: ports.now,
    });
    clock += 60_000;
    const listed = await pageLister(connectCluster({ kubeconfig: cluster.kubeconfig }))({
      limit: 10,
    });
    const servers = listed.kind === 'page' ? listed.page.servers : [];
    const options = {
      tick: new Date(clock),
      tickMs: 60_000,
      heartbeatMs: 300_000,
      concurrency: 10,
      everything: true,
    };
    const report = await sweepPage(servers, { ...ports, outbox: away }, options);
    expect([await state(), states()]).toEqual(['Connected', ['Connected']]);
    expect(report.problems).toEqual([
      {
        namespace: 'default',
        name: 'a',
        message: 'the change could not be recorded in the outbox: ResourceNotFoundException',
      },
    ]);
  });
});

test('a change whose runner may still be about to write it is left alone', async () => {
  await sweep({ patchStatus: crash });
  clock += longestRunMs - 1;
  expect(await publishPending(ports, new Date(clock))).toEqual({
    published: 0,
    dropped: 0,
    waiting: 1,
  });
  clock += 120_000;
  expect(await publishPending(ports, new Date(clock))).toEqual({
    published: 0,
    dropped: 1,
    waiting: 0,
  });
});

describe('what others wrote into the table', () => {
  const table = () => dynamoTable(DynamoDBDocumentClient.from(store.client), store.table);
  const outbox = () => tableOutbox({ table: table(), now: ports.now });
  const uid = async (): Promise<string> => (await ports.readServer('default', 'a'))?.uid ?? '';
  /** A row that says of itself that its change happened. */
  async function plant(change: object, row: object = {}): Promise<void> {
    const planted = {
      id: 'made up',
      namespace: 'default',
      name: 'a',
      uid: await uid(),
      to: 'Failed',
      reason: 'Responded',
      at: new Date(clock - 120_000),
      ...change,
    };
    const { at, ...rest } = planted;
    await outbox().record({ ...planted, to: planted.to }, undefined);
    const { Items = [] } = await store.client.send(new ScanCommand({ TableName: store.table }));
    const found = Items.find(({ sk }) => sk?.S === planted.id);
    await table().update(
      { pk: found?.['pk']?.S ?? '', sk: planted.id },
      {
        change: { ...rest, at: at.toISOString() },
        confirmed: true,
        ...row,
      },
    );
  }
  const report = () => publishPending(ports, new Date(clock));

  test('is published only when the status of that server shows the change or a later one', async () => {
    await sweep();
    const own = await uid();
    clock += 10 * 60_000;
    await plant({ id: 'anything' });
    await plant({ id: `${own}/2026-01-01T00:01:00.000Z/Failed` }); // instead of Connected
    await plant({ id: `${own}/2027-01-01T00:00:00.000Z/Failed` }); // after the present status
    await plant({ id: `${own}/yesterday/Failed` });
    await plant({ id: `other/2025-01-01T00:00:00.000Z/Failed`, uid: 'other' });
    expect(await report()).toMatchObject({ published: 0, dropped: 5, waiting: 0 });
    expect([states(), await rows()]).toEqual([['Connected'], 0]);
  });

  test('is published when the status has moved on since', async () => {
    await sweep();
    const own = await uid();
    clock += 10 * 60_000;
    await plant({ id: `${own}/2025-12-31T00:00:00.000Z/Failed` });
    expect(await report()).toMatchObject({ published: 1, dropped: 0 });
  });

  test('is thrown away where no write of ours is like it, and stops no other change', async () => {
    await sweep({ publish: crash });
    const text = 'b'.repeat(3000);
    await plant({ id: 'odd 1' }, { change: 'nothing' });
    await plant({ id: 'odd 2', reason: `Responded\n${text}` });
    await plant({ id: 'odd 3', name: '../../secrets' });
    await plant({ id: 'odd 4', from: text });
    await plant({ id: 'odd 5' }, { change: { id: 'another row' } });
    expect(await rows()).toBe(6);
    clock += 60_000;
    expect(await report()).toMatchObject({ published: 1, dropped: 0, waiting: 0 });
    expect([states(), await rows()]).toEqual([['Connected'], 0]);
  });

  test('does not wait for a time that never comes', async () => {
    await sweep();
    await plant({ id: 'later', at: new Date(clock + 365 * 86_400_000) });
    expect(await report()).toMatchObject({ dropped: 1 });
    expect(await rows()).toBe(0);
  });

  test('about a server that cannot be read stops no other change', async () => {
    await sweep({ publish: crash });
    await plant({ id: 'unreadable', name: 'b' });
    clock += 60_000;
    const readServer: PendingPorts['readServer'] = async (namespace, name) => {
      if (name === 'a') return ports.readServer(namespace, name);
      throw new ClusterError({ reason: 'malformedServer', namespace, name, message: 'odd' });
    };
    expect(await publishPending({ ...ports, readServer }, new Date(clock))).toMatchObject({
      published: 1,
      dropped: 1,
    });
  });
});

test('a change of a server that is gone is dropped', async () => {
  await sweep({ patchStatus: crash });
  clock += 10 * 60_000;
  expect(
    await publishPending({ ...ports, readServer: async () => undefined }, new Date(clock)),
  ).toMatchObject({ dropped: 1 });
});
