/**
 * The servers of `bench/sweep.ts`, one listener for each address, and a cluster that declares them.
 */
import { createServer } from 'node:http';
import { stringify } from 'yaml';
import { startCluster } from '../../local/cluster/local-cluster.ts';
import { declareServers } from '../../local/declare-servers.ts';
import { listen } from '../../local/listen.ts';
import { answerMs, servers } from './sweep-size.ts';

const addresses = Array.from(
  { length: servers },
  (_, index) => `127.1.${Math.floor(index / 250)}.${(index % 250) + 1}`,
);
const answering = (): ReturnType<typeof createServer> =>
  createServer((_request, response) => setTimeout(() => response.writeHead(401).end(), answerMs));

const { port, close } = await listen(answering());
await close();
await Promise.all(
  addresses.map(
    (address) => new Promise<void>((done) => answering().listen(port, address, 1024, done)),
  ),
);

const cluster = await startCluster({
  crdFile: new URL('../../manifests/crd/crd.yaml', import.meta.url),
});
const manifests = addresses.map((address, index) =>
  stringify({
    apiVersion: 'muster.giantswarm.io/v1alpha1',
    kind: 'MCPServer',
    metadata: { name: `server-${index}`, namespace: 'default' },
    spec: { type: 'streamable-http', url: `http://${address}:${port}/mcp` },
  }),
);
await declareServers(cluster.kubeconfig, manifests.join('---\n'), 'the benchmark');
process.send?.({ port, kubeconfig: cluster.kubeconfig });
process.once('disconnect', () => process.exit());
