import { readFile } from 'node:fs/promises';
import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import pLimit from 'p-limit';
import { prefersIPv6 } from './address-family.ts';

/** Answers of the resolver. Each kind means something else for the name and for the prober. */
export type Resolution =
  | {
      readonly kind: 'addresses';
      /** In the order of preference. */
      readonly addresses: readonly string[];
      /** What the other address family answers. It never rejects. */
      readonly later?: Promise<Resolution>;
    }
  /** The resolver says there is no such name, or no address behind it. */
  | { readonly kind: 'notFound'; readonly detail: string }
  /** The resolver answered with a failure, or not at all. */
  | { readonly kind: 'failed'; readonly detail: string }
  /** The resolver itself is unreachable: a prober error, not one of the name. */
  | { readonly kind: 'unavailable'; readonly detail: string }
  | { readonly kind: 'unusable'; readonly detail: string };

export type Resolve = (hostname: string) => Promise<Resolution>;

// c-ares: 1000 names with 2 % dead ones take 2.3 s; getaddrinfo on 4 threads takes 23 s (measured).
const queryTimeoutMs = 1000;
const queryTries = 2;
// RFC 8305, section 3: how long the slower address family may delay the other one.
const resolutionDelayMs = 50;
const hostsFileAgeMs = 10_000;
// Two questions each. A socket of a resolver, and our own, keeps about 270 packets (measured); one
// that is lost is asked again after a second.
const mostAsked = 64;
// Who waits longer for an answer keeps no other name waiting.
const longestTurnMs = 20;

// What other names of a channel can cause (measured with c-ares 1.34.8): an answer that is garbage
// ends every question of the channel, or counts as one of their tries, and after quick answers it
// no longer hears one that comes later than a second.
const retriedAlone: ReadonlySet<string> = new Set(['EBADRESP', 'ETIMEOUT']);
// c-ares does not try these again by itself (measured).
const retriedOnce: ReadonlySet<string> = new Set(['ESERVFAIL', 'EREFUSED', 'ENOTIMP', 'EFORMERR']);

/**
 * Resolves names by c-ares, IPv4 and IPv6 side by side, the hosts file first. A temporary failure
 * is tried a second time. No more are asked at once than a resolver hears. `servers` (`address` or
 * `address:port`) replace the resolvers of the machine. Never throws for a name.
 */
export function resolver({
  servers = [],
  hostsFile = '/etc/hosts',
  turnMs = longestTurnMs,
}: {
  servers?: readonly string[];
  hostsFile?: string;
  turnMs?: number;
} = {}): Resolve {
  const cares = new Resolver({ timeout: queryTimeoutMs, tries: queryTries });
  if (servers.length > 0) cares.setServers([...servers]);
  const hosts = hostsReader(hostsFile);
  const turn = pLimit(mostAsked);
  return async (hostname) => {
    const name = hostname.replace(/\.$/, '').toLowerCase();
    if (isIP(name) !== 0) return { kind: 'addresses', addresses: [name] };
    const known =
      (await hosts()).get(name) ?? (isLocalhost(name) ? ['127.0.0.1', '::1'] : undefined);
    if (known !== undefined) return { kind: 'addresses', addresses: known };
    const { answer } = await turn(async () => {
      const asked = resolveBoth(cares, name);
      await within(turnMs, asked);
      return { answer: asked };
    });
    return answer;
  };
}

// RFC 6761, section 6.3: these names are loopback, and no resolver is asked for them.
const isLocalhost = (name: string): boolean => name === 'localhost' || name.endsWith('.localhost');

/**
 * RFC 8305, section 3: both families at once, and the first answer counts, but the preferred family
 * gets 50 ms to catch up. What one family answers says nothing about the other: name servers that
 * know no AAAA answer NXDOMAIN, SERVFAIL or nothing (RFC 4074, section 4).
 */
async function resolveBoth(cares: Resolver, name: string): Promise<Resolution> {
  const four = oneFamily(cares, (channel) => channel.resolve4(name));
  const six = oneFamily(cares, (channel) => channel.resolve6(name));
  const [preferred, other] = prefersIPv6() ? [six, four] : [four, six];
  const ahead = await Promise.race([preferred, other.then(() => undefined)]);
  if (ahead !== undefined) return joined(ahead, other);
  const early = await other;
  if (early.kind !== 'addresses') return joined(await preferred, other);
  const caughtUp = await within(resolutionDelayMs, preferred);
  return caughtUp === undefined ? { ...early, later: preferred } : joined(caughtUp, other);
}

async function joined(preferred: Resolution, other: Promise<Resolution>): Promise<Resolution> {
  if (preferred.kind === 'addresses') return { ...preferred, later: other };
  const answer = await other;
  if (answer.kind === 'addresses') return { ...answer, later: Promise.resolve(preferred) };
  // A resolver that cannot be reached answers nothing, whatever one of two queries says.
  if (answer.kind === 'unavailable') return answer;
  // A family without addresses decides nothing when the other one has failed.
  if (preferred.kind !== 'notFound') return preferred;
  if (answer.kind !== 'notFound') return answer;
  return preferred.detail === answer.detail ? answer : { kind: 'notFound', detail: 'ENODATA' };
}

async function oneFamily(
  cares: Resolver,
  ask: (channel: Resolver) => Promise<string[]>,
): Promise<Resolution> {
  const first = await settled(ask(cares));
  if (isTemporary(first)) return settled(ask(cares));
  if (first.kind !== 'failed' || !retriedAlone.has(first.detail)) return first;
  const alone = channelLike(cares);
  const second = await settled(ask(alone));
  return isTemporary(second) ? settled(ask(alone)) : second;
}

const isTemporary = (resolution: Resolution): boolean =>
  resolution.kind === 'failed' && retriedOnce.has(resolution.detail);

function channelLike(cares: Resolver): Resolver {
  const channel = new Resolver({ timeout: queryTimeoutMs, tries: queryTries });
  channel.setServers(cares.getServers());
  return channel;
}

async function settled(answer: Promise<string[]>): Promise<Resolution> {
  try {
    return { kind: 'addresses', addresses: await answer };
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    return failure(String(error.code));
  }
}

/** The codes of c-ares, as Node 24 names them: https://nodejs.org/api/dns.html#error-codes */
function failure(code: string): Resolution {
  switch (code) {
    case 'ENOTFOUND':
    case 'ENODATA':
    case 'ENONAME':
      return { kind: 'notFound', detail: code };
    case 'EBADNAME':
    case 'EBADSTR':
      return { kind: 'unusable', detail: code };
    case 'ECONNREFUSED':
      return { kind: 'unavailable', detail: 'the resolver refuses connections' };
    case 'ENOMEM':
    case 'EFILE':
    case 'ECANCELLED':
    case 'EDESTRUCTION':
    case 'ENOTINITIALIZED':
    case 'ELOADIPHLPAPI':
    case 'EADDRGETNETWORKPARAMS':
      return { kind: 'unavailable', detail: `the resolver cannot be asked (${code})` };
    default:
      return { kind: 'failed', detail: code };
  }
}

function within<Value>(ms: number, value: Promise<Value>): Promise<Value | undefined> {
  return new Promise((done, reject) => {
    const timer = setTimeout(done, ms, undefined);
    value.finally(() => clearTimeout(timer)).then(done, reject);
  });
}

// c-ares does not read the hosts file, where people list their own servers.
function hostsReader(file: string): () => Promise<ReadonlyMap<string, readonly string[]>> {
  let readAt = -Infinity;
  let hosts: Promise<ReadonlyMap<string, readonly string[]>>;
  return () => {
    if (performance.now() - readAt > hostsFileAgeMs) {
      readAt = performance.now();
      hosts = readFile(file, 'utf8').then(parseHosts, () => new Map());
    }
    return hosts;
  };
}

function parseHosts(text: string): ReadonlyMap<string, readonly string[]> {
  const hosts = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (isIP(address) === 0) continue;
    for (const name of names)
      hosts.set(name.toLowerCase(), [...(hosts.get(name.toLowerCase()) ?? []), address]);
  }
  return hosts;
}
