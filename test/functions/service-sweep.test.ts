/** A sweep and a check of servers inside the cluster, with and without the setting. */
import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { explainedText } from '../../cli/output/check-text.ts';
import { connectCluster } from '../../functions/adapters/cluster/apiserver.ts';
import { serverReader } from '../../functions/adapters/cluster/kubernetes.ts';
import { defined } from '../../functions/model/defined.ts';
import { conditionOf, type McpServer } from '../../functions/model/mcpserver.ts';
import { explain } from '../../functions/reachability/explain.ts';
import { createSweep } from '../../functions/sweep.ts';
import { createConnector } from '../../functions/wiring/network-client.ts';
import { createProber } from '../../functions/wiring/probe-client.ts';
import { type LocalCluster, startCluster } from '../../local/cluster/local-cluster.ts';
import { declareServers } from '../../local/declare-servers.ts';
import { type Bus, startBus } from '../../local/event-bus.ts';
import { type Listening, listen } from '../../local/listen.ts';
import { startFaultWorld } from '../world/fault-world.ts';
import { aManifest, crdFile } from '../world/manifest.ts';
import { declareService } from '../world/service.ts';

let faults: Awaited<ReturnType<typeof startFaultWorld>>;
let cluster: LocalCluster;
let bus: Bus;
let backend: Listening;

beforeAll(async () => {
  faults = await startFaultWorld();
  cluster = await startCluster({ crdFile });
  bus = await startBus([]);
  backend = await listen(createServer((_request, response) => response.writeHead(401).end()));
  await declareService(
    async (method, path, body) => {
      const headers = { 'content-type': 'application/json' };
      const content = JSON.stringify(body);
      const request = defined({ method, headers, body: content });
      return (await fetch(`${cluster.url}${path}`, request)).status;
    },
    {
      namespace: 'team-a',
      name: 'mcp',
      port: 8080,
      address: '127.0.0.1',
      target: backend.port,
      withPod: false,
    },
  );
  const manifests = ['team-a', 'team-b'].map((namespace) =>
    JSON.stringify(
      aManifest({
        name: 'inside',
        namespace,
        spec: { type: 'streamable-http', url: 'http://mcp.team-a.svc:8080/mcp' },
      }),
    ),
  );
  const refused = await declareServers(cluster.kubeconfig, manifests.join('\n---\n'), 'the test');
  if (refused.length > 0) throw new Error(refused.join());
});
afterAll(() => Promise.all([faults.end(), cluster.close(), bus.close(), backend.close()]));

const sweepWith = (settings: Readonly<Record<string, string>>) =>
  createSweep({
    KUBECONFIG_YAML: cluster.kubeconfig,
    BUS_NAME: 'muster',
    AWS_ENDPOINT_URL_EVENTBRIDGE: bus.url,
    PROBER_CHECK_URL: backend.url,
    // It answers NXDOMAIN for names inside a cluster, as every resolver outside does.
    DNS_SERVERS: faults.resolvers.answering,
    // The rules of the cloud: what is on loopback here is reached through the API server alone.
    GUARD: 'on',
    ...settings,
  })({ kind: 'tick', everything: true });

async function serverIn(namespace: string): Promise<McpServer> {
  const server = await serverReader(connectCluster({ kubeconfig: cluster.kubeconfig }))(
    namespace,
    'inside',
  );
  if (server === undefined) throw new Error('It is gone.');
  return server;
}

const seenIn = async (namespace: string) => {
  const { status } = await serverIn(namespace);
  const { reason, message } = conditionOf(status, 'Reachable') ?? {};
  return { state: status.state, reason, message };
};

test('without the setting it is a name that does not exist, and the message says what it is', async () => {
  await sweepWith({});
  expect(await seenIn('team-a')).toEqual({
    state: 'Failed',
    reason: 'DNSFailure',
    message:
      'The host name does not exist (ENOTFOUND: it is the name of the Service mcp inside the cluster, which only SERVICE_PROXY=on can reach. Its manifest is manifests/services).',
  });
});

test('with the setting its own namespace is probed, another one only where the owner lists it', async () => {
  await sweepWith({ SERVICE_PROXY: 'on' });
  expect(await seenIn('team-a')).toMatchObject({
    state: 'Connected',
    reason: 'AuthenticationRequired',
  });
  expect(await seenIn('team-b')).toMatchObject({
    state: 'Failed',
    reason: 'BlockedByPolicy',
    message: expect.stringContaining('SERVICE_NAMESPACES does not list team-a'),
  });
  await sweepWith({ SERVICE_PROXY: 'on', SERVICE_NAMESPACES: 'team-a' });
  expect(await seenIn('team-b')).toMatchObject({ state: 'Connected' });
});

test('muster check --explain shows which way the probe went', async () => {
  const network = { dnsServers: [], allowLocal: false, guardAllow: [] };
  const probe = createProber(
    { serviceProxy: { isOn: true, namespaces: [], clusterDomain: 'cluster.local' } },
    createConnector(network),
    connectCluster({ kubeconfig: cluster.kubeconfig }),
  );
  const server = await serverIn('team-a');
  const check = explain(server, await probe(server, { classify: true }), new Date());
  expect(explainedText(check, new Date())).toContain(
    'Way:       Through the API server, to port 8080 of the Service team-a/mcp\n',
  );
});
