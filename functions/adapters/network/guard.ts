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
  const ruleOf = (ip: Address): string | undefined => {
    if (inRanges(ip, opened)) return undefined;
    const range = ip.range();
    if (range === 'unicast' || (allowLocal && localRanges.has(range))) return undefined;
    return `${rangeNames[range] ?? range} addresses are refused unless GUARD_ALLOW opens their range`;
  };
  const judge = (address: string): string | undefined => {
    const ip = ipaddr.process(address);
    const carried = carriedIPv4(ip);
    if ([ip, ...carried].some((one) => inRanges(one, metadata)))
      return 'cloud metadata addresses are never contacted';
    // Opening a range of IPv6 does not open what a translator reaches through it.
    const inner = carried.map(ruleOf).find((rule) => rule !== undefined);
    return inner ?? (carried.length > 0 && isIn(ip, nat64) ? undefined : ruleOf(ip));
  };
  // Each sweep asks twice about the address of each server, and few of them ever change.
  const judged = new Map<string, string | undefined>();
  const refusesAddress = (address: string): string | undefined => {
    if (judged.has(address)) return judged.get(address);
    const rule = judge(address);
    if (judged.size >= mostJudged) judged.clear();
    judged.set(address, rule);
    return rule;
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

const mostJudged = 10_000;

// No MCP server is there, but the credentials of a whole account are.
const metadata = [
  '169.254.0.0/16', // AWS, Google, Azure, and the container credentials of ECS and EKS
  'fe80::/10',
  'fd00:ec2::/32', // AWS over IPv6
  'fd20:ce::254/128', // Google over IPv6
  'fd00:c1::a9fe:a9fe/128', // Oracle over IPv6
  'fd00:42::42/128', // Scaleway over IPv6
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

const isIn = (ip: Address, [network, bits]: Range): boolean =>
  network.kind() === ip.kind() && ip.match(network, bits);

const inRanges = (ip: Address, ranges: readonly Range[]): boolean =>
  ranges.some((range) => isIn(ip, range));

// RFC 6052: the prefix of every public NAT64. An address in it is as good as the one it carries.
const nat64 = parseRange('64:ff9b::/96');

/** Where an IPv6 address of a range carries an IPv4 address: the positions of its four bytes. */
const carriers: readonly (readonly [Range, readonly Positions[]])[] = [
  [parseRange('::/96'), [[12, 13, 14, 15]]], // IPv4-compatible, RFC 4291
  [parseRange('::ffff:0:0/96'), [[12, 13, 14, 15]]], // mapped, RFC 4291
  [parseRange('::ffff:0:0:0/96'), [[12, 13, 14, 15]]], // translated, RFC 2765
  [nat64, [[12, 13, 14, 15]]],
  [
    // NAT64 in a local network (RFC 8215): its owner chooses the length of the prefix (RFC 6052,
    // section 2.2), which we do not know.
    parseRange('64:ff9b:1::/48'),
    [
      [6, 7, 9, 10],
      [7, 9, 10, 11],
      [9, 10, 11, 12],
      [12, 13, 14, 15],
    ],
  ],
  [parseRange('2002::/16'), [[2, 3, 4, 5]]], // 6to4, RFC 3056
  [parseRange('2001::/32'), [[4, 5, 6, 7]]], // the server of Teredo, RFC 4380
];
type Positions = readonly [number, number, number, number];

const teredo = parseRange('2001::/32');

/**
 * Every IPv4 address that an IPv6 address may lead on to. 0.0.0.0/8 is none: it is what is left of
 * a longer prefix, `::` and `::1`.
 */
function carriedIPv4(ip: Address): readonly Address[] {
  if (ip.kind() === 'ipv4') return [];
  const bytes = ip.toByteArray();
  const at = (positions: Positions): readonly number[] =>
    positions.map((position) => bytes[position] ?? 0);
  const carried = carriers
    .filter(([range]) => isIn(ip, range))
    .flatMap(([, places]) => places.map(at));
  // The client of Teredo is there with every bit turned (RFC 4380, section 4).
  if (isIn(ip, teredo)) carried.push(at([12, 13, 14, 15]).map((byte) => byte ^ 0xff));
  // ISATAP (RFC 5214, section 6.1) is below any prefix; the first byte may say "globally unique".
  const [high = 0, ...rest] = at([8, 9, 10, 11]);
  if ((high & 0xfd) === 0 && rest.join() === isatap) carried.push(at([12, 13, 14, 15]));
  return carried
    .filter(([first]) => first !== 0)
    .map((address) => ipaddr.fromByteArray([...address]));
}

const isatap = [0x00, 0x5e, 0xfe].join();

/** The host of a URL as sockets take it: without the brackets of IPv6. */
export const hostOf = (hostname: string): string => hostname.replace(/^\[(.*)\]$/, '$1');

/** The guard refused the address or URL; `rule` says why. */
export class RefusedByPolicy extends Error {
  override readonly name = 'RefusedByPolicy';
  readonly rule: string;
  constructor(rule: string) {
    super(`refused by policy: ${rule}`);
    this.rule = rule;
  }
}
