import type { RunReport } from '../reachability/run-sweep.ts';

/** The result of one invocation; its JSON is the log line of the sweep. */
export type SweepReport = { readonly message: 'sweep' } & RunReport;
