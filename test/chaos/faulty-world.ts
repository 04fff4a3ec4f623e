/** The cluster, the bus and the table in this process, in virtual time, and what goes wrong. */
import type { PutEventsCommand, PutEventsResponse } from '@aws-sdk/client-eventbridge';
import { ApiException } from '@kubernetes/client-node/dist/gen/apis/exception.js';
import pLimit from 'p-limit';
import * as z from 'zod/mini';
import { ConnectionFailed } from '../../functions/adapters/cluster/api-connection.ts';
import type { Cluster } from '../../functions/adapters/cluster/apiserver.ts';
import type { CustomObjects } from '../../functions/adapters/cluster/custom-objects.ts';
import type { Table } from '../../functions/adapters/dynamodb/dynamo-table.ts';
import type { EventSender } from '../../functions/adapters/eventbridge.ts';
import { pageType } from '../../functions/model/bus-events.ts';
import { sweepLabel } from '../../functions/model/mcpserver.ts';
import { TableUnavailable } from '../../functions/model/table-unavailable.ts';
import { isObject, type Json, type JsonObject, merge } from '../../local/cluster/json-object.ts';
import { pager } from '../../local/cluster/list-pages.ts';
import { objectStore, type Stored } from '../../local/cluster/object-store.ts';
import { memoryTable } from '../../local/memory-table.ts';
import {
  noStatus,
  type PublishedFact,
  statusSchema,
  type WriteFact,
  type WrittenStatus,
} from './history.ts';
import type { Trouble } from './script.ts';
import type { VirtualTime } from './virtual-time.ts';

/** One invocation, as the world around it knows it. */
export type Run = {
  readonly key: string;
  /** Nothing leaves a runner that has ended. */
  readonly isAlive: () => boolean;
  readonly aheadMs: () => number;
  /** Whether that trouble hits this call of the run. */
  readonly hits: <Kind extends Trouble['kind']>(
    kind: Kind,
    call: string,
  ) => Extract<Trouble, { kind: Kind }> | undefined;
  /** A number from 0 to 1 that is always the same for this call of the run. */
  readonly luck: (call: string) => number;
};

export type FaultyWorld = {
  readonly clusterOf: (run: Run) => Cluster;
  readonly busOf: (run: Run) => EventSender;
  readonly tableOf: (run: Run) => Table;
  readonly expireTokens: () => void;
  readonly read: (name: string) => Stored | undefined;
  readonly create: (name: string) => Stored;
  readonly remove: (name: string) => void;
  /** Changes the spec (a new generation), or the labels, or the status of an object. */
  readonly change: (
    name: string,
    parts: { readonly spec?: JsonObject; readonly label?: string; readonly note?: string },
  ) => void;
  readonly writes: readonly Omit<WriteFact, 'probe'>[];
  readonly published: readonly PublishedFact[];
  readonly untold: ReadonlySet<string>;
  readonly deleted: ReadonlyMap<string, number>;
  readonly all: () => readonly Stored[];
};

export const namespace = 'default';
const resource = { apiVersion: 'muster.giantswarm.io/v1alpha1', kind: 'MCPServer' };
const foreignType = 'Reconciled';

/** Collected with its run. */
const never = (): Promise<never> => new Promise(() => {});

type DeliverPage = (detail: string, run: Run) => void;

export function faultyWorld(time: VirtualTime, deliverPage: DeliverPage): FaultyWorld {
  const store = objectStore();
  const pages = pager(store);
  const rows = memoryTable();
  const writes: Omit<WriteFact, 'probe'>[] = [];
  const published: PublishedFact[] = [];
  const untold = new Set<string>();
  const deleted = new Map<string, number>();
  let uids = 0;

  const change: FaultyWorld['change'] = (name, { spec, label, note }) => {
    const found = store.read(namespace, name);
    if (found === undefined) return;
    const { metadata, content } = found;
    store.write({
      metadata: {
        ...metadata,
        generation: metadata.generation + (spec === undefined ? 0 : 1),
        ...(label === undefined ? {} : { labels: { [sweepLabel]: label } }),
      },
      content: {
        ...content,
        ...(spec === undefined ? {} : { spec: merge(content['spec'], spec) }),
        ...(note === undefined ? {} : { status: noted(content['status'], note, time.now()) }),
      },
    });
  };

  const patchStatus = (run: Run, name: string, body: object): Stored => {
    const { metadata: wanted, status } = patchSchema.parse(body);
    const found = store.read(namespace, name);
    if (found === undefined) throw refused(404);
    if (
      // An empty one is none.
      wanted.resourceVersion &&
      wanted.resourceVersion !== found.metadata.resourceVersion
    )
      throw refused(409);
    const content = { ...found.content, status: merge(found.content['status'], status) };
    const written = store.write({ metadata: found.metadata, content });
    const { uid, generation } = found.metadata;
    writes.push({
      at: time.now(),
      run: run.key,
      aheadMs: run.aheadMs(),
      name,
      uid,
      generation,
      isOut: isOut(found),
      before: statusOf(found),
      after: statusOf(written),
    });
    return written;
  };

  const list = ({ limit = 0, _continue = '' }): object => {
    const paged = pages.page({ limit, continue: _continue, matches: () => true });
    switch (paged.kind) {
      case 'malformed':
        throw refused(400);
      case 'expired':
        throw refused(410, { metadata: { continue: paged.continue } });
      case 'page':
        return {
          metadata: { continue: paged.continue },
          items: paged.objects.map(objectOf),
        };
    }
  };

  const clusterOf = (run: Run): Cluster => {
    const counts = new Map<string, number>();
    const answer = async <Result>(what: string, effect: () => Result): Promise<Result> => {
      if (!run.isAlive()) return never();
      const count = (counts.get(what) ?? 0) + 1;
      counts.set(what, count);
      const call = `${what} ${count}`;
      await time.sleep(3 + 25 * run.luck(`to ${call}`));
      const how = run.hits('api', call)?.how;
      if (how === 'busy') throw refused(429, {}, { 'retry-after': '1' });
      if (how === 'error') throw refused(500);
      if (how === 'resetBefore') throw reset();
      const result = effect();
      if (how === 'silent') {
        await time.sleep(10_000);
        throw new DOMException('The API server did not answer.', 'TimeoutError');
      }
      await time.sleep(3 + 25 * run.luck(`from ${call}`));
      if (how === 'resetAfter') throw reset();
      return result;
    };
    const nothing = async (): Promise<never> => {
      throw new Error('No sweep makes this call.');
    };
    const api: CustomObjects = {
      listClusterCustomObject: (request) => answer('list', () => list(request)),
      listNamespacedCustomObject: (request) => answer('list', () => list(request)),
      getNamespacedCustomObject: ({ name }) =>
        answer(`get ${name}`, () => {
          const found = store.read(namespace, name);
          if (found === undefined) throw refused(404);
          return objectOf(found);
        }),
      createClusterCustomObject: nothing,
      createNamespacedCustomObject: ({ plural }) => answer(`create ${plural}`, () => ({})),
      patchNamespacedCustomObject: ({ plural }) => answer(`patch ${plural}`, () => ({})),
      patchNamespacedCustomObjectStatus: ({ name, body }) => {
        const what = `status of ${name}`;
        const call = `${what} ${(counts.get(what) ?? 0) + 1}`;
        return answer(what, () => {
          const how = run.hits('api', call)?.how;
          // As another writer causes it.
          if (how === 'conflict') change(name, { note: call });
          if (how === 'invalid' && !JSON.stringify(body).includes('refused the full message'))
            throw refused(422, {
              details: { causes: [{ reason: 'FieldValueInvalid', field: 'status.lastError' }] },
            });
          return objectOf(patchStatus(run, name, body));
        });
      },
    };
    return {
      address: 'https://cluster.test',
      selection: {},
      api,
      send: nothing,
      limit: pLimit(16),
      timeoutMs: 10_000,
      refresh: () => false,
      wait: time.sleep,
    };
  };

  const busOf = (run: Run): EventSender => {
    let calls = 0;
    return {
      send: async ({ input }: PutEventsCommand): Promise<PutEventsResponse> => {
        if (!run.isAlive()) return never();
        const call = `put ${(calls += 1)}`;
        await time.sleep(5 + 60 * run.luck(call));
        const how = run.hits('bus', call)?.how;
        if (how === 'refuses') throw new Error('InternalFailure');
        const taken = (input.Entries ?? []).map(({ DetailType, Detail = '' }, index) => {
          if (how === 'takesSome' && run.luck(`${call} entry ${index}`) < 0.5)
            return { ErrorCode: 'ThrottlingException' };
          if (DetailType === pageType) deliverPage(Detail, run);
          else published.push({ ...changeSchema.parse(JSON.parse(Detail)), at: time.now() });
          return { EventId: call };
        });
        await time.sleep(5 + 20 * run.luck(`${call} back`));
        if (how === 'failsAfter') throw new Error('TimeoutError');
        return { Entries: taken };
      },
    };
  };

  const tableOf = (run: Run): Table => {
    let calls = 0;
    const use = async <Result>(
      about: string | undefined,
      effect: () => Promise<Result>,
    ): Promise<Result> => {
      if (!run.isAlive()) return never();
      const call = `table ${(calls += 1)}`;
      await time.sleep(2 + 8 * run.luck(call));
      const how = run.hits('table', call)?.how;
      const fail = (): never => {
        throw new TableUnavailable(new Error('the table is not there'));
      };
      if (how === 'before') {
        if (about !== undefined) untold.add(about);
        fail();
      }
      const result = await effect();
      if (how === 'after') fail();
      return result;
    };
    return {
      get: async (key) => use(undefined, () => rows.get(key)),
      put: async (key, ...rest) => use(key.sk, () => rows.put(key, ...rest)),
      putAll: async (all) => use(undefined, () => rows.putAll(all)),
      deleteAll: async (keys) => use(undefined, () => rows.deleteAll(keys)),
      update: async (key, ...rest) => use(key.sk, () => rows.update(key, ...rest)),
      count: async (key, ...rest) => use(undefined, () => rows.count(key, ...rest)),
      delete: async (key, ...rest) => use(undefined, () => rows.delete(key, ...rest)),
      query: async (pk, wanted) => use(undefined, () => rows.query(pk, wanted)),
    };
  };

  return {
    clusterOf,
    busOf,
    tableOf,
    expireTokens: pages.expire,
    read: (name) => store.read(namespace, name),
    create: (name) =>
      store.write({
        metadata: {
          name,
          namespace,
          uid: `${name}-${(uids += 1)}`,
          resourceVersion: '',
          generation: 1,
          creationTimestamp: new Date(time.now()).toISOString(),
        },
        content: {
          spec: { type: 'streamable-http', url: `https://${name}.zone-${name}.test/mcp` },
        },
      }),
    remove: (name) => {
      const found = store.read(namespace, name);
      if (found === undefined) return;
      deleted.set(found.metadata.uid, time.now());
      store.remove(found);
    },
    change,
    writes,
    published,
    untold,
    deleted,
    all: () => store.snapshot().objects,
  };
}

const objectOf = ({ metadata, content }: Stored): object => ({ ...resource, metadata, ...content });

export const statusOf = ({ content }: Stored): WrittenStatus =>
  content['status'] === undefined ? noStatus : statusSchema.parse(content['status']);

/** Whether its owner took it out of the sweeps. */
export const isOut = ({ metadata, content }: Stored): boolean =>
  metadata.labels?.[sweepLabel] === 'off' ||
  (isObject(content['spec']) && content['spec']['suspended'] === true);

const patchSchema = z.object({
  metadata: z.object({ resourceVersion: z.optional(z.string()) }),
  status: z.custom<JsonObject>(isObject),
});
const changeSchema = z.object({
  id: z.string(),
  name: z.string(),
  uid: z.string(),
  to: z.string(),
});

/** The status with the condition of another writer, as that writes it: read, changed, written. */
function noted(status: Json | undefined, message: string, now: number): Json {
  const before = isObject(status) ? status : {};
  const conditions = Array.isArray(before['conditions']) ? before['conditions'] : [];
  const others = conditions.filter((one: Json) => !isObject(one) || one['type'] !== foreignType);
  const note = {
    type: foreignType,
    status: 'True',
    reason: 'Noted',
    message,
    lastTransitionTime: `${new Date(now).toISOString().slice(0, 19)}Z`,
  };
  return { ...before, conditions: [note, ...others] };
}

const refused = (
  code: number,
  body: object = {},
  headers: Record<string, string> = {},
): ApiException<string> =>
  new ApiException(code, 'The API server refused.', JSON.stringify(body), headers);

const reset = (): ConnectionFailed => new ConnectionFailed('ECONNRESET');
