/** The limits of each person, some of them for each server: counted in the table, so that they hold across processes. */
import type { Audit } from '../model/audit-event.ts';
import { defined } from '../model/defined.ts';
import { messageOf } from '../model/error-message.ts';
import {
  type LimitName,
  limits,
  type PersonLimitName,
  type ServerLimitName,
  windowAt,
} from '../model/limits.ts';
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

/** A use that is not allowed. */
export type LimitRefusal = Exclude<LimitResult, { kind: 'allowed' }>;

/** Counts one use by this person. */
export type TakeLimit = (person: PersonKey, limit: PersonLimitName) => Promise<LimitResult>;

/** Counts one use of one server by this person. */
export type TakeServerLimit = (
  person: PersonKey,
  limit: ServerLimitName,
  serverUid: string,
) => Promise<LimitResult>;

export type LimitPorts = Clock &
  RateLimits & { readonly audit: Audit; readonly log: (line: LogLine) => void };

/**
 * Counts uses per person and window, and per server where the limit is for each. Once a limit is
 * reached, this process refuses until the window ends without asking the table again: a flood costs
 * no writes and one audit event.
 */
export function rateLimits({ now, countUse, audit, log }: LimitPorts): {
  readonly takeLimit: TakeLimit;
  readonly takeServerLimit: TakeServerLimit;
} {
  const reachedUntil = new Map<string, Date>();
  const here = processCounter(now);
  const take = async (person: PersonKey, limit: LimitName, serverUid?: string) => {
    const window = windowAt(limits[limit].windowSeconds, now());
    const use: Use = defined({ person, limit, serverUid, ...window });
    const key = keyOf(use);
    for (const [other, until] of reachedUntil) if (until <= now()) reachedUntil.delete(other);
    const reached = reachedUntil.get(key);
    if (reached !== undefined) return reachedAt(reached, now());

    const counted = await countUse(use).catch((error: unknown) => {
      const detail = oneLineWithoutSecrets(messageOf(error), 200);
      log({ level: 'error', message: 'limits cannot be counted', limit, detail });
      return limits[limit].withoutTable === 'processOnly' ? here(use) : undefined;
    });
    if (counted === undefined) return uncounted;
    if (counted) return allowed;
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
  return { takeLimit: take, takeServerLimit: take };
}

const uncounted: LimitResult = { kind: 'uncounted' };
const allowed: LimitResult = { kind: 'allowed' };

const keyOf = ({ limit, person, serverUid }: Pick<Use, 'limit' | 'person' | 'serverUid'>) =>
  JSON.stringify([limit, person.issuer, person.subject, serverUid]);

const reachedAt = (until: Date, now: Date): LimitResult => ({
  kind: 'reached',
  retryAfterMs: Math.max(until.getTime() - now.getTime(), 1),
});

/** The same counters in this process alone. */
function processCounter(now: Clock['now']): (use: Use) => boolean {
  const counts = new Map<string, { readonly until: Date; readonly uses: number }>();
  return ({ limit, endsAt, ...use }) => {
    for (const [other, { until }] of counts) if (until <= now()) counts.delete(other);
    const key = keyOf({ limit, ...use });
    const uses = counts.get(key)?.uses ?? 0;
    if (uses >= limits[limit].count) return false;
    counts.set(key, { until: endsAt, uses: uses + 1 });
    return true;
  };
}
