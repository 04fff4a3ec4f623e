import { stableJitter } from './jitter.ts';

const slowRetryMs = 2 * 60_000;
const jitter = 0.1;

/** No `Retry-After` delays a probe for longer than this. */
export const longestRetryAfterMs = 60 * 60_000;
// Nothing waits for less than half a minute: the next sweep asks in any case.
const shortestRetryAfterMs = 30_000;

/**
 * How long a server is left alone after the `failures`-th failure in a row. One that hangs: 2
 * minutes, 10 % more or less. One that asked for it by `Retry-After`: so long, at most an hour.
 * Undefined for all others: they are tried in every sweep, however often they fail.
 */
export function retryDelayMs(
  {
    isSlow = false,
    retryAfterMs = 0,
  }: { readonly isSlow?: boolean; readonly retryAfterMs?: number },
  uid: string,
  failures: number,
): number | undefined {
  const own = isSlow
    ? slowRetryMs * (1 - jitter + stableJitter(`${uid}/${failures}`, 2 * jitter))
    : 0;
  const asked =
    retryAfterMs < shortestRetryAfterMs ? 0 : Math.min(retryAfterMs, longestRetryAfterMs);
  const delayMs = Math.max(own, asked);
  return delayMs === 0 ? undefined : delayMs;
}
