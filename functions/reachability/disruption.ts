import { isReachable, type McpServer } from '../model/mcpserver.ts';
import { oneLine } from '../model/outside-text.ts';
import { isProberStatus } from '../model/http-status.ts';
import type { Observation, ProbeOutcome } from './outcome.ts';

/** Whether the failures of a page come from the servers, or from the prober's own side. */
export type Disruption =
  | { readonly kind: 'none' }
  /** Our resolver or our network is down; `affected` say nothing about their servers. */
  | { readonly kind: 'local'; readonly message: string; readonly affected: readonly Observation[] }
  /** Too few hosts to be sure: one connection to another address decides. */
  | {
      readonly kind: 'inconclusive';
      readonly message: string;
      readonly affected: readonly Observation[];
    };

const fewestServers = 3;
const fewestZones = 3;
const suspiciousShare = 0.2;
const fewestHosts = 5;

/**
 * Suspects the prober's own side in three ways, and puts together what each affects.
 *
 * - Its resolver, when it failed or could not be asked (NXDOMAIN is an answer) for at least 3 servers and more than a
 *   fifth of the page, in at least 3 zones and more than a fifth of them: the name servers of one
 *   owner are one zone, however many names they refuse. Fewer zones leave a doubt, unless the
 *   resolver found more zones than it failed for.
 * - Its network, when every server that was reachable has a network failure and no server of the
 *   page answers. Where some answered, more than a fifth of the page on at least 5 hosts leaves a
 *   doubt: the network may have gone away in the middle of the page.
 * - Its clock, or a proxy that intercepts TLS, when certificates that were good are refused at 3
 *   hosts and for more than a fifth of the page. That is always a doubt.
 */
export function detectDisruption(
  observations: readonly Observation[],
  pageSize: number,
): Disruption {
  const suspected = [
    resolverDisruption(observations, pageSize),
    networkDisruption(observations, pageSize),
    certificateDisruption(observations, pageSize),
  ].flatMap((disruption) => (disruption.kind === 'none' ? [] : [disruption]));
  const [first] = suspected;
  if (first === undefined) return { kind: 'none' };
  const affected = new Set(suspected.flatMap((disruption) => disruption.affected));
  const surest = suspected.find(({ kind }) => kind === 'local') ?? first;
  return {
    kind: surest.kind,
    message: surest.message,
    affected: observations.filter((observation) => affected.has(observation)),
  };
}

function resolverDisruption(observations: readonly Observation[], pageSize: number): Disruption {
  const troubled = observations.filter(({ outcome }) => isResolverTrouble(outcome));
  const affected = troubled.filter(({ outcome }) => isResolverFailure(outcome));
  if (affected.length === 0 || isFew(troubled, pageSize)) return { kind: 'none' };
  const failed = zonesOf(troubled);
  const found = zonesOf(observations.filter(({ outcome }) => wasResolved(outcome)));
  const all = zonesOf(observations).size;
  const isWide = failed.size >= fewestZones && failed.size > all * suspiciousShare;
  const others = [...found].filter((zone) => !failed.has(zone));
  if (!isWide && others.length > failed.size) return { kind: 'none' };
  return {
    kind: isWide ? 'local' : 'inconclusive',
    message: `the resolver failed for ${troubled.length} of ${pageSize} servers (${failed.size} ${failed.size === 1 ? 'zone' : 'zones'})`,
    affected,
  };
}

const isFew = (affected: readonly Observation[], pageSize: number): boolean =>
  affected.length < fewestServers || affected.length <= pageSize * suspiciousShare;

function networkDisruption(observations: readonly Observation[], pageSize: number): Disruption {
  const isPartial = observations.some(({ outcome }) => isSignOfLife(outcome));
  // Where some answer, a resolver that fails for others is judged by its zones alone.
  const silent = observations.filter(
    ({ outcome }) => isNetworkFailure(outcome) && !(isPartial && isResolverFailure(outcome)),
  );
  const lost = silent.filter(({ server }) => isReachable(server.status));
  const hosts = hostsOf(lost).size;
  if (lost.length === 0 || (isPartial && (isFew(lost, pageSize) || hosts < fewestHosts)))
    return { kind: 'none' };
  const which = isPartial ? `${lost.length} of ${pageSize}` : `all ${lost.length}`;
  return {
    kind: hosts >= fewestHosts && !isPartial ? 'local' : 'inconclusive',
    message: `${which} servers that were reachable (${hosts} ${hosts === 1 ? 'host' : 'hosts'}) became unreachable at the same time`,
    affected: silent,
  };
}

/** A clock that is wrong makes every certificate expired, or not valid yet. */
function certificateDisruption(observations: readonly Observation[], pageSize: number): Disruption {
  const affected = observations.filter(
    ({ outcome, server }) =>
      isReachable(server.status) &&
      outcome.kind === 'unreachable' &&
      certificateCauses.has(outcome.cause),
  );
  if (isFew(affected, pageSize) || hostsOf(affected).size < fewestServers) return { kind: 'none' };
  return {
    kind: 'inconclusive',
    message: `certificates of ${affected.length} of ${pageSize} servers became invalid at the same time`,
    affected,
  };
}

const certificateCauses: ReadonlySet<string> = new Set([
  'tlsExpired',
  'tlsNotYetValid',
  'tlsUntrusted',
  'tlsHostname',
]);

/** Whether the rest of the page may show that this failure says nothing about the server. */
export const mayBeDoubted = ({ outcome }: Observation): boolean =>
  outcome.kind === 'unreachable' &&
  (networkCauses.has(outcome.cause) || certificateCauses.has(outcome.cause));

const hostsOf = (observations: readonly Observation[]): ReadonlySet<string | undefined> =>
  new Set(observations.map(({ server }) => URL.parse(server.url ?? '')?.hostname));

const zonesOf = (observations: readonly Observation[]): ReadonlySet<string> =>
  new Set(observations.flatMap(({ server }) => zoneOf(server.url) ?? []));

/**
 * The zone of a name, about: its last two labels, or three below a registry such as `co.uk`. Where
 * several owners share one, it counts as one, and the check of the connection decides. Names inside
 * a cluster are all in one zone.
 */
function zoneOf(url: string | undefined): string | undefined {
  const host = URL.parse(url ?? '')?.hostname.replace(/\.$/, '');
  // URL.parse writes every IPv4 address in four numbers, and IPv6 in brackets: no name server.
  if (host === undefined || /^\[|(^|\.)\d+$/.test(host)) return undefined;
  if (host.endsWith('.svc')) return 'svc';
  return host
    .split('.')
    .slice(registries.test(host) ? -3 : -2)
    .join('.');
}

const registries = /(^|\.)(ac|co|com|edu|go|gob|gouv|gov|mil|ne|net|or|org)\.[a-z]{2}$/;

const networkCauses: ReadonlySet<string> = new Set([
  'refused',
  'reset',
  'unreachable',
  'timeout',
  'resolverFailed',
]);

const isNetworkFailure = (outcome: ProbeOutcome): boolean =>
  outcome.kind === 'unreachable' && networkCauses.has(outcome.cause);

const isResolverFailure = (outcome: ProbeOutcome): boolean =>
  outcome.kind === 'unreachable' && outcome.cause === 'resolverFailed';

/** Of names that one resolver serves, some are refused while others are still waited for. */
const isResolverTrouble = (outcome: ProbeOutcome): boolean =>
  isResolverFailure(outcome) ||
  (outcome.kind === 'proberTrouble' &&
    outcome.timings.dns !== undefined &&
    outcome.timings.tcp === undefined);

/**
 * An answer came through the network, even if it is not HTTP. What a proxy of ours or the resolver
 * said may have come from our own side of a broken link, and what came through the API server of
 * the cluster came another way.
 */
const isSignOfLife = (outcome: ProbeOutcome): boolean => {
  if (outcome.via !== undefined) return false;
  switch (outcome.kind) {
    case 'answered':
      return !isProberStatus(outcome.status);
    case 'headersTooLarge':
      return true;
    case 'unreachable':
      return outcome.cause !== 'nameNotFound' && !networkCauses.has(outcome.cause);
    case 'refusedByPolicy':
    case 'unusable':
    case 'proberTrouble':
      return false;
  }
};

/** The resolver said something about the name, be it that there is none. */
const wasResolved = (outcome: ProbeOutcome): boolean =>
  outcome.timings.dns !== undefined &&
  outcome.kind !== 'proberTrouble' &&
  !(outcome.kind === 'unreachable' && outcome.stage === 'dns' && outcome.cause !== 'nameNotFound');

/**
 * Why the page shows that the prober itself is in trouble, although some of its servers may answer:
 * this machine ran out of something, or a proxy on its side refuses most of the page. One server
 * that answers 407 by itself shows nothing.
 */
export function proberErrorsIn(
  observations: readonly Observation[],
  pageSize: number,
): string | undefined {
  const own = observations.flatMap(({ outcome }) =>
    outcome.kind === 'proberTrouble' ? [outcome.detail] : [],
  );
  const [detail] = own;
  if (detail !== undefined)
    return `prober errors for ${own.length} of ${pageSize} servers: ${oneLine(detail, longestDetail)}`;
  const proxied = observations.filter(
    ({ outcome }) => outcome.kind === 'answered' && isProberStatus(outcome.status),
  );
  return isFew(proxied, pageSize) || hostsOf(proxied).size < fewestServers
    ? undefined
    : `a proxy in the network of the prober answered for ${proxied.length} of ${pageSize} servers`;
}

const longestDetail = 200;

export type Spans = { readonly heartbeatMs: number; readonly tickMs: number };

/**
 * Suppression ends when the written status is older than heartbeat + 3 ticks, so that a real mass
 * failure is not hidden for longer. A status that is more than two ticks ahead was written by a
 * clock that was wrong: its age is not known.
 */
export const maySuppress = (
  { status }: McpServer,
  now: Date,
  { heartbeatMs, tickMs }: Spans,
): boolean => {
  if (status.lastAttempt === undefined) return false;
  const ageMs = now.getTime() - status.lastAttempt.getTime();
  return ageMs >= -2 * tickMs && ageMs < heartbeatMs + 3 * tickMs;
};

/**
 * Whether the check of the connection has to decide: in doubt always, and in any case once one of
 * the affected servers may not be held back any longer. What it finds is true of the whole page.
 */
export const needsCheck = (disruption: Disruption, now: Date, spans: Spans): boolean => {
  switch (disruption.kind) {
    case 'none':
      return false;
    case 'inconclusive':
      return true;
    case 'local':
      return disruption.affected.some(({ server }) => !maySuppress(server, now, spans));
  }
};
