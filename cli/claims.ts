import { Failure, exitCodes } from './failure.ts';
import { isRecord, parseJson } from './json.ts';
import type { Tokens } from './tokens.ts';

export type Expected = {
  readonly endpoint: string;
  readonly issuer: string;
  readonly clientId: string;
  /** Of the authorization request. Absent on refresh, where the issuer need not repeat it. */
  readonly nonce?: string;
  /** Who it was before. Absent at sign-in. */
  readonly subject?: string;
  readonly now: Date;
};

/**
 * What an ID token says about its owner. It came straight from the token endpoint over a trusted connection, so its signature need not be
 * checked here (OpenID Connect Core 1.0, section 3.1.3.7, item 6); the Function URL does that. Throws unless it is meant for us.
 */
export function tokensFrom(granted: { readonly idToken: string; readonly refreshToken?: string }, expected: Expected): Tokens {
  const claims = claimsOf(granted.idToken);
  const { iss, aud, exp, nonce, sub, email, name } = claims;
  if (iss !== expected.issuer) throw refused('names another issuer');
  if (aud !== expected.clientId && !(Array.isArray(aud) && aud.includes(expected.clientId))) throw refused('is meant for another client');
  if (expected.nonce !== undefined && nonce !== expected.nonce) throw refused('belongs to another sign-in (nonce)');
  if (typeof sub !== 'string' || (expected.subject !== undefined && sub !== expected.subject)) throw refused('belongs to somebody else');
  if (typeof exp !== 'number' || exp * 1000 <= expected.now.getTime())
    throw refused('has expired already; is the clock of this machine right?');
  return {
    endpoint: expected.endpoint,
    issuer: expected.issuer,
    clientId: expected.clientId,
    idToken: granted.idToken,
    ...(granted.refreshToken === undefined ? {} : { refreshToken: granted.refreshToken }),
    expiresAt: new Date(exp * 1000),
    subject: sub,
    ...(typeof email === 'string' ? { email } : {}),
    ...(typeof name === 'string' ? { name } : {}),
  };
}

function claimsOf(token: string): Readonly<Record<string, unknown>> {
  const [, payload] = token.split('.');
  const claims = payload === undefined ? undefined : parseJson(Buffer.from(payload, 'base64url').toString('utf8'));
  if (!isRecord(claims)) throw refused('cannot be read');
  return claims;
}

const refused = (what: string): Failure =>
  new Failure(`The ID token ${what}.`, { exitCode: exitCodes.signInFailed, hint: 'Run: muster auth login' });
