/**
 * Proof of possession: a request that changes something carries a proof by a key of the person's
 * machine, in the form of RFC 9449 (DPoP). A token that was only seen proves nothing.
 */
import { momentFromOutside } from '../model/outside-time.ts';

/** What a proof says. Its signature was verified with the key of this thumbprint. */
export type Proof = {
  /** RFC 7638, SHA-256. */
  readonly thumbprint: string;
  /** `htm`, `htu`, `iat` (seconds), `jti` and `ath` of RFC 9449, section 4.2. */
  readonly method: string;
  readonly address: string;
  readonly issuedAt: number;
  readonly id: string;
  readonly tokenHash: string;
};

/** A proof as an adapter read it. */
export type ProofReading =
  | { readonly kind: 'signed'; readonly proof: Proof }
  | { readonly kind: 'unreadable'; readonly message: string };

/** The request that a proof has to be for. */
export type ProvenRequest = {
  readonly method: string;
  /** The public address of the route, not what a `Host` header says. */
  readonly address: URL;
  /** SHA-256 of the token of the request, base64url. */
  readonly tokenHash: string;
};

/** Why a signed proof does not fit its request. */
export type ProofMismatch = 'method' | 'address' | 'time' | 'token';

/** How far the clocks of a machine and of the endpoint may be apart, and how old a proof may be. */
export const proofToleranceMs = 60_000;

/**
 * What speaks against a signed proof (RFC 9449, section 4.3, items 8 to 12). Undefined: it is for
 * this request. Whether its key is known and its id is new is up to the store.
 */
export function proofMismatch(
  proof: Proof,
  { method, address, tokenHash }: ProvenRequest,
  now: Date,
): ProofMismatch | undefined {
  if (proof.method !== method) return 'method';
  if (withoutQuery(proof.address) !== withoutQuery(address.href)) return 'address';
  if (proof.tokenHash !== tokenHash) return 'token';
  const issuedAt = momentFromOutside(proof.issuedAt, now);
  const isTimely =
    issuedAt !== undefined && Math.abs(issuedAt.getTime() - now.getTime()) <= proofToleranceMs;
  return isTimely ? undefined : 'time';
}

/**
 * Until when the id of a proof has to be remembered: a proof may be dated a minute ahead, and is
 * accepted for a minute after its date. The third minute is for the clocks of the functions.
 */
export const endOfProof = (now: Date): Date => new Date(now.getTime() + 3 * proofToleranceMs);

/** Scheme, host, port and path in their normal form; undefined for what is no address. */
function withoutQuery(address: string): string | undefined {
  if (!URL.canParse(address)) return undefined;
  const { origin, pathname } = new URL(address);
  return origin + pathname;
}
