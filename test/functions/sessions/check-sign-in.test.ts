/** `muster check NAME --sign-in`: every link, real servers and issuers on loopback, nothing changed. */
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { createServer, type ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { challengeReader } from '../../../functions/adapters/mcp/challenge-reader.ts';
import { callbackUrl } from '../../../functions/adapters/oauth/registration.ts';
import { signInInspector } from '../../../functions/adapters/oauth/sign-in-inspector.ts';
import type { McpServer } from '../../../functions/model/mcpserver.ts';
import { signInFindings } from '../../../functions/model/sign-in-findings.ts';
import { type SignInCheck, signInCheckSchema } from '../../../functions/model/wire/check-wire.ts';
import { checkSignIn, type CheckSignInPorts } from '../../../functions/sessions/check-sign-in.ts';
import type { TokenPolicy } from '../../../functions/sessions/policy.ts';
import { completeSignIn, callBack, startSignIn } from '../../../functions/sessions/signin.ts';
import { ada } from '../../../local/issuer.ts';
import { listen } from '../../../local/listen.ts';
import { browserOf } from '../../world/browser.ts';
import { aCaller, aPerson } from '../../world/person.ts';
import { anAuth, aServer, connected } from '../../world/server.ts';
import { type SignInWorld, startSignInWorld } from '../../world/signin.ts';
import { aGrant } from './build.ts';

let world: SignInWorld;
beforeAll(async () => {
  world = await startSignInWorld();
});
afterAll(() => world.close());
beforeEach(() => {
  world.sent.length = 0;
  world.clock.now = new Date();
});

const ours = (facts: Partial<McpServer> = {}) =>
  aServer({ url: world.mcp.url, uid: 'uid-a', status: connected('True'), ...facts });

const ports = (more: Partial<CheckSignInPorts> = {}): CheckSignInPorts => ({
  ...world.ports,
  inspectSignIn: signInInspector({
    fetch: world.fetch,
    readChallenge: challengeReader(world.fetch),
    publicUrl: world.publicUrl,
    allowInsecure: true,
    now: () => world.clock.now,
    clients: world.store,
  }),
  ...more,
});

const person = aPerson();
async function checked(server: McpServer, more: Partial<CheckSignInPorts> = {}) {
  const check = await checkSignIn(ports(more), server, aCaller(person));
  expect(signInCheckSchema.parse(check)).toEqual(check);
  return { ...check, findings: check.links.map(({ finding }) => finding) };
}

const allRows = async () =>
  (await world.local.client.send(new ScanCommand({ TableName: world.local.table }))).Items;

/** Signs ada in, as the routes do. */
async function signIn(server: McpServer): Promise<void> {
  const started = await startSignIn(world.ports, server, person);
  if (started.kind !== 'started') throw new Error(started.kind);
  const { url } = await browserOf(ada).visit(started.authorizationUrl, {
    stopAt: ({ origin }) => origin === world.publicUrl,
  });
  const { code = '', state = '', iss = '' } = Object.fromEntries(url.searchParams);
  const place = url.pathname.split('/').at(-1) ?? '';
  const called = await callBack(world.ports, place, state, { code, iss });
  if (called.kind !== 'parked') throw new Error(called.kind);
  await completeSignIn(world.ports, server, person, called.secret);
}

const discovered = [
  'challenge-good',
  'resource-metadata-good',
  'issuer-named',
  'issuer-metadata-good',
  'pkce-good',
];

test('a server as it should be: every link is ok, and only GETs went to the issuer', async () => {
  const before = await allRows();
  const check = await checked(ours());
  expect(check.possible).toBe(true);
  expect(check.findings).toEqual([
    ...discovered,
    'client-registrable',
    'authorization-request',
    'not-signed-in',
  ]);
  const isOfIssuer = ({ origin }: URL) => origin === world.issuer.url;
  const toIssuer = world.sent.filter(({ url }) => isOfIssuer(url));
  expect(toIssuer.length).toBeGreaterThan(0);
  expect(new Set(toIssuer.map(({ method }) => method))).toEqual(new Set(['GET']));
  expect(await allRows()).toEqual(before);
});

test('the authorization request is the one that a sign-in sends, without state and challenge', async () => {
  await signIn(ours({ uid: 'uid-request' }));
  const { links } = await checked(ours());
  const started = await startSignIn(world.ports, ours(), person);
  if (started.kind !== 'started') throw new Error(started.kind);
  for (const name of ['state', 'code_challenge'])
    started.authorizationUrl.searchParams.delete(name);
  const shown = links.find(({ finding }) => finding === 'authorization-request');
  expect(shown?.details).toEqual([{ name: 'URL', value: started.authorizationUrl.href }]);
});

test('signed in: the token goes to the server once and to nobody else, and nothing is written', async () => {
  const server = ours({ uid: 'uid-signed-in' });
  await signIn(server);
  const before = await allRows();
  world.sent.length = 0;
  const sentTo: string[] = [];
  const check = await checked(server, {
    verifyToken: async (one, token) => {
      sentTo.push(one.url ?? '');
      return world.ports.verifyToken(one, token);
    },
  });
  expect(check).toMatchObject({ possible: true });
  expect(check.findings).toEqual([
    ...discovered,
    'client-registered',
    'authorization-request',
    'signed-in',
    'token-accepted',
  ]);
  expect(sentTo).toEqual([world.mcp.url]);
  expect(JSON.stringify(check)).not.toMatch(/eyJ[\w-]+\.|refresh_token/);
  expect(world.sent.filter(({ method }) => method !== 'GET').map(({ url }) => url.href)).toEqual([
    world.mcp.url,
  ]);
  expect(await allRows()).toEqual(before);
});

test('a token that has expired is reported as that: not refreshed, not sent', async () => {
  const server = ours({ uid: 'uid-expired' });
  await signIn(server);
  const before = await allRows();
  world.clock.now = new Date(Date.now() + 2 * 3_600_000);
  const check = await checked(server, {
    verifyToken: () => Promise.reject(new Error('It was sent.')),
  });
  expect(check.links.at(-1)).toMatchObject({
    finding: 'grant-expired',
    status: 'broken',
    fixedBy: 'you',
    message: expect.stringMatching(/^Your token expired at .* It can be refreshed\.$/),
    fix: expect.stringContaining('muster auth status --server default/server-a --verify'),
  });
  // A person could still sign in.
  expect(check.possible).toBe(true);
  expect(await allRows()).toEqual(before);
});

test.each([
  ['refused', { kind: 'refused', message: 'The server refused the token.' }, 'token-refused'],
  ['not enough', { kind: 'insufficientScope', scopes: ['admin'] }, 'token-refused'],
  ['answered with an error', { kind: 'unclear', message: 'HTTP 500.' }, 'token-unclear'],
] as const)('a token that is %s is told and not stored', async (_what, result, finding) => {
  const server = ours({ uid: `uid-${finding}-${result.kind}` });
  await signIn(server);
  const before = await allRows();
  const check = await checked(server, { verifyToken: async () => result });
  expect([check.findings.at(-1), check.possible]).toEqual([finding, true]);
  expect(await allRows()).toEqual(before);
});

test('a grant of another address of the server has ended', async () => {
  await world.store.putGrant(
    aGrant({ person, serverUid: 'uid-moved', serverUrl: 'https://elsewhere.example/mcp' }),
    { accessToken: 'a-token' },
  );
  const { links } = await checked(ours({ uid: 'uid-moved' }));
  expect(links.at(-1)).toMatchObject({
    finding: 'grant-ended',
    message: expect.stringContaining('The URL of the server changed after you signed in'),
  });
});

/** A server and its issuer on one origin; each answer can be bent. */
async function bent(answers: Readonly<Record<string, unknown>>, challenge = 'Bearer') {
  const said: Record<string, unknown> = {};
  const respond = (response: ServerResponse, body: unknown) =>
    typeof body === 'number' || body === undefined
      ? response.writeHead(body ?? 404).end()
      : response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  const { url, close } = await listen(
    createServer((request, response) => {
      if (request.url === '/mcp') response.writeHead(401, { 'www-authenticate': challenge }).end();
      else respond(response, said[request.url ?? '']);
    }),
  );
  afterAll(close);
  Object.assign(said, {
    '/.well-known/oauth-protected-resource/mcp': {
      resource: `${url}/mcp`,
      authorization_servers: [url],
    },
    '/.well-known/oauth-authorization-server': {
      issuer: url,
      authorization_endpoint: `${url}/auth`,
      token_endpoint: `${url}/token`,
      registration_endpoint: `${url}/register`,
      code_challenge_methods_supported: ['S256'],
      ...(answers['metadata'] as object | undefined),
    },
    ...answers,
  });
  return { url, server: ours({ url: `${url}/mcp`, uid: `uid-of-${url}` }) };
}

const broken: [finding: keyof typeof signInFindings, bend: Readonly<Record<string, unknown>>][] = [
  ['client-missing', { metadata: { registration_endpoint: null } }],
  [
    'client-authentication-unsupported',
    { metadata: { token_endpoint_auth_methods_supported: ['tls_client_auth'] } },
  ],
  ['pkce-not-listed', { metadata: { code_challenge_methods_supported: null } }],
  ['pkce-unsupported', { metadata: { code_challenge_methods_supported: ['plain'] } }],
  ['issuer-mismatch', { metadata: { issuer: 'https://victim.example' } }],
  ['issuer-endpoint-insecure', { metadata: { token_endpoint: 'ftp://a.example/' } }],
  ['issuer-metadata-missing', { '/.well-known/oauth-authorization-server': 404 }],
  ['issuer-unavailable', { '/.well-known/oauth-authorization-server': 503 }],
  ['resource-metadata-unavailable', { '/.well-known/oauth-protected-resource/mcp': 503 }],
  [
    'resource-mismatch',
    { '/.well-known/oauth-protected-resource/mcp': { resource: 'https://inner.example/' } },
  ],
  [
    'issuer-unusable',
    {
      '/.well-known/oauth-protected-resource/mcp': undefined,
      metadata: { issuer: 'ftp://a.example' },
    },
  ],
  [
    'no-issuer-named',
    {
      '/.well-known/oauth-protected-resource/mcp': 404,
      '/.well-known/oauth-authorization-server': 404,
    },
  ],
];

test.each(broken)(
  '%s: the chain breaks there, with whose it is and every place',
  async (id, bend) => {
    const { server } = await bent(bend);
    const check = await checked(server);
    const link = check.links.find(({ status }) => status === 'broken');
    expect(check.possible).toBe(false);
    expect(link).toMatchObject({
      finding: id,
      link: signInFindings[id].link,
      fixedBy: expect.any(String),
      fix: expect.stringMatching(/\.$/),
      page: `/sign-in/${id}/`,
    });
    expect(link?.details?.length).toBeGreaterThan(0);
    expect(check.findings.at(-1)).toBe('not-signed-in');
  },
);

test('without a client, the callback and the setting are ready to paste', async () => {
  const { url, server } = await bent({ metadata: { registration_endpoint: null } });
  const { links } = await checked(server);
  expect(links.find(({ finding }) => finding === 'client-missing')?.details).toEqual([
    { name: 'Callback URL', value: callbackUrl(world.publicUrl, url) },
    {
      name: 'OAUTH_CLIENTS',
      value: JSON.stringify([{ issuer: url, id: 'CLIENT_ID', secret: 'CLIENT_SECRET' }]),
    },
  ]);
});

const odd: [finding: keyof typeof signInFindings, challenge: string, bend: object][] = [
  ['challenge-without-address', 'Bearer', {}],
  ['challenge-missing', 'Basic realm="Bearer"', {}],
  ['resource-metadata-elsewhere', 'Bearer resource_metadata="/nowhere"', {}],
  ['issuer-by-origin', 'Bearer', { '/.well-known/oauth-protected-resource/mcp': 404 }],
];

test.each(odd)('%s is odd but tolerated', async (finding, challenge, bend) => {
  const { server } = await bent({ ...bend }, challenge);
  const check = await checked(server);
  expect(check.possible).toBe(true);
  expect(check.links.find((link) => link.finding === finding)).toMatchObject({
    status: 'odd',
    fixedBy: 'server',
  });
});

test('an issuer with a slash more than its server says is odd but tolerated', async () => {
  const { url, server } = await bent({});
  const check = await checked({
    ...server,
    auth: anAuth({ authorizationServer: { issuer: `${url}/` } }),
  });
  expect(check.findings).toContain('issuer-slash');
  expect(check.possible).toBe(true);
});

test('a pin that the server contradicts', async () => {
  const { server } = await bent({});
  const auth = anAuth({ authorizationServer: { issuer: 'https://pin.example' } });
  expect((await checked({ ...server, auth })).findings).toContain('issuer-contradicted');
});

test('a server that is down', async () => {
  const check = await checked(ours({ url: 'http://127.0.0.1:1/mcp' }));
  expect([check.findings[0], check.possible]).toEqual(['server-unavailable', false]);
});

test('a server that is open and names no issuer needs no sign-in', async () => {
  const { url, close } = await listen(createServer((_request, response) => response.end('{}')));
  afterAll(close);
  const open = aServer({ url: `${url}/mcp`, status: connected('False') });
  expect(await checked(open)).toMatchObject({ possible: true, findings: ['no-sign-in-needed'] });
});

test('a server that is open and names an issuer has to declare its sign-in', async () => {
  const { url, server } = await bent({}, 'x');
  const readChallenge = async () => ({ status: 200, schemes: [] });
  const inspectSignIn = signInInspector({
    fetch: world.fetch,
    readChallenge,
    publicUrl: world.publicUrl,
    allowInsecure: true,
    now: () => world.clock.now,
    clients: world.store,
  });
  const open = { ...server, status: connected('False'), url: `${url}/mcp` };
  const check = await checked(open, { inspectSignIn });
  expect([check.findings[0], check.possible]).toEqual(['sign-in-not-declared', false]);
});

test.each([
  ['of type stdio', { type: 'stdio' }, 'stdio-server', true],
  ['without https in the cloud', { url: 'http://mcp.example.com/' }, 'server-url-unusable', false],
  ['with a routing header', { headers: { 'x-forwarded-host': 'a' } }, 'server-url-unusable', false],
] as const)('a server %s', async (_what, facts, finding, possible) => {
  const policy = {
    ...world.ports.policy,
    allowInsecure: finding !== 'server-url-unusable' || 'headers' in facts,
  };
  expect(await checked(ours(facts), { policy })).toMatchObject({ findings: [finding], possible });
});

const allowing = (more: Partial<TokenPolicy> = {}): Partial<CheckSignInPorts> => ({
  policy: {
    ...world.ports.policy,
    forwardHosts: [new URL(world.mcp.url).host],
    exchangeIssuers: [world.issuer.url],
    ...more,
  },
  inspectSignIn: () => Promise.reject(new Error('Nobody signs in there.')),
});

const brokenOf = ({ links }: SignInCheck) => links.find(({ status }) => status === 'broken');

test('forwarding: policy, audiences, expiry, and one request with the own token', async () => {
  const forwarding = ours({ auth: anAuth({ forwardToken: true }) });
  const sent: string[] = [];
  const verifyToken: CheckSignInPorts['verifyToken'] = async (_server, token) => {
    sent.push(token);
    return { kind: 'accepted' };
  };
  const good = await checked(forwarding, { ...allowing(), verifyToken });
  expect(good.findings).toEqual(['forwarding-allowed', 'token-accepted']);
  expect(sent).toEqual(['token-of-ada']);

  const refused = await checked(forwarding, { ...allowing({ forwardHosts: [] }), verifyToken });
  expect(brokenOf(refused)).toMatchObject({
    finding: 'sso-refused',
    fixedBy: 'muster',
    message: expect.stringContaining('FORWARD_HOSTS'),
  });
  const picky = ours({ auth: anAuth({ forwardToken: true, requiredAudiences: ['kubernetes'] }) });
  expect(brokenOf(await checked(picky, { ...allowing(), verifyToken }))).toMatchObject({
    finding: 'sso-audience-missing',
    fixedBy: 'muster',
    message: expect.stringContaining('AUDIENCE_NAMESPACES'),
  });
  world.clock.now = new Date('2100-01-02T00:00:00Z');
  expect(brokenOf(await checked(forwarding, { ...allowing(), verifyToken }))).toMatchObject({
    finding: 'sso-token-expired',
  });
  expect(sent).toEqual(['token-of-ada']);
});

test('exchange: policy, endpoint and the name of the Secret; nothing is exchanged', async () => {
  const exchanging = ours({
    auth: anAuth({
      tokenExchange: {
        enabled: true,
        dexTokenEndpoint: `${world.issuer.url}/token`,
        connectorId: 'muster',
        scopes: 'openid',
        clientCredentialsSecretRef: { name: 'dex', clientIdKey: 'id', clientSecretKey: 'secret' },
      },
    }),
  });
  const check = await checked(exchanging, allowing());
  expect(check.findings).toEqual(['exchange-allowed', 'not-signed-in']);
  expect(check.links[0]?.details).toEqual([
    { name: 'Token endpoint', value: `${world.issuer.url}/token` },
    { name: 'connectorId', value: 'muster' },
    { name: 'Secret', value: 'default/dex' },
  ]);
  expect(brokenOf(await checked(exchanging, allowing({ exchangeIssuers: [] })))).toMatchObject({
    finding: 'sso-refused',
    message: expect.stringContaining('EXCHANGE_ISSUERS'),
  });
  expect(world.sent).toEqual([]);
});

test('what servers and issuers say is one line and bounded in every link', async () => {
  const evil = `https://e.example/\u202e\n\u001b[31m${'x'.repeat(3_000)}`;
  const { server } = await bent(
    { metadata: { issuer: evil } },
    `Bearer realm="${'y'.repeat(500)}"`,
  );
  for (const { message, details = [] } of (await checked(server)).links)
    for (const text of [message, ...details.flatMap(({ name, value }) => [name, value])]) {
      expect(text).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      expect(text.length).toBeLessThan(1_200);
    }
});
