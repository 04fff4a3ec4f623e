import {
  createRemoteJWKSet,
  customFetch,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose';
import * as z from 'zod/mini';
import type { BearerResult } from '../../sessions/person.ts';
import { type Circuit, circuit, CircuitOpen, pauseMs } from '../network/circuit.ts';
import type { GuardedFetch } from '../network/guarded-fetch.ts';
import { defined } from '../../model/defined.ts';
import { issuerNames } from '../../model/issuer-names.ts';
import { momentFromOutside } from '../../model/outside-time.ts';
import { messageOf } from '../../model/error-message.ts';
import { oneLine } from '../../model/outside-text.ts';

export type VerifierOptions = {
  readonly issuer: string;
  /**
   * The audience of the tokens: the client of the command line, or, for access tokens, ourselves.
   */
  readonly audience: string;
  readonly kind?: 'idToken' | 'accessToken';
  readonly fetch: GuardedFetch;
  readonly now?: () => Date;
};

/** The keys of the issuer could not be fetched, or were not asked for in the pause after that. */
class IssuerUnavailable extends Error {
  override readonly name = 'IssuerUnavailable';
  readonly retryAfterMs: number | undefined;
  constructor(issuer: string, cause: unknown) {
    super(`The keys of ${issuer} could not be fetched: ${messageOf(cause)}.`, { cause });
    this.retryAfterMs = cause instanceof CircuitOpen ? cause.retryAfterMs : undefined;
  }
}

/**
 * Verifies tokens with the keys of their issuer, which are found by OpenID discovery and kept as
 * long as the verifier lives. `issuerUnavailable` when the keys cannot be fetched: that says
 * nothing about the token, and for ten seconds the issuer is not asked again. Only a bad token is
 * `invalid`.
 */
export function bearerVerifier(options: VerifierOptions): (token: string) => Promise<BearerResult> {
  const { issuer, audience, kind = 'idToken', now = () => new Date() } = options;
  // RFC 9068, section 4: an ID token cannot pass for an access token.
  const typ = kind === 'accessToken' ? { typ: accessTokenType } : {};
  const keys = keysOf(options, circuit({ failures: 1, pauseMs }, now));
  return async (token) => {
    try {
      const { payload, protectedHeader } = await jwtVerify(token, keys, {
        issuer: issuerNames(issuer),
        audience,
        algorithms,
        currentDate: now(),
        clockTolerance: leewaySeconds,
        requiredClaims: ['sub', 'exp'],
        ...typ,
      });
      if (kind === 'idToken' && isOfAnotherKind(payload, protectedHeader.typ))
        return { kind: 'invalid', message: 'The token is not an ID token.' };
      // RFC 8417, section 2.2: security event tokens; logout tokens are such.
      if (payload['events'] !== undefined)
        return {
          kind: 'invalid',
          message: 'The token reports an event and cannot sign a person in.',
        };
      return callerOf(payload, {
        token,
        issuer,
        client: kind === 'idToken' ? audience : undefined,
        now: now(),
      });
    } catch (error) {
      if (error instanceof IssuerUnavailable)
        return defined({
          kind: 'issuerUnavailable',
          detail: error.message,
          retryAfterMs: error.retryAfterMs,
        });
      const message = problemOf(error);
      if (message === undefined) throw error;
      return { kind: 'invalid', message };
    }
  };
}

const accessTokenType = 'at+jwt';

/** Clocks differ: of `nbf` and `exp` (RFC 7519, sections 4.1.4 and 4.1.5; tsidp#73, KEYCLOAK-4538). */
const leewaySeconds = 30;

/**
 * RFC 8725, section 3.11: a JWT of another kind says so in `typ` (`at+jwt`, `logout+jwt`,
 * `secevent+jwt`, `dpop+jwt` and those to come). An ID token has none, or `JWT`. Keycloak writes
 * the kind into a claim instead.
 */
const isOfAnotherKind = ({ typ: claim }: JWTPayload, typ: unknown): boolean =>
  (typ !== undefined && !(typeof typ === 'string' && /^(application\/)?jwt$/i.test(typ))) ||
  (typeof claim === 'string' && /^(bearer|refresh|offline|logout)$/i.test(claim));

// Asymmetric ones only: a shared secret that verifies tokens can also make them.
const algorithms = [
  'ES256',
  'ES384',
  'ES512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'EdDSA',
  'Ed25519',
];

const metadataSchema = z.object({ issuer: z.string(), jwks_uri: z.url() });

/**
 * Only what the issuer answers opens the circuit. A token cannot: an unknown key in its header is
 * no failure of the issuer.
 */
function keysOf({ issuer, fetch }: VerifierOptions, orPause: Circuit): JWTVerifyGetKey {
  let found: Promise<JWTVerifyGetKey> | undefined;
  const find = async () => {
    const { jwks_uri } = await orPause(() => discover(issuer, fetch));
    return createRemoteJWKSet(new URL(jwks_uri), {
      [customFetch]: (url, init) => orPause(async () => keySet(await fetch(url, init))),
    });
  };
  return async (header, token) => {
    // A failure is not kept: the next token starts another attempt.
    found ??= find().catch((error: unknown) => {
      found = undefined;
      throw error;
    });
    const keys = await found.catch(unavailable(issuer));
    try {
      return await keys(header, token);
    } catch (error) {
      if (
        error instanceof errors.JWKSNoMatchingKey ||
        error instanceof errors.JWKSMultipleMatchingKeys
      )
        throw error;
      return unavailable(issuer)(error);
    }
  };
}

const unavailable =
  (issuer: string) =>
  (cause: unknown): never => {
    throw new IssuerUnavailable(issuer, cause);
  };

const keySetSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });

/** RFC 7517, section 5. One key that is none does not cost the others. */
async function keySet(response: Response): Promise<Response> {
  if (response.status !== 200) throw new TypeError(`its keys returned HTTP ${response.status}`);
  const body: unknown = await response.json().catch(() => undefined);
  const keys = keySetSchema.safeParse(body);
  if (!keys.success) throw new TypeError('its keys are not a JSON Web Key Set');
  return Response.json(keys.data);
}

/**
 * OpenID Connect Discovery 1.0, section 4; the issuer in the answer must be the one that was asked.
 */
async function discover(issuer: string, fetch: GuardedFetch) {
  const response = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, {
    headers: { accept: 'application/json' },
  });
  if (response.status !== 200)
    throw new TypeError(`its discovery document returned HTTP ${response.status}`);
  const metadata = metadataSchema.safeParse(await response.json().catch(() => undefined));
  if (!metadata.success) throw new TypeError('its discovery document lacks issuer or jwks_uri');
  if (metadata.data.issuer !== issuer)
    throw new TypeError(
      `its discovery document names another issuer, ${oneLine(metadata.data.issuer, 200)}`,
    );
  const { protocol } = new URL(metadata.data.jwks_uri);
  // Keys from the network in between would let it sign in as anyone.
  if (protocol !== 'https:' && protocol !== new URL(issuer).protocol)
    throw new TypeError('its discovery document names keys that are not at an https address');
  return metadata.data;
}

type Verified = {
  readonly token: string;
  /** As the owner wrote it: a person has one issuer, whatever names it uses in tokens. */
  readonly issuer: string;
  /** An ID token must be for this client. */
  readonly client: string | undefined;
  readonly now: Date;
};

// A row of the table has it in its key, which may have 2,048 bytes.
const longestSubject = 1_024;

function callerOf(payload: JWTPayload, { token, issuer, client, now }: Verified): BearerResult {
  const { sub, aud, exp, azp } = payload;
  if (sub === undefined || aud === undefined || exp === undefined)
    return { kind: 'invalid', message: 'The token lacks a required claim.' };
  const expiresAt = momentFromOutside(exp, now);
  if (expiresAt === undefined)
    return { kind: 'invalid', message: 'The token expires in more than ten years.' };
  // jose looks whether a subject is there, not whether it is text.
  if (typeof sub !== 'string' || sub === '')
    return { kind: 'invalid', message: 'The subject of the token is not text.' };
  if (Buffer.byteLength(JSON.stringify(sub)) > longestSubject)
    return {
      kind: 'invalid',
      message: `The subject of the token is longer than ${longestSubject} bytes.`,
    };
  // OpenID Connect Core 1.0, section 3.1.3.7: a token of several audiences names its client.
  const isForAnother = azp !== undefined && azp !== null && azp !== client;
  if (client !== undefined && isForAnother)
    return { kind: 'invalid', message: 'The token is for another client.' };
  const person = defined({
    issuer,
    subject: sub,
    ...namesIn(payload),
    audiences: [aud].flat(),
    expiresAt,
  });
  return { kind: 'valid', caller: { person, token, claims: payload } };
}

/**
 * For display. Anyone can enter any address at an issuer with self-service: only `email_verified:
 * true` counts, no other value that looks like it (OpenID Connect Core 1.0, section 5.1).
 */
const namesIn = ({ email, email_verified: isVerified, name }: JWTPayload) => ({
  email: typeof email === 'string' && isVerified === true ? oneLine(email, longestName) : undefined,
  name: typeof name === 'string' ? oneLine(name, longestName) : undefined,
});

const longestName = 100;

/** What is wrong with a token, without quoting it; undefined for an error of another kind. */
function problemOf(error: unknown): string | undefined {
  if (error instanceof errors.JWTExpired) return 'The token has expired.';
  if (error instanceof errors.JWTClaimValidationFailed)
    return claimProblems[error.claim] ?? 'A claim of the token is invalid.';
  if (error instanceof errors.JOSEAlgNotAllowed)
    return 'The token is signed with an algorithm that is not allowed.';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'Invalid token signature.';
  if (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys
  ) {
    return 'The token is signed with a key that its issuer does not publish.';
  }
  if (
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JOSENotSupported
  ) {
    return 'The token is not a signed JWT.';
  }
  return undefined;
}

const claimProblems: Readonly<Record<string, string>> = {
  iss: 'The token is from another issuer.',
  aud: 'The token is for another audience.',
  nbf: 'The token is not valid yet.',
  sub: 'The token has no subject.',
  exp: 'The token has no expiry.',
  typ: 'The token is not an access token (at+jwt).',
};
