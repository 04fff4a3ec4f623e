/**
 * What a sweep does with each server: read it from the list, see that it is due, probe it, classify
 * the outcome, and decide what to write. The first lap finds out what each server is; the others
 * find nothing new, and throw where they do.
 */
import pLimit from 'p-limit';
import { connectCluster } from '../../functions/adapters/cluster/apiserver.ts';
import { statusPatch } from '../../functions/adapters/cluster/mcpserver-object.ts';
import type { McpServer, Status } from '../../functions/model/mcpserver.ts';
import { classify } from '../../functions/reachability/classify.ts';
import { isClassificationDue, isDue } from '../../functions/reachability/due.ts';
import { statusToWrite } from '../../functions/reachability/status.ts';
import { createConnector } from '../../functions/wiring/network-client.ts';
import { createProber } from '../../functions/wiring/probe-client.ts';
import { rememberedItems } from '../../functions/wiring/remembered-items.ts';
import { mostKept } from '../../functions/wiring/server-size.ts';
import { lapsOf } from '../laps.ts';
import { addressesOf, concurrency, path } from './probe-work.ts';

const [count = '', lists = '', origin = '', caPem = ''] = process.argv.slice(2);
const { protocol, port } = new URL(origin);
const tickMs = 60_000;
const now = new Date();

// None of the servers is behind it.
const cluster = connectCluster({
  kubeconfig: JSON.stringify({
    'current-context': 'none',
    contexts: [{ name: 'none', context: { cluster: 'none', user: 'none' } }],
    clusters: [{ name: 'none', cluster: { server: 'https://127.0.0.1:9' } }],
    users: [{ name: 'none', user: { token: 'none' } }],
  }),
});
const probe = createProber(
  { serviceProxy: { isOn: false, namespaces: [], clusterDomain: 'cluster.local' } },
  createConnector({
    dnsServers: [],
    allowLocal: true,
    guardAllow: [],
    ...(caPem === '' ? {} : { extraCaPem: caPem }),
  }),
  cluster,
);

// As functions/sweep.ts reads a list.
const readItem = rememberedItems(mostKept);

const items = addressesOf(Number(count)).map((address, index) => ({
  apiVersion: 'muster.giantswarm.io/v1alpha1',
  kind: 'MCPServer',
  metadata: {
    name: `server-${index}`,
    namespace: 'default',
    uid: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
    generation: 1,
    resourceVersion: '1',
  },
  spec: { type: 'streamable-http', url: `${protocol}//${address}:${port}${path}`, timeout: 10 },
}));

type Decision = { readonly server: McpServer; readonly status: Status | undefined };

async function swept(answer: string): Promise<readonly Decision[]> {
  const limit = pLimit(concurrency);
  const list: { items: readonly unknown[] } = JSON.parse(answer);
  const servers = list.items
    .map(readItem)
    .flatMap((item) => (item.kind === 'server' ? [item.server] : []))
    .filter((server) => isDue(server, now, tickMs));
  return Promise.all(
    servers.map((server) =>
      limit(async () => {
        const outcome = await probe(server, { classify: isClassificationDue(server, now, tickMs) });
        const verdict = classify(outcome);
        if (verdict.kind !== 'connected' || verdict.reason !== 'AuthenticationRequired')
          throw new Error(`${server.name}: ${verdict.message}`);
        return { server, status: statusToWrite(server, verdict, now, { heartbeatMs: 3_600_000 }) };
      }),
    ),
  );
}

/** As the API server keeps it: what is null in a merge patch is no member. */
const merged = (patch: object): object =>
  Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== null));

let steady: string | undefined;

lapsOf(async () => {
  if (steady === undefined) {
    const first = await swept(JSON.stringify({ items }));
    const seen = new Map(first.map(({ server, status }) => [server.name, status]));
    steady = JSON.stringify({
      items: items.map((item) => {
        const status = seen.get(item.metadata.name);
        if (status === undefined) throw new Error(`${item.metadata.name} has no status to write.`);
        const metadata = { ...item.metadata, resourceVersion: '2' };
        return { ...item, metadata, status: merged(statusPatch(status)) };
      }),
    });
  }
  for (let list = 0; list < Number(lists); list += 1) {
    const decisions = await swept(steady);
    const writes = decisions.filter(({ status }) => status !== undefined).length;
    if (decisions.length !== items.length || writes > 0)
      throw new Error(`${decisions.length} of ${count} were probed, with ${writes} writes.`);
  }
});
