/** What was seen from outside in one run: the checker judges nothing else. */
import * as z from 'zod/mini';

const conditionSchema = z.object({
  type: z.string(),
  status: z.string(),
  reason: z.string(),
  message: z.string(),
  lastTransitionTime: z.string(),
  observedGeneration: z.optional(z.number()),
});

/** `MCPServer.status` as the cluster has it. Times are text. */
export const statusSchema = z.object({
  state: z.optional(z.string()),
  lastError: z.optional(z.string()),
  lastConnected: z.optional(z.string()),
  consecutiveFailures: z._default(z.number(), 0),
  lastAttempt: z.optional(z.string()),
  nextRetryAfter: z.optional(z.string()),
  conditions: z._default(z.array(conditionSchema), []),
});
export type WrittenStatus = z.infer<typeof statusSchema>;
export type WrittenCondition = z.infer<typeof conditionSchema>;

export const noStatus: WrittenStatus = { consecutiveFailures: 0, conditions: [] };

/** One probe, in true time (milliseconds since 1970). */
export type ProbeFact = {
  readonly run: string;
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  readonly began: number;
  readonly ended: number;
};

/** A status that the cluster took from a sweep. */
export type WriteFact = {
  readonly at: number;
  /** The invocation that wrote. */
  readonly run: string;
  /** How far the clock of that invocation was ahead, in milliseconds. */
  readonly aheadMs: number;
  readonly name: string;
  /** Of the object that was written. */
  readonly uid: string;
  readonly generation: number;
  /** Its owner had taken it out. */
  readonly isOut: boolean;
  readonly before: WrittenStatus;
  readonly after: WrittenStatus;
  /** What the status follows from; absent where it is not known. */
  readonly probe?: ProbeFact;
};

/** A change that the bus took. */
export type PublishedFact = {
  readonly at: number;
  readonly id: string;
  readonly name: string;
  readonly uid: string;
  readonly to: string;
};

export type Stretch = { readonly from: number; readonly until: number };

/** A server that sweeps had to probe, from its creation or return to its end or removal. */
export type Presence = Stretch & {
  readonly name: string;
  readonly uid: string;
  /** How long it may be left alone in quiet times. */
  readonly longestGapMs: number;
};

/** A server at the end, and what is true of it. */
export type EndFact = {
  readonly name: string;
  readonly status: WrittenStatus;
  readonly state: string;
  readonly reasons: readonly string[];
  /** Absent: nothing is expected of it. */
  readonly authRequired?: string;
};

export type History = {
  readonly heartbeatMs: number;
  readonly ended: number;
  readonly writes: readonly WriteFact[];
  readonly probes: readonly ProbeFact[];
  readonly published: readonly PublishedFact[];
  /** Ids of changes about which the table did not take a call. */
  readonly untold: ReadonlySet<string>;
  /** When the object with this uid was deleted. */
  readonly deleted: ReadonlyMap<string, number>;
  readonly presences: readonly Presence[];
  /** When something went wrong, or its consequences were still there. */
  readonly disturbed: readonly Stretch[];
  readonly end: readonly EndFact[];
};
