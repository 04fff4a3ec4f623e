/** Whether one more request is allowed. */
export type RateLimitResult =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'limited'; readonly retryAfterMs: number };

/**
 * Allows `count` requests per key in a sliding window, counted in this process: it stops a loop in
 * a script and is not a quota. Idle keys are dropped, so memory follows the callers of one window.
 */
export function rateLimiter({
  count,
  windowMs,
}: {
  readonly count: number;
  readonly windowMs: number;
}) {
  const asked = new Map<string, readonly number[]>();
  return (key: string, now: Date): RateLimitResult => {
    const since = now.getTime() - windowMs;
    for (const [other, times] of asked) if ((times.at(-1) ?? 0) <= since) asked.delete(other);
    const recent = (asked.get(key) ?? []).filter((time) => time > since);
    const [oldest] = recent;
    if (oldest !== undefined && recent.length >= count)
      return { kind: 'limited', retryAfterMs: oldest - since };
    asked.set(key, [...recent, now.getTime()]);
    return { kind: 'allowed' };
  };
}
