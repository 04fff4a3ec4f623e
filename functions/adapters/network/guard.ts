import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

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
