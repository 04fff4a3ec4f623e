/**
 * A person's access token goes to the person's own machine, and to nothing else: a real issuer, a
 * real MCP server, a DynamoDB-compatible store, and several processes of the endpoint.
 * `require-proof.test.ts` tries every bad proof against this route as well.
 */
import { randomUUID } from 'node:crypto';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { dynamoTable } from '../../../functions/adapters/dynamodb/dynamo-table.ts';
import { tableRateLimits } from '../../../functions/adapters/dynamodb/limit-counters.ts';
import { defined } from '../../../functions/model/defined.ts';
import type { McpServer } from '../../../functions/model/mcpserver.ts';
import { problemSchema } from '../../../functions/model/wire/endpoint-wire.ts';
import {
  releasedTokenSchema,
  sessionAnswerSchema,
  signedOutSchema,
} from '../../../functions/model/wire/session-wire.ts';
import { composeApi } from '../../../functions/routes/compose.ts';
import { sessionRoutes } from '../../../functions/routes/session-routes.ts';
import type { ServerPorts } from '../../../functions/routes/server-routes.ts';
import type { StoredGrant } from '../../../functions/sessions/grant.ts';
import { rateLimits } from '../../../functions/sessions/rate-limits.ts';
import { nothingReleased, type ReleasePolicy } from '../../../functions/sessions/release.ts';
import { auditLine } from '../../../functions/telemetry/audit.ts';
import { ada, grace } from '../../../local/issuer.ts';
import { grantOf, serverOf } from '../../world/grant.ts';
import { aMachine, type Machine } from '../../world/machine.ts';
import { aCaller, aPerson } from '../../world/person.ts';
import { anAuth, connected } from '../../world/server.ts';
import { type SignInWorld, startSignInWorld } from '../../world/signin.ts';

let world: SignInWorld;
let machine: Machine;
let laptop: Machine;
/** A sign-in of Ada to the server of the world, as it was. */
let signedIn: StoredGrant;
let server: McpServer;
const person = aPerson(ada);
const key = { issuer: person.issuer, subject: person.subject };
const on: ReleasePolicy = { isOn: true, hosts: [], clusterDomain: 'cluster.local' };

beforeAll(async () => {
  world = await startSignInWorld();
  [machine, laptop] = await Promise.all([aMachine(), aMachine()]);
  for (const { thumbprint } of [machine, laptop]) await world.store.enrollKey(key, thumbprint);
  const { grant, tokens, generation } = await grantOf(world);
  signedIn = defined({ grant, tokens, generation });
});
afterAll(() => world.close());

/** Each test has a server, a grant and limits of its own. */
beforeEach(async () => {
  world.clock.now = new Date();
  world.sent.length = 0;
  world.audited.length = 0;
  server = await declare({});
});

/** Declares a server that Ada is signed in to. A rotated refresh token would be of no use twice. */
async function declare(facts: Partial<McpServer>, session = signedIn): Promise<McpServer> {
  const made = serverOf(world, { uid: randomUUID(), ...facts });
  const { serverUrl, headersDigest } = session.grant;
  world.servers.set(made.name, { ...made, headersDigest });
  await world.store.putGrant(
    { ...session.grant, serverUid: made.uid, serverUrl: facts.url ?? serverUrl },
    session.tokens,
  );
  return made;
}

/** A sign-in of its own: its refresh token works. */
async function signIn(): Promise<StoredGrant> {
  const { grant, tokens, generation } = await grantOf(world, server);
  return defined({ grant, tokens, generation });
}

type Process = {
  readonly release?: ReleasePolicy;
  readonly maySee?: ServerPorts['maySee'];
  readonly who?: ReturnType<typeof aPerson>;
};

/** One process of the endpoint. All of them share the table. */
function endpoint({ release = on, maySee, who = person }: Process = {}) {
  const limits = rateLimits({
    now: world.ports.now,
    audit: world.ports.audit,
    log: () => {},
    ...tableRateLimits(
      dynamoTable(DynamoDBDocumentClient.from(world.local.client), world.local.table),
    ),
  });
  const notHere = async () => Promise.reject(new Error('not here'));
  return composeApi({
    facts: {
      publicUrl: world.publicUrl,
      issuer: person.issuer,
      clientId: 'c',
      scopes: [],
      audienceScopes: async () => [],
    },
    verify: async () => ({ kind: 'valid', caller: aCaller(who) }),
    log: () => {},
    servers: {
      ...defined({ maySee }),
      now: world.ports.now,
      listPage: notHere,
      readServer: world.ports.readServer,
      sessionsOf: notHere,
      check: notHere,
      checkSignIn: notHere,
      heartbeatMs: 300_000,
      anonymousList: false,
      takeLimit: limits.takeLimit,
      continueTokens: { seal: notHere, open: notHere },
    },
    sessions: sessionRoutes(async () => ({ ...world.ports, ...limits, release })),
  });
}

type Asking = {
  readonly api?: ReturnType<typeof endpoint>;
  readonly from?: Machine;
  readonly body?: unknown;
  readonly proof?: string;
  readonly method?: string;
  readonly path?: string;
  readonly who?: ReturnType<typeof aPerson>;
};

const routeOfServer = '/v1/mcpservers/default/server-a/session/token';

async function ask({
  api = endpoint(),
  from = machine,
  body = {},
  method = 'POST',
  path = routeOfServer,
  who = person,
  proof,
}: Asking = {}): Promise<Response> {
  const { token } = aCaller(who);
  const at = { method, url: `${world.publicUrl}${path}`, token, at: world.clock.now };
  const dpop = proof ?? (await from.proof(at));
  return api.request(
    path,
    defined({
      method,
      headers: { authorization: `Bearer ${token}`, dpop },
      body: method === 'POST' ? JSON.stringify(body) : undefined,
    }),
  );
}

const released = async (answer: Response) => {
  expect(answer.status).toBe(200);
  return releasedTokenSchema.parse(await answer.json());
};
const problemOf = async (answer: Response) => problemSchema.parse(await answer.json());
const refreshes = () =>
  world.sent.filter(({ form }) => form.get('grant_type') === 'refresh_token').length;
const stored = async () => world.store.getGrant(key, server.uid);
const inMinutes = (count: number): Date => new Date(world.clock.now.getTime() + count * 60_000);

test("a person's machine gets the access token, and the server accepts it", async () => {
  const answer = await ask();
  const token = await released(answer);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(token).toEqual({
    url: world.mcp.url,
    type: 'streamable-http',
    kind: 'token',
    tokenType: 'Bearer',
    accessToken: signedIn.tokens?.accessToken,
    expiresAt: signedIn.grant.expiresAt?.toISOString(),
    scopes: ['mcp'],
    generation: (await stored())?.generation,
  });
  expect(await world.ports.verifyToken(server, token.accessToken ?? '')).toEqual({
    kind: 'accepted',
  });
});

test('no refresh token is in any answer', async () => {
  const fresh = await signIn();
  const texts = [await ask(), await ask({ body: { stale: fresh.generation } })].map((answer) =>
    answer.text(),
  );
  const refreshTokens = [fresh.tokens?.refreshToken, (await stored())?.tokens?.refreshToken];
  for (const text of await Promise.all(texts))
    for (const secret of refreshTokens) {
      expect(secret).toMatch(/.{20}/);
      expect(text).not.toContain(secret);
    }
});

test('each release is one audit line, with no part of the token in it', async () => {
  const { accessToken = '' } = await released(await ask());
  expect(world.audited).toEqual([
    {
      kind: 'tokenReleased',
      person: key,
      serverUid: server.uid,
      thumbprint: machine.thumbprint,
      scopes: ['mcp'],
      expiresAt: signedIn.grant.expiresAt,
      refreshed: false,
    },
  ]);
  const line = JSON.stringify(world.audited.map(auditLine));
  for (let at = 0; at + 8 <= accessToken.length; at += 1)
    expect(line).not.toContain(accessToken.slice(at, at + 8));
});

describe('by default', () => {
  test('nothing is released, and the answer names the setting', async () => {
    const answer = await ask({ api: endpoint({ release: nothingReleased }) });
    expect(answer.status).toBe(403);
    expect(await problemOf(answer)).toMatchObject({
      title: 'Tokens are not released',
      detail: 'This endpoint releases no tokens.',
      hint: 'The owner of the endpoint can allow it with the setting RELEASE_TOKENS.',
    });
    expect(world.audited).toEqual([]);
  });
});

test('only hosts that the owner lists get a token', async () => {
  const { host } = new URL(world.mcp.url);
  const one = await ask({ api: endpoint({ release: { ...on, hosts: [host] } }) });
  expect(one.status).toBe(200);
  const other = await ask({ api: endpoint({ release: { ...on, hosts: ['mcp.example.com'] } }) });
  expect(other.status).toBe(403);
  expect((await problemOf(other)).hint).toContain('RELEASE_HOSTS');
});

test('a proof that was caught releases nothing, also for ten at the same time', async () => {
  const { token } = aCaller(person);
  const at = { method: 'POST', url: `${world.publicUrl}${routeOfServer}`, token };
  const proof = await machine.proof({ ...at, at: world.clock.now });
  const api = endpoint();
  const answers = await Promise.all(Array.from({ length: 10 }, () => ask({ api, proof })));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(answers.filter(({ status }) => status === 401)).toHaveLength(9);
});

test('another person gets nothing of it', async () => {
  const theirs = aPerson(grace);
  await world.store.enrollKey(theirs, laptop.thumbprint);
  const answer = await ask({ api: endpoint({ who: theirs }), from: laptop, who: theirs });
  expect(answer.status).toBe(409);
  expect(await problemOf(answer)).toMatchObject({
    title: 'You are not signed in to default/server-a (Pending Auth)',
    hint: 'Run: muster auth login --server default/server-a',
  });
});

test.each<[string, () => Promise<unknown> | void]>([
  ['was created again', () => void world.servers.set('server-a', { ...server, uid: 'another' })],
  [
    'has another URL',
    () => void world.servers.set('server-a', { ...server, url: `${world.mcp.url}/other` }),
  ],
  [
    'has other headers',
    () => void world.servers.set('server-a', { ...server, headersDigest: 'x' }),
  ],
  [
    'has another issuer',
    () =>
      void world.servers.set('server-a', {
        ...server,
        auth: anAuth({ authorizationServer: { issuer: 'https://other.example.com' } }),
      }),
  ],
])('a server that %s since the sign-in gets nothing', async (_what, change) => {
  await change();
  const answer = await ask();
  expect(answer.status).toBe(409);
  expect((await problemOf(answer)).title).toBe(
    'You are not signed in to default/server-a (Pending Auth)',
  );
  expect(world.audited).toEqual([]);
});

test('a person who may not see the namespace gets a 404, whatever is in it', async () => {
  const api = endpoint({ maySee: async () => ({ kind: 'known', allowed: false }) });
  const [there, made] = await Promise.all([
    ask({ api }),
    ask({ api, path: routeOfServer.replace('server-a', 'none') }),
  ]);
  expect([there.status, made.status]).toEqual([404, 404]);
});

test('a server that asks for no sign-in has its URL alone in the answer', async () => {
  world.servers.set('server-a', { ...server, status: connected('False') });
  expect(await released(await ask())).toEqual({
    url: world.mcp.url,
    type: 'streamable-http',
    kind: 'open',
  });
  expect(await world.store.listReleases(key, server.uid)).toEqual([]);
});

test.each(['', 'nonsense', [], { stale: 1 }, { refused: {} }, { stale: 'x'.repeat(129) }])(
  'a body of %j is a 400',
  async (body) => {
    expect((await ask({ body })).status).toBe(400);
  },
);

describe('a token that has ended', () => {
  test('is refreshed before it leaves', async () => {
    await signIn();
    world.clock.now = inMinutes(24 * 60);
    const token = await released(await ask());
    expect(new Date(token.expiresAt ?? '') > world.clock.now).toBe(true);
    expect(world.audited).toMatchObject([{ kind: 'tokenReleased', refreshed: true }]);
    expect(refreshes()).toBe(1);
  });

  test('stays a session while its issuer is away; the answer says when to try again', async () => {
    const away = { ...signedIn.grant, issuer: 'http://127.0.0.1:1', refreshable: true };
    const past = { ...away, expiresAt: inMinutes(-1) };
    server = await declare({}, { ...signedIn, grant: past });
    const answer = await ask();
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '30']);
    expect((await problemOf(answer)).hint).toBe('Your session stays. Try again in 30 seconds.');
    expect((await stored())?.grant.refused).toBeUndefined();
  });

  test('and cannot be refreshed is Expired', async () => {
    const grant = { ...signedIn.grant, refreshable: false, expiresAt: inMinutes(-1) };
    const { accessToken = '' } = signedIn.tokens ?? {};
    server = await declare({}, { ...signedIn, grant, tokens: { accessToken } });
    const answer = await ask();
    expect(answer.status).toBe(409);
    expect((await problemOf(answer)).title).toBe(
      'You are not signed in to default/server-a (Expired)',
    );
  });
});

describe('a token that the server refuses', () => {
  test('is refreshed once by six at a time, and counts once', async () => {
    const { generation, tokens } = await signIn();
    const api = endpoint();
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => ask({ api, body: { stale: generation } })),
    );
    const got = await Promise.all(answers.map(released));
    expect(refreshes()).toBe(1);
    expect(new Set(got.map(({ accessToken }) => accessToken)).size).toBe(1);
    expect(got[0]?.accessToken).not.toBe(tokens?.accessToken);
    // Five more are allowed in these ten minutes.
    for (let count = 2; count <= 6; count += 1)
      await released(await ask({ api, body: { stale: (await stored())?.generation } }));
    const seventh = await ask({ api, body: { stale: (await stored())?.generation } });
    expect(seventh.status).toBe(429);
    expect((await problemOf(seventh)).detail).toBe(
      'The limit for each person and server is 6 refreshes after a refused token in 10 minutes.',
    );
    expect(refreshes()).toBe(6);
    // The present token is still there for who asks without a doubt about it.
    await released(await ask({ api }));
  });

  test('and is no longer the present one gives the present one, without a refresh', async () => {
    const token = await released(await ask({ body: { stale: 'an-older-generation' } }));
    expect(token.generation).toBe((await stored())?.generation);
    expect(refreshes()).toBe(0);
  });

  test('again after a refresh ends the session, until the next sign-in', async () => {
    const { generation } = (await stored()) ?? {};
    const answer = await ask({ body: { refused: generation } });
    expect(answer.status).toBe(409);
    expect(await problemOf(answer)).toMatchObject({
      title: 'You are not signed in to default/server-a (Expired)',
      detail: 'The server refused the token that your machine sent (401).',
      hint: 'Run: muster auth login --server default/server-a',
    });
    expect((await stored())?.grant.refused).toMatchObject({ by: 'server' });
    expect((await ask()).status).toBe(409);
    expect(world.audited).toEqual([]);
    await signIn();
    await released(await ask());
  });

  test('says nothing about a newer one', async () => {
    const token = await released(await ask({ body: { refused: 'an-older-generation' } }));
    expect(token.accessToken).toBe(signedIn.tokens?.accessToken);
    expect((await stored())?.grant.refused).toBeUndefined();
  });

  test('and cannot be refreshed ends the session at once', async () => {
    const { accessToken = '' } = signedIn.tokens ?? {};
    const grant = { ...signedIn.grant, refreshable: false };
    server = await declare({}, { ...signedIn, grant, tokens: { accessToken } });
    const answer = await ask({ body: { stale: (await stored())?.generation } });
    expect(answer.status).toBe(409);
    expect((await stored())?.grant.refused).toMatchObject({ by: 'server' });
  });
});

test('the 31st release is a 429 across processes, and another server still has its own', async () => {
  const processes = [endpoint(), endpoint()] as const;
  const answers: Response[] = [];
  for (let count = 0; count < 31; count += 1)
    answers.push(await ask({ api: processes[count % 2 === 0 ? 0 : 1] }));
  expect(answers.map(({ status }) => status)).toEqual([...Array(30).fill(200), 429]);
  const last = answers.at(-1);
  expect(Number(last?.headers.get('retry-after'))).toBeGreaterThan(0);
  server = await declare({});
  for (const api of processes) expect((await ask({ api })).status).toBe(200);
});

describe('a sign-out', () => {
  const signOut = async () =>
    sessionAnswerSchema.parse(
      await (await ask({ method: 'DELETE', path: routeOfServer.replace('/token', '') })).json(),
    );

  test('ends releases at once, and says how long a token that is out lasts', async () => {
    await signIn();
    const { expiresAt } = await released(await ask());
    expect(await signOut()).toMatchObject({
      session: { status: 'Pending Auth' },
      inUse: { until: expiresAt },
    });
    expect((await ask()).status).toBe(409);
    expect((await signOut()).inUse).toBeUndefined();
  });

  test('of everything says how long the last of the tokens lasts', async () => {
    const everything = { method: 'DELETE', path: '/v1/sessions' };
    const answer = async () => signedOutSchema.parse(await (await ask(everything)).json());
    await answer();
    await signIn();
    const { expiresAt } = await released(await ask());
    expect(await answer()).toEqual({ inUse: { until: expiresAt } });
    expect(await answer()).toEqual({});
  });

  test('says nothing of tokens that no machine has', async () => {
    await signIn();
    expect((await signOut()).inUse).toBeUndefined();
  });

  test('revokes the access token as well as the refresh token', async () => {
    await signIn();
    await signOut();
    const hints = world.sent
      .filter(({ form }) => form.has('token_type_hint'))
      .map(({ form }) => form.get('token_type_hint'));
    expect(new Set(hints)).toEqual(new Set(['access_token', 'refresh_token']));
  });
});

describe('the last use of a session', () => {
  const verified = async () =>
    sessionAnswerSchema.parse(
      await (await ask({ path: routeOfServer.replace('/token', '/verify') })).json(),
    ).session.lastUsed;

  test('is that of the last machine, of as many as are registered', async () => {
    expect(await verified()).toBeUndefined();
    await released(await ask());
    const first = world.clock.now;
    world.clock.now = inMinutes(3);
    await released(await ask({ from: laptop }));
    expect(await verified()).toEqual({ at: world.clock.now.toISOString(), machines: 2 });
    const third = await aMachine();
    await world.store.enrollKey(key, third.thumbprint);
    await released(await ask({ from: third }));
    await world.store.removeKey(key, third.thumbprint);
    expect(await verified()).toEqual({ at: world.clock.now.toISOString(), machines: 2 });
    expect(first < world.clock.now).toBe(true);
  });
});
