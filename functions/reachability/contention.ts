import {
  type Condition,
  conditionOf,
  contendedReasons,
  displayError,
  type McpServer,
  type Status,
  ownState,
} from '../model/mcpserver.ts';
import { periodElapsed } from './jitter.ts';
import { defined } from '../model/defined.ts';

/** The setting CONTENDED_STATE: how our value goes into `state` beside another writer. */
export const contendedStateRules = ['yield', 'assert'] as const;
export type ContendedStateRule = (typeof contendedStateRules)[number];

/**
 * The rule about `status.state`, which upstream muster also writes. We write our value when our own
 * verdict changes, and once an hour. In between, the value of another writer stays, with the error
 * text and the retry time beside it, so that the writers do not fight. With `assert` our value is
 * in each status. Our verdict is never lost: it is in our own conditions, and `StateContended`
 * shows that the values differ.
 */
export function withStateRule(
  server: McpServer,
  next: Status,
  at: Date,
  rule: ContendedStateRule,
): Status {
  const { status: previous, uid } = server;
  const noted = withContention(server, next, at);
  const isOurTurn =
    rule === 'assert' || ownState(next) !== ownState(previous) || isReclaimDue(previous, uid, at);
  return isOurTurn || !isForeign(previous) ? noted : withTheirs(previous, noted);
}

/** Whether another writer left a value in `state` that is not our verdict. */
export function isContended(status: Status): boolean {
  const own = ownState(status);
  return own !== undefined && status.state !== undefined && status.state !== own;
}

/**
 * Whether another writer wrote `state` and `lastError` last. Where it came to the same value as we
 * did, its error text gives it away.
 */
const isForeign = (status: Status): boolean =>
  isContended(status) ||
  (ownState(status) !== undefined &&
    status.state !== undefined &&
    (status.lastError ?? '') !== (displayError(status) ?? ''));

/** The fields that another writer wrote, instead of ours. */
function withTheirs(previous: Status, next: Status): Status {
  const { lastError: _ours, ...rest } = next;
  const isUp = ownState(next) === 'Connected';
  return defined({
    ...rest,
    state: previous.state,
    lastError: previous.lastError,
    // While a server fails, we need the counter and the retry time in the next sweep.
    consecutiveFailures: isUp ? previous.consecutiveFailures : next.consecutiveFailures,
    nextRetryAfter: (isUp ? undefined : next.nextRetryAfter) ?? previous.nextRetryAfter,
  });
}

const reclaimPeriodMs = 60 * 60_000;

/**
 * Once an hour our value is written in any case: the other writer may be gone, and its value would
 * stay forever.
 */
const isReclaimDue = ({ lastAttempt }: Status, uid: string, at: Date): boolean =>
  lastAttempt !== undefined && periodElapsed(`${uid}/state`, reclaimPeriodMs, lastAttempt, at);

// Upstream restores its value within 30 s, and writes a server that fails with each of its tries,
// which are at most 2 minutes apart: if ours is there after three, the other writer is gone.
const settledAfterMs = 3 * 60_000;

/** Whether the value in `state` became ours with our last write, and has been there since. */
function isSettled(status: Status, at: Date): boolean {
  const { lastAttempt, lastConnected } = status;
  if (lastAttempt === undefined || isForeign(status)) return false;
  // Upstream writes `Connected`, too, each time with a new lastConnected.
  const isOurs =
    ownState(status) !== 'Connected' || lastConnected?.getTime() === lastAttempt.getTime();
  return isOurs && at.getTime() - lastAttempt.getTime() >= settledAfterMs;
}

const messages = {
  True: 'Another writer sets status.state to its own value. The verdict of the sweep is in the condition Reachable.',
  False: 'status.state holds the value that the sweep wrote.',
} as const;

function withContention({ generation, status: previous }: McpServer, next: Status, at: Date) {
  const known = conditionOf(previous, 'StateContended');
  const isOver = known?.status === 'True' && isSettled(previous, at);
  if (!isContended(previous) && !isOver) return next;
  const status = isOver ? 'False' : 'True';
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
