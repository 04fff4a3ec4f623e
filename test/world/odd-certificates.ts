/** Certificates as people really have them: weak, misissued, or not for servers at all. */
import 'reflect-metadata'; // @peculiar/x509 wires itself together with decorators
import { KeyObject, randomBytes, webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  type Extension,
  ExtendedKeyUsageExtension,
  Extension as RawExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

type Keys = webcrypto.CryptoKeyPair;
type Algorithm =
  | webcrypto.RsaHashedKeyGenParams
  | (webcrypto.EcKeyGenParams & { readonly hash: string });

const hourMs = 3_600_000;
export const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
export const rsa = (modulusLength: number, hash = 'SHA-256'): webcrypto.RsaHashedKeyGenParams => ({
  name: 'RSASSA-PKCS1-v1_5',
  hash,
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength,
});

export type Party = { readonly name: string; readonly keys: Keys; readonly pem: string };

export type Wish = {
  readonly name?: string;
  /** Without one it signs itself. */
  readonly issuer?: Party;
  readonly algorithm?: Algorithm;
  readonly signedWith?: string;
  readonly isAuthority?: boolean;
  readonly hosts?: readonly string[];
  readonly extensions?: readonly Extension[];
  readonly validFrom?: number;
  readonly validUntil?: number;
};

/** Makes one certificate and its keys. Hours are counted from now. */
export async function certificate({
  name = `odd ${randomBytes(4).toString('hex')}`,
  issuer,
  algorithm = ecdsa,
  signedWith = 'SHA-256',
  isAuthority,
  hosts = [],
  extensions = [],
  validFrom = -1,
  validUntil = 24,
}: Wish): Promise<Party> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const signer = issuer?.keys ?? keys;
  const made = await X509CertificateGenerator.create({
    serialNumber: `01${randomBytes(15).toString('hex')}`,
    subject: [{ CN: [name] }],
    issuer: [{ CN: [issuer?.name ?? name] }],
    notBefore: new Date(Date.now() + validFrom * hourMs),
    notAfter: new Date(Date.now() + validUntil * hourMs),
    signingAlgorithm: { ...signer.privateKey.algorithm, hash: signedWith },
    publicKey: keys.publicKey,
    signingKey: signer.privateKey,
    extensions: [
      ...(isAuthority === undefined ? [] : [new BasicConstraintsExtension(isAuthority)]),
      ...(hosts.length === 0
        ? []
        : [
            new SubjectAlternativeNameExtension(
              hosts.map((value) => ({ type: 'dns' as const, value })),
            ),
          ]),
      ...extensions,
    ],
  });
  return { name, keys, pem: made.toString('pem') };
}

export const keyPem = ({ keys }: Party): string =>
  KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString();

/** RFC 5280, section 4.2.1.10: only names below this one. */
export const onlyBelow = (name: string): Extension => {
  const host = Buffer.from(name);
  const tagged = (tag: number, content: Buffer): Buffer =>
    Buffer.concat([Buffer.from([tag, content.length]), content]);
  const permitted = tagged(0xa0, tagged(0x30, tagged(0x82, host)));
  return new RawExtension('2.5.29.30', true, new Uint8Array(tagged(0x30, permitted)));
};

/** RFC 5280, section 4.2.1.12: for clients, not for servers. */
export const forClients = (): Extension =>
  new ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.2'], true);
