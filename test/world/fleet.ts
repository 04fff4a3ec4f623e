/** Many MCPServers in an embedded cluster, and the HTTP servers that they name. */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { connectCluster } from '../../functions/adapters/cluster/apiserver.ts';
import { pageLister } from '../../functions/adapters/cluster/kubernetes.ts';
import type { McpServer } from '../../functions/model/mcpserver.ts';
import { startCluster } from '../../local/cluster/local-cluster.ts';
import { startBus } from '../../local/event-bus.ts';
import { aManifest, crdFile } from './manifest.ts';

export type FleetOptions = {
  readonly count: number;
  /** The HTTP servers: how many, and the address of each. */
  readonly hosts: number;
  readonly addressOf: (host: number) => string;
  /** The host of `spec.url` of each MCPServer. Default: the address of its HTTP server. */
  readonly nameOf?: (index: number) => string;
  readonly timeoutSeconds?: number;
};

export type Fleet = {
  /** Settings of a sweep of this fleet. */
  readonly settings: Readonly<Record<string, string>>;
  readonly servers: () => Promise<readonly McpServer[]>;
  /** How often each STATE, or each reason of `Reachable`, is in the cluster. */
  readonly count: (by: (server: McpServer) => string) => Promise<Readonly<Record<string, number>>>;
  /** Is called for each request; `next` gives the answer of a server that is up. */
  onRequest: RequestListener;
  /** Requests so far. */
  readonly requests: () => number;
  /** All HTTP servers end, as when they crash. */
  readonly stopServers: () => void;
  readonly close: () => Promise<void>;
};

export const ok: RequestListener = (_request, response) =>
  response.writeHead(401, { 'www-authenticate': 'Bearer', connection: 'close' }).end();

export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const { count, hosts, addressOf, nameOf, timeoutSeconds = 2 } = options;
  const cluster = await startCluster({ crdFile });
  const bus = await startBus([]);
  let requests = 0;
  const listeners: Server[] = [];
  const ports: number[] = [];
  for (let host = 0; host < hosts; host += 1) {
    const server = createServer((request, response) => {
      requests += 1;
      fleet.onRequest(request, response);
    });
    server.listen({ port: 0, host: addressOf(host), backlog: 1024 });
    await once(server, 'listening');
    const bound = server.address();
    listeners.push(server);
    ports.push(typeof bound === 'object' && bound !== null ? bound.port : 0);
  }
  const path = '/apis/muster.giantswarm.io/v1alpha1/namespaces/default/mcpservers';
  for (let index = 0; index < count; index += 1) {
    const host = index % hosts;
    const url = `http://${nameOf?.(index) ?? addressOf(host)}:${ports[host] ?? 0}/mcp`;
    const spec = { type: 'streamable-http', url, timeout: timeoutSeconds };
    const reply = await fetch(`${cluster.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(aManifest({ name: `server-${index}`, namespace: 'default', spec })),
    });
    if (!reply.ok) throw new Error(`MCPServer ${index} was answered ${reply.status}.`);
    await reply.arrayBuffer();
  }
  const list = pageLister(connectCluster({ kubeconfig: cluster.kubeconfig }));
  const servers = async (): Promise<readonly McpServer[]> => {
    const result = await list({ limit: count });
    return result.kind === 'page' ? result.page.servers : [];
  };
  const stopServers = (): void => {
    for (const server of listeners) {
      server.close();
      server.closeAllConnections();
    }
  };
  const fleet: Fleet = {
    settings: {
      KUBECONFIG_YAML: cluster.kubeconfig,
      BUS_NAME: 'muster',
      AWS_ENDPOINT_URL_EVENTBRIDGE: bus.url,
      AWS_REGION: 'local',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      GUARD: 'off',
      PAGE_SIZE: String(count),
    },
    servers,
    count: async (by) => {
      const counts: Record<string, number> = {};
      for (const server of await servers()) counts[by(server)] = (counts[by(server)] ?? 0) + 1;
      return counts;
    },
    onRequest: ok,
    requests: () => requests,
    stopServers,
    close: async () => {
      stopServers();
      await bus.close();
      await cluster.close();
    },
  };
  return fleet;
}
