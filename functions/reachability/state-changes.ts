import { conditionOf, type McpServer, type Status, ownState } from '../model/mcpserver.ts';
import { ClusterError } from '../model/cluster-error.ts';
import { defined } from '../model/defined.ts';
import type { StateChange } from '../model/bus-events.ts';

/** A change that is in the outbox. `isConfirmed`: a later write found it in the status. */
export type PendingChange = { readonly change: StateChange; readonly isConfirmed: boolean };

export type Outbox = {
  /**
   * Records a change before its status is written, and confirms `previous`, the change that led to
   * the present status, if it is still in the outbox. Returns why it could not.
   */
  readonly record: (
    change: StateChange,
    previous: string | undefined,
  ) => Promise<string | undefined>;
  /** Some of the changes, including the oldest. */
  readonly pending: () => Promise<readonly PendingChange[]>;
  /** The next sweep publishes what could not be removed again, with the same id. */
  readonly remove: (changes: readonly StateChange[]) => Promise<void>;
};

/**
 * For a sweep without a table: if its run is cut off before a change is published, only the status
 * shows the change.
 */
export const noOutbox: Outbox = {
  record: async () => undefined,
  pending: async () => [],
  remove: async () => {},
};

/**
 * Keeps changes as the last changes of their servers. Returns why it could not, and never throws: a
 * sweep goes on without them. The same change again is the same row.
 */
export type KeepChanges = (changes: readonly StateChange[]) => Promise<string | undefined>;

export type PendingPorts = {
  readonly now: () => Date;
  readonly keepChanges: KeepChanges;
  readonly outbox: Outbox;
  readonly readServer: (namespace: string, name: string) => Promise<McpServer | undefined>;
  /** Returns the changes that could not be published. */
  readonly publish: (changes: readonly StateChange[]) => Promise<readonly StateChange[]>;
};

/**
 * The change from the present status to `next`, by our own states: what another writer puts into
 * `state` is not a change of ours.
 */
export function changeOf(
  { namespace, name, uid, status }: McpServer,
  next: Status,
  at: Date,
): StateChange | undefined {
  const from = ownState(status) ?? status.state;
  const to = ownState(next);
  const id = idOf(uid, next);
  if (to === undefined || to === from || id === undefined) return undefined;
  const { reason = '', message } = conditionOf(next, 'Reachable') ?? {};
  return defined({
    id,
    namespace,
    name,
    uid,
    from,
    to,
    reason,
    message: message === '' ? undefined : message,
    // Reachable=False may begin before Failed does, and ends with it.
    failingSince: failingSince(to === 'Connected' ? status : next),
    at,
  });
}

function failingSince(status: Status): Date | undefined {
  const reachable = conditionOf(status, 'Reachable');
  return reachable?.status === 'False' ? reachable.lastTransitionTime : undefined;
}

/**
 * Names the change that led to a status. Between two moves of `Reachable` each STATE comes once:
 * Connected, or Connecting and then Failed.
 */
export function idOf(uid: string, status: Status): string | undefined {
  const own = ownState(status);
  const since = conditionOf(status, 'Reachable')?.lastTransitionTime;
  return own === undefined || since === undefined
    ? undefined
    : `${uid}/${since.toISOString()}/${own}`;
}

/** A run of the sweep is cut off after this time; `infra/` gives it no more. */
export const longestRunMs = 60_000;

/**
 * What to do with a change whose run was cut off. It is published if the cluster shows that its
 * status was written: the status has it, or has a later one and the next writer confirmed it. What
 * the row says alone is no proof. It waits while its run may still write.
 */
export function fateOf(
  { change, isConfirmed }: PendingChange,
  server: McpServer | undefined,
  now: Date,
): 'publish' | 'drop' | 'wait' {
  if (server?.uid === change.uid && isIn(change, isConfirmed, server)) return 'publish';
  const ageMs = now.getTime() - change.at.getTime();
  return Math.abs(ageMs) > longestRunMs ? 'drop' : 'wait';
}

function isIn({ id, to }: StateChange, isConfirmed: boolean, { uid, status }: McpServer): boolean {
  const reachable = conditionOf(status, 'Reachable');
  if (reachable === undefined) return false;
  if (idOf(uid, status) === id) return ownState(status) === to;
  return isConfirmed && isEarlier(id, to, { uid, since: reachable.lastTransitionTime, status });
}

/** Whether a change that this id names can come before the status: STATE moved on after it. */
function isEarlier(
  id: string,
  to: string,
  { uid, since, status }: { readonly uid: string; readonly since: Date; readonly status: Status },
): boolean {
  const moved = new Date(id.slice(uid.length + 1, id.length - to.length - 1));
  if (Number.isNaN(moved.getTime()) || id !== `${uid}/${moved.toISOString()}/${to}`) return false;
  return (
    moved < since ||
    // Within one stay of Reachable=False there is one step: Connecting, and then Failed.
    (moved.getTime() === since.getTime() && to === 'Connecting' && ownState(status) === 'Failed')
  );
}

/** The result for the changes that earlier sweeps left in the outbox. */
export type PendingReport = {
  readonly published: number;
  readonly dropped: number;
  readonly waiting: number;
};

/**
 * Publishes the changes that happened and drops those that did not. Changes since `began` belong to
 * this run and are left alone. Throws what the ports throw.
 */
export async function publishPending(
  { now, outbox, readServer, publish, keepChanges }: PendingPorts,
  began: Date,
): Promise<PendingReport> {
  const recorded = (await outbox.pending()).filter(
    // A time far ahead is not of this run either: such a row would wait forever.
    ({ change }) => change.at < began || change.at.getTime() - began.getTime() > longestRunMs,
  );
  const judged = await Promise.all(
    recorded.map(async (one) => {
      const server = await readable(readServer, one.change);
      return { ...one, server, fate: fateOf(one, server, now()) };
    }),
  );
  // A runner beside this one may have moved STATE on after the rows were read: it confirmed the
  // change before it did.
  const later = new Map(
    judged.some(({ fate }) => fate === 'drop')
      ? (await outbox.pending()).map((one) => [one.change.id, one])
      : [],
  );
  const of = (fate: 'publish' | 'drop'): readonly StateChange[] =>
    judged
      .filter((one) => {
        if (one.fate !== 'drop') return one.fate === fate;
        const { isConfirmed } = later.get(one.change.id) ?? one;
        return fateOf({ ...one, isConfirmed }, one.server, now()) === fate;
      })
      .map(({ change }) => change);
  const due = of('publish');
  const unpublished = new Set((due.length === 0 ? [] : await publish(due)).map(({ id }) => id));
  const published = due.filter(({ id }) => !unpublished.has(id));
  const dropped = of('drop');
  // The run that was cut off has not kept them; one whose bus was down has.
  const keeping = published.length === 0 ? undefined : keepChanges(published);
  await Promise.all([outbox.remove([...published, ...dropped]), keeping]);
  return {
    published: published.length,
    dropped: dropped.length,
    waiting: recorded.length - published.length - dropped.length,
  };
}

/** An MCPServer that cannot be read shows no change; the other changes go on. */
async function readable(
  readServer: PendingPorts['readServer'],
  { namespace, name }: StateChange,
): Promise<McpServer | undefined> {
  try {
    return await readServer(namespace, name);
  } catch (error) {
    if (error instanceof ClusterError && error.failure.reason === 'malformedServer')
      return undefined;
    throw error;
  }
}
