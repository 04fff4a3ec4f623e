import { conditionOf, type McpServer, ownState, hasNewSpec } from '../model/mcpserver.ts';
import { longestRetryAfterMs } from './backoff.ts';
import { isContended } from './contention.ts';
import { periodElapsed } from './jitter.ts';
import { nextLook } from './observed-conditions.ts';

/** Whether sweeps probe the server at all: it has an address, and its owner did not take it out. */
export const isSwept = ({ type, optedOut = false, suspended = false }: McpServer): boolean =>
  type !== 'stdio' && !optedOut && !suspended;

/**
 * Whether a sweep at `now` probes the server. A failing one waits for `nextRetryAfter`, up to half
 * a tick early.
 */
export function isDue(server: McpServer, now: Date, tickMs: number): boolean {
  if (!isSwept(server)) return false;
  const { lastAttempt, nextRetryAfter } = server.status;
  if (nextRetryAfter === undefined || hasNewSpec(server)) return true;
  // The retry time of another writer, which says nothing about ours.
  if (isContended(server.status) && ownState(server.status) === 'Connected') return true;
  const waitMs = nextRetryAfter.getTime() - now.getTime();
  // A clock that was ahead wrote both times.
  if ((lastAttempt?.getTime() ?? 0) - now.getTime() > missedTicks * tickMs) return true;
  // Further away than any of ours: it comes from another writer or another clock.
  return waitMs <= tickMs / 2 || waitMs > longestRetryAfterMs;
}

const hourMs = 60 * 60 * 1000;
const classificationPeriodMs = 12 * hourMs;

/**
 * Whether the probe also finds out if the server asks for a sign-in and if it speaks MCP: when that
 * is not known for this spec, when a GET that was refused no longer is (the probe sees that), in one
 * sweep of every hour while the request got no answer, and else in one of every 12 hours.
 */
export function isClassificationDue(server: McpServer, now: Date, tickMs: number): boolean {
  const { status, generation, uid } = server;
  const isKnown = (['AuthRequired', 'SpeaksMCP'] as const).every(
    (type) => conditionOf(status, type)?.observedGeneration === generation,
  );
  const signIn = conditionOf(status, 'AuthRequired');
  if (!isKnown || signIn === undefined) return true;
  const lastTick = new Date(now.getTime() - tickMs);
  switch (nextLook(signIn)) {
    case 'always':
      return true;
    case 'hourly':
      return periodElapsed(uid, hourMs, lastTick, now);
    case 'rarely':
      return periodElapsed(uid, classificationPeriodMs, lastTick, now);
  }
}

/** After so many ticks without a sweep, the sweeps have stopped. */
export const missedTicks = 3;
