import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { connectCluster } from '../../../../functions/adapters/cluster/apiserver.ts';
import { secretReader } from '../../../../functions/adapters/cluster/secrets.ts';
import { type Listening, listen } from '../../../../local/listen.ts';

/** As much of the Kubernetes API as a Secret needs, over real HTTP. */
const secrets: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '/api/v1/namespaces/team-a/secrets/dex': {
    'client-id': 'muster',
    'client-secret': 'open sesame\n',
    other: 'x',
  },
};
let api: Listening;
beforeAll(async () => {
  api = await listen(
    createServer((request, response) => {
      const data = secrets[request.url ?? ''];
      const answer = (status: number, body: object) =>
        response
          .writeHead(status, { 'content-type': 'application/json' })
          .end(JSON.stringify(body));
      if (request.url?.includes('/forbidden/') === true) answer(403, { kind: 'Status', code: 403 });
      else if (request.url?.includes('/broken/') === true)
        answer(400, { kind: 'Status', message: 'authorization: Bearer of-the-cluster' });
      else if (data === undefined) answer(404, { kind: 'Status', code: 404 });
      else
        answer(200, {
          kind: 'Secret',
          data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, btoa(value)])),
        });
    }),
  );
});
afterAll(() => api.close());

const kubeconfig = () =>
  stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'local',
    clusters: [{ name: 'local', cluster: { server: api.url, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'local', user: {} }],
    contexts: [{ name: 'local', context: { cluster: 'local', user: 'local' } }],
  });

const read = (namespace: string, more: { name?: string; clientSecretKey?: string } = {}) =>
  secretReader(connectCluster({ kubeconfig: kubeconfig() }))({
    namespace,
    name: 'dex',
    clientIdKey: 'client-id',
    clientSecretKey: 'client-secret',
    ...more,
  });

test('client credentials are read by their keys, without the newline that a file left', async () => {
  expect(await read('team-a')).toEqual({ clientId: 'muster', clientSecret: 'open sesame' });
});

test.each([
  ['that is not there', () => read('team-b')],
  ['that is not ours to read', () => read('forbidden')],
  ['without one of the keys', () => read('team-a', { clientSecretKey: 'secret' })],
])('a Secret %s gives nothing', async (_sentence, attempt) => {
  expect(await attempt()).toBeUndefined();
});

test('an API server in trouble is an error that quotes nothing the server said', async () => {
  const error = await read('broken').catch((message: unknown) => message);
  expect(String(error)).toMatch(
    /^ClusterError: The API server \S+ does not understand our request to get secrets/,
  );
  expect(String(error)).not.toContain('of-the-cluster');
  expect(error instanceof Error && error.cause).toBeUndefined();
});
