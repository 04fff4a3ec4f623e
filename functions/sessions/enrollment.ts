/** The registration of a machine's key: it belongs to the sign-in that it was made for. */
import { momentFromOutside } from '../model/outside-time.ts';
import type { Caller } from './person.ts';

/** A registered key of a person. Its private part never leaves the machine. */
export type MachineKey = {
  /** RFC 7638, SHA-256. */
  readonly thumbprint: string;
  readonly createdAt: Date;
  /** Within a minute. */
  readonly lastUsedAt: Date;
};

/** How long after the issuer made the ID token of a sign-in its key can be registered. */
const signInAgeMs = 10 * 60_000;
const clockToleranceMs = 60_000;

/**
 * Why a key is not that of a sign-in. The nonce of the sign-in is the thumbprint of the key: the
 * issuer signs it, so another key cannot be put in its place. Undefined: it is the key of this
 * sign-in, of the person who asks.
 */
export function enrollmentProblem(
  thumbprint: string,
  signIn: Caller,
  caller: Caller,
  now: Date,
): string | undefined {
  const { person, claims } = signIn;
  if (person.issuer !== caller.person.issuer || person.subject !== caller.person.subject)
    return 'The ID token belongs to another person.';
  if (claims['nonce'] !== thumbprint) return 'The ID token was not issued for this key.';
  const issuedAt = momentFromOutside(claims['iat'], now);
  const ageMs = issuedAt === undefined ? Infinity : now.getTime() - issuedAt.getTime();
  return ageMs <= signInAgeMs && ageMs >= -clockToleranceMs
    ? undefined
    : 'The ID token was not issued within the last ten minutes.';
}
