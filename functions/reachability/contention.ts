import {
  type Condition,
  conditionOf,
  contendedReasons,
  type McpServer,
  type Status,
  ownState,
} from '../model/mcpserver.ts';
import { periodElapsed } from './jitter.ts';
import { defined } from '../model/defined.ts';

/**
 * The rule about `status.state`, which upstream muster also writes. We write our value when our own
 * verdict changes, and once an hour. In between, the value of another writer stays, with the error
 * text and the counters beside it, so that the writers do not fight. Our verdict is never lost: it
 * is in our own conditions, and `StateContended` shows that the values differ.
 */
export function yieldState(server: McpServer, next: Status, at: Date): Status {
  const { status: previous, uid } = server;
  if (!isContended(previous))
    return isSettled(previous, at) ? withContention(server, next, 'False', at) : next;
  const contended = withContention(server, next, 'True', at);
  if (ownState(next) !== ownState(previous) || isReclaimDue(previous, uid, at)) return contended;
  return { ...contended, ...theirs(previous) };
}

/** Whether another writer left a value in `state` that means something else than ours. */
export function isContended(status: Status): boolean {
  const own = ownState(status);
  if (own === undefined || status.state === undefined) return false;
  return own === 'Connected'
    ? status.state !== 'Connected'
    : status.state !== 'Connecting' && status.state !== 'Failed';
}

// While a server fails, we need error text and counters in the next sweep; while it answers, not.
const theirs = (status: Status): Partial<Status> =>
  defined({
    state: status.state,
    ...(ownState(status) === 'Connected' &&
      defined({
        lastError: status.lastError,
        consecutiveFailures: status.consecutiveFailures,
        nextRetryAfter: status.nextRetryAfter,
      })),
  });

const reclaimPeriodMs = 60 * 60_000;

/**
 * Once an hour our value is written in any case: the other writer may be gone, and its value would
 * stay forever.
 */
const isReclaimDue = ({ lastAttempt }: Status, uid: string, at: Date): boolean =>
  lastAttempt !== undefined && periodElapsed(`${uid}/state`, reclaimPeriodMs, lastAttempt, at);

// Upstream writes every 30 s: if our value survived four of its writes, the other writer is gone.
const settledAfterMs = 2 * 60_000;

const isSettled = (status: Status, at: Date): boolean =>
  conditionOf(status, 'StateContended')?.status === 'True' &&
  status.lastAttempt !== undefined &&
  at.getTime() - status.lastAttempt.getTime() >= settledAfterMs;

const messages = {
  True: 'Another writer sets status.state to its own value. The verdict of the sweep is in the condition Reachable.',
  False: 'status.state holds the value that the sweep wrote.',
} as const;

function withContention(
  { generation }: McpServer,
  next: Status,
  status: 'True' | 'False',
  at: Date,
): Status {
  const known = conditionOf(next, 'StateContended');
  const contention: Condition = {
    type: 'StateContended',
    status,
    reason: contendedReasons[status],
    message: messages[status],
    lastTransitionTime: known?.status === status ? known.lastTransitionTime : at,
    observedGeneration: generation,
  };
  const others = next.conditions.filter(({ type }) => type !== 'StateContended');
  return { ...next, conditions: [...others, contention] };
}
