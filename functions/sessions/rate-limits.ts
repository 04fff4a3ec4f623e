/** The limits of each person: counted in the table, so that they hold across processes. */
import type { Audit } from '../model/audit-event.ts';
import { messageOf } from '../model/error-message.ts';
import { type LimitName, limits, windowAt } from '../model/limits.ts';
import { oneLineWithoutSecrets } from '../model/outside-text.ts';
import type { LogLine } from '../model/log-line.ts';
import type { PersonKey } from './grant.ts';
import type { Clock, RateLimits, Use } from './ports.ts';

/** Whether one more use is allowed. */
export type LimitResult =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'reached'; readonly retryAfterMs: number }
  /** The table does not answer, and this limit does not go without it. */
  | { readonly kind: 'uncounted' };

/** Counts one use by this person. */
export type TakeLimit = (person: PersonKey, limit: LimitName) => Promise<LimitResult>;

export type LimitPorts = Clock &
  RateLimits & { readonly audit: Audit; readonly log: (line: LogLine) => void };

/**
 * Counts uses per person and window. Once a person has reached a limit, this process refuses until
 * the window ends without asking the table again: a flood costs no writes and one audit event.
 */
export function personLimits({ now, countUse, audit, log }: LimitPorts): TakeLimit {
  const reachedUntil = new Map<string, Date>();
  const here = processCounter(now);
  return async (person, limit) => {
    const use: Use = { person, limit, ...windowAt(limits[limit].windowSeconds, now()) };
    const key = JSON.stringify([limit, person.issuer, person.subject]);
    for (const [other, until] of reachedUntil) if (until <= now()) reachedUntil.delete(other);
    const reached = reachedUntil.get(key);
    if (reached !== undefined) return reachedAt(reached, now());

    const counted = await countUse(use).catch((error: unknown) => {
      const detail = oneLineWithoutSecrets(messageOf(error), 200);
      log({ level: 'error', message: 'limits cannot be counted', limit, detail });
      return limits[limit].withoutTable === 'processOnly' ? here(use) : undefined;
    });
    if (counted === undefined) return { kind: 'uncounted' };
    if (counted) return { kind: 'allowed' };
    // Requests at the same time reach the limit together: only the first one is reported.
    if (!reachedUntil.has(key))
      audit({
        kind: 'limitReached',
        person: { issuer: person.issuer, subject: person.subject },
        limit,
      });
    reachedUntil.set(key, use.endsAt);
    return reachedAt(use.endsAt, now());
  };
}

const reachedAt = (until: Date, now: Date): LimitResult => ({
  kind: 'reached',
  retryAfterMs: Math.max(until.getTime() - now.getTime(), 1),
});

/** The same counters in this process alone. */
function processCounter(now: Clock['now']): (use: Use) => boolean {
  const counts = new Map<string, { readonly until: Date; readonly uses: number }>();
  return ({ person, limit, endsAt }) => {
    for (const [other, { until }] of counts) if (until <= now()) counts.delete(other);
    const key = JSON.stringify([limit, person.issuer, person.subject]);
    const uses = counts.get(key)?.uses ?? 0;
    if (uses >= limits[limit].count) return false;
    counts.set(key, { until: endsAt, uses: uses + 1 });
    return true;
  };
}
