/** How long each row is kept. The TTL of DynamoDB only cleans up: every read checks `expires`. */
import type { Client } from '../../sessions/client.ts';
import type { Grant } from '../../sessions/grant.ts';

const dayMs = 86_400_000;

/** A TTL counts seconds. */
export const seconds = (time: Date): number => Math.floor(time.getTime() / 1_000);

export const isExpired = (
  { expires }: { readonly expires?: number | undefined },
  now: Date,
): boolean => expires !== undefined && expires * 1_000 <= now.getTime();

/**
 * An expired grant is listed as `Expired` for a month. A grant without a known expiry is dropped
 * ninety days after its last refresh.
 */
export const endOfGrant = ({ obtainedAt, expiresAt, refreshable }: Grant): Date =>
  expiresAt === undefined || refreshable
    ? new Date(obtainedAt.getTime() + 90 * dayMs)
    : new Date(expiresAt.getTime() + 30 * dayMs);

/**
 * An issuer that deleted our registration shows an error page in the browser and does not inform
 * us: after a week we register again, also where no sign-in was started meanwhile.
 */
export const endOfRegistration = ({ expiresAt }: Client, now: Date): Date =>
  new Date(Math.min(expiresAt?.getTime() ?? Infinity, endOfMark(now).getTime()));

/** That no browser came back says nothing about a later registration. */
export const endOfMark = (at: Date): Date => new Date(at.getTime() + 7 * dayMs);

/** Issuers learn to read documents: after a month ours is offered again. */
export const endOfRefusedDocument = (at: Date): Date => new Date(at.getTime() + 30 * dayMs);

/** A machine that was not used for ninety days signs in again, as with a grant. */
export const endOfKey = (lastUsedAt: Date): Date => new Date(lastUsedAt.getTime() + 90 * dayMs);

/** Shows who used a session lately, and what is still in use after a sign-out. */
export const endOfRelease = (at: Date): Date => new Date(at.getTime() + 30 * dayMs);

/**
 * A removed key is remembered for a year: a stolen machine that still refreshes its sign-in may get
 * ID tokens with the same nonce, and could register the key again.
 */
export const endOfRemovedKey = (removedAt: Date): Date =>
  new Date(removedAt.getTime() + 365 * dayMs);
