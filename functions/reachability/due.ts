import { conditionOf, type McpServer, ownState, hasNewSpec } from '../model/mcpserver.ts';
import { longestRetryAfterMs } from './backoff.ts';
import { isContended } from './contention.ts';
import { periodElapsed } from './jitter.ts';

/** Whether sweeps probe the server at all: it has an address, and its owner did not take it out. */
export const isSwept = ({ type, optedOut = false, suspended = false }: McpServer): boolean =>
  type !== 'stdio' && !optedOut && !suspended;

/**
 * Whether a sweep at `now` probes the server. A failing one waits for `nextRetryAfter`, up to half
 * a tick early.
 */
export function isDue(server: McpServer, now: Date, tickMs: number): boolean {
  if (!isSwept(server)) return false;
  const { nextRetryAfter } = server.status;
  if (nextRetryAfter === undefined || hasNewSpec(server)) return true;
  // The retry time of another writer, which says nothing about ours.
  if (isContended(server.status) && ownState(server.status) === 'Connected') return true;
  const waitMs = nextRetryAfter.getTime() - now.getTime();
  // Further away than any of ours: it comes from another writer or another clock.
  return waitMs <= tickMs / 2 || waitMs > longestRetryAfterMs;
}

const classificationPeriodMs = 12 * 60 * 60 * 1000;

/**
 * Whether the probe also finds out if the server asks for a sign-in: when that is not known for
 * this spec, when the server is known to ask (a GET that is no longer refused needs a second look),
 * and in one sweep of every 12 hours.
 */
export function isClassificationDue(server: McpServer, now: Date, tickMs: number): boolean {
  const known = conditionOf(server.status, 'AuthRequired');
  if (
    known === undefined ||
    known.observedGeneration !== server.generation ||
    known.status === 'True'
  )
    return true;
  return periodElapsed(server.uid, classificationPeriodMs, new Date(now.getTime() - tickMs), now);
}

/** After so many ticks without a sweep, the sweeps have stopped. */
export const missedTicks = 3;
