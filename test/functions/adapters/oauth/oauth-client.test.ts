import { createServer as createHttpsServer } from 'node:https';
import { createServer, type RequestListener } from 'node:http';
import { text } from 'node:stream/consumers';
import { decodeJwt } from 'jose';
import { Agent, fetch as undiciFetch } from 'undici';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { challengeReader } from '../../../../functions/adapters/mcp/challenge-reader.ts';
import { oauthClient } from '../../../../functions/adapters/oauth/oauth-client.ts';
import { callbackUrl, clientDocument } from '../../../../functions/adapters/oauth/registration.ts';
import type { McpServer } from '../../../../functions/model/mcpserver.ts';
import { endsGrant } from '../../../../functions/sessions/grant-end.ts';
import type { Grant, Tokens } from '../../../../functions/sessions/grant.ts';
import type {
  AuthorizationAnswer,
  AuthorizationRequest,
} from '../../../../functions/sessions/pending-sign-in.ts';
import type { AuthorizeResult } from '../../../../functions/sessions/signin.ts';
import { createAuthority } from '../../../../local/certificates.ts';
import { ada, startIssuer } from '../../../../local/issuer.ts';
import { listen } from '../../../../local/listen.ts';
import { startMcpServer } from '../../../../local/mcp-servers.ts';
import { browserOf } from '../../../world/browser.ts';
import { anAuth, aServer } from '../../../world/server.ts';
import { type SignInWorld, startSignInWorld } from '../../../world/signin.ts';
import { defined } from '../../../../functions/model/defined.ts';

let world: SignInWorld;
beforeAll(async () => {
  world = await startSignInWorld();
});
afterAll(() => world.close());
beforeEach(() => {
  world.sent.length = 0;
});

const closers: (() => Promise<void>)[] = [];
afterAll(async () => void (await Promise.all(closers.map((close) => close()))));

/** A server of somebody else's making on loopback. */
async function stranger(answer: RequestListener): Promise<string> {
  const { url, close } = await listen(createServer(answer));
  closers.push(close);
  return url;
}

const authorized = (outcome: AuthorizeResult) => {
  if (outcome.kind !== 'authorized') throw new Error(outcome.message);
  return outcome;
};

/** Signs ada in at the address and returns what the browser brought back. */
async function answerTo(
  authorizationUrl: URL,
  publicUrl = world.publicUrl,
): Promise<AuthorizationAnswer> {
  const { url } = await browserOf(ada).visit(authorizationUrl, {
    stopAt: ({ origin }) => origin === new URL(publicUrl).origin,
  });
  const { code, iss } = Object.fromEntries(url.searchParams);
  return defined({
    code: code ?? '',
    iss,
  });
}

const at = (url: string, more: Partial<McpServer> = {}) => aServer({ url, ...more });

test('in the cloud no sign-in begins at a server without https, and nothing is sent', async () => {
  const { fetch, store } = world;
  const cloud = oauthClient({
    fetch,
    readChallenge: challengeReader(fetch),
    publicUrl: world.publicUrl,
    allowInsecure: false,
    now: () => world.clock.now,
    clients: store,
  });
  expect(await cloud.authorize(at(world.mcp.url), 'the-state')).toEqual({
    kind: 'refused',
    message: 'spec.url of the server is not an https address. A sign-in needs one.',
  });
  expect(world.sent).toEqual([]);
});

test('a sign-in to a real server at a real issuer ends with a token for that server', async () => {
  const { authorizationUrl, request } = authorized(
    await world.oauth.authorize(at(world.mcp.url), 'the-state'),
  );
  expect(Object.fromEntries(authorizationUrl.searchParams)).toMatchObject({
    response_type: 'code',
    state: 'the-state',
    code_challenge_method: 'S256',
    resource: world.mcp.url,
    scope: 'mcp offline_access',
    redirect_uri: callbackUrl(world.publicUrl, world.issuer.url),
  });
  const exchanged = await world.oauth.exchange(request, await answerTo(authorizationUrl));
  if (exchanged.kind !== 'exchanged') throw new Error(exchanged.message);
  expect(decodeJwt(exchanged.tokens.accessToken)).toMatchObject({
    aud: world.mcp.url,
    iss: world.issuer.url,
    sub: 'ada',
  });
  expect(exchanged.tokens.refreshToken).toBeDefined();
  expect(exchanged.scopes).toEqual(['mcp']);
  expect(exchanged.expiresAt?.getTime()).toBe(world.clock.now.getTime() + 3_600_000);
  expect(world.sent.at(-1)?.form.get('resource')).toBe(world.mcp.url);

  const opened = await fetch(world.mcp.url, {
    headers: { authorization: `Bearer ${exchanged.tokens.accessToken}` },
  });
  expect(opened.status).not.toBe(401);
});

test('discovery asks in the order of the specification', async () => {
  authorized(await world.oauth.authorize(at(world.mcp.url), 'state'));
  expect(world.sent.map(({ method, url }) => `${method} ${url.pathname}`)).toEqual([
    'POST /mcp',
    'GET /.well-known/oauth-protected-resource/mcp',
    'GET /.well-known/oauth-authorization-server',
  ]);
});

test('a registration is remembered, and made anew when the issuer has forgotten it', async () => {
  const first = authorized(await world.oauth.authorize(at(world.mcp.url), 'state'));
  const second = authorized(await world.oauth.authorize(at(world.mcp.url), 'state'));
  expect(second.request.clientId).toBe(first.request.clientId);

  const port = Number(new URL(world.issuer.url).port);
  const answer = await answerTo(second.authorizationUrl);
  await world.issuer.close();
  const reborn = await startIssuer({ port });
  closers.push(reborn.close);
  expect(await world.oauth.exchange(second.request, answer)).toEqual({
    kind: 'refused',
    message: `The issuer ${new URL(world.issuer.url).host} refused to exchange the code of the sign-in: invalid_client, HTTP 401. It says: client authentication failed.`,
  });
  const third = authorized(await world.oauth.authorize(at(world.mcp.url), 'state'));
  expect(third.request.clientId).not.toBe(first.request.clientId);
  expect(
    await world.oauth.exchange(third.request, await answerTo(third.authorizationUrl)),
  ).toMatchObject({ kind: 'exchanged' });
});

test('a code goes to nobody when the browser came back from another issuer (RFC 9207)', async () => {
  const { authorizationUrl, request } = authorized(
    await world.oauth.authorize(at(world.mcp.url), 'state'),
  );
  const { code } = await answerTo(authorizationUrl);
  world.sent.length = 0;
  const refused = await world.oauth.exchange(request, { code, iss: 'https://evil.example' });
  expect(refused).toMatchObject({ kind: 'refused', message: expect.stringContaining('RFC 9207') });
  expect(await world.oauth.exchange(request, { code })).toMatchObject({
    kind: 'refused',
    message: expect.stringContaining('RFC 9207'),
  });
  expect(world.sent.filter(({ method }) => method === 'POST')).toEqual([]);
});

test('a used or stolen code is refused in words without it', async () => {
  const { authorizationUrl, request } = authorized(
    await world.oauth.authorize(at(world.mcp.url), 'state'),
  );
  const answer = await answerTo(authorizationUrl);
  const stolen = { ...request, verifier: 'x'.repeat(43) };
  expect(await world.oauth.exchange(stolen, answer)).toEqual({
    kind: 'refused',
    message: `The issuer ${new URL(world.issuer.url).host} refused to exchange the code of the sign-in: invalid_grant, HTTP 400. It says: grant request is invalid.`,
  });
});

test('signing out revokes the refresh token', async () => {
  const { authorizationUrl, request } = authorized(
    await world.oauth.authorize(at(world.mcp.url), 'state'),
  );
  const exchanged = await world.oauth.exchange(request, await answerTo(authorizationUrl));
  if (exchanged.kind !== 'exchanged') throw new Error(exchanged.message);
  const refresh = async () => {
    const form = {
      grant_type: 'refresh_token',
      client_id: request.clientId,
      refresh_token: exchanged.tokens.refreshToken ?? '',
    };
    return (
      await fetch(`${request.issuer}/token`, { method: 'POST', body: new URLSearchParams(form) })
    ).status;
  };
  const grant = {
    person: { issuer: 'https://login.example.com', subject: 'ada' },
    serverUid: 'uid',
    serverName: 'default/server-a',
    serverUrl: world.mcp.url,
    headersDigest: '',
    obtainedAt: world.clock.now,
    refreshable: true,
    kind: 'signIn' as const,
    ...request,
  };
  await world.oauth.revoke(grant, exchanged.tokens);
  expect(await refresh()).toBe(400);
});

const scopedGrant = (request: AuthorizationRequest): Grant => ({
  person: { issuer: 'https://login.example.com', subject: 'ada' },
  serverUid: 'uid',
  serverName: 'default/server-a',
  serverUrl: world.mcp.url,
  headersDigest: '',
  obtainedAt: world.clock.now,
  refreshable: true,
  kind: 'signIn',
  ...request,
});

async function signedIn(): Promise<{ grant: Grant; tokens: Tokens }> {
  const { authorizationUrl, request } = authorized(
    await world.oauth.authorize(at(world.mcp.url), 'state'),
  );
  const exchanged = await world.oauth.exchange(request, await answerTo(authorizationUrl));
  if (exchanged.kind !== 'exchanged') throw new Error(exchanged.message);
  return { grant: scopedGrant(request), tokens: exchanged.tokens };
}

test('a refresh says again who we are and what for, and brings a new refresh token; the old one is worth nothing', async () => {
  const { grant, tokens } = await signedIn();
  world.sent.length = 0;
  const refreshed = await world.oauth.refresh(grant, tokens);
  if (refreshed.kind !== 'refreshed') throw new Error(refreshed.message);
  expect(decodeJwt(refreshed.tokens.accessToken)).toMatchObject({
    aud: world.mcp.url,
    scope: 'mcp',
  });
  expect(refreshed.tokens.refreshToken).not.toBe(tokens.refreshToken);
  expect(refreshed.expiresAt?.getTime()).toBe(world.clock.now.getTime() + 3_600_000);
  const { form } = world.sent.find(({ url }) => url.pathname === '/token') ?? {};
  expect(form?.get('resource')).toBe(world.mcp.url);
  expect(await world.oauth.refresh(grant, tokens)).toMatchObject({
    failure: { kind: 'refused', code: 'invalid_grant' },
    message: `The issuer ${new URL(world.issuer.url).host} refused to refresh the sign-in: invalid_grant, HTTP 400. It says: grant request is invalid.`,
  });
});

test('a grant is refreshed as the client it was made for, whatever we have been registered as since', async () => {
  const { grant, tokens } = await signedIn();
  await world.store.deleteClient({
    issuer: grant.issuer,
    id: grant.clientId,
    redirectUri: callbackUrl(world.publicUrl, grant.issuer),
    authentication: 'none',
  });
  const other = await signedIn();
  expect(other.grant.clientId).not.toBe(grant.clientId);
  expect(await world.oauth.refresh(grant, tokens)).toMatchObject({ kind: 'refreshed' });
});

test('a grant whose registration no longer exists is over: only a new sign-in helps', async () => {
  const { grant, tokens } = await signedIn();
  expect(await world.oauth.refresh({ ...grant, clientId: 'unknown' }, tokens)).toEqual({
    kind: 'failed',
    failure: { kind: 'noClient' },
    message: `Our registration at the issuer ${new URL(grant.issuer).host} no longer exists. Sign in again.`,
  });
});

test.each<[sentence: string, answer: RequestListener]>([
  ['answers HTTP 503', (_request, response) => response.writeHead(503).end()],
  [
    'is busy',
    (_request, response) =>
      response
        .writeHead(400, { 'content-type': 'application/json' })
        .end('{"error":"temporarily_unavailable"}'),
  ],
  ['sends something else', (_request, response) => response.end('<html>')],
  ['hangs up', (request) => request.destroy()],
])('an issuer that %s ends no grant', async (_sentence, answer) => {
  const token_endpoint = await stranger(answer);
  const issuer = await issuerWith({ token_endpoint });
  await world.store.saveClient({ issuer, id: 'muster', redirectUri: 'x', authentication: 'none' });
  const grant = scopedGrant({
    issuer,
    clientId: 'muster',
    redirectUri: 'x',
    resource: world.mcp.url,
    scopes: [],
    verifier: '',
    isNamed: false,
  });
  const failed = await world.oauth.refresh(grant, { accessToken: 'a', refreshToken: 'r' });
  if (failed.kind !== 'failed') throw new Error(failed.kind);
  expect(endsGrant(failed.failure)).toBe(false);
});

test('a client that the owner registered by hand comes before everything else, and shows its secret as the issuer wants it', async () => {
  for (const token_endpoint_auth_method of ['client_secret_basic', 'client_secret_post'] as const) {
    // The callback to register depends on the address of the issuer, so that is chosen first.
    const { port, url, close } = await listen(createServer());
    await close();
    const client = {
      client_id: 'by-hand.1',
      client_secret: 'a secret: with + and %',
      redirect_uris: [callbackUrl(world.publicUrl, url)],
      application_type: 'native' as const,
    };
    const issuer = await startIssuer({
      port,
      clients: [
        {
          ...client,
          grant_types: ['authorization_code', 'refresh_token'],
          token_endpoint_auth_method,
        },
      ],
      tokenAuthentication: [token_endpoint_auth_method],
    });
    const mcp = await startMcpServer({ oauth: { issuer: issuer.url } });
    closers.push(issuer.close, mcp.close);
    const { fetch, publicUrl, store: clients } = world;
    const configured = [{ issuer: issuer.url, id: client.client_id, secret: client.client_secret }];
    const oauth = oauthClient({
      fetch,
      readChallenge: challengeReader(fetch),
      publicUrl,
      allowInsecure: true,
      now: () => new Date(),
      clients,
      configured,
    });
    const { authorizationUrl, request } = authorized(await oauth.authorize(at(mcp.url), 'state'));
    expect(request.clientId).toBe('by-hand.1');
    const exchanged = await oauth.exchange(request, await answerTo(authorizationUrl));
    expect(exchanged).toMatchObject({ kind: 'exchanged' });
    if (exchanged.kind === 'exchanged')
      expect(await oauth.refresh(scopedGrant(request), exchanged.tokens)).toMatchObject({
        kind: 'refreshed',
      });
  }
  expect(world.sent.some(({ url }) => url.pathname === '/reg')).toBe(false);
});

test('the callback of an issuer is its digest, as docs/registered-clients.md computes it', () => {
  expect(callbackUrl('https://muster.example.com', 'https://issuer.example.com')).toBe(
    'https://muster.example.com/v1/oauth/callback/YF7C8RUz8_InTsfTBNtBi0n5kbujx9J7HSoeThV1xng',
  );
});

test('scopes of a hostile issuer or server are requested only in the syntax of scopes, 100 at most', async () => {
  const documents: Record<string, unknown> = {};
  const url = await resourceServer(documents);
  const many = Array.from({ length: 200 }, (_, index) => `s${String(index)}`);
  documents[wellKnown] = {
    resource: url,
    authorization_servers: [world.issuer.url],
    scopes_supported: ['mcp openid admin', 'x\nserver-z', 'x'.repeat(300), ...many],
  };
  const { request } = authorized(
    await world.oauth.authorize(at(`${url}/mcp`), 'state', { scopes: ['more'] }),
  );
  expect(request.scopes).toEqual([...many.slice(0, 100), 'offline_access']);
});

test('further scopes are asked for besides those that the server names', async () => {
  const { request } = authorized(
    await world.oauth.authorize(at(world.mcp.url), 'state', { scopes: ['mcp', 'admin'] }),
  );
  expect(request.scopes).toEqual(['mcp', 'admin', 'offline_access']);
});

test('an issuer that reads client metadata documents gets ours instead of a registration', async () => {
  const authority = await createAuthority();
  const certificate = await authority.issue({ hosts: ['127.0.0.1'] });
  const publicUrl: { value: string } = { value: '' };
  const us = createHttpsServer(
    { cert: certificate.certPem, key: certificate.keyPem },
    (_request, response) => {
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify(clientDocument(publicUrl.value)));
    },
  );
  const { port, close } = await listen(us);
  closers.push(close);
  publicUrl.value = `https://127.0.0.1:${port}`;
  const dispatcher = new Agent({ connect: { ca: authority.caPem } });
  const trusting = async (url: string | URL) => {
    const answer = await undiciFetch(url, { dispatcher, headers: { accept: 'application/json' } });
    return new Response(await answer.text(), {
      status: answer.status,
      headers: [...answer.headers],
    });
  };
  const reader = await startIssuer({
    clientDocuments: (url) =>
      trusting(typeof url === 'string' || url instanceof URL ? url : url.url),
  });
  const mcp = await startMcpServer({ oauth: { issuer: reader.url } });
  closers.push(reader.close, mcp.close, async () => dispatcher.close());

  const oauth = oauthClient({
    fetch: world.fetch,
    readChallenge: challengeReader(world.fetch),
    publicUrl: publicUrl.value,
    allowInsecure: true,
    now: () => new Date(),
    clients: world.store,
  });
  const { authorizationUrl, request } = authorized(await oauth.authorize(at(mcp.url), 'state'));
  expect(request.clientId).toBe(`${publicUrl.value}/.well-known/oauth-client`);
  expect(world.sent.some(({ url }) => url.pathname === '/reg')).toBe(false);
  const exchanged = await oauth.exchange(
    request,
    await answerTo(authorizationUrl, publicUrl.value),
  );
  expect(exchanged).toMatchObject({ kind: 'exchanged' });
});

/**
 * A resource server with these metadata documents; everything else is 404 or 401 with this
 * challenge.
 */
const resourceServer = (documents: Readonly<Record<string, unknown>>, challenge?: string) =>
  stranger((request, response) => {
    const document = documents[request.url ?? ''];
    if (document !== undefined)
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document));
    else
      response
        .writeHead(
          request.url === '/mcp' ? 401 : 404,
          challenge === undefined ? {} : { 'www-authenticate': challenge },
        )
        .end();
  });

const wellKnown = '/.well-known/oauth-protected-resource';

test('without a challenge the well-known document at the root is found, too', async () => {
  const documents: Record<string, unknown> = {};
  const url = await resourceServer(documents);
  documents[wellKnown] = { resource: url, authorization_servers: [world.issuer.url] };
  const { request, authorizationUrl } = authorized(
    await world.oauth.authorize(at(`${url}/mcp`), 'state'),
  );
  expect(request).toMatchObject({ issuer: world.issuer.url, resource: url, scopes: [] });
  expect(authorizationUrl.searchParams.has('scope')).toBe(false);
});

test('the scope of the challenge wins over scopes_supported', async () => {
  const documents: Record<string, unknown> = {};
  const url = await resourceServer(documents, 'Basic realm="a, b", Bearer scope="mcp:read"');
  documents[wellKnown] = {
    resource: url,
    authorization_servers: [world.issuer.url],
    scopes_supported: ['mcp:read', 'mcp:write'],
  };
  expect(authorized(await world.oauth.authorize(at(`${url}/mcp`), 'state')).request.scopes).toEqual(
    ['mcp:read', 'offline_access'],
  );
});

test('a strict server of 2026-07-28, which answers 400 to a bare request, still says where to sign in', async () => {
  const metadata: { document?: string } = {};
  const url = await strictServer(
    'Bearer resource_metadata="/sign-in-here", scope="mcp:read"',
    (request, response) =>
      request.url === '/sign-in-here' ? response.end(metadata.document) : response.destroy(),
  );
  metadata.document = JSON.stringify({
    resource: `${url}/mcp`,
    authorization_servers: [world.issuer.url],
    scopes_supported: ['mcp:read', 'mcp:write'],
  });
  const { request } = authorized(await world.oauth.authorize(at(`${url}/mcp`), 'state'));
  expect(request).toMatchObject({
    issuer: world.issuer.url,
    resource: `${url}/mcp`,
    scopes: ['mcp:read', 'offline_access'],
  });
});

/** It answers 401 with this challenge at /mcp, but only to a complete `server/discover`. */
const strictServer = (challenge: string, elsewhere: RequestListener) =>
  stranger(async (request, response) => {
    if (request.url !== '/mcp') {
      elsewhere(request, response);
      return;
    }
    const { method, params } = requestSchema.parse(JSON.parse(await text(request)));
    const isComplete =
      request.headers['mcp-protocol-version'] === '2026-07-28' &&
      request.headers['mcp-method'] === method &&
      params._meta?.['io.modelcontextprotocol/protocolVersion'] === '2026-07-28';
    response.writeHead(isComplete ? 401 : 400, isComplete ? { 'www-authenticate': challenge } : {});
    response.end();
  });

const requestSchema = z.object({
  method: z.string(),
  params: z.object({ _meta: z.optional(z.record(z.string(), z.unknown())) }),
});

test('spec.auth.authorizationServer stands in for a server without RFC 9728', async () => {
  const url = await resourceServer({});
  const auth = anAuth({
    type: 'oauth',
    authorizationServer: { issuer: world.issuer.url, scopes: 'mcp' },
  });
  const { request } = authorized(await world.oauth.authorize(at(`${url}/mcp`, { auth }), 'state'));
  expect(request).toMatchObject({
    issuer: world.issuer.url,
    resource: `${url}/mcp`,
    scopes: ['mcp', 'offline_access'],
  });
});

/** An issuer whose metadata is as it should be but for what is said. */
async function issuerWith(more: Readonly<Record<string, unknown>>): Promise<string> {
  const metadata: Record<string, unknown> = {};
  const url = await stranger((request, response) => {
    const found = request.url === '/.well-known/oauth-authorization-server';
    response
      .writeHead(found ? 200 : 404, { 'content-type': 'application/json' })
      .end(JSON.stringify(metadata));
  });
  const endpoints = {
    authorization_endpoint: `${url}/auth`,
    token_endpoint: `${url}/token`,
    registration_endpoint: `${url}/reg`,
  };
  Object.assign(metadata, {
    issuer: url,
    ...endpoints,
    code_challenge_methods_supported: ['S256'],
    ...more,
  });
  return url;
}

const refusals: [sentence: string, server: () => Promise<McpServer>, message: RegExp][] = [
  [
    'a server that names no issuer',
    async () => at(`${await resourceServer({})}/mcp`),
    /does not name its issuer/,
  ],
  [
    'a challenge that names a document that is not there',
    async () => at(`${await resourceServer({}, 'Bearer resource_metadata="/nowhere"')}/mcp`),
    /does not name its issuer.*\/nowhere: HTTP 404/,
  ],
  [
    'metadata about another resource',
    async () =>
      at(
        `${await resourceServer({ [wellKnown]: { resource: 'https://elsewhere.example/mcp', authorization_servers: [world.issuer.url] } })}/mcp`,
      ),
    /about another resource/,
  ],
  [
    'metadata without an issuer',
    async () => {
      const documents: Record<string, unknown> = {};
      const url = await resourceServer(documents);
      documents[wellKnown] = { resource: url, authorization_servers: [] };
      return at(`${url}/mcp`);
    },
    /does not name its issuer.*without authorization_servers/,
  ],
  [
    'another issuer than the pinned one',
    async () =>
      at(world.mcp.url, {
        auth: anAuth({ authorizationServer: { issuer: 'https://pinned.example.com' } }),
      }),
    /names the issuer http.*, and spec.auth.authorizationServer names https:\/\/pinned/,
  ],
  [
    'an issuer that says it is another',
    () => pinnedTo({ issuer: 'https://victim.example.com' }),
    /belongs to another issuer/,
  ],
  [
    'an issuer whose name differs by more than the slash of an empty path',
    () => pinnedTo({ issuer: 'http://127.0.0.1:1' }),
    /belongs to another issuer: it names http:\/\/127\.0\.0\.1:1\./,
  ],
  [
    'an issuer without PKCE',
    () => pinnedTo({ code_challenge_methods_supported: undefined }),
    /PKCE/,
  ],
  [
    'an issuer with plain PKCE only',
    () => pinnedTo({ code_challenge_methods_supported: ['plain'] }),
    /PKCE/,
  ],
  [
    'an issuer that sends the browser to a script',
    () => pinnedTo({ authorization_endpoint: 'javascript:alert(1)' }),
    /not an https address/,
  ],
  [
    'an issuer that lets nobody register',
    () => pinnedTo({ registration_endpoint: undefined }),
    /does not let clients register themselves.*with the callback URL http:\/\/127\.0\.0\.1:8787\/v1\/oauth\/callback\/[\w-]{43} and add it to OAUTH_CLIENTS/,
  ],
  ['an issuer that refuses the registration', () => pinnedTo({}), /refused|cannot be used/],
  [
    'an issuer with a token endpoint at the metadata address',
    () => pinnedTo({ registration_endpoint: 'http://169.254.169.254/reg' }),
    /refused by policy/,
  ],
  ['a server that is down', async () => at('http://127.0.0.1:9/mcp'), /The request to .* failed: /],
  [
    'a challenge that leads to the metadata address',
    async () =>
      at(`${await resourceServer({}, 'Bearer resource_metadata="http://169.254.169.254/x"')}/mcp`),
    /refused by policy/,
  ],
];

/** A server without RFC 9728 whose owner names this issuer. */
async function pinnedTo(
  more: Readonly<Record<string, unknown>>,
  named?: string,
): Promise<McpServer> {
  const issuer = named ?? (await issuerWith(more));
  return at(`${await resourceServer({})}/mcp`, {
    auth: anAuth({ authorizationServer: { issuer } }),
  });
}

test.each(refusals)('%s is refused in plain words', async (_sentence, make, message) => {
  expect(await world.oauth.authorize(await make(), 'state')).toEqual({
    kind: 'refused',
    message: expect.stringMatching(message),
  });
});

test('where http is not allowed, an http issuer is no issuer', async () => {
  const strict = oauthClient({
    fetch: world.fetch,
    readChallenge: challengeReader(world.fetch),
    publicUrl: world.publicUrl,
    allowInsecure: false,
    now: () => new Date(),
    clients: world.store,
  });
  expect(await strict.authorize(at(world.mcp.url), 'state')).toMatchObject({
    kind: 'refused',
    message: expect.stringContaining('not an https address'),
  });
});

test.each([
  ['a server', async () => at(`${await stranger(() => {})}/mcp`)],
  ['an issuer', async () => pinnedTo({}, await stranger(() => {}))],
])('%s that never answers does not hold anybody up', async (_sentence, make) => {
  const { fetch, publicUrl, store: clients } = world;
  const hasty = oauthClient({
    fetch,
    readChallenge: challengeReader(fetch),
    publicUrl,
    allowInsecure: true,
    now: () => new Date(),
    clients,
    patienceMs: 200,
  });
  const started = performance.now();
  expect(await hasty.authorize(await make(), 'state')).toMatchObject({
    kind: 'refused',
    message: expect.stringMatching(/no answer in time/),
  });
  expect(performance.now() - started).toBeLessThan(1_500);
});
