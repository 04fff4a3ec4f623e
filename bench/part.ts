/** What a part of the benchmark gives: rows of one table, each with its rounds. */

/** One row: rounds of ours, and of peers that did the same in the same run, in turn. */
export type Row = {
  /** What was measured, as people read it in the table. */
  readonly measure: string;
  readonly unit: Unit;
  /** A difference between two moments, which may be below zero. */
  readonly isChange?: boolean;
  /** One value for each round; counts that do not vary have one. */
  readonly rounds: readonly number[];
  readonly aim?: Aim;
  /** `rounds` are in the order of ours: round 3 of both was measured side by side. */
  readonly peers?: readonly Peer[];
};

export type Peer = {
  readonly name: string;
  readonly rounds: readonly number[];
  /** Of ours divided by the peer's, pair by pair; the median counts. */
  readonly aim?: Aim;
};

export type Unit = 'ms' | 'CPU ms' | 's' | 'MB' | 'KB' | '/s' | '%' | '';

export type Aim = { readonly atMost: number } | { readonly atLeast: number };

export type Result = {
  readonly rows: readonly Row[];
  /** Peers that this machine does not have, and how to get each. */
  readonly missing: readonly string[];
  /** What the numbers need beside them: sizes, concurrency, requests by verb. A sentence each. */
  readonly notes: readonly string[];
};

/** `small` is for CI: a few seconds, the same path, too few rounds to say anything. */
export type Size = 'full' | 'small';

export type Part = {
  /** As in `npm run bench -- NAME`. */
  readonly name: string;
  /** Its heading in `docs/performance.md`. */
  readonly title: string;
  /** Why its small form is no smoke test: one that needs more than 8 s. */
  readonly notInSmoke?: string;
  /** Bounded; ends every process that it starts, also when it throws. */
  readonly measure: (size: Size) => Promise<Result>;
};
