import { CliError, exitCodes } from '../context.ts';
import { isRecord, parseJson } from '../../functions/model/json.ts';
import type { Tokens } from './token-files.ts';
import { defined } from '../../functions/model/defined.ts';

export type Expected = {
  readonly endpoint: string;
  readonly issuer: string;
  readonly clientId: string;
  /** Of the authorization request. Absent on refresh, where the issuer need not repeat it. */
  readonly nonce?: string;
  /** Who it was before. Absent at sign-in. */
  readonly subject?: string;
  /** Whom the bearer is made for, where it is an access token. */
  readonly resource?: string | undefined;
  readonly now: Date;
};

/** What the token endpoint gave. */
type Given = {
  readonly idToken: string;
  readonly accessToken?: string;
  readonly lifetimeMs?: number;
  readonly refreshToken?: string;
};

/**
 * What an ID token says about its owner. It came straight from the token endpoint over a trusted
 * connection, so its signature need not be checked here (OpenID Connect Core 1.0, section 3.1.3.7,
 * item 6); the Function URL does that. Throws unless it is meant for us.
 */
export function tokensFrom(granted: Given, expected: Expected): Tokens {
  const claims = claimsOf(granted.idToken);
  const { iss, aud, exp, nonce, sub, email, name } = claims;
  if (iss !== expected.issuer) throw refused('names another issuer');
  if (aud !== expected.clientId && !(Array.isArray(aud) && aud.includes(expected.clientId)))
    throw refused('is meant for another client');
  if (expected.nonce !== undefined && nonce !== expected.nonce)
    throw refused('belongs to another sign-in (nonce)');
  if (typeof sub !== 'string' || (expected.subject !== undefined && sub !== expected.subject))
    throw refused('belongs to somebody else');
  if (typeof exp !== 'number' || exp * 1000 <= expected.now.getTime())
    throw refused('has expired already; is the clock of this machine right?');
  return defined({
    endpoint: expected.endpoint,
    issuer: expected.issuer,
    clientId: expected.clientId,
    idToken: granted.idToken,
    ...accessIn(granted, expected),
    refreshToken: granted.refreshToken,
    expiresAt: new Date(
      expected.resource === undefined
        ? exp * 1000
        : expected.now.getTime() + (granted.lifetimeMs ?? 0),
    ),
    subject: sub,
    email: typeof email === 'string' ? email : undefined,
    name: typeof name === 'string' ? name : undefined,
  });
}

function accessIn(
  { accessToken }: Given,
  { resource }: Expected,
): Pick<Tokens, 'accessToken' | 'resource'> {
  if (resource === undefined) return {};
  if (accessToken === undefined)
    throw new CliError(`The issuer gave no access token for ${resource}.`, {
      exitCode: exitCodes.signInFailed,
      hint: 'Run: muster auth login',
    });
  return { accessToken, resource };
}

function claimsOf(token: string): Readonly<Record<string, unknown>> {
  const [, payload] = token.split('.');
  const claims =
    payload === undefined
      ? undefined
      : parseJson(Buffer.from(payload, 'base64url').toString('utf8'));
  if (!isRecord(claims)) throw refused('cannot be read');
  return claims;
}

const refused = (what: string): CliError =>
  new CliError(`The ID token ${what}.`, {
    exitCode: exitCodes.signInFailed,
    hint: 'Run: muster auth login',
  });
