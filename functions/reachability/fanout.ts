/** How a sweep gets through a fleet that is too large for one runner after another. */

/** Where a runner is in its sweep. */
export type SweepCursor = {
  /** When the sweep began, RFC 3339. */
  readonly tick: string;
  readonly hop: number;
  /** Where its page begins; the first one has none. */
  readonly continue?: string;
  /** How many pages its shard still has, its own included. Without it: all that remain. */
  readonly pages?: number;
  readonly everything: boolean;
};

/**
 * One runner after another gets through so many pages; then shards run side by side. A hop takes
 * about 0.8 s: that is within 10 s.
 */
export const pagesBeforeFanOut = 10;
export const shardPages = 10;

/** What a runner does about the pages after its own. */
export type FanoutPlan =
  | { readonly kind: 'done' }
  /** Hands the next page on. */
  | { readonly kind: 'chain'; readonly cursor: SweepCursor & { readonly continue: string } }
  /** Runs ahead over the names, and hands on a shard for each stretch of `shardPages`. */
  | {
      readonly kind: 'fanOut';
      readonly first: SweepCursor & { readonly continue: string; readonly pages: number };
    };

/** `rest` is the token of the page after, where there is one. */
export function planNext(cursor: SweepCursor, rest: string | undefined): FanoutPlan {
  if (rest === undefined || cursor.pages === 1) return { kind: 'done' };
  const next = { ...cursor, hop: cursor.hop + 1, continue: rest };
  if (cursor.pages !== undefined)
    return { kind: 'chain', cursor: { ...next, pages: cursor.pages - 1 } };
  if (next.hop < pagesBeforeFanOut) return { kind: 'chain', cursor: next };
  return { kind: 'fanOut', first: { ...next, pages: shardPages } };
}
