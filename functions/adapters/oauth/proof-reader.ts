import {
  calculateJwkThumbprint,
  type CryptoKey,
  errors,
  importJWK,
  type JWTHeaderParameters,
  jwtVerify,
} from 'jose';
import * as z from 'zod/mini';
import type { ProofReading } from '../../sessions/proof.ts';

/** The only algorithm that `muster auth login` makes keys for. No symmetric one can ever be here. */
export const proofAlgorithm = 'ES256';

/** A proof of ours has 500 characters. */
const longest = 4_096;

/**
 * Reads proofs of possession (RFC 9449, section 4.3, items 2 to 7): verifies the signature with the
 * public key in the header, and returns what was signed. It never throws for what a caller wrote.
 */
export function proofReader(now: () => Date): (jwt: string) => Promise<ProofReading> {
  return async (jwt) => {
    if (jwt.length > longest) return unreadable('The proof is longer than 4,096 characters.');
    try {
      const { payload, key } = await jwtVerify(jwt, publicKeyIn, {
        algorithms: [proofAlgorithm],
        typ: 'dpop+jwt',
        currentDate: now(),
      });
      const claims = claimsSchema.safeParse(payload);
      if (!claims.success) return unreadable('The proof lacks htm, htu, iat, jti or ath.');
      const { htm: method, htu: address, iat: issuedAt, jti: id, ath: tokenHash } = claims.data;
      const thumbprint = await calculateJwkThumbprint(key);
      return {
        kind: 'signed',
        proof: { thumbprint, method, address, issuedAt, id, tokenHash },
      };
    } catch (error) {
      if (error instanceof errors.JOSEError) return unreadable(messageFor(error));
      throw error;
    }
  };
}

const text = z.string().check(z.minLength(1), z.maxLength(2_048));
const claimsSchema = z.object({
  htm: text,
  htu: text,
  iat: z.number(),
  jti: z.string().check(z.minLength(8), z.maxLength(256)),
  ath: text,
});

// 32 bytes in base64url (RFC 7518, section 6.2.1).
const coordinate = z.string().check(z.regex(/^[\w-]{43}$/));
const publicJwkSchema = z.object({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: coordinate,
  y: coordinate,
  // A private key that was sent is no longer private.
  d: z.exactOptional(z.never()),
});

async function publicKeyIn({ jwk }: JWTHeaderParameters): Promise<CryptoKey> {
  const parsed = publicJwkSchema.safeParse(jwk);
  if (!parsed.success) throw new errors.JWKInvalid();
  const { kty, crv, x, y } = parsed.data;
  const key = await importJWK({ kty, crv, x, y }, proofAlgorithm, { extractable: true }).catch(
    () => {
      // The engine refuses a point that is not on the curve, with an error of its own.
      throw new errors.JWKInvalid();
    },
  );
  if (key instanceof Uint8Array) throw new errors.JWKInvalid();
  return key;
}

const unreadable = (message: string): ProofReading => ({ kind: 'unreadable', message });

function messageFor(error: InstanceType<typeof errors.JOSEError>): string {
  if (error instanceof errors.JWKInvalid)
    return 'The header of the proof has no public P-256 key (jwk).';
  if (error instanceof errors.JOSEAlgNotAllowed)
    return `The proof is not signed with ${proofAlgorithm}.`;
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return 'Invalid signature of the proof.';
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'typ')
    return 'The type (typ) of the proof is not dpop+jwt.';
  return 'The proof is not a signed JWT.';
}
