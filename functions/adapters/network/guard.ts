import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Each gives the rule that refuses an address or URL; undefined: it may be contacted. */
export type Guard = {
  readonly refusesAddress: (address: string) => string | undefined;
  readonly refusesUrl: (url: URL) => string | undefined;
};

export type GuardOptions = {
  /** Allows loopback and private networks: on one machine, never in the cloud. */
  readonly allowLocal?: boolean;
  /** CIDR ranges that the owner opened. Cloud metadata is always refused. */
  readonly allow?: readonly string[];
};

/**
 * Refuses addresses that others wrote (in manifests, metadata documents, redirects) when only we
 * can reach them. Throws a TypeError for a range that is not a CIDR range.
 */
export function addressGuard({ allowLocal = false, allow = [] }: GuardOptions = {}): Guard {
  const opened = allow.map(parseRange);
  const refusesAddress = (address: string): string | undefined => {
    const ip = embeddedIPv4(ipaddr.process(address));
    if (inRanges(ip, metadata)) return 'cloud metadata addresses are never contacted';
    if (inRanges(ip, opened)) return undefined;
    const range = ip.range();
    if (range === 'unicast' || (allowLocal && localRanges.has(range))) return undefined;
    return `${rangeNames[range] ?? range} addresses are refused unless GUARD_ALLOW opens their range`;
  };
  return {
    refusesAddress,
    refusesUrl: (url) => {
      const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
      if (!allowLocal && !isWebPort(port)) return `port ${port} is not a port of web servers`;
      const host = hostOf(url.hostname);
      return isIP(host) === 0 ? undefined : refusesAddress(host);
    },
  };
}

// No MCP server is there, but the credentials of a whole account are.
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

const rangeNames: Readonly<Record<string, string>> = {
  loopback: 'loopback',
  private: 'private',
  uniqueLocal: 'private',
  carrierGradeNat: 'carrier-grade NAT',
  unspecified: 'unspecified',
};

// Databases, caches and control ports that react to HTTP. Below 1024, only 80 and 443 are allowed.
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

/** The host of a URL as sockets take it: without the brackets of IPv6. */
export const hostOf = (hostname: string): string => hostname.replace(/^\[(.*)\]$/, '$1');
