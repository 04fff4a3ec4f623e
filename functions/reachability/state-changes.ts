import { conditionOf, type Server, type Status, wordOf } from '../model/mcpserver.ts';

/** A change of STATE, as consumers of the bus get it. */
export type StateChange = {
  /**
   * Follows from the status that was written: the same change has the same id, whoever announces it
   * and however often.
   */
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly from?: string;
  readonly to: string;
  readonly reason: string;
  readonly at: Date;
};

/** A change that is in the outbox. `isConfirmed`: somebody has seen it in the status. */
export type Noted = { readonly change: StateChange; readonly isConfirmed: boolean };

export type Outbox = {
  /**
   * Puts a change there before its status is written, and confirms `previous`, the change that led
   * to the status as it is now, if that is still there. Gives back why it could not.
   */
  readonly note: (change: StateChange, previous: string | undefined) => Promise<string | undefined>;
  /** Some of what is there, the oldest of them included. */
  readonly leftovers: () => Promise<readonly Noted[]>;
  /** What cannot be removed is announced once more by the next sweep, with the same id. */
  readonly forget: (changes: readonly StateChange[]) => Promise<void>;
};

/**
 * For a sweep without a table: a change that was not announced when its run is cut off is told by
 * the status alone.
 */
export const noOutbox: Outbox = {
  note: async () => undefined,
  leftovers: async () => [],
  forget: async () => {},
};

export type LeftoverPorts = {
  readonly now: () => Date;
  readonly outbox: Outbox;
  readonly readServer: (namespace: string, name: string) => Promise<Server | undefined>;
  /** Gives back the changes that could not be announced. */
  readonly announce: (changes: readonly StateChange[]) => Promise<readonly StateChange[]>;
};

/**
 * The change that `next` is, by our own words: what another writer does to `state` is no change of
 * ours.
 */
export function changeOf(
  { namespace, name, uid, status }: Server,
  next: Status,
  at: Date,
): StateChange | undefined {
  const from = wordOf(status) ?? status.state;
  const to = wordOf(next);
  const id = idOf(uid, next);
  if (to === undefined || to === from || id === undefined) return undefined;
  const reason = conditionOf(next, 'Reachable')?.reason ?? '';
  return { id, namespace, name, uid, ...(from !== undefined && { from }), to, reason, at };
}

/**
 * Names the change that led to a status. Between two moves of `Reachable` each STATE comes once:
 * Connected, or Connecting and then Failed.
 */
export function idOf(uid: string, status: Status): string | undefined {
  const word = wordOf(status);
  const since = conditionOf(status, 'Reachable')?.lastTransitionTime;
  return word === undefined || since === undefined
    ? undefined
    : `${uid}/${since.toISOString()}/${word}`;
}

/** A run of the sweep is cut off after this time; `infra/` gives it no more. */
export const longestRunMs = 60_000;

/**
 * What becomes of a change whose announcer was cut off. It is announced when its status was
 * written: it is there to be seen, or was seen by who wrote the next one. While its runner may
 * still be about to write, it waits.
 */
export function fateOf(
  { change, isConfirmed }: Noted,
  server: Server | undefined,
  now: Date,
): 'announce' | 'drop' | 'wait' {
  if (isConfirmed || (server?.uid === change.uid && idOf(server.uid, server.status) === change.id))
    return 'announce';
  return now.getTime() - change.at.getTime() > longestRunMs ? 'drop' : 'wait';
}

/** What came of the changes that earlier sweeps left in the outbox. */
export type Leftovers = {
  readonly announced: number;
  readonly dropped: number;
  readonly waiting: number;
};

/**
 * Announces what is true and drops what never came to be. What was noted since `began` is this
 * run's own. Throws what the ports throw.
 */
export async function announceLeftovers(
  { now, outbox, readServer, announce }: LeftoverPorts,
  began: Date,
): Promise<Leftovers> {
  const noted = (await outbox.leftovers()).filter(({ change }) => change.at < began);
  const judged = await Promise.all(
    noted.map(async (one) => ({
      ...one,
      fate: fateOf(one, await readServer(one.change.namespace, one.change.name), now()),
    })),
  );
  const of = (fate: 'announce' | 'drop'): readonly StateChange[] =>
    judged.filter((one) => one.fate === fate).map(({ change }) => change);
  const due = of('announce');
  const unannounced = new Set((due.length === 0 ? [] : await announce(due)).map(({ id }) => id));
  const announced = due.filter(({ id }) => !unannounced.has(id));
  const dropped = of('drop');
  await outbox.forget([...announced, ...dropped]);
  return {
    announced: announced.length,
    dropped: dropped.length,
    waiting: noted.length - announced.length - dropped.length,
  };
}
