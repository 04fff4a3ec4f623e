import type { PendingReport } from '../reachability/state-changes.ts';
import type { PageReport } from '../reachability/sweep-page.ts';

/** The result of one invocation; its JSON is the log line of the sweep. */
export type SweepReport = {
  readonly message: 'sweep';
  /** The same for all invocations of a tick; it is the audit id of the status writes. */
  readonly trace: string;
  readonly tick: string;
  readonly hop: number;
  readonly ms: number;
  /** Why the invocation did nothing, or why the sweep ended before the last page. */
  readonly ended?: string;
  readonly malformed?: readonly string[];
  /** Why the Lease could not be renewed. */
  readonly leaseProblem?: string;
  /** Changes left in the outbox by earlier sweeps; the first invocation of a tick handles them. */
  readonly pending?: PendingReport;
  readonly pendingProblem?: string;
} & Partial<PageReport>;
