/** Throwaway certificates for the local world: a certificate authority, and what it or nobody vouches for. */
import { generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';

/** A certificate and its private key, both PEM: what `node:https` takes as `cert` and `key`. */
export type Certificate = { readonly certPem: string; readonly keyPem: string };

/** What a certificate is for. `hosts` are names or IP addresses; without times it is valid from an hour ago until tomorrow. */
export type CertificateRequest = { readonly hosts: readonly string[]; readonly notBefore?: Date; readonly notAfter?: Date };

export type Authority = {
  /** Give it to the functions as `EXTRA_CA_FILE`. */
  readonly caPem: string;
  readonly issue: (request: CertificateRequest) => Certificate;
};

/** A new certificate authority. It lives as long as the process; nothing is written to disk. */
export function createAuthority(): Authority {
  const keys = ecKeys();
  const name = `muster throwaway CA ${randomBytes(4).toString('hex')}`;
  const ca = certificate({ subject: name, issuer: name, keys, signer: keys.privateKey, isAuthority: true, hosts: [] });
  const issue = (request: CertificateRequest) => {
    const own = ecKeys();
    const subject = request.hosts[0] ?? 'nobody';
    return pemOf(certificate({ ...request, subject, issuer: name, keys: own, signer: keys.privateKey, isAuthority: false }), own);
  };
  return { caPem: pem(ca), issue };
}

/** A certificate that only vouches for itself. */
export function selfSigned(request: CertificateRequest): Certificate {
  const keys = ecKeys();
  const subject = request.hosts[0] ?? 'nobody';
  return pemOf(certificate({ ...request, subject, issuer: subject, keys, signer: keys.privateKey, isAuthority: false }), keys);
}

type Keys = { readonly publicKey: KeyObject; readonly privateKey: KeyObject };

type Contents = CertificateRequest & {
  readonly subject: string;
  readonly issuer: string;
  readonly keys: Keys;
  readonly signer: KeyObject;
  readonly isAuthority: boolean;
};

const hourMs = 3_600_000;

// Written in DER by hand (RFC 5280, section 4.1): the X.509 packages of npm need decorators and a global polyfill for these sixty lines.
function certificate(contents: Contents): Buffer {
  const notBefore = contents.notBefore ?? new Date(Date.now() - hourMs);
  const notAfter = contents.notAfter ?? new Date(Date.now() + 24 * hourMs);
  const algorithm = sequence(oid('1.2.840.10045.4.3.2')); // ecdsa-with-SHA256
  const signed = sequence(
    tagged(0, integer(Buffer.from([2]))), // version 3
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    algorithm,
    distinguishedName(contents.issuer),
    sequence(time(notBefore), time(notAfter)),
    distinguishedName(contents.subject),
    contents.keys.publicKey.export({ type: 'spki', format: 'der' }),
    tagged(3, sequence(...extensions(contents))),
  );
  return sequence(signed, algorithm, bitString(sign('sha256', signed, contents.signer)));
}

function extensions({ isAuthority, hosts }: Contents): readonly Buffer[] {
  const basicConstraints = extension('2.5.29.19', sequence(...(isAuthority ? [der(0x01, Buffer.from([0xff]))] : [])));
  if (hosts.length === 0) return [basicConstraints];
  return [basicConstraints, extension('2.5.29.17', sequence(...hosts.map(alternativeName)))];
}

const ipAddressTag = 0x87;
const dnsNameTag = 0x82;

const alternativeName = (host: string) =>
  isIP(host) === 0 ? der(dnsNameTag, Buffer.from(host, 'ascii')) : der(ipAddressTag, addressBytes(host));

function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail = ''] = address.split('::');
  const groups = (text: string) => text.split(':').filter((group) => group !== '');
  const missing = 8 - groups(head).length - groups(tail).length;
  const all = [...groups(head), ...Array.from({ length: missing }, () => '0'), ...groups(tail)];
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex');
}

const ecKeys = (): Keys => generateKeyPairSync('ec', { namedCurve: 'P-256' });

const pem = (certificate: Buffer) => new X509Certificate(certificate).toString();

const pemOf = (certificate: Buffer, keys: Keys): Certificate => ({
  certPem: pem(certificate),
  keyPem: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
});

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const length =
    body.length < 0x80 ? [body.length] : body.length < 0x100 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

const sequence = (...parts: readonly Buffer[]) => der(0x30, ...parts);
const tagged = (number: number, part: Buffer) => der(0xa0 | number, part);
const integer = (bytes: Buffer) => der(0x02, bytes);
const bitString = (bytes: Buffer) => der(0x03, Buffer.from([0]), bytes);
const extension = (id: string, value: Buffer) => sequence(oid(id), der(0x04, value));
const distinguishedName = (name: string) => sequence(der(0x31, sequence(oid('2.5.4.3'), der(0x0c, Buffer.from(name)))));

// GeneralizedTime for every year: RFC 5280 asks for UTCTime before 2050, OpenSSL reads both.
const time = (at: Date) =>
  der(
    0x18,
    Buffer.from(
      `${at
        .toISOString()
        .replace(/\.\d+Z$/, '')
        .replace(/[-:T]/g, '')}Z`,
    ),
  );

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  return der(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): readonly number[] {
  const bytes = [value & 0x7f];
  for (let left = value >> 7; left > 0; left >>= 7) bytes.unshift((left & 0x7f) | 0x80);
  return bytes;
}
