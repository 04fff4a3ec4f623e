/**
 * The machine of a person as RFC 9449 describes it, written with jose and not with the code of the
 * command line: the endpoint is tested against the standard.
 */
import { createHash, randomUUID } from 'node:crypto';
import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  type JWTHeaderParameters,
  SignJWT,
} from 'jose';

export type Machine = {
  readonly thumbprint: string;
  /** A proof for one request; tests bend its claims and its header. */
  readonly proof: (
    request: {
      readonly method: string;
      readonly url: string;
      readonly token: string;
      readonly at?: Date;
    },
    bent?: {
      readonly claims?: Readonly<Record<string, unknown>>;
      readonly header?: Readonly<Partial<JWTHeaderParameters>>;
    },
  ) => Promise<string>;
};

export async function aMachine(): Promise<Machine> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(publicKey);
  return {
    thumbprint: await calculateJwkThumbprint(jwk),
    proof: ({ method, url, token, at = new Date() }, { claims, header } = {}) =>
      new SignJWT({
        htm: method,
        htu: url,
        iat: Math.floor(at.getTime() / 1000),
        jti: randomUUID(),
        ath: createHash('sha256').update(token).digest('base64url'),
        ...claims,
      })
        .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk, ...header })
        .sign(privateKey),
  };
}
