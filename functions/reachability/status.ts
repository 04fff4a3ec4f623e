import {
  type Condition,
  conditionOf,
  conditionTypes,
  displayState,
  type McpServer,
  type Status,
  failuresUntilFailed,
  hasNewSpec,
  ownState,
  refusedMessage,
} from '../model/mcpserver.ts';
import { retryDelayMs } from './backoff.ts';
import type { Verdict } from './classify.ts';
import { type ContendedStateRule, withStateRule } from './contention.ts';
import { periodElapsed } from './jitter.ts';
import { type Observed, observedConditions } from './observed-conditions.ts';
import { defined } from '../model/defined.ts';

/**
 * The status after a verdict. Pure. The `conditions` of other writers stay as they are, and so may
 * their value in `state`.
 */
export function nextStatus(
  server: McpServer,
  verdict: Verdict,
  now: Date,
  rule: ContendedStateRule = 'yield',
): Status {
  if (verdict.kind === 'undecided') return server.status;
  const at = wholeSeconds(now);
  return withStateRule(server, ownStatus(server, verdict, at), at, rule);
}

function ownStatus(
  server: McpServer,
  verdict: Exclude<Verdict, { kind: 'undecided' }>,
  at: Date,
): Status {
  switch (verdict.kind) {
    case 'connected':
      return defined({
        state: 'Connected',
        lastConnected: at,
        consecutiveFailures: 0,
        lastAttempt: at,
        nextRetryAfter: later(at, retryDelayMs(verdict, server.uid, 0)),
        conditions: withConditions(server, observedConditions(server, verdict, at), at),
      });
    case 'failed':
    case 'failing': {
      const { lastConnected } = server.status;
      const failures = (hasNewSpec(server) ? 0 : server.status.consecutiveFailures) + 1;
      // Once Failed, only an answer ends it. The counter keeps that: `state` is not ours alone.
      const counted =
        verdict.kind === 'failing' && wasFailed(server.status)
          ? Math.max(failures, failuresUntilFailed)
          : failures;
      return defined({
        state:
          verdict.kind === 'failed' || counted >= failuresUntilFailed ? 'Failed' : 'Connecting',
        lastError: verdict.message,
        lastConnected,
        consecutiveFailures: counted,
        lastAttempt: at,
        nextRetryAfter: later(at, retryDelayMs(verdict, server.uid, failures)),
        conditions: withConditions(
          server,
          [
            {
              type: 'Reachable',
              status: 'False',
              reason: verdict.reason,
              message: verdict.message,
            },
          ],
          at,
        ),
      });
    }
  }
}

/** Where our own condition is Unknown, `state` still holds what came before. */
const wasFailed = (previous: Status): boolean =>
  conditionOf(previous, 'Reachable') !== undefined && displayState(previous) === 'Failed';

/** `lastTransitionTime` moves only when a condition's status does (Kubernetes API conventions). */
function withConditions(
  server: McpServer,
  observed: readonly Observed[],
  at: Date,
): readonly Condition[] {
  const fresh = observed.map((condition): Condition => {
    const before = conditionOf(server.status, condition.type);
    const lastTransitionTime = before?.status === condition.status ? before.lastTransitionTime : at;
    return { ...condition, lastTransitionTime, observedGeneration: server.generation };
  });
  const kept: Condition[] = [];
  const missing = [...fresh];
  for (const condition of server.status.conditions) {
    if (!fresh.some(({ type }) => type === condition.type)) kept.push(condition);
    else {
      // Where one type is there twice, the first place is that of ours.
      const at = missing.findIndex(({ type }) => type === condition.type);
      kept.push(...missing.splice(at, at < 0 ? 0 : 1));
    }
  }
  return [...kept, ...missing];
}

const wholeSeconds = (date: Date): Date => new Date(Math.floor(date.getTime() / 1000) * 1000);
const later = (date: Date, ms: number | undefined): Date | undefined =>
  ms === undefined ? undefined : new Date(Math.round((date.getTime() + ms) / 1000) * 1000);

export type WriteRules = {
  readonly heartbeatMs: number;
  /** Default: `yield`. */
  readonly contendedState?: ContendedStateRule;
};

/**
 * The status to write after a verdict; undefined where no write is needed. With `assert`, a server
 * that fails gets our value at each attempt, and one that answers at each write.
 */
export function statusToWrite(
  server: McpServer,
  verdict: Verdict,
  now: Date,
  { heartbeatMs, contendedState }: WriteRules,
): Status | undefined {
  const next = nextStatus(server, verdict, now, contendedState);
  const mayWait = contendedState === 'assert' && ownState(next) === 'Connected';
  const decisive = mayWait ? nextStatus(server, verdict, now) : next;
  return reasonToWrite(server, decisive, now, heartbeatMs) === undefined ? undefined : next;
}

/**
 * Why `next` has to be written: something changed, or the server's heartbeat is due. Undefined: no
 * write is needed.
 */
export function reasonToWrite(
  server: McpServer,
  next: Status,
  now: Date,
  heartbeatMs: number,
): 'change' | 'heartbeat' | undefined {
  const previous = server.status;
  if (next === previous) return undefined;
  if (isNews(previous, next, comparedIn(previous, next))) return 'change';
  const { lastAttempt } = previous;
  // A clock that was wrong wrote it: without this, its own time would have to pass first.
  const isAhead = lastAttempt !== undefined && lastAttempt.getTime() - now.getTime() > heartbeatMs;
  return lastAttempt === undefined ||
    isAhead ||
    // By the second, as lastAttempt is: a moment within this second would else come twice.
    periodElapsed(server.uid, heartbeatMs, lastAttempt, wholeSeconds(now))
    ? 'heartbeat'
    : undefined;
}

/** What two statuses have to share, so that the later one is no news. */
type Compared = {
  /** Texts, which may name another address or code each time. */
  readonly words: boolean;
  readonly counter: boolean;
};

function comparedIn(previous: Status, next: Status): Compared {
  if (isSettledFailure(previous, next)) return { words: false, counter: false };
  // Each sweep would try the full words again, and be refused.
  return { words: !isShortened(previous), counter: true };
}

const isShortened = ({ conditions }: Status): boolean =>
  conditions.some(({ message }) => message === refusedMessage);

/** It was Failed, still is, and is tried in every sweep: one more failure is no news. */
const isSettledFailure = (previous: Status, next: Status): boolean =>
  ownState(previous) === 'Failed' &&
  ownState(next) === 'Failed' &&
  // Another writer may have left its own time there.
  previous.nextRetryAfter?.getTime() === next.nextRetryAfter?.getTime();

/** By all but the times of the observation itself. Every healthy server is compared here. */
const isNews = (previous: Status, next: Status, { words, counter }: Compared): boolean =>
  previous.state !== next.state ||
  (words && (previous.lastError ?? '') !== (next.lastError ?? '')) ||
  (counter && previous.consecutiveFailures !== next.consecutiveFailures) ||
  previous.nextRetryAfter?.getTime() !== next.nextRetryAfter?.getTime() ||
  conditionTypes.some((type) => {
    const before = previous.conditions.filter((condition) => condition.type === type);
    const after = next.conditions.filter((condition) => condition.type === type);
    return (
      before.length !== after.length ||
      before.some((condition, at) => isOtherCondition(condition, after[at], words))
    );
  });

const isOtherCondition = (before: Condition, after: Condition | undefined, words: boolean) =>
  before.status !== after?.status ||
  before.reason !== after.reason ||
  (words && before.message !== after.message) ||
  before.lastTransitionTime.getTime() !== after.lastTransitionTime.getTime() ||
  before.observedGeneration !== after.observedGeneration;
