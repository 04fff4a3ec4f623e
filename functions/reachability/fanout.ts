/** How a sweep gets through a fleet that is too large for one runner after another. */

/** Where a runner is in its sweep. */
export type Leg = {
  /** When the sweep began, RFC 3339. */
  readonly tick: string;
  readonly hop: number;
  /** Where its page begins; the first one has none. */
  readonly continue?: string;
  /** How many pages its lane still has, its own included. Without it: all that remain. */
  readonly pages?: number;
  readonly everything: boolean;
};

/**
 * One runner after another gets through so many pages; then lanes run side by side. A hop takes
 * about 0.8 s: that is within 10 s.
 */
export const pagesBeforeLanes = 10;
export const lanePages = 10;

/** What a runner does about the pages after its own. */
export type Onward =
  | { readonly kind: 'nothing' }
  /** Hands the next page on. */
  | { readonly kind: 'next'; readonly leg: Leg & { readonly continue: string } }
  /** Runs ahead over the names, and hands on a lane for each stretch of `lanePages`. */
  | {
      readonly kind: 'lanes';
      readonly first: Leg & { readonly continue: string; readonly pages: number };
    };

/** `rest` is the token of the page after, where there is one. */
export function onward(leg: Leg, rest: string | undefined): Onward {
  if (rest === undefined || leg.pages === 1) return { kind: 'nothing' };
  const next = { ...leg, hop: leg.hop + 1, continue: rest };
  if (leg.pages !== undefined) return { kind: 'next', leg: { ...next, pages: leg.pages - 1 } };
  if (next.hop < pagesBeforeLanes) return { kind: 'next', leg: next };
  return { kind: 'lanes', first: { ...next, pages: lanePages } };
}
