/** The names of the fault world. All are below `mcp.test` (RFC 6761, section 6.2). */
import type { DnsAnswer, DnsZone } from '../dns-faults.ts';

export const at = (...addresses: string[]): DnsAnswer => ({ says: 'answers', addresses });
const late = (afterMs: number, ...addresses: string[]): DnsAnswer => ({
  says: 'answers',
  addresses,
  afterMs,
});
const fails = (says: DnsAnswer['says']): DnsAnswer => ({ says });

// TCP has no way to a multicast address, on any machine: ENETUNREACH, and no packet is sent.
const unrouted = 'ff0e::1';
/** The guard lets them be tried. */
export const unroutedRange = 'ff00::/8';
/** Nothing listens there. */
const refusing = '127.0.0.9';
/** Where `startSlowListener` keeps a port busy: the kernel drops what comes. */
export const silentAddress = '127.0.0.3';

/** The names that a server is reached by, over both transports. */
export const goodNames = {
  'four.mcp.test': { A: at('127.0.0.1') },
  'six.mcp.test': { AAAA: at('::1') },
  'both.mcp.test': { A: at('127.0.0.1'), AAAA: at('::1') },
  'many.mcp.test': { A: at(refusing, '127.0.0.8', '127.0.0.1'), AAAA: at(unrouted, '::1') },
} as const satisfies DnsZone;

export type NameRow = readonly [
  what: string,
  zone: { readonly A?: DnsAnswer; readonly AAAA?: DnsAnswer },
  verdict: string,
  source?: string,
];

const asks = 'connected AuthenticationRequired';
const rfc4074 = 'RFC 4074, section 4; docker/for-mac#5088; home-assistant/core#52667';
const rfc8305 = 'RFC 8305, section 5; nodejs/undici#2777; microsoft/playwright#42255';

/** A server that asks for a sign-in is at 127.0.0.1 and at ::1. */
export const nameRows: readonly NameRow[] = [
  ['AAAA NXDOMAIN', { A: at('127.0.0.1'), AAAA: fails('nxdomain') }, asks, rfc4074],
  ['AAAA SERVFAIL', { A: at('127.0.0.1'), AAAA: fails('servfail') }, asks, rfc4074],
  ['AAAA REFUSED', { A: at('127.0.0.1'), AAAA: fails('refused') }, asks, rfc4074],
  ['AAAA NOTIMP', { A: at('127.0.0.1'), AAAA: fails('notimp') }, asks, rfc4074],
  ['AAAA FORMERR', { A: at('127.0.0.1'), AAAA: fails('formerr') }, asks, rfc4074],
  ['AAAA without an answer', { A: at('127.0.0.1'), AAAA: fails('nothing') }, asks, rfc4074],
  ['AAAA garbage', { A: at('127.0.0.1'), AAAA: fails('garbage') }, asks, rfc4074],
  ['AAAA NXDOMAIN first', { A: late(120, '127.0.0.1'), AAAA: fails('nxdomain') }, asks, rfc4074],
  ['A NXDOMAIN', { A: fails('nxdomain'), AAAA: at('::1') }, asks, rfc4074],
  ['A SERVFAIL', { A: fails('servfail'), AAAA: at('::1') }, asks, rfc4074],
  ['A REFUSED', { A: fails('refused'), AAAA: at('::1') }, asks, rfc4074],
  ['A without an answer', { A: fails('nothing'), AAAA: at('::1') }, asks, rfc4074],
  ['A NXDOMAIN first', { A: fails('nxdomain'), AAAA: late(120, '::1') }, asks, rfc4074],
  ['A late', { A: late(300, '127.0.0.1') }, asks, 'home-assistant/core#52667'],
  ['AAAA late, A dead', { A: at(refusing), AAAA: late(150, '::1') }, asks, rfc8305],
  ['A late, AAAA dead', { A: late(150, '127.0.0.1'), AAAA: at(unrouted) }, asks, rfc8305],
  ['the first address refuses', { A: at(refusing, '127.0.0.1') }, asks, rfc8305],
  ['the last of eight addresses', { A: at(...deadOnes(7), '127.0.0.1') }, asks, rfc8305],
  ['the first address is silent', { A: at(silentAddress, '127.0.0.1') }, asks, 'nodejs/node#54359'],
  [
    'all of IPv4 is silent',
    { A: at(silentAddress), AAAA: at('::1') },
    asks,
    'microsoft/playwright#42255',
  ],
  ['the same address twice', { A: at('127.0.0.1', '127.0.0.1') }, asks],
  ['an alias', { A: { ...at('127.0.0.1'), cname: 'other.mcp.test' } }, asks],
  ['an alias for IPv6', { AAAA: { ...at('::1'), cname: 'other.mcp.test' } }, asks],
  ['SERVFAIL once', { A: { ...at('127.0.0.1'), says: 'servfail', times: 1 } }, asks],
  // It knocks at 16 of them.
  ['sixty addresses', { A: at(...deadOnes(9), '127.0.0.1', ...deadOnes(50)) }, asks],
  ['NXDOMAIN', { A: fails('nxdomain'), AAAA: fails('nxdomain') }, 'failed DNSFailure'],
  ['no records', {}, 'failed DNSFailure'],
  ['NXDOMAIN and no records', { A: fails('nxdomain') }, 'failed DNSFailure'],
  ['SERVFAIL', { A: fails('servfail'), AAAA: fails('servfail') }, 'failed DNSFailure'],
  ['REFUSED', { A: fails('refused'), AAAA: fails('refused') }, 'failed DNSFailure'],
  ['NOTIMP', { A: fails('notimp'), AAAA: fails('notimp') }, 'failed DNSFailure'],
  ['FORMERR', { A: fails('formerr'), AAAA: fails('formerr') }, 'failed DNSFailure'],
  ['silence', { A: fails('nothing'), AAAA: fails('nothing') }, 'failed DNSFailure'],
  ['garbage', { A: fails('garbage'), AAAA: fails('garbage') }, 'failed DNSFailure'],
  ['SERVFAIL and no records', { A: fails('servfail') }, 'failed DNSFailure'],
  ['an alias to nothing', { A: { says: 'answers', cname: 'gone.mcp.test' } }, 'failed DNSFailure'],
  ['every address refuses', { A: at(refusing, '127.0.0.8') }, 'failing ConnectionRefused'],
  [
    'IPv4 refuses, IPv6 has no route',
    { A: at(refusing), AAAA: at(unrouted) },
    'failing ConnectionRefused',
  ],
  ['no route', { AAAA: at(unrouted) }, 'failing HostUnreachable'],
  ['every address is silent', { A: at(silentAddress) }, 'failing Timeout'],
  [
    'an address without a route, SERVFAIL for the other family',
    { A: fails('servfail'), AAAA: at(unrouted) },
    'failed DNSFailure',
  ],
  [
    'an address inside the network of the prober',
    { A: at('169.254.169.254') },
    'failed BlockedByPolicy',
  ],
];

function deadOnes(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `127.0.1.${index + 1}`);
}

/** As a name: `aaaa-nxdomain-first.mcp.test`. */
export const nameFor = (what: string): string =>
  `${what.toLowerCase().replaceAll(/[^a-z\d]+/g, '-')}.mcp.test`;

export const caseZone: DnsZone = {
  ...goodNames,
  ...Object.fromEntries(nameRows.map(([what, zone]) => [nameFor(what), zone])),
  'my_server.mcp.test': goodNames['four.mcp.test'],
  '1st.mcp.test': goodNames['four.mcp.test'],
  'xn--bcher-kva.mcp.test': goodNames['four.mcp.test'],
};
