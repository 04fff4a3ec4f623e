import { CliError, exitCodes } from '../context.ts';
import { isRecord, parseJson } from '../../functions/model/json.ts';
import type { Tokens } from './token-files.ts';
import { defined } from '../../functions/model/defined.ts';
import { issuerNames } from '../../functions/model/issuer-names.ts';
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
  readonly publicClientSecret?: string | undefined;
  /** By the clock of this machine. */
  readonly now: Date;
};

/** What the token endpoint returned. */
type Given = {
  readonly idToken: string;
  readonly accessToken?: string;
  readonly lifetimeMs?: number;
  readonly refreshToken?: string;
  /** By the clock of the issuer. */
  readonly at?: Date;
};

/** What issuers and endpoints tolerate; `Date` headers have whole seconds. */
const driftMs = 30_000;

/**
 * How far this clock is behind that of the issuer; 0 where they agree or the other is not known. A
 * laptop may be off by minutes, and the ends of tokens are by the clock of the issuer.
 */
function behindMs({ at }: Given, { now }: Expected): number {
  const ms = at === undefined ? 0 : at.getTime() - now.getTime();
  return Math.abs(ms) >= driftMs ? ms : 0;
}

/**
 * What an ID token says about its owner. It came straight from the token endpoint over a trusted
 * connection, so its signature need not be checked here (OpenID Connect Core 1.0, section 3.1.3.7,
 * item 6); the endpoint checks it. Throws unless the token is meant for us.
 */
export function tokensFrom(granted: Given, expected: Expected): Tokens {
  const claims = claimsOf(granted.idToken, expected);
  const { iss, aud, azp, exp, nonce, sub, email, name } = claims;
  if (!issuerNames(expected.issuer).some((one) => one === iss))
    throw refused('is from another issuer', expected);
  if (aud !== expected.clientId && !(Array.isArray(aud) && aud.includes(expected.clientId)))
    throw refused('is for another client', expected);
  if (azp !== undefined && azp !== null && azp !== expected.clientId)
    throw refused('is for another client (azp)', expected);
  if (expected.nonce !== undefined && nonce !== expected.nonce)
    throw refused('belongs to another sign-in (nonce)', expected);
  if (typeof sub !== 'string' || (expected.subject !== undefined && sub !== expected.subject))
    throw refused('belongs to another person', expected);
  const moment = momentFromOutside(exp, expected.now);
  if (moment === undefined) throw refused('has no readable end (exp)', expected);
  const endsAt = new Date(moment.getTime() - behindMs(granted, expected));
  if (endsAt.getTime() + driftMs <= expected.now.getTime())
    throw refused('has already expired. Check the clock of this machine', expected);
  return defined({
    endpoint: expected.endpoint,
    issuer: expected.issuer,
    clientId: expected.clientId,
    publicClientSecret: expected.publicClientSecret,
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
  // An access token for another service would be one that the endpoint can use there.
  const aud = claimsIn(accessToken)?.['aud'];
  if (aud !== resource && !(Array.isArray(aud) && aud.includes(resource)))
    throw new CliError(
      `The issuer returned an access token that is not a JWT for ${resource}, so it was not sent.`,
      {
        exitCode: exitCodes.signInFailed,
        hint: `Ask the owner of ${expected.endpoint} to check its settings BEARER_AUDIENCE and OIDC_PARAMETERS.`,
      },
    );
  return { accessToken, resource };
}

function claimsOf(token: string, expected: Expected): Readonly<Record<string, unknown>> {
  const claims = claimsIn(token);
  if (claims === undefined) throw refused('cannot be read', expected);
  return claims;
}

function claimsIn(token: string): Readonly<Record<string, unknown>> | undefined {
  const [, payload = ''] = token.split('.');
  const claims = parseJson(Buffer.from(payload, 'base64url').toString('utf8'));
  return isRecord(claims) ? claims : undefined;
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
