import { conditionOf, type McpServer, type Status, ownState } from '../model/mcpserver.ts';
import { defined } from '../model/defined.ts';
import type { StateChange } from '../model/bus-events.ts';

/** A change that is in the outbox. `isConfirmed`: somebody has seen it in the status. */
export type PendingChange = { readonly change: StateChange; readonly isConfirmed: boolean };

export type Outbox = {
  /**
   * Puts a change there before its status is written, and confirms `previous`, the change that led
   * to the status as it is now, if that is still there. Gives back why it could not.
   */
  readonly record: (
    change: StateChange,
    previous: string | undefined,
  ) => Promise<string | undefined>;
  /** Some of what is there, the oldest of them included. */
  readonly pending: () => Promise<readonly PendingChange[]>;
  /** What cannot be removed is announced once more by the next sweep, with the same id. */
  readonly remove: (changes: readonly StateChange[]) => Promise<void>;
};

/**
 * For a sweep without a table: a change that was not announced when its run is cut off is told by
 * the status alone.
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
  /** Gives back the changes that could not be announced. */
  readonly publish: (changes: readonly StateChange[]) => Promise<readonly StateChange[]>;
};

/**
 * The change that `next` is, by our own words: what another writer does to `state` is no change of
 * ours.
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
  const word = ownState(status);
  const since = conditionOf(status, 'Reachable')?.lastTransitionTime;
  return word === undefined || since === undefined
    ? undefined
    : `${uid}/${since.toISOString()}/${word}`;
}

/** A run of the sweep is cut off after this time; `infra/` gives it no more. */
export const longestRunMs = 60_000;

/**
 * What becomes of a change whose changePublisher was cut off. It is announced when its status was
 * written: it is there to be seen, or was seen by who wrote the next one. While its runner may
 * still be about to write, it waits.
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

/** What came of the changes that earlier sweeps left in the outbox. */
export type PendingReport = {
  readonly published: number;
  readonly dropped: number;
  readonly waiting: number;
};

/**
 * Announces what is true and drops what never came to be. What was noted since `began` is this
 * run's own. Throws what the ports throw.
 */
export async function publishPending(
  { now, outbox, readServer, publish }: PendingPorts,
  began: Date,
): Promise<PendingReport> {
  const noted = (await outbox.pending()).filter(({ change }) => change.at < began);
  const judged = await Promise.all(
    noted.map(async (one) => ({
      ...one,
      fate: fateOf(one, await readServer(one.change.namespace, one.change.name), now()),
    })),
  );
  const of = (fate: 'publish' | 'drop'): readonly StateChange[] =>
    judged.filter((one) => one.fate === fate).map(({ change }) => change);
  const due = of('publish');
  const unpublished = new Set((due.length === 0 ? [] : await publish(due)).map(({ id }) => id));
  const announced = due.filter(({ id }) => !unpublished.has(id));
  const dropped = of('drop');
  await outbox.remove([...announced, ...dropped]);
  return {
    published: announced.length,
    dropped: dropped.length,
    waiting: noted.length - announced.length - dropped.length,
  };
}
