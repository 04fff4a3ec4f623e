/**
 * A fleet on loopback, each server at an address of its own, and a cluster that declares them. The
 * order is one argument in JSON. Ends when its parent disconnects.
 */
import { createServer, type Server } from 'node:net';
import { stringify } from 'yaml';
import { startCluster } from '../../local/cluster/local-cluster.ts';
import { declareServers } from '../../local/declare-servers.ts';
import { startSlowListeners } from '../../test/world/slow-listener.ts';
import { addressAt, fleetOrder } from './fleet-order.ts';
import { startPlainServers } from './plain-servers.ts';

const order = fleetOrder.parse(JSON.parse(process.argv[2] ?? ''));
const addresses = Array.from({ length: order.servers }, (_, index) => addressAt(index));

/** Servers that read a request and say nothing about it, or that do not even accept. */
async function startHanging(neverAccepting: number): Promise<number> {
  const silent = (): Server => createServer((socket) => socket.on('error', () => {}).resume());
  const { port } = await startSlowListeners(addresses.slice(0, neverAccepting));
  await Promise.all(
    addresses
      .slice(neverAccepting)
      .map((address) => new Promise<void>((done) => silent().listen(port, address, 1024, done))),
  );
  return port;
}

const port =
  order.kind === 'answers'
    ? await startPlainServers(addresses, order.afterMs)
    : await startHanging(order.neverAccepting);

const cluster = await startCluster({
  crdFile: new URL('../../manifests/crd/crd.yaml', import.meta.url),
});
const manifests = addresses.map((address, index) =>
  stringify({
    apiVersion: 'muster.giantswarm.io/v1alpha1',
    kind: 'MCPServer',
    metadata: { name: `server-${index}`, namespace: 'default' },
    spec: {
      type: 'streamable-http',
      url: `http://${address}:${port}/mcp`,
      timeout: order.timeoutSeconds,
    },
  }),
);
const refused = await declareServers(cluster.kubeconfig, manifests.join('---\n'), 'the benchmark');
if (refused.length > 0) throw new Error(refused.join('\n'));
process.send?.({ port, kubeconfig: cluster.kubeconfig });
process.once('disconnect', () => process.exit());
