import type { PendingReport } from '../reachability/state-changes.ts';
import type { PageReport } from '../reachability/sweep-page.ts';

/** What came of one invocation; its JSON is the sweep's log line. */
export type SweepReport = {
  readonly message: 'sweep';
  /** One for all runners of a tick; the API server has it as audit id of the status writes. */
  readonly trace: string;
  readonly tick: string;
  readonly hop: number;
  readonly ms: number;
  /** Why the invocation did nothing, or why the relay ended before the last page. */
  readonly ended?: string;
  readonly malformed?: readonly string[];
  /** Why the Lease could not be renewed. */
  readonly leaseProblem?: string;
  /**
   * Changes that earlier sweeps left in the outbox; the first runner of a tick looks after them.
   */
  readonly pending?: PendingReport;
  readonly pendingProblem?: string;
} & Partial<PageReport>;
