import { isReachable, type McpServer } from '../model/mcpserver.ts';
import type { ProbeOutcome, Observation } from './outcome.ts';

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

const fewestResolverFailures = 3;
const resolverFailureShare = 0.2;
const fewestHosts = 5;

/**
 * Suspects the prober's own resolver when it failed (NXDOMAIN is an answer) for at least 3 servers
 * and more than a fifth of the page, in at least 3 zones and more than a fifth of them: the name
 * servers of one owner are one zone, however many names they refuse. In fewer zones it is in doubt.
 * Suspects its own network when every server that was reachable has a network failure and no server
 * of the page answers.
 */
export function detectDisruption(
  observations: readonly Observation[],
  pageSize: number,
): Disruption {
  const resolver = resolverDisruption(observations, pageSize);
  if (resolver.kind === 'local') return resolver;
  const network = networkDisruption(observations);
  return network.kind === 'none' ? resolver : network;
}

function resolverDisruption(observations: readonly Observation[], pageSize: number): Disruption {
  const affected = observations.filter(
    ({ outcome }) => outcome.kind === 'unreachable' && outcome.cause === 'resolverFailed',
  );
  if (
    affected.length < fewestResolverFailures ||
    affected.length <= pageSize * resolverFailureShare
  )
    return { kind: 'none' };
  const failed = zonesOf(affected).size;
  const isWide =
    failed >= fewestResolverFailures && failed > zonesOf(observations).size * resolverFailureShare;
  return {
    kind: isWide ? 'local' : 'inconclusive',
    message: `the resolver failed for ${affected.length} of ${pageSize} servers (${failed} ${failed === 1 ? 'zone' : 'zones'})`,
    affected,
  };
}

function networkDisruption(observations: readonly Observation[]): Disruption {
  const silent = observations.filter(({ outcome }) => isNetworkFailure(outcome));
  const lost = silent.filter(({ server }) => isReachable(server.status));
  const hasSignOfLife = observations.some(
    ({ outcome, server }) =>
      isSignOfLife(outcome) || (isReachable(server.status) && !isNetworkFailure(outcome)),
  );
  if (lost.length === 0 || hasSignOfLife) return { kind: 'none' };
  const hosts = new Set(lost.map(({ server }) => URL.parse(server.url ?? '')?.hostname)).size;
  const message = `all ${lost.length} servers that were reachable (${hosts} ${hosts === 1 ? 'host' : 'hosts'}) became unreachable at the same time`;
  return { kind: hosts >= fewestHosts ? 'local' : 'inconclusive', message, affected: silent };
}

const zonesOf = (observations: readonly Observation[]): ReadonlySet<string> =>
  new Set(observations.flatMap(({ server }) => zoneOf(server.url) ?? []));

/**
 * The zone of a name, about: its last two labels, or three below a registry such as `co.uk`. Where
 * several owners share one, it counts as one, and the check of the connection decides.
 */
function zoneOf(url: string | undefined): string | undefined {
  const host = URL.parse(url ?? '')?.hostname.replace(/\.$/, '');
  // URL.parse writes every IPv4 address in four numbers, and IPv6 in brackets: no name server.
  if (host === undefined || /^\[|(^|\.)\d+$/.test(host)) return undefined;
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

// An answer came through the network, even if it is not HTTP.
const isSignOfLife = (outcome: ProbeOutcome): boolean =>
  outcome.kind === 'answered' ||
  outcome.kind === 'headersTooLarge' ||
  (outcome.kind === 'unreachable' && !networkCauses.has(outcome.cause));

/**
 * Suppression ends when the written status is older than this, so that a real mass failure is not
 * hidden for longer.
 */
export const maySuppress = (
  { status }: McpServer,
  now: Date,
  { heartbeatMs, tickMs }: { heartbeatMs: number; tickMs: number },
): boolean =>
  status.lastAttempt !== undefined &&
  now.getTime() - status.lastAttempt.getTime() < heartbeatMs + 3 * tickMs;
