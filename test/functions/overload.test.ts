import { aMachine } from '../world/machine.ts';
/** The whole endpoint while others fail or are asked too often; the clock is the test's. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createApi } from '../../functions/api.ts';
import { problemSchema } from '../../functions/model/wire/endpoint-wire.ts';
import { configSchema } from '../../functions/model/wire/person-wire.ts';
import { failure } from '../../local/cluster/answer.ts';
import { type LocalCluster, startCluster } from '../../local/cluster/local-cluster.ts';
import { declareServers } from '../../local/declare-servers.ts';
import { type Store, startStore } from '../../local/dynamodb.ts';
import { ada, commandLineClient, type Issuer, startIssuer } from '../../local/issuer.ts';
import { bearerFor } from '../world/bearer.ts';
import { aManifest, crdFile } from '../world/manifest.ts';

let issuer: Issuer;
let cluster: LocalCluster;
let store: Store;
let bearer: string;
/** Requests that arrived at the API server, and what it answers instead of the usual. */
let asked: string[] = [];
let fails: (path: string) => number | undefined = () => undefined;

beforeAll(async () => {
  const intercept = ({ url = '' }: IncomingMessage) => {
    asked.push(url);
    const status = fails(url);
    return status === undefined ? undefined : failure(status, 'InternalError', 'the test says so');
  };
  [issuer, cluster, store] = await Promise.all([
    startIssuer(),
    startCluster({ crdFile, intercept }),
    startStore(),
  ]);
  const spec = {
    type: 'streamable-http',
    url: 'http://127.0.0.1:9/mcp',
    auth: { type: 'oauth', forwardToken: true, requiredAudiences: ['kubernetes'] },
  };
  const manifest = JSON.stringify(aManifest({ name: 'server-a', namespace: 'default', spec }));
  const refused = await declareServers(cluster.kubeconfig, manifest, 'the test');
  if (refused.length > 0) throw new Error(refused.join());
  bearer = await bearerFor(issuer, ada);
});
afterAll(() => Promise.all([issuer, cluster, store].map((part) => part.close())));

beforeEach(() => {
  // The AWS client and HTTP keep real timers: only what the product calls now is set.
  vi.useFakeTimers({ toFake: ['Date'], now: Math.ceil(Date.now() / 60_000) * 60_000 });
  fails = () => undefined;
  asked = [];
});
afterEach(() => {
  vi.useRealTimers();
});
const later = (ms: number) => vi.setSystemTime(Date.now() + ms);

/** A change is proven; a read may bring a proof, and needs none. */
const proofFor = async (path: string, method: string): Promise<string> =>
  (await aMachine()).proof({
    method,
    url: `https://muster.example.com${path}`,
    token: bearer,
  });

const endpoint = (settings: Readonly<Record<string, string>> = {}) => {
  const api = createApi({
    KUBECONFIG_YAML: cluster.kubeconfig,
    AWS_ENDPOINT_URL_DYNAMODB: store.url,
    TABLE_NAME: store.table,
    TOKEN_KEYS: `one:${randomBytes(32).toString('base64url')}`,
    GUARD: 'off',
    OIDC_ISSUER: issuer.url,
    OIDC_CLIENT_ID: commandLineClient.client_id,
    PUBLIC_URL: 'https://muster.example.com',
    FORWARD_HOSTS: '127.0.0.1:9',
    AUDIENCE_NAMESPACES: 'default',
    ...settings,
  });
  return (path: string, method = 'GET') =>
    proofFor(path, method).then((dpop) =>
      api.request(path, { method, headers: { authorization: `Bearer ${bearer}`, dpop } }),
    );
};

test('the configuration is read from the cluster once a minute, and outlives it by ten', async () => {
  const ask = endpoint();
  const scopes = async () => {
    const answer = await ask('/v1/config');
    return answer.status === 200
      ? configSchema.parse(await answer.json()).audienceScopes?.at(-1)
      : answer.status;
  };
  const wanted = 'audience:server:client_id:kubernetes';
  const many = await Promise.all(Array.from({ length: 100 }, scopes));
  expect(new Set(many)).toEqual(new Set([wanted]));
  expect(asked).toHaveLength(1);
  later(59_000);
  await scopes();
  expect(asked).toHaveLength(1);
  later(2_000);
  await scopes();
  expect(asked).toHaveLength(2);
  fails = () => 503;
  later(9 * 60_000);
  expect(await scopes()).toBe(wanted);
  later(60_000);
  expect(await scopes()).toBe(503);
  fails = () => undefined;
  expect(await scopes()).toBe(wanted);
});

test('while the API server is down requests are refused at once, and one of them looks again after ten seconds', async () => {
  const ask = endpoint();
  const one = '/v1/mcpservers/default/server-a';
  fails = () => 503;
  for (let count = 0; count < 3; count += 1) expect((await ask(one)).status).toBe(503);
  const sent = asked.length;
  const refused = await Promise.all(Array.from({ length: 50 }, () => ask(one)));
  expect(asked).toHaveLength(sent);
  for (const { status, headers } of refused)
    expect([status, headers.get('retry-after')]).toEqual([503, '10']);
  later(10_000);
  fails = () => undefined;
  expect((await ask(one)).status).toBe(200);
  expect((await ask(one)).status).toBe(200);
  expect(asked).toHaveLength(sent + 2);
});

test('one object that the API server cannot convert costs the others nothing', async () => {
  const ask = endpoint();
  fails = (path) => (path.endsWith('/odd') ? 500 : undefined);
  await Promise.all(Array.from({ length: 8 }, () => ask('/v1/mcpservers/default/odd')));
  expect((await ask('/v1/mcpservers/default/server-a')).status).toBe(200);
});

test('two processes count the checks of a person together', async () => {
  const processes = [endpoint(), endpoint()];
  const check = async (index: number) =>
    (await processes[index % 2]?.('/v1/mcpservers/default/server-a/check', 'POST'))?.status;
  const ends: unknown[] = [];
  for (let index = 0; index < 12; index += 1) ends.push(await check(index));
  expect(ends.filter((status) => status === 200)).toHaveLength(10);
  expect(ends.slice(10)).toEqual([429, 429]);
  later(60_000);
  expect(await check(0)).toBe(200);
});

test('without the table a check still works; what needs a row is a 503 that says so', async () => {
  const ask = endpoint({ AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:9' });
  const check = await ask('/v1/mcpservers/default/server-a/check', 'POST');
  expect(check.status).toBe(200);
  expect((await ask('/v1/me')).status).toBe(200);
  for (const [path, method] of [
    ['/v1/mcpservers/default/server-a/session', 'POST'],
    ['/v1/mcpservers', 'GET'],
    ['/v1/me/keys', 'GET'],
  ] as const) {
    const answer = await ask(path, method);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '60']);
    expect(problemSchema.parse(await answer.json()).title).toBe('The table is unavailable');
  }
});
