import { windowAt } from '../model/limits.ts';

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
  let counted = { endsAt: 0, uses: 0 };
  return (now) => {
    const endsAt = windowAt(windowSeconds, now).endsAt.getTime();
    counted = { endsAt, uses: counted.endsAt === endsAt ? counted.uses + 1 : 1 };
    return counted.uses <= count
      ? { kind: 'allowed' }
      : { kind: 'reached', retryAfterMs: endsAt - now.getTime() };
  };
}
