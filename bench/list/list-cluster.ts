/**
 * The clusters of `bench/list/list.ts`, one for each number of MCPServers, with statuses as sweeps
 * leave them and a Lease.
 */
import pLimit from 'p-limit';
import * as z from 'zod/mini';
import { connectCluster } from '../../functions/adapters/cluster/apiserver.ts';
import { leaseRenewer } from '../../functions/adapters/cluster/lease.ts';
import { settings } from '../../functions/model/settings-table.ts';
import { type LocalCluster, startCluster } from '../../local/cluster/local-cluster.ts';
import { grantCount } from './list-size.ts';

const group = 'muster.giantswarm.io/v1alpha1';
const at = `${new Date().toISOString().slice(0, 19)}Z`;
const atOnce = pLimit(16);

const said = z.object({ metadata: z.object({ uid: z.string() }) });

async function send(method: 'POST' | 'PATCH', url: string, body: unknown): Promise<unknown> {
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  const response = await fetch(url, {
    method,
    headers: { 'content-type': type },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${method} ${url}: HTTP ${String(response.status)}`);
  return response.json();
}

const condition = (type: string, status: string, reason: string, message: string) => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime: at,
  observedGeneration: 1,
});

/** Of ten servers eight are up, and half of those require a sign-in. */
function statusOf(index: number) {
  const kind = index % 10;
  if (kind < 8) {
    const isClosed = kind < 4;
    return {
      state: 'Connected',
      lastConnected: at,
      lastAttempt: at,
      consecutiveFailures: 0,
      conditions: [
        isClosed
          ? condition(
              'Reachable',
              'True',
              'AuthenticationRequired',
              'The server answered HTTP 401: it requires you to sign in.',
            )
          : condition('Reachable', 'True', 'Responded', 'The server answered HTTP 200.'),
        isClosed
          ? condition('AuthRequired', 'True', 'AuthenticationRequired', 'HTTP 401')
          : condition('AuthRequired', 'False', 'AuthenticationNotRequired', 'HTTP 200'),
        condition(
          'SpeaksMCP',
          isClosed ? 'Unknown' : 'True',
          'MCPResponse',
          'The server answered.',
        ),
      ],
    };
  }
  const message =
    kind === 8
      ? `The host name does not exist (getaddrinfo ENOTFOUND mcp-${String(index)}.example.com).`
      : 'The connection was refused (connect ECONNREFUSED 192.0.2.10:443).';
  return {
    state: 'Failed',
    lastError: message,
    lastAttempt: at,
    consecutiveFailures: 3,
    conditions: [
      condition('Reachable', 'False', kind === 8 ? 'DNSFailure' : 'ConnectionRefused', message),
      condition('AuthRequired', 'Unknown', 'NotObserved', 'The server was not reached.'),
      condition('SpeaksMCP', 'Unknown', 'NotObserved', 'The server was not reached.'),
    ],
  };
}

async function fill({ url, kubeconfig }: LocalCluster, count: number) {
  const declare = async (index: number) => {
    const namespace = `team-${String(index % 20)}`;
    const name = `server-${String(index)}`;
    const path = `${url}/apis/${group}/namespaces/${namespace}/mcpservers`;
    const spec = {
      type: 'streamable-http',
      url: `https://mcp-${String(index)}.example.com/mcp`,
      description: `Tools of team ${String(index % 20)}`,
    };
    const object = { apiVersion: group, kind: 'MCPServer', metadata: { name, namespace }, spec };
    const { metadata } = said.parse(await send('POST', path, object));
    await send('PATCH', `${path}/${name}/status`, { status: statusOf(index) });
    return { namespace, name, uid: metadata.uid, url: spec.url };
  };
  const declared = await Promise.all(
    Array.from({ length: count }, (_, index) => atOnce(() => declare(index))),
  );
  const problem = await leaseRenewer(connectCluster({ kubeconfig }), {
    namespace: settings.LEASE_NAMESPACE.fallback,
    name: settings.LEASE_NAME.fallback,
    durationMs: 180_000,
  })(new Date());
  if (problem !== undefined) throw new Error(problem);
  // Those that require a sign-in.
  const closed = declared.filter((_, index) => index % 10 < 4).slice(0, grantCount);
  return { count, url, kubeconfig, closed };
}

const crdFile = new URL('../../manifests/crd/crd.yaml', import.meta.url);
const clusters = [];
for (const count of process.argv.slice(2).map(Number))
  clusters.push(await fill(await startCluster({ crdFile }), count));
process.send?.(clusters);
process.once('disconnect', () => process.exit());
