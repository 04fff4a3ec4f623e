import { proofReader } from '../../../functions/adapters/oauth/proof-reader.ts';
import { aMachine, type Machine } from '../../world/machine.ts';
import { textSealer } from '../../../functions/adapters/dynamodb/sealed-text.ts';
/**
 * What an issuer says and what is in the table cannot lock anyone out or lead a token elsewhere. A
 * real issuer and MCP server on loopback, the routes, and a table whose rows the tests edit.
 */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { trustStore } from '../../../functions/adapters/network/connect.ts';
import { resolver } from '../../../functions/adapters/network/dns.ts';
import { addressGuard } from '../../../functions/adapters/network/guard.ts';
import { guardedFetch } from '../../../functions/adapters/network/http.ts';
import type { Attributes } from '../../../functions/adapters/dynamodb/dynamo-table.ts';
import { sealer } from '../../../functions/adapters/dynamodb/seal.ts';
import { sessionStore } from '../../../functions/adapters/dynamodb/session-store.ts';
import { challengeReader } from '../../../functions/adapters/mcp/challenge-reader.ts';
import { tokenVerifier } from '../../../functions/adapters/mcp/token-verifier.ts';
import { oauthClient } from '../../../functions/adapters/oauth/oauth-client.ts';
import { callbackUrl, clientDocument } from '../../../functions/adapters/oauth/registration.ts';
import { isRecord } from '../../../functions/model/json.ts';
import { listSchema } from '../../../functions/model/wire/server-wire.ts';
import {
  sessionAnswerSchema,
  signInStartedSchema,
} from '../../../functions/model/wire/session-wire.ts';
import type { McpServer } from '../../../functions/model/mcpserver.ts';
import { composeApi } from '../../../functions/routes/compose.ts';
import { sessionRoutes } from '../../../functions/routes/session-routes.ts';
import { nothingReleased } from '../../../functions/sessions/release.ts';
import { join } from '../../../functions/sessions/join.ts';
import { nothingAllowed } from '../../../functions/sessions/policy.ts';
import type { UnreadableRow } from '../../../functions/sessions/ports.ts';
import { callBack } from '../../../functions/sessions/signin.ts';
import { type Listening, listen } from '../../../local/listen.ts';
import { memoryTable } from '../../../local/memory-table.ts';
import { aCaller, aPerson } from '../../world/person.ts';
import { aServer, connected } from '../../world/server.ts';

/** Members that the issuer adds to its answers. */
let said: { readonly token?: object; readonly refresh?: object; readonly registration?: object };
let party: Listening;
/** Anyone else on the network: what comes here was led astray. */
let elsewhere: Listening;
const visits: string[] = [];
const revoked: string[] = [];
let registrations = 0;

beforeAll(async () => {
  party = await listen(createServer((request, response) => void answer(request, response)));
  elsewhere = await listen(
    createServer((request, response) => {
      visits.push(`${request.url} ${request.headers.authorization}`);
      response.writeHead(401).end();
    }),
  );
});
afterAll(async () => void (await Promise.all([party.close(), elsewhere.close()])));

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  const form = new URLSearchParams(text);
  const json = (body: object, status = 200) =>
    response
      .writeHead(status, { 'content-type': 'application/json' })
      // JSON has numbers that JavaScript cannot write.
      .end(JSON.stringify(body).replaceAll(/"number (.*?)"/g, '$1'));
  const url = request.url ?? '';
  const tokens = { access_token: 'the-token', refresh_token: 'the-refresh', token_type: 'bearer' };
  if (url === '/.well-known/oauth-protected-resource/mcp')
    json({ resource: `${party.url}/mcp`, authorization_servers: [party.url] });
  else if (url === '/.well-known/oauth-authorization-server')
    json({
      issuer: party.url,
      authorization_endpoint: `${party.url}/auth`,
      token_endpoint: `${party.url}/token`,
      registration_endpoint: `${party.url}/reg`,
      revocation_endpoint: `${party.url}/revoke`,
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['client_secret_post'],
    });
  else if (url === '/reg') {
    registrations += 1;
    json(
      {
        client_id: `muster-${registrations}`,
        client_secret: 's',
        client_secret_expires_at: 0,
        ...said.registration,
      },
      201,
    );
  } else if (url === '/token')
    json({
      ...tokens,
      ...(form.get('grant_type') === 'refresh_token' ? said.refresh : said.token),
    });
  else if (url === '/revoke') {
    revoked.push(form.get('token') ?? '');
    response.end();
  } else if (request.headers.authorization === 'Bearer the-token') json({ result: {} });
  else response.writeHead(401, { 'www-authenticate': 'Bearer' }).end();
}

let table: ReturnType<typeof memoryTable>;
let api: ReturnType<typeof composeApi>;
let servers: McpServer[];
let park: (state: string) => Promise<string>;
let clock: Date;
const reported: UnreadableRow[] = [];
const person = aPerson();

let machine: Machine;
beforeEach(async () => {
  said = {};
  visits.length = 0;
  revoked.length = 0;
  registrations = 0;
  reported.length = 0;
  clock = new Date();
  table = memoryTable();
  servers = serversAt(`${party.url}/mcp`);
  const now = () => clock;
  const store = sessionStore({
    table,
    sealer: sealer([`k:${randomBytes(32).toString('base64url')}`]),
    now,
    report: (row) => void reported.push(row),
  });
  machine = await aMachine();
  await store.enrollKey(person, machine.thumbprint);
  const connector = {
    guard: addressGuard({ allowLocal: true }),
    resolve: resolver(),
    secureContext: trustStore(),
  };
  const fetch = guardedFetch(connector, { timeoutMs: 2_000 });
  const publicUrl = 'http://127.0.0.1:8787';
  const policy = { ...nothingAllowed, allowInsecure: true };
  const readServer = async (_namespace: string, wanted: string) =>
    servers.find(({ name }) => name === wanted);
  const ports = {
    ...store,
    ...oauthClient({
      fetch,
      readChallenge: challengeReader(fetch),
      publicUrl,
      allowInsecure: true,
      now,
      clients: store,
    }),
    now,
    wait: async () => {},
    newSecret: () => randomBytes(32).toString('base64url'),
    readServer,
    clientDocument: clientDocument(publicUrl),
    verifyToken: tokenVerifier(connector, { timeoutMs: 2_000 }),
    exchangeToken: async () => ({ kind: 'refused' as const, message: 'not here' }),
    policy,
    publicUrl,
    readProof: proofReader(now),
    takeLimit: async () => ({ kind: 'allowed' as const }),
    release: nothingReleased,
    takeServerLimit: async () => ({ kind: 'allowed' as const }),
    audit: () => {},
  };
  park = async (state) => {
    const place = callbackUrl(publicUrl, party.url).split('/').at(-1) ?? '';
    const called = await callBack(ports, place, state, { code: 'the-code' });
    return called.kind === 'parked' ? called.secret : called.kind;
  };
  api = composeApi({
    facts: {
      publicUrl,
      issuer: person.issuer,
      clientId: 'c',
      scopes: [],
      audienceScopes: async () => [],
    },
    verify: async () => ({ kind: 'valid', caller: aCaller(person) }),
    log: () => {},
    servers: {
      now,
      listPage: async () => ({ kind: 'page', page: { servers, malformed: [] } }),
      readServer,
      sessionsOf: async (who) => {
        const { grants } = await store.readPerson(who);
        return (those) => join(those, who, grants, now(), policy);
      },
      check: async () => Promise.reject(new Error('not here')),
      checkSignIn: async () => Promise.reject(new Error('not here')),
      heartbeatMs: 300_000,
      anonymousList: false,
      takeLimit: ports.takeLimit,
      continueTokens: textSealer(sealer([`k:${randomBytes(32).toString('base64url')}`])),
    },
    sessions: sessionRoutes(async () => ports),
  });
});

const serversAt = (url: string) =>
  ['a', 'b'].map((name) => aServer({ name, uid: `uid-${name}`, url, status: connected('True') }));

const call = async (method: string, path: string, body?: object) => {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const { token } = aCaller(person);
  const url = `http://127.0.0.1:8787${path}`;
  const dpop = await machine.proof({ method, url, token, at: clock });
  const headers = { authorization: `Bearer ${token}`, dpop };
  return api.request(path, { method, headers, ...sent });
};
const session = (name: string) => `/v1/mcpservers/default/${name}/session`;

/** Signs in as the command line does; gives the status of the last answer. */
async function signIn(name = 'a'): Promise<number> {
  const started = await call('POST', session(name), {});
  if (started.status !== 200) return started.status;
  const { authorizationUrl } = signInStartedSchema.parse(await started.json());
  const state = new URL(authorizationUrl).searchParams.get('state') ?? '';
  const completed = await call('POST', `${session(name)}/complete`, { secret: await park(state) });
  return completed.status;
}

async function sessions(): Promise<Record<string, string | undefined>> {
  const listed = await call('GET', '/v1/mcpservers');
  expect(listed.status).toBe(200);
  const { items } = listSchema.parse(await listed.json());
  return Object.fromEntries(items.map((row) => [row.name, row.session?.status]));
}

async function verified(name = 'a') {
  const answered = await call('POST', `${session(name)}/verify`);
  expect(answered.status).toBe(200);
  return sessionAnswerSchema.parse(await answered.json()).session;
}

/** Everything a person does with her sessions, none of which may fail. */
async function goesOn(): Promise<void> {
  await sessions();
  await verified();
  for (const [method, path, status] of [
    ['GET', '/v1/mcpservers/default/a', 200],
    ['GET', '/v1/me', 200],
    ['DELETE', session('a'), 200],
    ['DELETE', '/v1/sessions', 200],
  ] as const)
    expect([path, (await call(method, path)).status]).toEqual([path, status]);
  expect(grantRows()).toEqual([]);
}

const grantRows = () => table.rows().filter(({ sk }) => String(sk).startsWith('grant '));

/** Overwrites members of a row, as somebody who writes the table can. */
async function edit(sk: string, change: (row: Attributes) => Attributes): Promise<void> {
  const row = table.rows().find((one) => one['sk'] === sk);
  if (row === undefined) throw new Error(`no row ${sk}`);
  await table.put({ pk: String(row['pk']), sk }, change(row));
}
const grantIn = ({ grant }: Attributes) => (isRecord(grant) ? grant : {});

const strangeTimes = [
  'number 9223372036854775807', // Java's "never"
  2 ** 63,
  8.64e15,
  1e300,
  'number 1e999',
  2 ** 53,
  315_576_001_000,
  0,
  -1,
  -1e300,
  1e-9,
  '3600',
  'never',
  '',
  null,
  true,
  [],
  {},
];

test.each(strangeTimes.map((value) => [JSON.stringify(value), value] as const))(
  'an issuer whose expires_in is %s locks nobody out',
  async (_text, value) => {
    said = { token: { expires_in: value } };
    const status = await signIn();
    expect([200, 502]).toContain(status);
    if (status === 200) expect(await sessions()).toMatchObject({ a: 'Authenticated' });
    await goesOn();
    expect(reported).toEqual([]);
  },
);

test.each(strangeTimes.map((value) => [JSON.stringify(value), value] as const))(
  'nor one whose refresh answers with expires_in %s',
  async (_text, value) => {
    said = { token: { expires_in: 60 }, refresh: { expires_in: value } };
    expect(await signIn()).toBe(200);
    clock = new Date(clock.getTime() + 90_000);
    await verified();
    await goesOn();
    expect(reported).toEqual([]);
  },
);

test.each(strangeTimes.map((value) => [JSON.stringify(value), value] as const))(
  'nor one whose registration ends at %s',
  async (_text, value) => {
    said = { registration: { client_secret_expires_at: value } };
    expect([200, 502]).toContain(await signIn());
    await goesOn();
    said = {};
    clock = new Date(clock.getTime() + 8 * 86_400_000);
    expect([200, 502]).toContain(await signIn());
    expect(reported).toEqual([]);
  },
);

test("Java's never is an expiry that nobody knows", async () => {
  said = { token: { expires_in: 'number 9223372036854775807' } };
  await signIn();
  expect((await verified()).expiresAt).toBeUndefined();
});

const rubbish: readonly (readonly [string, (row: Attributes) => Attributes])[] = [
  ['has no grant', ({ grant: _grant, ...row }) => row],
  ['has a grant that is a text', (row) => ({ ...row, grant: 'x' })],
  ['has a grant of other members', (row) => ({ ...row, grant: { x: 1 } })],
  ['has no generation', ({ generation: _generation, ...row }) => row],
  ['has an expiry that is a text', (row) => ({ ...row, expires: 'soon' })],
  ...[null, 'never', '+275760-09-13T00:00:00.001Z', '2026-02-31T00:00:00Z', 5, {}].map(
    (time) =>
      [
        `has the time ${JSON.stringify(time)}`,
        (row: Attributes) => ({ ...row, grant: { ...grantIn(row), expiresAt: time } }),
      ] as const,
  ),
];

test.each(rubbish)(
  'a row that %s costs only itself: the others are listed, and sign-out removes it',
  async (_sentence, change) => {
    await signIn('a');
    await signIn('b');
    await edit('grant uid-a', change);
    expect(await sessions()).toEqual({ a: 'Pending Auth', b: 'Authenticated' });
    const { issuer, subject } = person;
    expect(reported).toEqual([
      { kind: 'grant', person: { issuer, subject }, serverUid: 'uid-a', reason: 'notParsed' },
    ]);
    await verified('a');
    expect((await verified('b')).status).toBe('Authenticated');
    expect((await call('DELETE', session('a'))).status).toBe(200);
    expect(grantRows().map(({ sk }) => sk)).toEqual(['grant uid-b']);
  },
);

test.each(rubbish)(
  'signing out everywhere also removes a row that %s',
  async (_sentence, change) => {
    await signIn('a');
    await signIn('b');
    await edit('grant uid-a', change);
    expect((await call('DELETE', '/v1/sessions')).status).toBe(200);
    expect(grantRows()).toEqual([]);
  },
);

test.each(rubbish)('a new sign-in replaces a row that %s', async (_sentence, change) => {
  await signIn('a');
  await edit('grant uid-a', change);
  expect(await signIn('a')).toBe(200);
  expect(await sessions()).toMatchObject({ a: 'Authenticated' });
});

test.each<[string, (row: Attributes) => Attributes]>([
  ['has no seal', ({ sealed: _sealed, ...row }) => row],
  ['has a seal that is a text', (row) => ({ ...row, sealed: 'x' })],
  ['has an expiry that is a text', (row) => ({ ...row, expires: 'soon' })],
  ['names another client id', (row) => ({ ...row, clientId: 'another' })],
])('a registration that %s is made again, and kept', async (_sentence, change) => {
  await signIn('a');
  const sk = `callback ${callbackUrl('http://127.0.0.1:8787', party.url)}`;
  await edit(sk, change);
  expect(await signIn('b')).toBe(200);
  expect(await sessions()).toEqual({ a: 'Authenticated', b: 'Authenticated' });
  expect(await signIn('b')).toBe(200);
  expect(registrations).toBe(2);
});

test.each<[string, (row: Attributes) => Attributes]>([
  ['does not open', (row) => ({ ...row, sealed: 'x' })],
  ['has no seal', ({ sealed: _sealed, ...row }) => row],
  ['has an expiry that is a text', (row) => ({ ...row, expires: 'soon' })],
])('a sign-in in progress that %s is unknown, never an error', async (_sentence, change) => {
  const started = await call('POST', session('a'), {});
  const { authorizationUrl } = signInStartedSchema.parse(await started.json());
  await edit('signin', change);
  const state = new URL(authorizationUrl).searchParams.get('state') ?? '';
  expect(await park(state)).toBe('unknown');
});

const changes: readonly (readonly [string, object])[] = [
  ['issuer', { issuer: 'ELSEWHERE' }],
  ['serverUrl', { serverUrl: 'ELSEWHERE/mcp' }],
  ['clientId', { clientId: 'another' }],
  ['resource', { resource: 'ELSEWHERE/mcp' }],
  ['kind', { kind: 'exchange' }],
  ['headersDigest', { headersDigest: 'another' }],
  ['scopes', { scopes: ['admin'] }],
  ['expiresAt', { expiresAt: '2027-01-01T00:00:00.000Z' }],
];

test.each(changes)(
  'a grant whose %s was changed in the table gives no token to anyone',
  async (_member, change) => {
    said = { token: { expires_in: 3600 } };
    await signIn('a');
    const text = JSON.stringify(change).replaceAll('ELSEWHERE', elsewhere.url);
    await edit('grant uid-a', (row) => ({
      ...row,
      grant: { ...grantIn(row), ...JSON.parse(text) },
    }));
    // Due for a refresh, and the manifest may follow the change.
    clock = new Date(clock.getTime() + 3_590_000);
    const { serverUrl } = { serverUrl: `${party.url}/mcp`, ...JSON.parse(text) };
    servers = serversAt(String(serverUrl));
    const { status } = await verified('a');
    expect(['Expired', 'Pending Auth']).toContain(status);
    expect((await call('DELETE', session('a'))).status).toBe(200);
    expect(visits.filter((visit) => /the-token|the-refresh|\/token|\/revoke/.test(visit))).toEqual(
      [],
    );
    expect(revoked).toEqual([]);
    expect(reported).toContainEqual(expect.objectContaining({ reason: 'notOpened' }));
  },
);

test('it is Expired, with the reason and the next command', async () => {
  await signIn('a');
  await edit('grant uid-a', (row) => ({
    ...row,
    grant: { ...grantIn(row), issuer: elsewhere.url },
  }));
  expect(await verified('a')).toMatchObject({
    status: 'Expired',
    message: expect.stringContaining('cannot be decrypted'),
    hint: 'muster auth login --server a',
  });
  expect(await sessions()).toMatchObject({ a: 'Expired' });
});
