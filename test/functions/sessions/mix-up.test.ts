import { proofReader } from '../../../functions/adapters/oauth/proof-reader.ts';
/**
 * Mix-up (RFC 9700, section 4.4): a person signs in to a malicious MCP server, whose issuer leads
 * the browser on to an honest issuer that sends no `iss`. The code of the honest issuer must not
 * reach the attacker. Both issuers listen on loopback; the person clicks through everything.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { Hono } from 'hono';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { sealer } from '../../../functions/adapters/dynamodb/seal.ts';
import { sessionStore } from '../../../functions/adapters/dynamodb/session-store.ts';
import { challengeReader } from '../../../functions/adapters/mcp/challenge-reader.ts';
import { tokenVerifier } from '../../../functions/adapters/mcp/token-verifier.ts';
import { trustStore } from '../../../functions/adapters/network/connect.ts';
import { resolver } from '../../../functions/adapters/network/dns.ts';
import { addressGuard } from '../../../functions/adapters/network/guard.ts';
import { guardedFetch } from '../../../functions/adapters/network/http.ts';
import { oauthClient } from '../../../functions/adapters/oauth/oauth-client.ts';
import {
  callbackUrl,
  clientDocument,
  type ConfiguredClient,
} from '../../../functions/adapters/oauth/registration.ts';
import type { McpServer } from '../../../functions/model/mcpserver.ts';
import { signInStartedSchema } from '../../../functions/model/wire/session-wire.ts';
import { bearer, type Variables } from '../../../functions/routes/bearer.ts';
import { sessionRoutes } from '../../../functions/routes/session-routes.ts';
import { nothingReleased } from '../../../functions/sessions/release.ts';
import { nothingAllowed } from '../../../functions/sessions/policy.ts';
import { listen } from '../../../local/listen.ts';
import { memoryTable } from '../../../local/memory-table.ts';
import { aMachine, type Machine } from '../../world/machine.ts';
import { aCaller, aPerson } from '../../world/person.ts';
import { aServer, connected } from '../../world/server.ts';

const publicUrl = 'https://muster.example.com';
const document = clientDocument(publicUrl);

/** What the attacker's issuer does; each test says what. */
type Attack = {
  readonly metadata?: object;
  /** Once the browser has left, its metadata says this. */
  readonly later?: object;
  /** Our client id at the attacker, as its registration answers. */
  readonly clientId?: string;
  /** Where the attacker sends the browser on to. */
  readonly leadTo: (asked: URLSearchParams) => URL;
};
let attack: Attack;
let hasLeft: boolean;
/** What reached the token endpoint of the attacker. */
const stolen: URLSearchParams[] = [];

let honest: { readonly url: string };
let evil: { readonly url: string };
/** Clients of the honest issuer: their callbacks by their id. It also reads metadata documents. */
const clients = new Map<string, readonly string[]>();
/** The codes that the honest issuer gave: their challenges by code. */
const codes = new Map<string, string>();
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  const [one, other] = await Promise.all([
    listen(createServer((request, response) => void honestAnswer(request, response))),
    listen(createServer((request, response) => void evilAnswer(request, response))),
  ]);
  [honest, evil] = [one, other];
  closers.push(one.close, other.close);
});
afterAll(async () => void (await Promise.all(closers.map((close) => close()))));

const json = (response: ServerResponse, body: object, status = 200) =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

const redirect = (response: ServerResponse, to: URL) =>
  void response.writeHead(302, { location: to.href }).end();

const metadataOf = (issuer: string) => ({
  issuer,
  authorization_endpoint: `${issuer}/auth`,
  token_endpoint: `${issuer}/token`,
  registration_endpoint: `${issuer}/reg`,
  code_challenge_methods_supported: ['S256'],
  token_endpoint_auth_methods_supported: ['none'],
});

/** The MCP server of an issuer is at the same address: it asks for a sign-in. */
function common(issuer: string, path: string, response: ServerResponse): boolean {
  if (path === '/.well-known/oauth-protected-resource/mcp')
    json(response, { resource: `${issuer}/mcp`, authorization_servers: [issuer] });
  else if (path === '/mcp') response.writeHead(401, { 'www-authenticate': 'Bearer' }).end();
  else return false;
  return true;
}

const registrationSchema = z.object({ redirect_uris: z.array(z.string()) });

/** Correct in all it does. It never sends `iss`, as RFC 6749 alone does not ask for it. */
async function honestAnswer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams: asked } = new URL(request.url ?? '', honest.url);
  if (common(honest.url, pathname, response)) return;
  if (pathname === '/.well-known/oauth-authorization-server')
    json(response, { ...metadataOf(honest.url), client_id_metadata_document_supported: true });
  else if (pathname === '/reg') {
    const { redirect_uris } = registrationSchema.parse(JSON.parse(await text(request)));
    clients.set('muster-at-honest', redirect_uris);
    json(response, { client_id: 'muster-at-honest' }, 201);
  } else if (pathname === '/auth') {
    const id = asked.get('client_id') ?? '';
    const callback = asked.get('redirect_uri') ?? '';
    const callbacks = id === document.client_id ? document.redirect_uris : clients.get(id);
    if (callbacks?.includes(callback) !== true) return void response.writeHead(400).end();
    const code = randomBytes(16).toString('base64url');
    codes.set(code, asked.get('code_challenge') ?? '');
    const back = new URL(callback);
    back.searchParams.set('code', code);
    back.searchParams.set('state', asked.get('state') ?? '');
    redirect(response, back);
  } else if (pathname === '/token') {
    const form = new URLSearchParams(await text(request));
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (codes.get(form.get('code') ?? '') === challenge)
      json(response, { access_token: 'a-token', token_type: 'bearer' });
    else json(response, { error: 'invalid_grant' }, 400);
  } else response.writeHead(404).end();
}

async function evilAnswer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams: asked } = new URL(request.url ?? '', evil.url);
  if (common(evil.url, pathname, response)) return;
  if (pathname === '/.well-known/oauth-authorization-server')
    json(response, {
      ...metadataOf(evil.url),
      ...(hasLeft ? { ...attack.metadata, ...attack.later } : attack.metadata),
    });
  else if (pathname === '/reg') json(response, { client_id: attack.clientId ?? 'muster' }, 201);
  else if (pathname === '/auth') {
    hasLeft = true;
    redirect(response, attack.leadTo(asked));
  } else if (pathname === '/token') {
    stolen.push(new URLSearchParams(await text(request)));
    json(response, { access_token: 'a-token', token_type: 'bearer' });
  } else response.writeHead(404).end();
}

let table: ReturnType<typeof memoryTable>;
let api: Hono<{ Variables: Variables }>;
let configured: ConfiguredClient[];
beforeEach(async () => {
  hasLeft = false;
  stolen.length = 0;
  clients.clear();
  codes.clear();
  configured = [];
  table = memoryTable();
  const now = () => new Date();
  const store = sessionStore({
    table,
    sealer: sealer([`k:${randomBytes(32).toString('base64url')}`]),
    now,
  });
  const connector = {
    guard: addressGuard({ allowLocal: true }),
    resolve: resolver(),
    secureContext: trustStore(),
  };
  const fetch = guardedFetch(connector);
  const caller = aCaller(aPerson());
  machine = await aMachine();
  await store.enrollKey(caller.person, machine.thumbprint);
  const servers: Record<string, McpServer> = {
    honest: aServer({
      name: 'honest',
      uid: 'uid-honest',
      url: `${honest.url}/mcp`,
      status: connected('True'),
    }),
    evil: aServer({
      name: 'evil',
      uid: 'uid-evil',
      url: `${evil.url}/mcp`,
      status: connected('True'),
    }),
  };
  api = new Hono<{ Variables: Variables }>();
  api.use(
    '/v1/*',
    bearer({ verify: async () => ({ kind: 'valid', caller }), publicUrl, log: () => {} }),
  );
  const load = async () => ({
    ...store,
    ...oauthClient({
      fetch,
      readChallenge: challengeReader(fetch),
      publicUrl,
      allowInsecure: true,
      now,
      clients: store,
      configured,
    }),
    now,
    wait: async () => {},
    newSecret: () => randomBytes(32).toString('base64url'),
    readServer: async (_namespace: string, name: string) => servers[name],
    clientDocument: document,
    verifyToken: tokenVerifier(connector),
    exchangeToken: async () => ({ kind: 'unavailable' as const, message: 'not here' }),
    policy: { ...nothingAllowed, allowInsecure: true },
    publicUrl,
    readProof: proofReader(now),
    takeLimit: async () => ({ kind: 'allowed' as const }),
    release: nothingReleased,
    takeServerLimit: async () => ({ kind: 'allowed' as const }),
    audit: () => {},
  });
  api.route('/', sessionRoutes(load));
});

const session = (name: string) => `/v1/mcpservers/default/${name}/session`;
let machine: Machine;

/** A change by Ada at her own machine. */
async function post(path: string, body?: string): Promise<Response> {
  const { token } = aCaller(aPerson());
  const dpop = await machine.proof({ method: 'POST', url: `${publicUrl}${path}`, token });
  const headers = { authorization: `Bearer ${token}`, dpop };
  return api.request(path, { method: 'POST', headers, ...(body === undefined ? {} : { body }) });
}

/** Where the browser ends: at an issuer that refuses, or at our callback. */
async function signIn(name: string): Promise<{ readonly status: number; readonly html: string }> {
  const started = await post(session(name));
  if (started.status !== 200) throw new Error(await started.text());
  let at = new URL(signInStartedSchema.parse(await started.json()).authorizationUrl);
  for (let step = 0; step < 5; step += 1) {
    const answer =
      at.origin === publicUrl
        ? await api.request(at.pathname + at.search)
        : await fetch(at, { redirect: 'manual' });
    const next = answer.headers.get('location');
    if (next === null) return { status: answer.status, html: await answer.text() };
    at = new URL(next, at);
  }
  throw new Error('The browser does not come to rest.');
}

/** A person who is careless enough to paste what the page shows. */
async function complete(name: string, html: string): Promise<number | undefined> {
  const secret = /<code>([\w-]{43})<\/code>/.exec(html)?.[1];
  if (secret === undefined) return undefined;
  const body = JSON.stringify({ secret });
  const path = `${session(name)}/complete`;
  return (await post(path, body)).status;
}

const kinds = (): readonly unknown[] => table.rows().map(({ sk }) => sk);

test.each<[string, () => ConfiguredClient[]]>([
  ['a registered client', () => []],
  ['a client registered by hand', () => [{ issuer: honest.url, id: 'by-hand' }]],
])('a sign-in to an honest server as %s works', async (_sentence, make) => {
  configured = make();
  clients.set('by-hand', [callbackUrl(publicUrl, honest.url)]);
  const { status, html } = await signIn('honest');
  expect(status).toBe(200);
  expect(await complete('honest', html)).toBe(200);
  expect(kinds().filter((sk) => String(sk).startsWith('grant'))).toHaveLength(1);
});

const iss = { authorization_response_iss_parameter_supported: true };
const documents = { ...iss, client_id_metadata_document_supported: true };

/** The honest authorization endpoint with these parameters instead of those of the attacker. */
const honestWith = (asked: URLSearchParams, changed: Readonly<Record<string, string>>): URL => {
  const url = new URL(`${honest.url}/auth`);
  for (const [name, value] of Object.entries({ ...Object.fromEntries(asked), ...changed }))
    url.searchParams.set(name, value);
  return url;
};

const ourCallbacks: readonly [string, () => string][] = [
  ['the callback of the honest issuer', () => callbackUrl(publicUrl, honest.url)],
  ['the callback of the attacker', () => callbackUrl(publicUrl, evil.url)],
  ['the callback of the metadata document', () => document.redirect_uris[0] ?? ''],
  ['the callback without an issuer', () => `${publicUrl}/v1/oauth/callback`],
];
const ourClients: readonly [string, string][] = [
  ['our registration', 'muster-at-honest'],
  ['our client registered by hand', 'by-hand'],
  ['our metadata document', document.client_id],
];
const attackers: readonly [string, Omit<Attack, 'leadTo'>][] = [
  ['says nothing about iss', {}],
  ['announces iss', { metadata: iss }],
  [
    'announces iss and takes it back',
    { metadata: iss, later: { authorization_response_iss_parameter_supported: false } },
  ],
  ['reads metadata documents', { metadata: documents }],
  [
    'reads metadata documents and takes iss back',
    { metadata: documents, later: { authorization_response_iss_parameter_supported: false } },
  ],
  [
    'reads metadata documents, without iss',
    { metadata: { client_id_metadata_document_supported: true } },
  ],
  ['registers us under our client id at the honest issuer', { clientId: 'muster-at-honest' }],
  ['registers us under the address of our document', { clientId: document.client_id }],
];

const attempts = attackers.flatMap(([who, how]) =>
  ourClients.flatMap(([client, clientId]) =>
    ourCallbacks.map(([place, callback]) => ({ who, how, client, clientId, place, callback })),
  ),
);

test.each(attempts)(
  'an issuer that $who and leads on as $client to $place gets neither code nor verifier',
  async ({ how, clientId, callback }) => {
    // Both are at the honest issuer already, each for the callback of that issuer.
    clients.set('by-hand', [callbackUrl(publicUrl, honest.url)]);
    await signIn('honest');
    attack = {
      ...how,
      leadTo: (asked) => honestWith(asked, { client_id: clientId, redirect_uri: callback() }),
    };
    const before = kinds().filter((sk) => sk === 'parked').length;
    const { status, html } = await signIn('evil');
    expect(await complete('evil', html)).toBeUndefined();
    expect(stolen).toEqual([]);
    expect(status).toBe(400);
    expect(kinds().filter((sk) => sk === 'parked')).toHaveLength(before);
    expect(kinds().filter((sk) => String(sk).startsWith('grant'))).toEqual([]);
  },
);

test('the page of an answer that does not name its issuer says so, and to whom it was sent', async () => {
  attack = {
    metadata: documents,
    leadTo: (asked) =>
      honestWith(asked, {
        client_id: document.client_id,
        redirect_uri: document.redirect_uris[0] ?? '',
      }),
  };
  const { html } = await signIn('evil');
  expect(html).toContain('The answer came from another issuer');
  expect(html).toContain(evil.url);
});
