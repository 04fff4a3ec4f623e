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

export type VerifierOptions = {
  readonly issuer: string;
  /**
   * Whom bearers must be made for: the client of the command line, or, for access tokens,
   * ourselves.
   */
  readonly audience: string;
  readonly kind?: 'idToken' | 'accessToken';
  readonly fetch: GuardedFetch;
};

/** The issuer could not be asked for its keys. */
class IssuerUnavailable extends Error {
  override readonly name = 'IssuerUnavailable';
}

/**
 * Judges a bearer by the keys of its issuer, found by OpenID discovery and kept as long as the
 * verifier lives. `issuerUnavailable` when they cannot be had; only a token that is bad is `invalid`.
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

// Asymmetric ones only: with a shared secret, whoever can check a token can make one.
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
    // A failure is not kept: the next bearer asks again.
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
      `The keys of ${issuer} cannot be had: ${cause instanceof Error ? cause.message : 'unknown reason'}.`,
      {
        cause,
      },
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
    throw new TypeError(`its discovery document answered HTTP ${response.status}`);
  const metadata = metadataSchema.safeParse(await response.json());
  if (!metadata.success) throw new TypeError('its discovery document lacks issuer or jwks_uri');
  if (metadata.data.issuer !== issuer)
    throw new TypeError(`its discovery document is of another issuer`);
  return metadata.data;
}

const claimsSchema = z.object({
  email: z.optional(z.string()),
  name: z.optional(z.string()),
  azp: z.optional(z.string()),
});

/** `client`: an ID token must have been made for it. */
function callerOf(payload: JWTPayload, token: string, client: string | undefined): BearerResult {
  const { iss, sub, aud, exp } = payload;
  if (iss === undefined || sub === undefined || aud === undefined || exp === undefined) {
    return { kind: 'invalid', message: 'The token lacks a claim it must have.' };
  }
  const claims = claimsSchema.safeParse(payload);
  const { email, name, azp } = claims.success ? claims.data : {};
  // OpenID Connect Core 1.0, section 3.1.3.7: a token of several audiences says whose it is.
  if (client !== undefined && azp !== undefined && azp !== client)
    return { kind: 'invalid', message: 'The token was made for another client.' };
  const person = defined({
    issuer: iss,
    subject: sub,
    email,
    name,
    audiences: [aud].flat(),
    expiresAt: new Date(exp * 1_000),
  });
  return { kind: 'valid', caller: { person, token, claims: payload } };
}

/**
 * What is wrong with a token, without a word of it; undefined for an error that is not the token's.
 */
function problemOf(error: unknown): string | undefined {
  if (error instanceof errors.JWTExpired) return 'The token has expired.';
  if (error instanceof errors.JWTClaimValidationFailed)
    return claimProblems[error.claim] ?? 'A claim of the token is not as it must be.';
  if (error instanceof errors.JOSEAlgNotAllowed)
    return 'The token is signed with an algorithm that is not accepted.';
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return 'The signature of the token is not good.';
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
  iss: 'The token is of another issuer.',
  aud: 'The token was made for another audience.',
  nbf: 'The token is not valid yet.',
  sub: 'The token names no subject.',
  exp: 'The token never expires.',
  typ: 'The token is no access token (at+jwt).',
};
