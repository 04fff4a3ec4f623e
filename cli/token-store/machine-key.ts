import { createHash, createPrivateKey, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { isRecord } from '../../functions/model/json.ts';
import type { ProofSigner } from '../api/proof-signer.ts';

/** The private key of one sign-in on this machine (RFC 7518, section 6.2). Never sent or printed. */
export type MachineKey = {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly x: string;
  readonly y: string;
  readonly d: string;
};

/** Its thumbprint never begins with a dash: people type it as the value of a flag. */
export function newMachineKey(): MachineKey {
  for (;;) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = machineKeyIn(privateKey.export({ format: 'jwk' }));
    if (key !== undefined && !thumbprintOf(key).startsWith('-')) return key;
  }
}

/** Undefined for what is no private P-256 key. */
export function machineKeyIn(json: unknown): MachineKey | undefined {
  if (!isRecord(json)) return undefined;
  const { kty, crv, x, y, d } = json;
  return kty === 'EC' && crv === 'P-256' && isNumber(x) && isNumber(y) && isNumber(d)
    ? { kty, crv, x, y, d }
    : undefined;
}

/** 32 bytes in base64url. */
const isNumber = (value: unknown): value is string =>
  typeof value === 'string' && /^[\w-]{43}$/.test(value);

/** RFC 7638: the members of the public key in the order of their names. */
export const thumbprintOf = ({ crv, kty, x, y }: MachineKey): string =>
  hash(JSON.stringify({ crv, kty, x, y }));

/** Half of what the endpoint tolerates. */
const driftMs = 30_000;

/** The clock of the signer can be corrected, for as long as the command runs. */
export function proofSigner(key: MachineKey, now: () => Date): ProofSigner {
  const { kty, crv, x, y } = key;
  const header = encoded({ typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } });
  let aheadMs = 0;
  return {
    thumbprint: thumbprintOf(key),
    proofFor: ({ method, url, token }) => {
      const { origin, pathname } = new URL(url);
      const claims = encoded({
        htm: method,
        htu: origin + pathname,
        iat: Math.floor((now().getTime() + aheadMs) / 1000),
        jti: randomUUID(),
        ath: hash(token),
      });
      const signature = sign('sha256', Buffer.from(`${header}.${claims}`), {
        key: createPrivateKey({ key, format: 'jwk' }),
        dsaEncoding: 'ieee-p1363', // RFC 7518, section 3.4
      });
      return `${header}.${claims}.${signature.toString('base64url')}`;
    },
    correctClock: (there) => {
      const neededMs = there === undefined ? 0 : there.getTime() - now().getTime();
      if (!(Math.abs(neededMs - aheadMs) >= driftMs)) return false;
      aheadMs = neededMs;
      return true;
    },
  };
}

const hash = (text: string): string => createHash('sha256').update(text).digest('base64url');
const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
