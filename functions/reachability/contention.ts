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
 * The rule about `status.state`, which upstream muster writes, too. Our word goes there when our
 * own verdict changes, and once an hour. In between another writer's word stays where it is, and so
 * do the error text and the counters beside it: nobody fights. Our verdict is never lost: it is in
 * our own conditions, and `StateContended` tells that the words differ.
 */
export function yieldState(server: McpServer, next: Status, at: Date): Status {
  const { status: previous, uid } = server;
  if (!isContended(previous))
    return isSettled(previous, at) ? withContention(server, next, 'False', at) : next;
  const contended = withContention(server, next, 'True', at);
  if (ownState(next) !== ownState(previous) || isReclaimDue(previous, uid, at)) return contended;
  return { ...contended, ...theirs(previous) };
}

/** Whether somebody else left a word in `state` that means something else than ours. */
export function isContended(status: Status): boolean {
  const word = ownState(status);
  if (word === undefined || status.state === undefined) return false;
  return word === 'Connected'
    ? status.state !== 'Connected'
    : status.state !== 'Connecting' && status.state !== 'Failed';
}

// While a server answers, error text and counters are no memory of ours. While it fails, they are.
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
 * Once an hour our word is written all the same: the other writer may be gone, and its word would
 * stay for good.
 */
const isReclaimDue = ({ lastAttempt }: Status, uid: string, at: Date): boolean =>
  lastAttempt !== undefined && periodElapsed(`${uid}/state`, reclaimPeriodMs, lastAttempt, at);

// Upstream writes every 30 s: our word that stood for four of its rounds stands for good.
const settledAfterMs = 2 * 60_000;

const isSettled = (status: Status, at: Date): boolean =>
  conditionOf(status, 'StateContended')?.status === 'True' &&
  status.lastAttempt !== undefined &&
  at.getTime() - status.lastAttempt.getTime() >= settledAfterMs;

const messages = {
  True: 'Another writer puts its own word into status.state. The verdict of the sweep is the condition Reachable.',
  False: 'status.state is what the sweep wrote.',
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
