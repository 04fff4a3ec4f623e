/**
 * Single sign-on with real issuers and real MCP servers. The token exchange is that of
 * `local/exchange-grant.ts`: no real Dex was run.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { tokenExchanger } from '../../../functions/adapters/oauth/token-exchange.ts';
import type { McpServer } from '../../../functions/model/mcpserver.ts';
import type { Person } from '../../../functions/sessions/person.ts';
import type { TokenPolicy } from '../../../functions/sessions/policy.ts';
import { sessionOf } from '../../../functions/sessions/session.ts';
import { releaseToken, type WantedRelease } from '../../../functions/sessions/token-release.ts';
import { verifySession } from '../../../functions/sessions/verify.ts';
import { exchangeClient } from '../../../local/exchange-grant.ts';
import { type Issuer, startIssuer } from '../../../local/issuer.ts';
import { type LocalMcpServer, startMcpServer } from '../../../local/mcp-servers.ts';
import { bearerFor } from '../../world/bearer.ts';
import { aCaller, aPerson } from '../../world/person.ts';
import { anAuth, aServer, connected } from '../../world/server.ts';
import { type SignInWorld, startSignInWorld } from '../../world/signin.ts';
import { ada } from '../../../local/issuer.ts';

const credentials = {
  clientId: 'muster-exchange',
  clientSecret: 'the-client-secret-of-muster-exchange',
};

let people: Issuer;
let world: SignInWorld;
let forwarding: LocalMcpServer;
let exchanging: LocalMcpServer;
let person: Person;
let token: string;
beforeAll(async () => {
  people = await startIssuer();
  const exchange = { trusts: people.url, audience: 'muster-cli', connectorId: 'muster' };
  world = await startSignInWorld({ issuer: { exchange, clients: [exchangeClient] }, credentials });
  [forwarding, exchanging] = await Promise.all([
    startMcpServer({ oauth: { issuer: people.url, audience: 'muster-cli', scopes: [] } }),
    startMcpServer({
      oauth: { issuer: world.issuer.url, audience: 'muster-exchange', scopes: [] },
    }),
  ]);
  person = { ...aPerson(ada), issuer: people.url };
  token = await bearerFor(people, ada);
});
afterAll(() => Promise.all([people, world, forwarding, exchanging].map((part) => part.close())));
beforeEach(() => {
  world.sent.length = 0;
});

const uid = () => `uid-${String(Math.random())}`;
const up = () => ({ uid: uid(), status: connected('True') });
const forwardingServer = (facts: Partial<McpServer> = {}): McpServer =>
  aServer({ ...up(), url: forwarding.url, auth: anAuth({ forwardToken: true }), ...facts });
const exchangeAuth = (more: object = {}) =>
  anAuth({
    tokenExchange: {
      enabled: true,
      dexTokenEndpoint: `${world.issuer.url}/token`,
      connectorId: 'muster',
      scopes: 'openid profile email groups',
      clientCredentialsSecretRef: {
        name: 'dex',
        clientIdKey: 'client-id',
        clientSecretKey: 'client-secret',
      },
      ...more,
    },
  });
const exchangingServer = (facts: Partial<McpServer> = {}): McpServer =>
  aServer({ ...up(), url: exchanging.url, auth: exchangeAuth(), ...facts });

const hostOf = ({ url }: LocalMcpServer) => new URL(url).host;
const open = (): TokenPolicy => ({
  forwardHosts: [hostOf(forwarding), hostOf(exchanging)],
  exchangeIssuers: [world.issuer.url],
  audienceNamespaces: ['default'],
  secretNamespaces: [],
  hasIdTokens: true,
  allowInsecure: true,
});

/** Runs single sign-on and gives SESSION as the answer and the next list would have it. */
async function signOn(server: McpServer, policy: TokenPolicy = open(), who = person) {
  const { grant, message } = await verifySession(
    { ...world.ports, policy },
    server,
    aCaller(who, { token }),
  );
  const stored = (await world.store.listGrants(who)).find(
    ({ serverUid }) => serverUid === server.uid,
  );
  const listed = sessionOf(server, who, stored, world.clock.now, { policy });
  if (message === undefined)
    expect(sessionOf(server, who, grant, world.clock.now, { policy })).toEqual(listed);
  return { ...listed, unclear: message };
}

test("a person's own token is forwarded to a host that is allowed, and the server's word is kept", async () => {
  const server = forwardingServer();
  expect(await signOn(server)).toMatchObject({
    status: 'Authenticated',
    sso: 'Forwarded',
    issuer: people.url,
    lastVerified: expect.any(String),
  });
  expect((await world.store.getGrant(person, server.uid))?.tokens).toBeUndefined();
});

test('a server that does not accept the forwarded token has failed, with its reason', async () => {
  const picky = await startMcpServer({
    oauth: { issuer: people.url, audience: 'somebody-else', scopes: [] },
  });
  const server = forwardingServer({ url: picky.url });
  const policy = { ...open(), forwardHosts: [hostOf(picky)] };
  expect(await signOn(server, policy)).toMatchObject({
    status: 'Pending Auth',
    sso: 'Failed',
    message: expect.stringContaining('The server refused the token: invalid_token'),
  });
  await picky.close();
});

test('an access token that people sign in to muster with is exchanged as one', async () => {
  const exchangeToken = tokenExchanger({
    fetch: world.fetch,
    now: () => world.clock.now,
    hasIdTokens: false,
    readCredentials: async () => undefined,
  });
  world.sent.length = 0;
  await exchangeToken(
    exchangingServer({ auth: exchangeAuth({ clientCredentialsSecretRef: undefined }) }),
    token,
  );
  expect(world.sent[0]?.form.get('subject_token_type')).toBe(
    'urn:ietf:params:oauth:token-type:access_token',
  );
});

test('a token is exchanged with the parameters that Dex documents, and the new one is proven', async () => {
  const server = exchangingServer();
  expect(await signOn(server)).toMatchObject({
    status: 'Authenticated',
    sso: 'Exchanged',
    issuer: world.issuer.url,
    scopes: ['openid', 'profile', 'email', 'groups'],
    lastVerified: expect.any(String),
    refreshable: true,
  });
  const [sent] = world.sent;
  expect(sent?.url.href).toBe(`${world.issuer.url}/token`);
  expect(Object.fromEntries(sent?.form ?? [])).toEqual({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    connector_id: 'muster',
    scope: 'openid profile email groups',
    requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    subject_token: token,
    subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
  });
});

test('exchange wins over forwarding', async () => {
  const server = exchangingServer({ auth: { ...exchangeAuth(), forwardToken: true } });
  expect(await signOn(server)).toMatchObject({ sso: 'Exchanged' });
});

test('an issuer that is away does not end what was exchanged before', async () => {
  const server = exchangingServer();
  await signOn(server);
  const away = async () => ({
    kind: 'unavailable' as const,
    message: 'The issuer could not be asked.',
  });
  const verified = await verifySession(
    { ...world.ports, policy: open(), exchangeToken: away },
    server,
    aCaller(person, { token }),
  );
  expect(verified).toMatchObject({
    grant: { kind: 'exchange' },
    message: 'The issuer could not be asked.',
  });
  expect((await world.store.getGrant(person, server.uid))?.tokens).toBeDefined();
});

const refusals: [sentence: string, server: () => McpServer, message: RegExp][] = [
  [
    'another connector',
    () => exchangingServer({ auth: exchangeAuth({ connectorId: 'another' }) }),
    /refused the token exchange: invalid_request/,
  ],
  [
    'another issuer than expected',
    () => exchangingServer({ auth: exchangeAuth({ expectedIssuer: 'https://dex.example.com' }) }),
    /gave a token that names http:.* as its issuer, not https:\/\/dex\.example\.com/,
  ],
];

test.each(refusals)(
  '%s fails the exchange, and nothing but the reason is kept',
  async (_sentence, make, message) => {
    const server = make();
    expect(await signOn(server)).toMatchObject({
      status: 'Pending Auth',
      sso: 'Failed',
      message: expect.stringMatching(message),
    });
    expect((await world.store.getGrant(person, server.uid))?.tokens).toBeUndefined();
  },
);

test('a Secret that is not there fails the exchange before anybody is asked', async () => {
  const policy = open();
  const server = exchangingServer();
  const { tokenExchanger } = await import('../../../functions/adapters/oauth/token-exchange.ts');
  const exchangeToken = tokenExchanger({
    fetch: world.fetch,
    now: () => new Date(),
    readCredentials: async () => undefined,
  });
  const { grant } = await verifySession(
    { ...world.ports, policy, exchangeToken },
    server,
    aCaller(person, { token }),
  );
  expect(grant?.refused?.message).toBe(
    'The Secret default/dex with client-id and client-secret cannot be read.',
  );
  expect(world.sent).toEqual([]);
});

const closed: [
  sentence: string,
  server: () => McpServer,
  policy: () => TokenPolicy,
  setting: RegExp,
][] = [
  [
    'forwarding to a host that is not allowed',
    () => forwardingServer(),
    () => ({ ...open(), forwardHosts: [] }),
    /FORWARD_HOSTS/,
  ],
  [
    'forwarding to a host that only looks allowed',
    () => forwardingServer({ url: 'https://mcp.example.com.evil.example/mcp' }),
    () => ({ ...open(), forwardHosts: ['mcp.example.com', '*.example.com'] }),
    /FORWARD_HOSTS/,
  ],
  [
    'forwarding to another port of an allowed host',
    () => forwardingServer(),
    () => ({ ...open(), forwardHosts: ['127.0.0.1'] }),
    /FORWARD_HOSTS/,
  ],
  [
    'forwarding of access tokens',
    () => forwardingServer(),
    () => ({ ...open(), hasIdTokens: false }),
    /BEARER_AUDIENCE/,
  ],
  [
    'forwarding without TLS',
    () => forwardingServer(),
    () => ({ ...open(), allowInsecure: false }),
    /https only/,
  ],
  [
    'exchange at an issuer that is not allowed',
    () => exchangingServer(),
    () => ({ ...open(), exchangeIssuers: [] }),
    /EXCHANGE_ISSUERS/,
  ],
  [
    'exchange at a token endpoint beside the allowed issuer',
    () =>
      exchangingServer({
        auth: exchangeAuth({ dexTokenEndpoint: `${world.issuer.url}-evil.example/token` }),
      }),
    open,
    /EXCHANGE_ISSUERS|valid URL/,
  ],
  [
    'exchange at a token endpoint that climbs out of the allowed issuer',
    () =>
      exchangingServer({
        auth: exchangeAuth({ dexTokenEndpoint: `${world.issuer.url}/dex/../evil/token` }),
      }),
    () => ({ ...open(), exchangeIssuers: [`${world.issuer.url}/dex`] }),
    /Write it as the issuer does/,
  ],
  [
    'an exchanged token for a host that is not allowed',
    () => exchangingServer(),
    () => ({ ...open(), forwardHosts: [] }),
    /FORWARD_HOSTS/,
  ],
  [
    'a Secret of another namespace',
    () =>
      exchangingServer({
        auth: exchangeAuth({
          clientCredentialsSecretRef: {
            name: 'dex',
            namespace: 'kube-system',
            clientIdKey: 'client-id',
            clientSecretKey: 'client-secret',
          },
        }),
      }),
    open,
    /SECRET_NAMESPACES/,
  ],
];

test.each(closed)(
  '%s does not happen, and SESSION names the setting',
  async (_sentence, make, policy, setting) => {
    expect(await signOn(make(), policy())).toMatchObject({
      status: 'Pending Auth',
      sso: 'Failed',
      message: expect.stringMatching(setting),
    });
    expect(world.sent).toEqual([]);
  },
);

test.each([
  ['one that has expired', { expiresAt: new Date(0) }],
  ['one without the audience', { audiences: [] }],
])("a person's token is not shown to a server when it is %s", async (_sentence, facts) => {
  const seen: string[] = [];
  const verifyToken = async (_server: McpServer, token: string) => {
    seen.push(token);
    return { kind: 'accepted' as const };
  };
  const server = forwardingServer({
    auth: anAuth({ forwardToken: true, requiredAudiences: ['muster-cli'] }),
  });
  const caller = aCaller({ ...person, ...facts }, { token });
  await verifySession({ ...world.ports, policy: open(), verifyToken }, server, caller);
  expect(seen).toEqual([]);
});

test('a machine gets the exchanged token, exchanged again once it is due or refused', async () => {
  const server = exchangingServer();
  const release = { isOn: true, hosts: [], clusterDomain: 'cluster.local' };
  const ports = { ...world.ports, policy: open(), release };
  const asked = async (wanted: Partial<WantedRelease> = {}) =>
    releaseToken(ports, server, aCaller(person, { token }), { thumbprint: 'mine', ...wanted });
  expect(await asked()).toMatchObject({ kind: 'noSession', session: { status: 'Pending Auth' } });

  await signOn(server);
  world.sent.length = 0;
  const first = await asked();
  if (first.kind !== 'released') throw new Error(first.kind);
  expect(await world.ports.verifyToken(server, first.accessToken)).toEqual({ kind: 'accepted' });
  expect(world.sent.filter(({ form }) => form.has('subject_token'))).toEqual([]);

  const second = await asked({ stale: first.generation });
  if (second.kind !== 'released') throw new Error(second.kind);
  expect(second.generation).not.toBe(first.generation);
  expect(world.sent.filter(({ form }) => form.has('subject_token'))).toHaveLength(1);
  expect(await asked({ stale: first.generation })).toMatchObject({
    kind: 'released',
    generation: second.generation,
  });

  const limited = { kind: 'reached', retryAfterMs: 1_000 } as const;
  expect(
    await releaseToken(
      {
        ...ports,
        takeServerLimit: async (_person, limit) =>
          limit === 'forcedRefresh' ? limited : { kind: 'allowed' },
      },
      server,
      aCaller(person, { token }),
      { thumbprint: 'mine', stale: second.generation },
    ),
  ).toEqual({ kind: 'limited', limit: 'forcedRefresh', refused: limited });

  expect(await asked({ refused: second.generation })).toMatchObject({
    kind: 'noSession',
    session: { status: 'Expired' },
  });
});

test('a machine learns that it may forward its own token, and to which URL', async () => {
  const server = forwardingServer();
  const release = { isOn: true, hosts: [], clusterDomain: 'cluster.local' };
  expect(
    await releaseToken(
      { ...world.ports, policy: open(), release },
      server,
      aCaller(person, { token }),
      { thumbprint: 'mine' },
    ),
  ).toEqual({ kind: 'forwarded', url: forwarding.url });
});
