import type { Cluster } from '../adapters/cluster/apiserver.ts';
import { serviceProxy } from '../adapters/cluster/service-proxy.ts';
import { type Probe, prober } from '../adapters/mcp/probe.ts';
import { watchedProber } from '../adapters/mcp/watched-prober.ts';
import type { Connector } from '../adapters/network/connect.ts';
import { defined } from '../model/defined.ts';
import type { McpServer } from '../model/mcpserver.ts';
import type { ServiceAddress } from '../model/service-name.ts';
import type { ProbeOutcome } from '../reachability/outcome.ts';
import { routeOf, type ServiceProxyRules } from '../reachability/probe-route.ts';

/** The prober of the functions: each server the way that leads to it. */
export function createProber(
  { serviceProxy: rules }: { readonly serviceProxy: ServiceProxyRules },
  connector: Connector,
  cluster: Cluster,
): Probe {
  const direct = prober(connector);
  return watchedProber(async (server, wanted) => {
    const route = routeOf(server, rules);
    switch (route.kind) {
      case 'direct':
        return withNote(await direct(server, wanted), route.note);
      case 'service': {
        const { remarks, probe } = throughCluster(connector, cluster, route.service);
        const outcome = await probe(server, wanted);
        return { ...withLostHeaders(outcome, server), via: [route.via, ...remarks].join('. ') };
      }
      case 'refused':
        return { kind: 'refusedByPolicy', message: route.message, timings: {} };
      case 'unusable':
        return { kind: 'unusable', message: route.message, timings: {} };
    }
  });
}

function throughCluster(connector: Connector, cluster: Cluster, service: ServiceAddress) {
  const remarks = new Set<string>();
  const via = serviceProxy(cluster, service, (text) => remarks.add(`It says: ${text}`));
  const proxied = { ...connector, via };
  return { remarks, probe: prober(proxied) };
}

/** A name that does not resolve is explained where it can only be known inside the cluster. */
const withNote = (outcome: ProbeOutcome, note: string | undefined): ProbeOutcome =>
  note !== undefined &&
  outcome.kind === 'unreachable' &&
  (outcome.cause === 'nameNotFound' || outcome.cause === 'resolverFailed')
    ? { ...outcome, detail: `${outcome.detail}: it is ${note}` }
    : outcome;

/** The service proxy takes `Authorization` off, so a 401 may be for want of it. */
const withLostHeaders = (outcome: ProbeOutcome, { headers }: McpServer): ProbeOutcome =>
  outcome.kind === 'answered'
    ? defined({
        ...outcome,
        withoutAuthorization:
          Object.keys(headers).some((name) => name.toLowerCase() === 'authorization') || undefined,
      })
    : outcome;
