/**
 * Throwaway certificates for the local world: a certificate authority, the certificates that it
 * issues, and self-signed ones.
 */
import 'reflect-metadata'; // @peculiar/x509 wires itself together with decorators
import { KeyObject, randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  BasicConstraintsExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** A certificate and its private key, both PEM: what `node:https` takes as `cert` and `key`. */
export type Certificate = { readonly certPem: string; readonly keyPem: string };

/**
 * What a certificate is for. `hosts` are names or IP addresses; without times it is valid from an
 * hour ago until tomorrow.
 */
export type CertificateRequest = {
  readonly hosts: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
};

export type Authority = {
  /** Give it to the functions as `EXTRA_CA_FILE`. */
  readonly caPem: string;
  readonly issue: (request: CertificateRequest) => Promise<Certificate>;
};

/** A new certificate authority. It lives as long as the process; nothing is written to disk. */
export async function createAuthority(): Promise<Authority> {
  const keys = await newKeys();
  const name = `muster throwaway CA ${randomBytes(4).toString('hex')}`;
  const { certPem: caPem } = await certificate({
    subject: name,
    issuer: name,
    keys,
    signer: keys,
    isAuthority: true,
    hosts: [],
  });
  const issue = async (request: CertificateRequest) =>
    certificate({
      ...request,
      subject: subjectOf(request),
      issuer: name,
      keys: await newKeys(),
      signer: keys,
      isAuthority: false,
    });
  return { caPem, issue };
}

/** A self-signed certificate. */
export async function selfSigned(request: CertificateRequest): Promise<Certificate> {
  const keys = await newKeys();
  return certificate({
    ...request,
    subject: subjectOf(request),
    issuer: subjectOf(request),
    keys,
    signer: keys,
    isAuthority: false,
  });
}

type Keys = webcrypto.CryptoKeyPair;

type Contents = CertificateRequest & {
  readonly subject: string;
  readonly issuer: string;
  readonly keys: Keys;
  readonly signer: Keys;
  readonly isAuthority: boolean;
};

const hourMs = 3_600_000;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

async function certificate({
  subject,
  issuer,
  keys,
  signer,
  isAuthority,
  hosts,
  notBefore,
  notAfter,
}: Contents): Promise<Certificate> {
  const made = await X509CertificateGenerator.create({
    // A first byte below 0x80: serial numbers are positive.
    serialNumber: `01${randomBytes(15).toString('hex')}`,
    subject: [{ CN: [subject] }],
    issuer: [{ CN: [issuer] }],
    notBefore: notBefore ?? new Date(Date.now() - hourMs),
    notAfter: notAfter ?? new Date(Date.now() + 24 * hourMs),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey: signer.privateKey,
    extensions: [
      new BasicConstraintsExtension(isAuthority),
      ...(hosts.length === 0
        ? []
        : [new SubjectAlternativeNameExtension(hosts.map(alternativeName))]),
    ],
  });
  return {
    certPem: made.toString('pem'),
    keyPem: KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

const subjectOf = ({ hosts }: CertificateRequest) => hosts[0] ?? 'no-host';

const alternativeName = (host: string) => ({
  type: isIP(host) === 0 ? ('dns' as const) : ('ip' as const),
  value: host,
});

const newKeys = (): Promise<Keys> =>
  webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
