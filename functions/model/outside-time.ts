const longestMs = 10 * 366 * 24 * 60 * 60 * 1000;

/**
 * A span in seconds that somebody outside gave, such as `expires_in`, in milliseconds. Undefined
 * for what is no number, not above zero, or longer than ten years: Java's "never" is
 * 9223372036854775807 seconds, and a date that far away cannot be written.
 */
export function spanFromOutside(seconds: unknown): number | undefined {
  const value = typeof seconds === 'string' ? Number(seconds) : seconds;
  if (typeof value !== 'number' || !(value > 0)) return undefined;
  const ms = value * 1000;
  return ms <= longestMs ? ms : undefined;
}

/** When that span from `now` on has passed; undefined where the span is. */
export function expiryAfter(seconds: unknown, now: Date): Date | undefined {
  const span = spanFromOutside(seconds);
  return span === undefined ? undefined : new Date(now.getTime() + span);
}

/**
 * A moment in seconds since 1970 that somebody outside gave, such as `exp`. Undefined for what is
 * no number, or further away from `now` than ten years.
 */
export function momentFromOutside(seconds: unknown, now: Date): Date | undefined {
  if (typeof seconds !== 'number' || !Number.isFinite(seconds)) return undefined;
  const distance = Math.abs(seconds * 1000 - now.getTime());
  return distance <= longestMs ? new Date(seconds * 1000) : undefined;
}
