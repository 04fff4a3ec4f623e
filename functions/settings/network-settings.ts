import { defined } from '../model/defined.ts';
import type { Reader } from '../model/setting-reader.ts';
import { pemOf } from './pem.ts';

/** How servers are reached. */
type NetworkSettings = {
  readonly dnsServers: readonly string[];
  /** PEM of authorities that are trusted in addition to the public ones. */
  readonly extraCaPem?: string;
  readonly extraCaFile?: string;
  readonly allowLocal: boolean;
  /** CIDR ranges that the guard lets through. */
  readonly guardAllow: readonly string[];
  /** How servers and issuers are reached from a network without a way out of its own. */
  readonly proxies?: {
    readonly https?: URL;
    readonly http?: URL;
    readonly except: readonly string[];
  };
};

export const networkSettings = (from: Reader): NetworkSettings =>
  defined({
    dnsServers: from.list('DNS_SERVERS'),
    extraCaPem: extraCa(from),
    extraCaFile: from.optionalText('EXTRA_CA_FILE'),
    allowLocal: !from.isOn('GUARD'),
    guardAllow: from.list('GUARD_ALLOW'),
    proxies: proxies(from),
  });

function extraCa(from: Reader): string | undefined {
  const text = from.optionalText('EXTRA_CA');
  const pem = text === undefined ? undefined : pemOf(text);
  if (pem?.includes('BEGIN CERTIFICATE') === false)
    from.report('EXTRA_CA is not a certificate. Give it PEM, or PEM encoded in base64.');
  return pem;
}

function proxies(from: Reader): NetworkSettings['proxies'] {
  const https = proxyAddress(from, 'HTTPS_PROXY');
  const http = proxyAddress(from, 'HTTP_PROXY');
  return https === undefined && http === undefined
    ? undefined
    : defined({ https, http, except: from.list('NO_PROXY') });
}

/** The message does not quote the address: it may hold a password. */
function proxyAddress(from: Reader, name: 'HTTPS_PROXY' | 'HTTP_PROXY'): URL | undefined {
  const text = from.optionalText(name);
  if (text === undefined) return undefined;
  const address = URL.parse(text);
  if (address?.protocol === 'http:' && hasCredentialsThatDecode(address)) return address;
  from.report(
    `${name} is not the address of a proxy: http://host:port, or http://user:password@host:port.`,
  );
  return undefined;
}

function hasCredentialsThatDecode({ username, password }: URL): boolean {
  try {
    decodeURIComponent(`${username}${password}`);
    return true;
  } catch {
    return false; // A percent sign that encodes nothing.
  }
}
