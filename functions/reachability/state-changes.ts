import { conditionOf, type McpServer, type Status, ownState } from '../model/mcpserver.ts';
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

export type PendingPorts = {
  readonly now: () => Date;
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
  const reason = conditionOf(next, 'Reachable')?.reason ?? '';
  return defined({
    id,
    namespace,
    name,
    uid,
    from,
    to,
    reason,
    at,
  });
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
 * What to do with a change whose run was cut off. It is published if its status was written: the
 * status shows it, or the next writer confirmed it. It waits while its run may still write.
 */
export function fateOf(
  { change, isConfirmed }: PendingChange,
  server: McpServer | undefined,
  now: Date,
): 'publish' | 'drop' | 'wait' {
  if (isConfirmed || (server?.uid === change.uid && idOf(server.uid, server.status) === change.id))
    return 'publish';
  return now.getTime() - change.at.getTime() > longestRunMs ? 'drop' : 'wait';
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
  { now, outbox, readServer, publish }: PendingPorts,
  began: Date,
): Promise<PendingReport> {
  const recorded = (await outbox.pending()).filter(({ change }) => change.at < began);
  const judged = await Promise.all(
    recorded.map(async (one) => ({
      ...one,
      fate: fateOf(one, await readServer(one.change.namespace, one.change.name), now()),
    })),
  );
  const of = (fate: 'publish' | 'drop'): readonly StateChange[] =>
    judged.filter((one) => one.fate === fate).map(({ change }) => change);
  const due = of('publish');
  const unpublished = new Set((due.length === 0 ? [] : await publish(due)).map(({ id }) => id));
  const published = due.filter(({ id }) => !unpublished.has(id));
  const dropped = of('drop');
  await outbox.remove([...published, ...dropped]);
  return {
    published: published.length,
    dropped: dropped.length,
    waiting: recorded.length - published.length - dropped.length,
  };
}
