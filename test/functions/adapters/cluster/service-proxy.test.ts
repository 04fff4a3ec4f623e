/** What the API server itself refuses or cannot do on the way to a Service. */
import type { IncomingMessage } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectCluster } from '../../../../functions/adapters/cluster/apiserver.ts';
import { classify } from '../../../../functions/reachability/classify.ts';
import { createConnector } from '../../../../functions/wiring/network-client.ts';
import { createProber } from '../../../../functions/wiring/probe-client.ts';
import { type Answer, failure } from '../../../../local/cluster/answer.ts';
import { type LocalCluster, startCluster } from '../../../../local/cluster/local-cluster.ts';
import { crdFile } from '../../../world/manifest.ts';
import { aServer } from '../../../world/server.ts';

let cluster: LocalCluster;
let answers: (request: IncomingMessage) => Answer | undefined;

beforeEach(async () => {
  answers = () => undefined;
  cluster = await startCluster({ crdFile, intercept: (request) => answers(request) });
});
afterEach(() => cluster.close());

async function verdict(headers: Readonly<Record<string, string>> = {}) {
  const probe = createProber(
    { serviceProxy: { isOn: true, namespaces: [], clusterDomain: 'cluster.local' } },
    createConnector({ dnsServers: [], allowLocal: false, guardAllow: [] }),
    connectCluster({ kubeconfig: cluster.kubeconfig }),
  );
  const server = aServer({ url: 'http://mcp.default.svc/mcp', headers, timeoutMs: 3000 });
  const outcome = await probe(server, { classify: false });
  return { ...classify(outcome), via: outcome.via };
}

const isReview = ({ url = '' }: IncomingMessage): boolean =>
  url.endsWith('/selfsubjectaccessreviews');

test('the API server never sees headers of the manifest that it would obey', async () => {
  let seen: IncomingMessage['headers'] = {};
  answers = ({ headers }) => {
    seen = headers;
    return { code: 401, body: 'who are you?' };
  };
  await verdict({
    Authorization: 'Bearer of-the-manifest',
    'Impersonate-User': 'admin',
    'impersonate-extra-scopes': 'all',
    'X-Remote-User': 'admin',
    'Sec-WebSocket-Protocol': 'base64url.bearer.authorization.k8s.io.YQ',
    Host: 'elsewhere.example.com',
    'X-Team': 'blue',
  });
  expect(seen).toMatchObject({ 'x-team': 'blue', host: new URL(cluster.url).host });
  for (const name of [
    'authorization',
    'impersonate-user',
    'impersonate-extra-scopes',
    'x-remote-user',
    'sec-websocket-protocol',
  ])
    expect(seen).not.toHaveProperty(name);
});

test('a 403 without the right is a prober error that names the manifest', async () => {
  answers = (request) =>
    isReview(request)
      ? { code: 201, body: { status: { allowed: false } } }
      : failure(403, 'Forbidden', 'services "mcp" is forbidden');
  expect(await verdict()).toMatchObject({
    kind: 'undecided',
    message: expect.stringMatching(
      /does not let us get services\/proxy in the namespace default \(403\)\. Run: kubectl apply -k manifests\/services, and bind the ClusterRole muster-service-proxy/,
    ),
  });
});

test('a 403 with the right is the answer of the server', async () => {
  answers = (request) =>
    isReview(request)
      ? { code: 201, body: { status: { allowed: true } } }
      : failure(403, 'Forbidden', 'not for you');
  expect(await verdict()).toMatchObject({ kind: 'connected', reason: 'Responded' });
});

test('a 403 that cannot be reviewed decides nothing', async () => {
  answers = (request) =>
    isReview(request) ? failure(403, 'Forbidden', 'no') : failure(403, 'Forbidden', 'no');
  expect(await verdict()).toMatchObject({ kind: 'undecided' });
});

test.each([429, 500, 504])('a %i of the API server itself decides nothing', async (code) => {
  answers = () => failure(code, 'Busy', 'the test says so');
  expect(await verdict()).toMatchObject({
    kind: 'undecided',
    message: expect.stringContaining(`answered ${code} to our request to get services/proxy`),
  });
});

test('an endpoint that the API server may not connect to is a gateway without a server', async () => {
  answers = () => failure(400, 'BadRequest', 'address not allowed');
  expect(await verdict()).toMatchObject({
    reason: 'UpstreamUnavailable',
    via: expect.stringContaining('It says: address not allowed'),
  });
});

test('an API server that is gone decides nothing', async () => {
  await cluster.close();
  expect(await verdict()).toMatchObject({
    kind: 'undecided',
    message: expect.stringContaining('refused the connection'),
  });
});
