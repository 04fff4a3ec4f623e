/** How a sweep covers a fleet that is too large for one invocation after another. */
import { defined } from '../model/defined.ts';

/** The position of one invocation in its sweep. */
export type SweepCursor = {
  /** When the sweep was due, RFC 3339. */
  readonly tick: string;
  /** When its first invocation began, RFC 3339; absent: at its tick. */
  readonly began?: string;
  readonly hop: number;
  /** Where its page begins; absent for the first page. */
  readonly continue?: string;
  /** How many MCPServers its shard still has, including its page. Absent: all that remain. */
  readonly servers?: number;
  /** How many fit on a page; absent: as many as the setting says. Pages of large objects are short. */
  readonly limit?: number;
  readonly everything: boolean;
};

/**
 * So many pages are swept one after another; then shards run side by side. A hop takes about 0.8 s,
 * so this takes less than 10 s.
 */
export const pagesBeforeFanOut = 10;
export const shardPages = 10;

// 100,000 servers are 200 pages of 500: more hops than this are a loop.
export const mostHops = 1000;

/**
 * Why an invocation does nothing. Undefined: it sweeps its page. What is on the bus may be written
 * by others: no time is more than one tick ahead, and a page is at most one tick old. A tick may be
 * late: EventBridge Scheduler starts it up to 60 s after it was due, and it may wait for 60 s more
 * in the queue of the function (`infra/sweep.ts`).
 */
export function reasonToDrop(cursor: SweepCursor, now: Date, tickMs: number): string | undefined {
  const isPage = cursor.hop > 0;
  const times = [cursor.tick, cursor.began ?? cursor.tick].map((text) => Date.parse(text));
  if (times.some((time) => time - now.getTime() > tickMs))
    return 'dropped: its time is more than one tick ahead';
  const [tick = NaN, began = NaN] = times;
  const oldest = isPage ? latestTicks + 1 : latestTicks;
  if (now.getTime() - tick > oldest * tickMs)
    return `dropped: the tick is older than ${oldest} ticks`;
  if (isPage && now.getTime() - began > tickMs)
    return 'dropped: the page message is older than one tick';
  return cursor.hop > mostHops ? `dropped: more than ${mostHops} hops` : undefined;
}

const latestTicks = 3;

/** What an invocation does about the pages after its own. */
export type FanoutPlan =
  | { readonly kind: 'done' }
  /** Queues the next page. */
  | { readonly kind: 'chain'; readonly cursor: SweepCursor & { readonly continue: string } }
  /** Lists ahead, names only, and queues a shard for every `shardPages` pages. */
  | {
      readonly kind: 'fanOut';
      readonly first: SweepCursor & { readonly continue: string; readonly servers: number };
    };

/** The page of an invocation, as the cluster gave it. */
export type ListedPage = {
  /** Of the next page, if there is one. */
  readonly continue?: string;
  /** How many MCPServers it has, malformed ones included. */
  readonly count: number;
  /** There when the cluster sent too many bytes for more. */
  readonly smallerLimit?: number;
};

/** How many MCPServers an invocation asks for. */
export const limitOf = ({ limit, servers }: SweepCursor, pageSize: number): number =>
  Math.min(pageSize, limit ?? pageSize, servers ?? pageSize);

export function planNext(
  { limit: before, servers, ...cursor }: SweepCursor,
  { continue: rest, count, smallerLimit }: ListedPage,
  pageSize: number,
): FanoutPlan {
  const left = servers === undefined ? undefined : servers - count;
  if (rest === undefined || (left !== undefined && left <= 0)) return { kind: 'done' };
  // Large objects are seldom everywhere: a page that was small enough makes the next one longer.
  const limit = smallerLimit ?? 2 * (before ?? pageSize);
  const next = defined({
    ...cursor,
    hop: cursor.hop + 1,
    continue: rest,
    limit: limit < pageSize ? limit : undefined,
  });
  if (left !== undefined) return { kind: 'chain', cursor: { ...next, servers: left } };
  if (next.hop < pagesBeforeFanOut) return { kind: 'chain', cursor: next };
  return { kind: 'fanOut', first: { ...next, servers: pageSize * shardPages } };
}
