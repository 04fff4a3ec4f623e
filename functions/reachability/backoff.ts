import { stableJitter } from './jitter.ts';

const firstRetryMs = 30_000;
const longestBackoffMs = 5 * 60_000;
const jitter = 0.1;

/** No `Retry-After` delays a probe for longer than this. */
export const longestRetryAfterMs = 60 * 60_000;

/**
 * How long to wait after the `failures`-th failure in a row: 30 s x 2^(n-1), +-10 %, at most 5
 * minutes.
 */
export function backoffMs(failures: number, uid: string): number {
  const plain = Math.min(firstRetryMs * 2 ** (failures - 1), longestBackoffMs);
  return Math.min(
    plain * (1 - jitter + stableJitter(`${uid}/${failures}`, 2 * jitter)),
    longestBackoffMs,
  );
}
