/** Whether one more request is allowed. */
type ProcessLimitResult =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'reached'; readonly retryAfterMs: number };

/**
 * Allows `count` requests of all callers together in fixed windows, counted in this process: for
 * callers without an identity. It stops a loop in a script and is not a quota.
 */
export function processLimit({
  count,
  windowSeconds,
}: {
  readonly count: number;
  readonly windowSeconds: number;
}): (now: Date) => ProcessLimitResult {
  const lengthMs = windowSeconds * 1_000;
  let counted = { window: -1, uses: 0 };
  return (now) => {
    const window = Math.floor(now.getTime() / lengthMs);
    counted = { window, uses: counted.window === window ? counted.uses + 1 : 1 };
    return counted.uses <= count
      ? { kind: 'allowed' }
      : { kind: 'reached', retryAfterMs: (window + 1) * lengthMs - now.getTime() };
  };
}
