/** What came of asking for one more. */
export type RateLimitResult =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'limited'; readonly retryAfterMs: number };

/**
 * So many in so much time for each key, counted in this process: a fence against a loop in a
 * script, not a quota. Keys that asked for nothing lately are forgotten, so that its memory follows
 * the callers of one window.
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
