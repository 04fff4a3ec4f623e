/** How a sweep covers a fleet that is too large for one invocation after another. */

/** The position of one invocation in its sweep. */
export type SweepCursor = {
  /** When the sweep began, RFC 3339. */
  readonly tick: string;
  readonly hop: number;
  /** Where its page begins; absent for the first page. */
  readonly continue?: string;
  /** How many pages its shard still has, including its own. Absent: all that remain. */
  readonly pages?: number;
  readonly everything: boolean;
};

/**
 * So many pages are swept one after another; then shards run side by side. A hop takes about 0.8 s,
 * so this takes less than 10 s.
 */
export const pagesBeforeFanOut = 10;
export const shardPages = 10;

/** What an invocation does about the pages after its own. */
export type FanoutPlan =
  | { readonly kind: 'done' }
  /** Queues the next page. */
  | { readonly kind: 'chain'; readonly cursor: SweepCursor & { readonly continue: string } }
  /** Lists ahead, names only, and queues a shard for every `shardPages` pages. */
  | {
      readonly kind: 'fanOut';
      readonly first: SweepCursor & { readonly continue: string; readonly pages: number };
    };

/** `rest` is the token of the next page, if there is one. */
export function planNext(cursor: SweepCursor, rest: string | undefined): FanoutPlan {
  if (rest === undefined || cursor.pages === 1) return { kind: 'done' };
  const next = { ...cursor, hop: cursor.hop + 1, continue: rest };
  if (cursor.pages !== undefined)
    return { kind: 'chain', cursor: { ...next, pages: cursor.pages - 1 } };
  if (next.hop < pagesBeforeFanOut) return { kind: 'chain', cursor: next };
  return { kind: 'fanOut', first: { ...next, pages: shardPages } };
}
