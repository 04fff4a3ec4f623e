/**
 * The servers of a sweep's benchmark and the cluster that declares them, in a process of their own.
 * Arguments: how many servers, on how many loopback addresses, and the milliseconds until each
 * answers 401. `POST /fleet` on the control address deletes the servers and declares them again;
 * `GET /tally` gives what the API server was asked.
 */
import { Agent, createServer, request as send } from 'node:http';
import { once } from 'node:events';
import pLimit from 'p-limit';
import { startCluster } from '../../local/cluster/local-cluster.ts';
import { listen } from '../../local/listen.ts';
import { apiTally } from './api-tally.ts';

const [servers = 0, addresses = 1, answerMs = 0] = process.argv.slice(2).map(Number);

const hosts = Array.from(
  { length: addresses },
  (_, index) => `127.1.${Math.floor(index / 250)}.${(index % 250) + 1}`,
);
const answering = (): ReturnType<typeof createServer> =>
  createServer((_request, response) => {
    if (answerMs === 0) response.writeHead(401).end();
    else setTimeout(() => response.writeHead(401).end(), answerMs);
  });
const { port, close } = await listen(answering());
await close();
await Promise.all(
  hosts.map((host) => new Promise<void>((done) => answering().listen(port, host, 1024, done))),
);

const tally = apiTally();
const cluster = await startCluster({
  crdFile: new URL('../../manifests/crd/crd.yaml', import.meta.url),
  intercept: (request) => {
    tally.count(request);
    return undefined;
  },
});

const agent = new Agent({ keepAlive: true });
const atOnce = pLimit(16);
const collection = '/apis/muster.giantswarm.io/v1alpha1/namespaces/default/mcpservers';

async function ask(method: string, path: string, body?: object): Promise<void> {
  const request = send(`${cluster.url}${path}`, {
    method,
    agent,
    headers: { 'content-type': 'application/json' },
  });
  request.end(body === undefined ? undefined : JSON.stringify(body));
  const [response] = await once(request, 'response');
  response.resume();
  await once(response, 'end');
  if (response.statusCode > 201) throw new Error(`${method} ${path}: HTTP ${response.statusCode}`);
}

const all = (each: (index: number) => Promise<void>): Promise<unknown> =>
  Promise.all(Array.from({ length: servers }, (_, index) => atOnce(() => each(index))));

const declare = (index: number): Promise<void> =>
  ask('POST', collection, {
    apiVersion: 'muster.giantswarm.io/v1alpha1',
    kind: 'MCPServer',
    metadata: {
      name: `server-${index}`,
      labels: { 'app.kubernetes.io/managed-by': 'the-benchmark', team: `team-${index % 20}` },
    },
    spec: {
      type: 'streamable-http',
      url: `http://${hosts[index % addresses]}:${port}/${index}/mcp`,
      description: `Server ${index} of a fleet, with a description of the usual length.`,
    },
  });

async function fleet(): Promise<void> {
  await all((index) => ask('DELETE', `${collection}/server-${index}`));
  await all(declare);
  tally.take();
}

await all(declare);
tally.take();
const control = await listen(
  createServer((request, response) => {
    const answer = (body: object): void => void response.end(JSON.stringify(body));
    if (request.method === 'GET') answer(tally.take());
    else void fleet().then(() => answer({}));
  }),
);
process.send?.({
  port,
  kubeconfig: cluster.kubeconfig,
  cluster: cluster.url,
  control: control.url,
});
process.once('disconnect', () => process.exit());
