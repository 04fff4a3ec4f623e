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
import type { GuardedFetch } from '../network/http.ts';
import { defined } from '../../model/defined.ts';
import { messageOf } from '../../model/error-message.ts';
import { momentFromOutside } from '../../model/outside-time.ts';

export type VerifierOptions = {
  readonly issuer: string;
  /**
   * The audience of the tokens: the client of the command line, or, for access tokens, ourselves.
   */
  readonly audience: string;
  readonly kind?: 'idToken' | 'accessToken';
  readonly fetch: GuardedFetch;
};

/** The keys of the issuer could not be fetched. */
class IssuerUnavailable extends Error {
  override readonly name = 'IssuerUnavailable';
}

/**
 * Verifies tokens with the keys of their issuer, which are found by OpenID discovery and kept as
 * long as the verifier lives. `issuerUnavailable` when the keys cannot be fetched: that says
 * nothing about the token. Only a bad token is `invalid`.
 */
export function bearerVerifier(options: VerifierOptions): (token: string) => Promise<BearerResult> {
  const { issuer, audience, kind = 'idToken' } = options;
  // RFC 9068, section 4: an ID token cannot pass for an access token.
  const typ = kind === 'accessToken' ? { typ: 'at+jwt' } : {};
  const keys = keysOf(options);
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        audience,
        algorithms,
        requiredClaims: ['sub', 'exp'],
        ...typ,
      });
      return callerOf(payload, token, kind === 'idToken' ? audience : undefined);
    } catch (error) {
      if (error instanceof IssuerUnavailable)
        return { kind: 'issuerUnavailable', detail: error.message };
      const message = problemOf(error);
      if (message === undefined) throw error;
      return { kind: 'invalid', message };
    }
  };
}

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

function keysOf({ issuer, fetch }: VerifierOptions): JWTVerifyGetKey {
  let found: Promise<JWTVerifyGetKey> | undefined;
  const find = async () => {
    const { jwks_uri } = await discover(issuer, fetch);
    return createRemoteJWKSet(new URL(jwks_uri), {
      [customFetch]: (url, init) => fetch(url, init),
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
    throw new IssuerUnavailable(
      `The keys of ${issuer} could not be fetched: ${messageOf(cause)}.`,
      { cause },
    );
  };

/**
 * OpenID Connect Discovery 1.0, section 4; the issuer in the answer must be the one that was asked.
 */
async function discover(issuer: string, fetch: GuardedFetch) {
  const response = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, {
    headers: { accept: 'application/json' },
  });
  if (response.status !== 200)
    throw new TypeError(`its discovery document returned HTTP ${response.status}`);
  const metadata = metadataSchema.safeParse(await response.json());
  if (!metadata.success) throw new TypeError('its discovery document lacks issuer or jwks_uri');
  if (metadata.data.issuer !== issuer)
    throw new TypeError('its discovery document names another issuer');
  return metadata.data;
}

/** An ID token must be for `client`. */
function callerOf(payload: JWTPayload, token: string, client: string | undefined): BearerResult {
  const { iss, sub, aud, exp, azp } = payload;
  // jose looks whether a subject is there, not whether it is text.
  const isSubject = typeof sub === 'string' && sub !== '';
  const expiresAt = momentFromOutside(exp, new Date());
  if (iss === undefined || !isSubject || aud === undefined || expiresAt === undefined) {
    return { kind: 'invalid', message: 'The token lacks a required claim.' };
  }
  // OpenID Connect Core 1.0, section 3.1.3.7: a token of several audiences names its client.
  if (client !== undefined && azp !== undefined && azp !== client)
    return { kind: 'invalid', message: 'The token is for another client.' };
  const person = defined({
    issuer: iss,
    subject: sub,
    // A claim of another type costs only itself, so that none can hide another one.
    email: text(payload['email']),
    name: text(payload['name']),
    audiences: [aud].flat(),
    expiresAt,
  });
  return { kind: 'valid', caller: { person, token, claims: payload } };
}

const text = (claim: unknown) => (typeof claim === 'string' ? claim : undefined);

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
