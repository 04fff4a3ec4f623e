import { CliError, exitCodes } from '../context.ts';
import { isRecord, parseJson } from '../../functions/model/json.ts';
import type { Tokens } from './token-files.ts';
import { defined } from '../../functions/model/defined.ts';
import { oneLine } from '../../functions/model/outside-text.ts';
import { momentFromOutside } from '../../functions/model/outside-time.ts';

export type Expected = {
  readonly endpoint: string;
  readonly issuer: string;
  readonly clientId: string;
  /** Of the authorization request. Absent on refresh, where the issuer need not repeat it. */
  readonly nonce?: string;
  /** The subject of the earlier tokens. Absent at sign-in. */
  readonly subject?: string;
  /** The audience, where the endpoint takes access tokens. */
  readonly resource?: string | undefined;
  readonly now: Date;
};

/** What the token endpoint returned. */
type Given = {
  readonly idToken: string;
  readonly accessToken?: string;
  readonly lifetimeMs?: number;
  readonly refreshToken?: string;
};

/**
 * What an ID token says about its owner. It came straight from the token endpoint over a trusted
 * connection, so its signature need not be checked here (OpenID Connect Core 1.0, section 3.1.3.7,
 * item 6); the endpoint checks it. Throws unless the token is meant for us.
 */
export function tokensFrom(granted: Given, expected: Expected): Tokens {
  const claims = claimsOf(granted.idToken, expected);
  const { iss, aud, exp, nonce, sub, email, name } = claims;
  if (iss !== expected.issuer) throw refused('is from another issuer', expected);
  if (aud !== expected.clientId && !(Array.isArray(aud) && aud.includes(expected.clientId)))
    throw refused('is for another client', expected);
  if (expected.nonce !== undefined && nonce !== expected.nonce)
    throw refused('belongs to another sign-in (nonce)', expected);
  if (typeof sub !== 'string' || (expected.subject !== undefined && sub !== expected.subject))
    throw refused('belongs to another person', expected);
  const endsAt = momentFromOutside(exp, expected.now);
  if (endsAt === undefined) throw refused('has no readable end (exp)', expected);
  if (endsAt <= expected.now)
    throw refused('has already expired. Check the clock of this machine', expected);
  return defined({
    endpoint: expected.endpoint,
    issuer: expected.issuer,
    clientId: expected.clientId,
    idToken: granted.idToken,
    ...accessIn(granted, expected),
    refreshToken: granted.refreshToken,
    expiresAt: new Date(
      expected.resource === undefined
        ? endsAt.getTime()
        : expected.now.getTime() + (granted.lifetimeMs ?? 0),
    ),
    subject: sub,
    email: typeof email === 'string' ? oneLine(email, 200) : undefined,
    name: typeof name === 'string' ? oneLine(name, 200) : undefined,
  });
}

function accessIn(
  { accessToken }: Given,
  expected: Expected,
): Pick<Tokens, 'accessToken' | 'resource'> {
  const { resource } = expected;
  if (resource === undefined) return {};
  if (accessToken === undefined)
    throw new CliError(`The issuer returned no access token for ${resource}.`, {
      exitCode: exitCodes.signInFailed,
      hint: nextStep(expected),
    });
  return { accessToken, resource };
}

function claimsOf(token: string, expected: Expected): Readonly<Record<string, unknown>> {
  const [, payload] = token.split('.');
  const claims =
    payload === undefined
      ? undefined
      : parseJson(Buffer.from(payload, 'base64url').toString('utf8'));
  if (!isRecord(claims)) throw refused('cannot be read', expected);
  return claims;
}

const refused = (what: string, expected: Expected): CliError =>
  new CliError(`The ID token ${what}.`, {
    exitCode: exitCodes.signInFailed,
    hint: nextStep(expected),
  });

/** A sign-in never advises itself; only a refresh leads to one. */
const nextStep = ({ subject, endpoint }: Expected): string =>
  subject === undefined
    ? `Try again. If it fails again, ask the owner of ${endpoint}.`
    : 'Run: muster auth login';
