/** Proofs that a request comes from this browser. */
import type { BrowserKey } from './browser-key.ts';
import { base64url, bytesOf, randomText, sha256 } from './pkce.ts';

export type ProofSigner = {
  readonly thumbprint: string;
  /** A proof for one request (RFC 9449, section 4.2). */
  readonly proofFor: (request: {
    readonly method: string;
    readonly url: string;
    readonly token: string;
  }) => Promise<string>;
};

export function proofSigner(
  { privateKey, publicJwk, thumbprint }: BrowserKey,
  now: () => Date,
): ProofSigner {
  const header = encoded({ typ: 'dpop+jwt', alg: 'ES256', jwk: publicJwk });
  return {
    thumbprint,
    proofFor: async ({ method, url, token }) => {
      const { origin, pathname } = new URL(url);
      const claims = encoded({
        htm: method,
        htu: origin + pathname,
        iat: Math.floor(now().getTime() / 1_000),
        jti: randomText(),
        ath: await sha256(token),
      });
      const signed = `${header}.${claims}`;
      // WebCrypto signs as RFC 7518, section 3.4, has it: r and s, 32 bytes each.
      const signature = await crypto.subtle.sign(
        { name: 'ECDSA', hash: 'SHA-256' },
        privateKey,
        bytesOf(signed),
      );
      return `${signed}.${base64url(new Uint8Array(signature))}`;
    },
  };
}

const encoded = (value: object): string => base64url(bytesOf(JSON.stringify(value)));
