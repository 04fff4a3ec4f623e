/**
 * Issuers and servers that mean harm: each is refused in plain words, and nothing is stored. The
 * address rules are those of the cloud.
 */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { resolver } from '../../../functions/adapters/network/dns.ts';
import { tokenExchanger } from '../../../functions/adapters/oauth/token-exchange.ts';
import { trustStore } from '../../../functions/adapters/network/connect.ts';
import { addressGuard } from '../../../functions/adapters/network/guard.ts';
import { guardedFetch } from '../../../functions/adapters/network/http.ts';
import { challengeReader } from '../../../functions/adapters/mcp/challenge-reader.ts';
import { oauthClient } from '../../../functions/adapters/oauth/oauth-client.ts';
import { proofReader } from '../../../functions/adapters/oauth/proof-reader.ts';
import { clientDocument } from '../../../functions/adapters/oauth/registration.ts';
import { tokenVerifier } from '../../../functions/adapters/mcp/token-verifier.ts';
import { sealer } from '../../../functions/adapters/dynamodb/seal.ts';
import {
  type SessionStore,
  sessionStore,
} from '../../../functions/adapters/dynamodb/session-store.ts';
import type { SessionPorts } from '../../../functions/routes/session-routes.ts';
import type { McpServer } from '../../../functions/model/mcpserver.ts';
import { nothingReleased } from '../../../functions/sessions/release.ts';
import { callBack, completeSignIn, startSignIn } from '../../../functions/sessions/signin.ts';
import { usableTokens } from '../../../functions/sessions/refresh.ts';
import { sessionOf } from '../../../functions/sessions/session.ts';
import { signOut } from '../../../functions/sessions/signout.ts';
import { verifySession } from '../../../functions/sessions/verify.ts';
import { listen } from '../../../local/listen.ts';
import { memoryTable } from '../../../local/memory-table.ts';
import { aCaller, aPerson } from '../../world/person.ts';
import { anAuth, aServer, connected } from '../../world/server.ts';
import { aGrant } from './build.ts';

/** What a hostile party may say at each of its places. */
type Evil = {
  readonly challenge?: string;
  readonly resource?: object;
  readonly metadata?: object;
  readonly token?: (response: ServerResponse) => void;
  readonly registration?: (response: ServerResponse) => void;
  readonly document?: (response: ServerResponse) => void;
};

let evil: Evil;
let evilUrl: string;
/** Listens on loopback, which the owner did not open: whoever gets here got through the guard. */
let inside: { readonly url: string; readonly visits: string[] };
/** Requests that the hostile party got, with the credential they carried. */
const seen: { readonly host: string; readonly authorization: string }[] = [];
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  const party = await listen(createServer((request, response) => evilAnswer(request, response)));
  const visits: string[] = [];
  const victim = await listen(
    createServer((request, response) => {
      visits.push(request.url ?? '');
      response.end('{}');
    }),
    0,
    '127.0.0.2',
  );
  evilUrl = party.url;
  inside = { url: victim.url, visits };
  closers.push(party.close, victim.close);
});
afterAll(async () => void (await Promise.all(closers.map((close) => close()))));

function evilAnswer({ url = '', headers }: IncomingMessage, response: ServerResponse): void {
  seen.push({ host: headers.host ?? '', authorization: headers.authorization ?? '' });
  const json = (body: object) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  const endpoints = {
    authorization_endpoint: `${evilUrl}/auth`,
    token_endpoint: `${evilUrl}/token`,
    registration_endpoint: `${evilUrl}/reg`,
  };
  if (url === '/.well-known/oauth-protected-resource/mcp') {
    if (evil.document !== undefined) evil.document(response);
    else json({ resource: `${evilUrl}/mcp`, authorization_servers: [evilUrl], ...evil.resource });
  } else if (url === '/.well-known/oauth-authorization-server')
    json({
      issuer: evilUrl,
      ...endpoints,
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['none'],
      ...evil.metadata,
    });
  else if (url === '/reg' && evil.registration === undefined)
    response.writeHead(201, { 'content-type': 'application/json' }).end('{"client_id":"muster"}');
  else if (url === '/reg') evil.registration?.(response);
  else if (url === '/token') evil.token?.(response);
  else if (url === '/mcp')
    response.writeHead(401, { 'www-authenticate': evil.challenge ?? 'Bearer' }).end();
  else response.writeHead(404).end();
}

let table: ReturnType<typeof memoryTable>;
let ports: SessionPorts & Pick<SessionStore, 'saveClient'>;
beforeEach(() => {
  evil = {};
  inside.visits.length = 0;
  seen.length = 0;
  table = memoryTable();
  const now = () => new Date();
  const store = sessionStore({
    table,
    sealer: sealer([`k:${randomBytes(32).toString('base64url')}`]),
    now,
  });
  // The hostile party is on the open internet; everything else on this machine is not.
  const connector = {
    guard: addressGuard({ allow: ['127.0.0.1/32'] }),
    resolve: resolver(),
    secureContext: trustStore(),
  };
  const fetch = guardedFetch(connector, { timeoutMs: 1_000 });
  const publicUrl = 'http://127.0.0.1:8787';
  ports = {
    ...store,
    ...oauthClient({
      fetch,
      readChallenge: challengeReader(fetch),
      publicUrl,
      allowInsecure: true,
      now,
      clients: store,
      patienceMs: 1_500,
    }),
    now,
    publicUrl,
    readProof: proofReader(now),
    wait: async () => {},
    newSecret: () => randomBytes(32).toString('base64url'),
    takeLimit: async () => ({ kind: 'allowed' }),
    release: nothingReleased,
    takeServerLimit: async () => ({ kind: 'allowed' as const }),
    audit: () => {},
    readServer: async () => undefined,
    clientDocument: clientDocument(publicUrl),
    verifyToken: tokenVerifier(connector, { timeoutMs: 1_000 }),
    exchangeToken: tokenExchanger({
      fetch,
      now,
      readCredentials: async () => ({ clientId: 'muster', clientSecret: 'the-secret' }),
    }),
    policy: {
      forwardHosts: [new URL(evilUrl).host],
      exchangeIssuers: [evilUrl],
      audienceNamespaces: [],
      secretNamespaces: [],
      hasIdTokens: true,
      allowInsecure: true,
    },
  };
});
afterEach(() => {
  if (inside.visits.length > 0) throw new Error(`Somebody got inside: ${inside.visits.join(', ')}`);
});

const person = aPerson();
const server = (facts: Partial<McpServer> = {}) =>
  aServer({ url: `${evilUrl}/mcp`, status: connected('True'), ...facts });
const stored = (prefix: string) => table.rows().filter(({ sk }) => String(sk).startsWith(prefix));

const stateIn = (address: URL) => address.searchParams.get('state') ?? '';
/** The last segment of the callback that the issuer is asked to send the browser to. */
const placeIn = (address: URL) =>
  new URL(address.searchParams.get('redirect_uri') ?? '').pathname.split('/').at(-1) ?? '';

/** Starts and finishes a sign-in; the browser is not needed, the evil issuer gives any code. */
async function signIn(answer: object = {}) {
  const started = await startSignIn(ports, server(), person);
  if (started.kind !== 'started') return started;
  const called = await callBack(
    ports,
    placeIn(started.authorizationUrl),
    stateIn(started.authorizationUrl),
    {
      code: 'the-code',
      ...answer,
    },
  );
  return called.kind === 'parked' ? completeSignIn(ports, server(), person, called.secret) : called;
}

const metadataAddress = 'http://169.254.169.254/latest';
const places: [place: string, at: (address: string) => Evil][] = [
  [
    'resource_metadata of the challenge',
    (address) => ({ challenge: `Bearer resource_metadata="${address}"` }),
  ],
  ['authorization_servers', (address) => ({ resource: { authorization_servers: [address] } })],
  ['registration_endpoint', (address) => ({ metadata: { registration_endpoint: address } })],
  ['token_endpoint', (address) => ({ metadata: { token_endpoint: address } })],
];

test.each(places)(
  '%s that leads to cloud metadata, or inside, is refused by policy',
  async (_place, at) => {
    for (const address of [
      metadataAddress,
      `${inside.url}/`,
      inside.url.replace('127.0.0.2', '[::ffff:127.0.0.2]'),
      'http://localhost:1/',
    ]) {
      evil = at(address);
      expect(await signIn()).toMatchObject({
        kind: 'refused',
        message: expect.stringMatching(/refused by policy|The request to .* failed/),
      });
    }
    expect(stored('grant')).toEqual([]);
  },
);

test('a refresh or a revocation does not go inside either', async () => {
  const { person: who, serverUid } = aGrant();
  evil = {
    metadata: {
      token_endpoint: `${inside.url}/token`,
      revocation_endpoint: `${inside.url}/revoke`,
    },
  };
  await ports.saveClient({
    issuer: evilUrl,
    id: 'muster',
    redirectUri: 'x',
    authentication: 'none',
  });
  await ports.putGrant(
    aGrant({ issuer: evilUrl, expiresAt: new Date(0), refreshable: true, obtainedAt: new Date() }),
    {
      accessToken: 'a',
      refreshToken: 'r',
    },
  );
  expect(await usableTokens(ports, who, serverUid)).toMatchObject({
    kind: 'retryLater',
    message: expect.stringContaining('refused by policy'),
  });
  await signOut(ports, who, serverUid);
  expect(stored('grant')).toEqual([]);
});

test('a token is neither exchanged nor shown inside', async () => {
  const exchanging = server({
    auth: anAuth({
      tokenExchange: {
        enabled: true,
        dexTokenEndpoint: `${inside.url}/token`,
        connectorId: 'c',
        scopes: 'openid',
      },
    }),
  });
  // Even where the owner allowed it by name: the address guard has the last word.
  const policy = { ...ports.policy, exchangeIssuers: [inside.url] };
  expect(await verifySession({ ...ports, policy }, exchanging, aCaller(person))).toMatchObject({
    message: expect.stringContaining('refused by policy'),
  });
  const forwarding = server({ url: `${inside.url}/mcp`, auth: anAuth({ forwardToken: true }) });
  const forward = { ...ports.policy, forwardHosts: [new URL(inside.url).host] };
  expect(
    await verifySession({ ...ports, policy: forward }, forwarding, aCaller(person)),
  ).toMatchObject({
    message: expect.stringContaining('loopback'),
  });
  expect(stored('grant')).toEqual([]);
});

test.each<[string, Evil, RegExp]>([
  [
    'metadata of another issuer',
    { metadata: { issuer: 'https://accounts.example.com' } },
    /belongs to another issuer/,
  ],
  ['an issuer without PKCE', { metadata: { code_challenge_methods_supported: ['plain'] } }, /PKCE/],
  [
    'resource metadata of somebody else',
    { resource: { resource: 'https://bank.example.com/' } },
    /about another resource/,
  ],
  [
    'an authorization endpoint that is a script',
    { metadata: { authorization_endpoint: 'javascript:alert(1)' } },
    /not an https address/,
  ],
  [
    'metadata that redirects inside',
    {
      document: (response) => response.writeHead(302, { location: `${inside.url}/` }).end(),
      metadata: { issuer: undefined },
    },
    /does not name its issuer.*refused by policy/,
  ],
  [
    'a registration that redirects inside',
    { registration: (response) => response.writeHead(307, { location: `${inside.url}/` }).end() },
    /cannot be used|refused/,
  ],
  [
    'a registration of 10 MB',
    { registration: (response) => flood(response) },
    /more than 1048576 bytes/,
  ],
])('%s is refused before the browser goes anywhere', async (_sentence, how, message) => {
  evil = how;
  expect(await signIn()).toEqual({ kind: 'refused', message: expect.stringMatching(message) });
  expect(table.rows()).toEqual([]);
});

function flood(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(`{"access_token":"${'a'.repeat(10 * 1024 * 1024)}","token_type":"bearer"}`);
}

const tokens = (body: object) => (response: ServerResponse) =>
  void response
    .writeHead(200, { 'content-type': 'application/json' })
    .end(JSON.stringify({ access_token: 'the-token', token_type: 'bearer', ...body }));

test.each<[string, Evil, RegExp]>([
  ['a token answer of 10 MB', { token: flood }, /more than 1048576 bytes/],
  ['a token endpoint that never answers', { token: () => {} }, /The request to .* failed/],
  [
    'a token answer that never ends',
    { token: (response) => response.writeHead(200).write('{') },
    /The request to .* failed/,
  ],
  [
    'a token endpoint that redirects inside',
    { token: (response) => response.writeHead(307, { location: `${inside.url}/` }).end() },
    /cannot be used/,
  ],
  [
    'a token that is no bearer',
    { token: tokens({ token_type: 'mac' }) },
    /mac|cannot be used|not support/,
  ],
  [
    'a token that is too long to keep',
    { token: tokens({ access_token: 'a'.repeat(70_000) }) },
    /too long/,
  ],
  ['text that is no JSON', { token: (response) => response.end('<html>') }, /cannot be used/],
  [
    'an error that repeats the code',
    {
      token: (response) =>
        response
          .writeHead(400, { 'content-type': 'application/json' })
          .end('{"error":"the-code","error_description":"the-code"}'),
    },
    /an error without a known code/,
  ],
  [
    'an error that is a piece of the verifier in small letters',
    {
      token: (response) =>
        response
          .writeHead(400, { 'content-type': 'application/json' })
          .end('{"error":"apieceoftheverifier"}'),
    },
    /^The issuer [\d.:]+ refused to exchange the code of the sign-in: an error without a known code, HTTP 400\.$/,
  ],
])(
  '%s makes no grant',
  async (_sentence, how, message) => {
    evil = how;
    const outcome = await signIn();
    expect(outcome).toEqual({ kind: 'refused', message: expect.stringMatching(message) });
    expect(JSON.stringify(outcome)).not.toContain('the-code');
    expect(stored('grant')).toEqual([]);
  },
  20_000,
);

test('a mix-up is seen: the code of another issuer never reaches this one (RFC 9207)', async () => {
  let asked = 0;
  evil = {
    metadata: { authorization_response_iss_parameter_supported: true },
    token: () => (asked += 1),
  };
  for (const answer of [{ iss: 'https://honest.example.com' }, {}])
    expect(await signIn(answer)).toMatchObject({ kind: 'notNamed' });
  expect(asked).toBe(0);
  expect(table.rows().filter(({ sk }) => sk === 'parked')).toEqual([]);
  expect(stored('grant')).toEqual([]);
});

test('a state is used once: replayed, stolen or made up it leads nowhere', async () => {
  evil = { token: tokens({}) };
  const started = await startSignIn(ports, server(), person);
  if (started.kind !== 'started') throw new Error(started.kind);
  const [state, place] = [stateIn(started.authorizationUrl), placeIn(started.authorizationUrl)];
  const first = await callBack(ports, place, state, { code: 'the-code' });
  expect(first.kind).toBe('parked');
  for (const guess of [state, 'made-up', ''])
    expect(await callBack(ports, place, guess, { code: 'the-thief' })).toEqual({ kind: 'unknown' });
  const thief = { ...person, subject: 'mallory' };
  const secret = first.kind === 'parked' ? first.secret : '';
  expect(await completeSignIn(ports, server(), thief, secret)).toEqual({ kind: 'unknown' });
  expect(stored('grant')).toEqual([]);
});

test('a server that refuses with the token in its words, and more, is quoted without it', async () => {
  evil = {
    token: tokens({}),
    challenge:
      'Bearer error="invalid_token", error_description="the-token; see http://evil.example/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"',
  };
  const outcome = await signIn();
  expect(outcome).toMatchObject({ kind: 'completed', grant: { refused: { by: 'server' } } });
  expect(JSON.stringify(outcome)).not.toMatch(/the-token|a{24}/);
});

const kinds: readonly (readonly [string, () => Partial<McpServer>])[] = [
  ['an own sign-in', () => ({})],
  ['forwarding', () => ({ auth: anAuth({ forwardToken: true }) })],
  [
    'token exchange',
    () => ({
      auth: anAuth({
        tokenExchange: {
          enabled: true,
          dexTokenEndpoint: `${evilUrl}/token`,
          connectorId: 'c',
          scopes: 'openid',
        },
      }),
    }),
  ],
];

test.each(
  kinds.flatMap(([how, facts]) =>
    ['Host', 'x-forwarded-host', 'Forwarded', 'X-Original-URL', 'X_Rewrite_URL', 'Authority'].map(
      (name) => [how, name, facts] as const,
    ),
  ),
)(
  '%s sends nothing to a server with %s in spec.headers, and says why',
  async (_how, name, facts) => {
    evil = { token: tokens({}) };
    const routed = server({ ...facts(), headers: { [name]: 'other.example.com' } });
    const reason = expect.stringMatching(new RegExp(`spec.headers of the server has ${name}`));
    expect(sessionOf(routed, person, undefined, new Date(), ports)).toMatchObject({
      status: 'Pending Auth',
      message: reason,
    });
    const started = await startSignIn(ports, routed, person);
    if (routed.singleSignOn === undefined)
      expect(started).toEqual({ kind: 'noTokens', reason: 'routingHeader', message: reason });
    else expect(started.kind).toBe('nothingToSignInTo');
    await ports.putGrant(
      aGrant({
        serverUid: routed.uid,
        serverUrl: routed.url ?? '',
        headersDigest: routed.headersDigest,
        issuer: evilUrl,
        kind: routed.singleSignOn ?? 'signIn',
        expiresAt: new Date(Date.now() + 3_600_000),
      }),
      { accessToken: 'the-token' },
    );
    await verifySession(ports, routed, aCaller(person));
    expect(await ports.verifyToken(routed, 'the-token')).toMatchObject({ kind: 'unclear' });
    expect(seen).toEqual([]);
  },
);

test('a grant does not survive a change of the headers, and its token goes nowhere', async () => {
  evil = { token: tokens({}) };
  expect(await signIn()).toMatchObject({ kind: 'completed' });
  const changed = server({ headers: { 'X-Tenant': 'another' } });
  seen.length = 0;
  const { grant } = await verifySession(ports, changed, aCaller(person));
  expect(sessionOf(changed, person, grant, new Date(), ports)).toMatchObject({
    status: 'Pending Auth',
    message: 'The headers of the server changed after you signed in.',
  });
  expect(seen).toEqual([]);
});

test('a sign-in does not survive it either', async () => {
  evil = { token: tokens({}) };
  const started = await startSignIn(ports, server(), person);
  if (started.kind !== 'started') throw new Error(started.kind);
  const state = started.authorizationUrl.searchParams.get('state') ?? '';
  const place = placeIn(started.authorizationUrl);
  const called = await callBack(ports, place, state, { code: 'the-code' });
  const secret = called.kind === 'parked' ? called.secret : '';
  const changed = server({ headers: { 'X-Tenant': 'another' } });
  expect(await completeSignIn(ports, changed, person, secret)).toEqual({ kind: 'serverChanged' });
  expect(stored('grant')).toEqual([]);
});

test.each(kinds)('over http, %s sends nothing in the cloud, and says why', async (_how, facts) => {
  const plain = server(facts());
  const cloud = { ...ports, policy: { ...ports.policy, allowInsecure: false } };
  const reason = expect.stringMatching(/over https only/);
  expect(sessionOf(plain, person, undefined, new Date(), cloud)).toMatchObject({
    status: 'Pending Auth',
    message: reason,
  });
  if (plain.singleSignOn === undefined)
    expect(await startSignIn(cloud, plain, person)).toEqual({
      kind: 'noTokens',
      reason: 'clearText',
      message: reason,
    });
  await ports.putGrant(
    aGrant({
      serverUid: plain.uid,
      serverUrl: plain.url ?? '',
      issuer: evilUrl,
      kind: plain.singleSignOn ?? 'signIn',
      expiresAt: new Date(0),
      obtainedAt: new Date(),
      refreshable: true,
    }),
    { accessToken: 'the-token', refreshToken: 'the-refresh' },
  );
  await verifySession(cloud, plain, aCaller(person));
  expect(seen).toEqual([]);
});

test('the query of spec.url is in no address that the browser opens, and in no grant but its URL', async () => {
  evil = { document: (response) => response.writeHead(404).end() };
  const keyed = server({
    url: `${evilUrl}/mcp?key=the-key`,
    auth: anAuth({ type: 'oauth', authorizationServer: { issuer: evilUrl } }),
  });
  const started = await startSignIn(ports, keyed, person);
  if (started.kind !== 'started') throw new Error(JSON.stringify(started));
  expect(started.authorizationUrl.searchParams.get('resource')).toBe(`${evilUrl}/mcp`);
  expect(started.authorizationUrl.href).not.toContain('the-key');
});
