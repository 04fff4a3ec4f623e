import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net';
import {
  connect as connectTls,
  createSecureContext,
  rootCertificates,
  type SecureContext,
} from 'node:tls';
import ipaddr from 'ipaddr.js';
import type { Stage } from '../../model/wire.ts';
import type { Resolution, Resolve } from './dns.ts';

/** Says why an address or URL may not be contacted; undefined lets it through. */
export type Guard = {
  readonly refusesAddress: (address: string) => string | undefined;
  readonly refusesUrl: (url: URL) => string | undefined;
};

export type GuardOptions = {
  /** Lets loopback and private networks through: one laptop, never the cloud. */
  readonly allowLocal?: boolean;
  /** CIDR ranges the owner opened. Cloud metadata stays closed. */
  readonly allow?: readonly string[];
};

/**
 * Keeps addresses that others wrote (manifests, metadata documents, redirects) from reaching what
 * only we can reach. Throws a TypeError for a range that is no CIDR.
 */
export function addressGuard({ allowLocal = false, allow = [] }: GuardOptions = {}): Guard {
  const opened = allow.map(parseRange);
  const refusesAddress = (address: string): string | undefined => {
    const ip = embeddedIPv4(ipaddr.process(address));
    if (inRanges(ip, metadata)) return 'cloud metadata addresses are never contacted';
    if (inRanges(ip, opened)) return undefined;
    const range = ip.range();
    if (range === 'unicast' || (allowLocal && localRanges.has(range))) return undefined;
    return `${words[range] ?? range} addresses are not contacted unless the owner opens their range (GUARD_ALLOW)`;
  };
  return {
    refusesAddress,
    refusesUrl: (url) => {
      const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
      if (!allowLocal && !isWebPort(port)) return `port ${port} is not a port for web servers`;
      const host = hostOf(url.hostname);
      return isIP(host) === 0 ? undefined : refusesAddress(host);
    },
  };
}

// No MCP server lives there, and the credentials of a whole account do.
const metadata = [
  '169.254.0.0/16', // AWS, Google, Azure, and the container credentials of ECS and EKS
  'fe80::/10',
  'fd00:ec2::/32', // AWS over IPv6
  '100.100.100.200/32', // Alibaba
  '168.63.129.16/32', // Azure's wire server: a public address that no range list has
  '192.0.0.192/32', // Oracle
].map(parseRange);

const localRanges: ReadonlySet<string> = new Set([
  'loopback',
  'private',
  'uniqueLocal',
  'carrierGradeNat',
]);

const words: Readonly<Record<string, string>> = {
  loopback: 'loopback',
  private: 'private',
  uniqueLocal: 'private',
  carrierGradeNat: 'carrier-grade NAT',
  unspecified: 'unspecified',
};

// Databases, caches and control ports that answer to HTTP-like text; the rest below 1024 is no web
// server's either.
const closedPorts: ReadonlySet<number> = new Set([
  2375, 2376, 2379, 2380, 3306, 5432, 6379, 9200, 10250, 10255, 11211, 27017,
]);
const isWebPort = (port: number): boolean =>
  port === 80 || port === 443 || (port >= 1024 && !closedPorts.has(port));

type Address = ReturnType<typeof ipaddr.process>;
type Range = ReturnType<typeof ipaddr.parseCIDR>;

function parseRange(text: string): Range {
  if (!ipaddr.isValidCIDR(text))
    throw new TypeError(`"${text}" is not a CIDR range such as 10.0.0.0/8.`);
  return ipaddr.parseCIDR(text);
}

const inRanges = (ip: Address, ranges: readonly Range[]): boolean =>
  ranges.some(([network, bits]) => network.kind() === ip.kind() && ip.match(network, bits));

// RFC 6052: 64:ff9b::/96 carries an IPv4 address in its last four bytes.
function embeddedIPv4(ip: Address): Address {
  if (ip.kind() === 'ipv4' || !ip.match(ipaddr.parseCIDR('64:ff9b::/96'))) return ip;
  return ipaddr.fromByteArray(ip.toByteArray().slice(12));
}

/** A URL's host as sockets want it: without the brackets of IPv6. */
export const hostOf = (hostname: string): string => hostname.replace(/^\[(.*)\]$/, '$1');

/** The guard said no. */
export class RefusedByPolicy extends Error {
  override readonly name = 'RefusedByPolicy';
  readonly rule: string;
  constructor(rule: string) {
    super(`refused by policy: ${rule}`);
    this.rule = rule;
  }
}

/** The name did not lead to an address. */
export class NameFailure extends Error {
  override readonly name = 'NameFailure';
  readonly resolution: Exclude<Resolution, { kind: 'addresses' }>;
  constructor(hostname: string, resolution: Exclude<Resolution, { kind: 'addresses' }>) {
    super(`${hostname} does not resolve: ${resolution.detail}`);
    this.resolution = resolution;
  }
}

/**
 * The public authorities and those of `extraCa` (PEM), parsed once: a context per connection costs
 * 40 ms of CPU (measured).
 */
export const trustStore = (extraCa?: string): SecureContext =>
  extraCa === undefined
    ? createSecureContext()
    : createSecureContext({ ca: [...rootCertificates, extraCa] });

export type Connector = {
  readonly guard: Guard;
  readonly resolve: Resolve;
  readonly secureContext: SecureContext;
};

export type Target = { readonly hostname: string; readonly port: number; readonly secure: boolean };

/**
 * Opens a connection to an address the guard lets through: the name is resolved here, refused
 * addresses are left out, and what the socket is really connected to is looked at again before a
 * byte is sent. `enter` hears of each stage as it begins. Throws `RefusedByPolicy`, `NameFailure`,
 * or the error of the socket; an abort destroys the socket.
 */
export async function connect(
  { hostname, port, secure }: Target,
  { guard, resolve, secureContext }: Connector,
  signal: AbortSignal,
  enter: (stage: Stage) => void = () => {},
): Promise<Socket> {
  const host = hostOf(hostname);
  if (isIP(host) === 0) enter('dns');
  const addresses = await allowedAddresses(host, guard, resolve);
  signal.throwIfAborted();
  enter('tcp');
  const plain = await connected(
    connectTcp({ port, ...destination(host, addresses) }),
    'connect',
    signal,
  );
  const refusal = guard.refusesAddress(plain.remoteAddress ?? '');
  if (refusal !== undefined) {
    plain.destroy();
    throw new RefusedByPolicy(refusal);
  }
  if (!secure) return plain;
  enter('tls');
  const servername = isIP(host) === 0 ? { servername: host } : {};
  const encrypted = connectTls({
    socket: plain,
    host,
    ...servername,
    secureContext,
    ALPNProtocols: ['http/1.1'],
  });
  return connected(encrypted, 'secureConnect', signal);
}

async function allowedAddresses(
  host: string,
  guard: Guard,
  resolve: Resolve,
): Promise<readonly string[]> {
  const resolution: Resolution =
    isIP(host) === 0 ? await resolve(host) : { kind: 'addresses', addresses: [host] };
  if (resolution.kind !== 'addresses') throw new NameFailure(host, resolution);
  const allowed = resolution.addresses.filter(
    (address) => guard.refusesAddress(address) === undefined,
  );
  if (allowed.length > 0) return allowed;
  throw new RefusedByPolicy(guard.refusesAddress(resolution.addresses[0] ?? '') ?? 'no address');
}

// Several addresses go through net's happy eyeballs; it wants a lookup, and gets ours.
function destination(
  host: string,
  addresses: readonly string[],
): { host: string; lookup?: LookupFunction; autoSelectFamily?: boolean } {
  const [only, another] = addresses;
  if (only !== undefined && another === undefined) return { host: only };
  const list = addresses.map((address) => ({ address, family: isIP(address) }));
  return { host, autoSelectFamily: true, lookup: (_hostname, _options, done) => done(null, list) };
}

function connected<Opening extends Socket>(
  socket: Opening,
  event: 'connect' | 'secureConnect',
  signal: AbortSignal,
): Promise<Opening> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      socket.destroy();
      reject(signal.reason);
    };
    const settle = (): void => {
      signal.removeEventListener('abort', abort);
      socket.off('error', fail);
    };
    const fail = (error: Error): void => {
      settle();
      socket.destroy();
      reject(error);
    };
    signal.addEventListener('abort', abort, { once: true });
    socket.once('error', fail);
    socket.once(event, () => {
      settle();
      resolve(socket);
    });
  });
}
