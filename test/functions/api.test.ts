import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createApi } from '../../functions/api.ts';
import { contract } from '../../functions/routes/contract.ts';
import { SettingError } from '../../functions/model/setting-reader.ts';
import { checkSchema } from '../../functions/model/wire/check-wire.ts';
import { problemSchema } from '../../functions/model/wire/endpoint-wire.ts';
import { listSchema } from '../../functions/model/wire/server-wire.ts';
import { type LocalCluster, startCluster } from '../../local/cluster/local-cluster.ts';
import { declareServers } from '../../local/declare-servers.ts';
import { ada, commandLineClient, type Issuer, startIssuer } from '../../local/issuer.ts';
import { type Store, startStore } from '../../local/dynamodb.ts';
import { bearerFor } from '../world/bearer.ts';
import { aManifest, crdFile } from '../world/manifest.ts';

let issuer: Issuer;
let otherIssuer: Issuer;
let cluster: LocalCluster;
let store: Store;
let bearer: string;
/** What the cluster says when it is asked whether a person may get MCPServers. */
let mayGet = true;
beforeAll(async () => {
  process.env['AWS_REGION'] ??= 'local';
  process.env['AWS_ACCESS_KEY_ID'] ??= 'local';
  process.env['AWS_SECRET_ACCESS_KEY'] ??= 'local';
  [issuer, otherIssuer, cluster, store] = await Promise.all([
    startIssuer(),
    startIssuer(),
    startCluster({ crdFile, isAllowed: () => mayGet }),
    startStore(),
  ]);
  const away = { type: 'streamable-http', url: 'http://127.0.0.1:9/mcp' };
  const manifests = [
    aManifest({ name: 'server-a', namespace: 'default', labels: { team: 'search' }, spec: away }),
    aManifest({
      name: 'server-b',
      namespace: 'team-a',
      labels: { team: 'search', tier: 'gold' },
      spec: away,
    }),
    aManifest({
      name: 'local',
      namespace: 'team-a',
      spec: {
        type: 'stdio',
        command: 'run-it',
        args: ['--key', 'a secret'],
        env: { KEY: 'a secret' },
      },
    }),
    aManifest({
      name: 'keyed',
      namespace: 'team-b',
      labels: { tier: 'gold' },
      spec: { ...away, headers: { 'x-api-key': 'a secret' } },
    }),
  ];
  const refused = await declareServers(
    cluster.kubeconfig,
    manifests.map((one) => JSON.stringify(one)).join('\n---\n'),
    'the test',
  );
  if (refused.length > 0) throw new Error(refused.join());
  bearer = await bearerFor(issuer, ada);
});
afterAll(() => Promise.all([issuer, otherIssuer, cluster, store].map((part) => part.close())));

const tokenKey = `one:${randomBytes(32).toString('base64url')}`;

const environment = () => ({
  KUBECONFIG_YAML: cluster.kubeconfig,
  AWS_ENDPOINT_URL_DYNAMODB: store.url,
  TABLE_NAME: store.table,
  TOKEN_KEYS: tokenKey,
  GUARD: 'off',
  OIDC_ISSUER: issuer.url,
  OIDC_CLIENT_ID: commandLineClient.client_id,
  PUBLIC_URL: 'https://muster.example.com/',
});

async function ask(
  path: string,
  {
    settings = {},
    token = bearer,
    method = 'GET',
  }: { settings?: object; token?: string; method?: string } = {},
) {
  const response = await createApi({ ...environment(), ...settings }).request(path, {
    method,
    headers: { authorization: `Bearer ${token}` },
  });
  const body: unknown = await response.json();
  return {
    status: response.status,
    body,
    names: () => listSchema.parse(body).items.map(({ namespace, name }) => `${namespace}/${name}`),
  };
}

test('the list is what the cluster holds', async () => {
  const { status, names } = await ask('/v1/mcpservers');
  expect(status).toBe(200);
  expect(names()).toEqual(['default/server-a', 'team-a/local', 'team-a/server-b', 'team-b/keyed']);
});

test('headers, env, args and command of an MCPServer never leave the cluster', async () => {
  const { status, body } = await ask('/v1/mcpservers');
  expect(status).toBe(200);
  expect(JSON.stringify(body)).not.toMatch(/a secret|run-it|x-api-key/);
});

test('a caller may narrow what the owner selected, never widen it', async () => {
  expect((await ask('/v1/mcpservers?namespace=team-a')).names()).toEqual([
    'team-a/local',
    'team-a/server-b',
  ]);
  const settings = { NAMESPACE: 'team-a' };
  expect((await ask('/v1/mcpservers', { settings })).names()).toEqual([
    'team-a/local',
    'team-a/server-b',
  ]);
  expect((await ask('/v1/mcpservers?namespace=team-a', { settings })).names()).toEqual([
    'team-a/local',
    'team-a/server-b',
  ]);
  expect((await ask('/v1/mcpservers?namespace=default', { settings })).names()).toEqual([]);
  expect((await ask('/v1/mcpservers/team-a/server-b', { settings })).status).toBe(200);
  expect((await ask('/v1/mcpservers/default/server-a', { settings })).status).toBe(404);
});

const selecting = (selector: string) =>
  `/v1/mcpservers?labelSelector=${encodeURIComponent(selector)}`;

test.each([
  ['team=search', ['default/server-a', 'team-a/server-b']],
  ['team=search,tier=gold', ['team-a/server-b']],
  ['tier in (gold, silver)', ['team-a/server-b', 'team-b/keyed']],
  ['!team', ['team-a/local', 'team-b/keyed']],
  ['', ['default/server-a', 'team-a/local', 'team-a/server-b', 'team-b/keyed']],
])('the labels %j select %j', async (selector, names) => {
  expect((await ask(selecting(selector))).names()).toEqual(names);
});

test('labels narrow a namespace, and what the owner selected', async () => {
  const gold = selecting('tier=gold');
  expect((await ask(`${gold}&namespace=team-b`)).names()).toEqual(['team-b/keyed']);
  const settings = { LABEL_SELECTOR: 'team=search' };
  expect((await ask(gold, { settings })).names()).toEqual(['team-a/server-b']);
  expect((await ask(selecting('tier'), { settings })).names()).toEqual(['team-a/server-b']);
  expect((await ask(`${gold}&namespace=team-b`, { settings })).names()).toEqual([]);
});

test('a continue of selected servers is for these labels only', async () => {
  const settings = { PUBLIC_URL: 'https://muster.example.com/' };
  const first = listSchema.parse((await ask(`${selecting('tier')}&limit=1`, { settings })).body);
  expect(first.items.map(({ name }) => name)).toEqual(['server-b']);
  const next = `&limit=1&continue=${encodeURIComponent(first.continue ?? '')}`;
  expect((await ask(`${selecting('tier')}${next}`)).names()).toEqual(['team-b/keyed']);
  expect((await ask(`${selecting('team')}${next}`)).status).toBe(400);
  expect((await ask(`/v1/mcpservers?${next}`)).status).toBe(400);
});

test('labels do not count the MCPServers of namespaces that a person may not see', async () => {
  mayGet = false;
  const settings = { ACCESS_REVIEW: 'on' };
  const asked = async (path: string) => (await ask(path, { settings })).body;
  const nothing = { items: [], problems: [] };
  expect(await asked('/v1/mcpservers')).toMatchObject(nothing);
  // Two have the label, none has the other one: the answers are the same but for the seal.
  const counted = ['tier=gold', 'tier=bronze'].map(async (labels) =>
    listSchema.parse(await asked(`${selecting(labels)}&limit=1`)),
  );
  const [gold, bronze] = await Promise.all(counted);
  expect([gold?.items, gold?.continue === undefined]).toEqual([
    bronze?.items,
    bronze?.continue === undefined,
  ]);
  mayGet = true;
  expect((await ask(selecting('tier=gold'), { settings })).names()).toEqual([
    'team-a/server-b',
    'team-b/keyed',
  ]);
});

test('a long list comes in pages, and says when the cluster has forgotten it', async () => {
  const first = listSchema.parse((await ask('/v1/mcpservers?limit=3')).body);
  const next = `/v1/mcpservers?limit=3&continue=${encodeURIComponent(first.continue ?? '')}`;
  expect((await ask(next)).names()).toEqual(['team-b/keyed']);
  cluster.expireContinueTokens();
  expect((await ask(next)).status).toBe(410);
});

test('a check tells what a sweep would make of it, and writes nothing', async () => {
  const check = async (path: string) =>
    checkSchema.parse((await ask(`/v1/mcpservers/${path}/check`, { method: 'POST' })).body);
  expect(await check('default/server-a')).toMatchObject({
    state: 'Connecting',
    reason: 'ConnectionRefused',
    consecutiveFailures: 1,
  });
  expect(await check('team-a/local')).toMatchObject({ reason: 'NotProbed' });
  expect(
    listSchema.parse((await ask('/v1/mcpservers')).body).items.map(({ state }) => state),
  ).toEqual(Array(4).fill(undefined));
});

test.each([
  ['of another issuer', async () => bearerFor(otherIssuer, ada)],
  ['with a changed signature', async () => bearer.replace(/.{6}$/, 'AAAAAA')],
  ['that is no token', async () => 'no-token'],
])('a bearer %s is a 401 that names the next command', async (_, token) => {
  const { status, body } = await ask('/v1/mcpservers', {
    token: await token(),
    settings: { ANONYMOUS_LIST: 'on' },
  });
  expect(status).toBe(401);
  expect(problemSchema.parse(body).hint).toBe('Run: muster auth login');
});

test('an issuer that is away is a 503', async () => {
  expect(
    (await ask('/v1/mcpservers', { settings: { OIDC_ISSUER: 'http://127.0.0.1:9' } })).status,
  ).toBe(503);
});

test('a cluster that is away is a 503 without its address', async () => {
  const gone = await startCluster({ crdFile });
  await gone.close();
  const { status, body } = await ask('/v1/mcpservers', {
    settings: { KUBECONFIG_YAML: gone.kubeconfig },
  });
  expect(status).toBe(503);
  expect(JSON.stringify(body)).not.toContain('127.0.0.1');
});

test.each(['PUBLIC_URL', 'OIDC_ISSUER', 'OIDC_CLIENT_ID', 'TABLE_NAME', 'TOKEN_KEYS'])(
  'without %s it says so at once',
  (name) => {
    expect(() => createApi({ ...environment(), [name]: undefined })).toThrow(
      new SettingError(
        `${name} is not set. Give it to the function under "environment" in sst.config.ts.`,
      ),
    );
  },
);

test('the contract and the routes are the same', () => {
  const registered = createApi({ ...environment(), LIVE_PAGE: 'on' }).routes.filter(
    ({ method }) => method !== 'ALL',
  );
  const routes = registered.map(
    ({ method, path }) => `${method.toLowerCase()} ${path.replace(/:(\w+)/g, '{$1}')}`,
  );
  expect([...new Set(routes)].sort()).toEqual(
    contract.map(({ method, path }) => `${method} ${path}`).sort(),
  );
});

const live = contract.filter(({ path }) => path.startsWith('/v1/live/'));

test.each(live)('without LIVE_PAGE=on there is no $method $path', async ({ method, path }) => {
  const asked = { method: method.toUpperCase(), headers: { 'sec-fetch-site': 'same-origin' } };
  for (const LIVE_PAGE of [undefined, 'off']) {
    const answer = await createApi({ ...environment(), LIVE_PAGE }).request(path, asked);
    expect(await answer.json()).toMatchObject({ status: 404, title: 'No such route' });
  }
});

test.each(contract.filter(({ access }) => access === 'person'))(
  'only a person may $method $path',
  async ({ method, path }) => {
    const api = createApi({ ...environment(), ANONYMOUS_LIST: 'on' });
    const address = path.replace('{namespace}', 'default').replace('{name}', 'server-a');
    expect((await api.request(address, { method: method.toUpperCase() })).status).toBe(401);
  },
);

test('the issuer of the owner may be at home in a private network, which no manifest may lead us to', async () => {
  const api = createApi({ ...environment(), GUARD: 'on' });
  const as = { headers: { authorization: `Bearer ${bearer}` } };
  expect((await api.request('/v1/me', as)).status).toBe(200);
  const checked = await api.request('/v1/mcpservers/default/server-a/check', {
    ...as,
    method: 'POST',
  });
  expect(checkSchema.parse(await checked.json()).reason).toBe('BlockedByPolicy');
});

test.each(['no JSON', '{}', '[{"issuer":"https://a.example","secret":"the secret of the owner"}]'])(
  'OAUTH_CLIENTS that is %s is told without a word of it',
  (text) => {
    const attempt = () => createApi({ ...environment(), OAUTH_CLIENTS: text });
    expect(attempt).toThrow(
      new SettingError('OAUTH_CLIENTS is not a JSON list of {"issuer", "id", "secret"}.'),
    );
  },
);

test('all problems of ISSUERS stop the start together, with those of other settings', () => {
  const issuers = [
    { issuer: 'nowhere' },
    { issuer: 'https://a.example', parameters: { redirect_uri: 'https://b.example' } },
  ];
  const attempt = () =>
    createApi({ ...environment(), ISSUERS: JSON.stringify(issuers), ANONYMOUS_LIST: 'yes' });
  expect(attempt).toThrow(/ANONYMOUS_LIST is "yes"[^]*Entry 1 of ISSUERS[^]*Entry 2 of ISSUERS/);
});
