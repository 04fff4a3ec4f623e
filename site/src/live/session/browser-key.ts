/** The key of one sign-in in this browser. No script can read its private half, ours included. */
import { sha256 } from './pkce.ts';

type PrivateKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

export type BrowserKey = {
  readonly privateKey: PrivateKey;
  /** RFC 7518, section 6.2.1. */
  readonly publicJwk: PublicJwk;
  /** RFC 7638. */
  readonly thumbprint: string;
};

type PublicJwk = {
  readonly crv: 'P-256';
  readonly kty: 'EC';
  readonly x: string;
  readonly y: string;
};

/** Its thumbprint never begins with a dash: people type it as the value of a flag. */
export async function newBrowserKey(): Promise<BrowserKey> {
  for (;;) {
    const { privateKey, publicKey } = await crypto.subtle.generateKey(
      { name: 'ECDSA', namedCurve: 'P-256' },
      false,
      ['sign'],
    );
    const { x, y } = await crypto.subtle.exportKey('jwk', publicKey);
    if (x === undefined || y === undefined)
      throw new Error('The browser made a key of another kind.');
    const publicJwk: PublicJwk = { crv: 'P-256', kty: 'EC', x, y };
    const thumbprint = await sha256(JSON.stringify(publicJwk));
    if (!thumbprint.startsWith('-')) return { privateKey, publicJwk, thumbprint };
  }
}
