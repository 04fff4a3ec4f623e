import { randomBytes } from 'node:crypto';
import { DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { Hono } from 'hono';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { callbackUrl } from '../../../functions/adapters/oauth/registration.ts';
import { bearerVerifier } from '../../../functions/adapters/oauth/bearer-verifier.ts';
import { bearer, type Variables } from '../../../functions/routes/bearer.ts';
import { sessionRoutes } from '../../../functions/routes/session-routes.ts';
import type { McpServer } from '../../../functions/model/mcpserver.ts';
import { problemSchema } from '../../../functions/model/wire/endpoint-wire.ts';
import {
  sessionAnswerSchema,
  signInStartedSchema,
} from '../../../functions/model/wire/session-wire.ts';
import { ada, grace, type Issuer, type Persona, startIssuer } from '../../../local/issuer.ts';
import { bearerFor } from '../../world/bearer.ts';
import { aMachine, type Machine } from '../../world/machine.ts';
import { browserOf, type Landing } from '../../world/browser.ts';
import { anAuth, aServer, connected, unreachable } from '../../world/server.ts';
import { type SignInWorld, startSignInWorld } from '../../world/signin.ts';
import { defined } from '../../../functions/model/defined.ts';

let world: SignInWorld;
let people: Issuer;
let bearers: Readonly<Record<string, string>>;
let servers: Record<string, McpServer>;
/** Both work at it, so that what keeps them apart is not the key. */
let machine: Machine;
let api: Hono<{ Variables: Variables }>;
/** The limit that is reached; `all` of them, or `uncounted`: the table does not answer. */
let refusedLimit: string | undefined;

beforeAll(async () => {
  [world, people] = await Promise.all([startSignInWorld(), startIssuer()]);
  bearers = { ada: await bearerFor(people, ada), grace: await bearerFor(people, grace) };
  machine = await aMachine();
  for (const subject of ['ada', 'grace'])
    await world.store.enrollKey({ issuer: people.url, subject }, machine.thumbprint);
  const verify = bearerVerifier({ issuer: people.url, audience: 'muster-cli', fetch: world.fetch });
  api = new Hono<{ Variables: Variables }>();
  api.use('/v1/*', bearer({ verify, publicUrl: world.publicUrl, log: () => {} }));
  api.route(
    '/',
    sessionRoutes(async () => ({
      ...world.ports,
      readServer: async (_namespace, name) => servers[name],
      takeLimit: async (_person, limit) => {
        if (refusedLimit === 'uncounted') return { kind: 'uncounted' };
        const isReached = refusedLimit === limit || refusedLimit === 'all';
        return isReached ? { kind: 'reached', retryAfterMs: 6_500 } : { kind: 'allowed' };
      },
    })),
  );
});
afterAll(async () => void (await Promise.all([world.close(), people.close()])));

beforeEach(() => {
  world.audited.length = 0;
  refusedLimit = undefined;
  world.clock.now = new Date();
  const up = { url: world.mcp.url, status: connected('True') };
  servers = {
    a: aServer({ name: 'a', uid: randomBytes(8).toString('hex'), ...up }),
    b: aServer({ name: 'b', uid: randomBytes(8).toString('hex'), ...up }),
    open: aServer({ name: 'open', url: world.mcp.url, status: connected('False') }),
    down: aServer({ name: 'down', url: world.mcp.url, status: unreachable('Failed', 'Unknown') }),
    stdio: aServer({ name: 'stdio', type: 'stdio' }),
    sso: aServer({ name: 'sso', ...up, auth: anAuth({ forwardToken: true }) }),
  };
});

const returnTo = 'http://127.0.0.1:5522/done';

async function call(method: string, path: string, who?: string, body?: unknown): Promise<Response> {
  const headers = who === undefined ? {} : await headersOf(bearers[who] ?? who, method, path);
  return api.request(
    path,
    defined({
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
    }),
  );
}

const headersOf = async (token: string, method: string, path: string) => ({
  authorization: `Bearer ${token}`,
  dpop: await machine.proof({
    method,
    url: `${world.publicUrl}${path}`,
    token,
    at: world.clock.now,
  }),
});

const session = (name: string) => `/v1/mcpservers/default/${name}/session`;

async function start(who: string, body: unknown = { returnTo }, name = 'a'): Promise<string> {
  const answer = await call('POST', session(name), who, body);
  expect(answer.status).toBe(200);
  return signInStartedSchema.parse(await answer.json()).authorizationUrl;
}

/** The browser of a persona; requests to the public address go to the routes, without a bearer. */
function visit(persona: Persona, address: string): Promise<Landing> {
  const browse: typeof fetch = async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    return url.origin === world.publicUrl
      ? api.request(url.pathname + url.search, init)
      : fetch(input, init);
  };
  return browserOf(persona, browse).visit(address, { stopAt: ({ port }) => port === '5522' });
}

/** The address of the callback as the issuer wrote it, without going there. */
const callbackOf = async (persona: Persona, address: string) =>
  (await browserOf(persona).visit(address, { stopAt: ({ origin }) => origin === world.publicUrl }))
    .url;

const callbackWith = (query: Record<string, string>, issuer = world.issuer.url) =>
  `${callbackUrl(world.publicUrl, issuer)}?${new URLSearchParams(query).toString()}`;

const secretIn = ({ url }: Landing) => url.searchParams.get('secret') ?? '';
const secretOn = ({ html = '' }: Landing) => /<code>([\w-]{43})<\/code>/.exec(html)?.[1] ?? '';
const complete = (who: string, secret: string, name = 'a') =>
  call('POST', `${session(name)}/complete`, who, { secret });
const grants = async (subject: string) =>
  (await world.store.listGrants({ issuer: people.url, subject })).map(({ serverUid }) => serverUid);
const uid = (name: string) => servers[name]?.uid ?? '';
const word = async (answer: Response) =>
  sessionAnswerSchema.parse(await answer.json()).session.status;
const problemOf = async (answer: Response) => problemSchema.parse(await answer.json());

test('the person who starts a sign-in completes it', async () => {
  const landing = await visit(ada, await start('ada'));
  expect(landing.url.origin + landing.url.pathname).toBe(returnTo);
  expect(await grants('ada')).not.toContain(uid('a'));

  const answer = await complete('ada', secretIn(landing));
  expect(answer.status).toBe(200);
  expect(sessionAnswerSchema.parse(await answer.json())).toMatchObject({
    namespace: 'default',
    name: 'a',
    session: {
      status: 'Authenticated',
      issuer: world.issuer.url,
      scopes: ['mcp'],
      refreshable: true,
    },
  });
  expect(await grants('ada')).toContain(uid('a'));
  expect(await grants('grace')).not.toContain(uid('a'));
});

test('without a loopback page the browser shows the one-time secret, and says whose sign-in it is', async () => {
  const landing = await visit(ada, await start('ada', {}));
  expect(landing.html).toContain('<b>ada@example.com</b> started this sign-in to <b>default/a</b>');
  expect(landing.html).toContain('do not share the secret');
  expect(await word(await complete('ada', secretOn(landing)))).toBe('Authenticated');
});

test('the page names the issuer that knows the starter, the server, and its issuer', async () => {
  const { html } = await visit(ada, await start('ada', {}));
  expect(html).toContain(`ada@example.com, signed in at ${people.url}/`);
  expect(html).toContain(`default/a, at ${world.mcp.url}`);
  expect(html).toContain(`<dt>Issuer of the server</dt><dd>${world.issuer.url}/</dd>`);
});

test('a callback at the address of another issuer is refused, and the state is used up', async () => {
  const callback = await callbackOf(ada, await start('ada'));
  const query = Object.fromEntries(callback.searchParams);
  const elsewhere = await visit(ada, callbackWith(query, 'https://honest.example.com'));
  expect(elsewhere.status).toBe(400);
  expect(elsewhere.html).toContain('This sign-in is no longer valid');
  expect((await visit(ada, callback.href)).status).toBe(400);
});

test('an answer without the iss that its issuer announced goes back with the reason, and no secret', async () => {
  const callback = await callbackOf(ada, await start('ada'));
  callback.searchParams.delete('iss');
  const { url } = await visit(ada, callback.href);
  expect(Object.fromEntries(url.searchParams)).toEqual({
    error: 'invalid_request',
    error_description: 'The browser came back from another issuer (RFC 9207)',
  });
});

test('the page of the callback leaks nothing and loads nothing', async () => {
  const callback = await callbackOf(ada, await start('ada', {}));
  const { html = '', headers } = await visit(ada, callback.href);
  expect(html).not.toContain(callback.searchParams.get('code'));
  expect(html).not.toContain(callback.searchParams.get('state'));
  expect(html).not.toMatch(/<script|src=|href=/);
  expect(headers?.get('content-security-policy')).toMatch(
    /^default-src 'none'; style-src 'sha256-/,
  );
  expect(headers?.get('cache-control')).toBe('no-store');
  expect(headers?.get('referrer-policy')).toBe('no-referrer');
});

test('an attacker who sends a victim the link gets nothing, and neither gets the victim', async () => {
  const link = await start('grace', {});
  const landing = await visit(ada, link);
  const secret = secretOn(landing);
  expect(landing.html).toContain('grace@example.com');
  expect((await complete('ada', secret)).status).toBe(404);
  expect(await grants('ada')).not.toContain(uid('a'));
  expect(await grants('grace')).not.toContain(uid('a'));
});

test('with a loopback page the secret goes to the machine of the victim, never to the attacker', async () => {
  const answer = await visit(ada, await start('grace'));
  expect(answer.url.hostname).toBe('127.0.0.1');
  expect(await grants('grace')).toEqual([]);
});

test('a replayed callback is refused, and does not disturb the one who was first', async () => {
  const callback = await callbackOf(ada, await start('ada'));
  const first = await visit(ada, callback.href);
  const replay = await visit(grace, callback.href);
  expect(replay.status).toBe(400);
  expect(replay.html).toContain('This sign-in is no longer valid');
  expect(secretOn(replay)).toBe('');
  expect(await word(await complete('ada', secretIn(first)))).toBe('Authenticated');
});

test("a stolen secret is worth nothing with another person's token, and still works for the starter", async () => {
  const secret = secretIn(await visit(ada, await start('ada')));
  expect((await complete('grace', secret)).status).toBe(404);
  expect((await call('POST', `${session('a')}/complete`, undefined, { secret })).status).toBe(401);
  expect(await word(await complete('ada', secret))).toBe('Authenticated');
  expect(await grants('grace')).not.toContain(uid('a'));
});

test('a secret works once, even for ten at the same time', async () => {
  const secret = secretIn(await visit(ada, await start('ada')));
  const answers = await Promise.all(Array.from({ length: 10 }, () => complete('ada', secret)));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(answers.filter(({ status }) => status === 404)).toHaveLength(9);
});

test('a secret is for the server it was started for', async () => {
  const secret = secretIn(await visit(ada, await start('ada')));
  expect((await complete('ada', secret, 'b')).status).toBe(404);
  expect(await grants('ada')).not.toContain(uid('b'));
});

test('a server whose URL changed on the way gets no grant', async () => {
  const secret = secretIn(await visit(ada, await start('ada')));
  servers['a'] = aServer({
    name: 'a',
    uid: uid('a'),
    url: 'https://elsewhere.example.com/mcp',
    status: connected('True'),
  });
  expect((await complete('ada', secret)).status).toBe(409);
  expect(await grants('ada')).not.toContain(uid('a'));
});

test('a sign-in that cannot be completed names the next step, never the command that failed', async () => {
  const secret = secretIn(await visit(ada, await start('ada')));
  const lost = await problemOf(await complete('grace', secret));
  expect(lost).toMatchObject({ title: 'No such sign-in', hint: 'Start a new sign-in.' });
  servers['a'] = aServer({
    name: 'a',
    uid: uid('a'),
    url: 'https://elsewhere.example.com/mcp',
    status: connected('True'),
  });
  const changed = await problemOf(await complete('ada', secret));
  expect(changed).toMatchObject({ title: 'The server has changed', hint: 'Start a new sign-in.' });
});

test('a server that was re-created on the way gets no grant', async () => {
  const secret = secretIn(await visit(ada, await start('ada')));
  servers['a'] = aServer({
    name: 'a',
    uid: 'another',
    url: world.mcp.url,
    status: connected('True'),
  });
  expect((await complete('ada', secret)).status).toBe(404);
});

test('after ten minutes a callback has expired', async () => {
  const callback = await callbackOf(ada, await start('ada'));
  world.clock.now = new Date(Date.now() + 10 * 60_000 + 1_000);
  expect((await visit(ada, callback.href)).status).toBe(400);
});

test('after ten minutes a parked code has expired', async () => {
  const secret = secretIn(await visit(ada, await start('ada')));
  world.clock.now = new Date(Date.now() + 10 * 60_000 + 1_000);
  expect((await complete('ada', secret)).status).toBe(404);
});

test('a person who declines comes back with the reason, and nothing is stored', async () => {
  const state = new URL(await start('ada')).searchParams.get('state') ?? '';
  const { url } = await visit(ada, callbackWith({ state, error: 'access_denied' }));
  expect(url.href.startsWith(`${returnTo}?error=access_denied&error_description=`)).toBe(true);
  expect(url.searchParams.get('error_description')).toMatch(
    /^The issuer [\d.:]+ refused the sign-in to default\/a: access_denied\. muster requested the scopes mcp offline_access for http:\/\/127\.0\.0\.1:\d+\/mcp\.$/,
  );
  const again = await visit(ada, callbackWith({ state, code: 'x' }));
  expect(again.status).toBe(400);
});

test.each(['apieceofatoken', 'pay_here', 'x'.repeat(5_000), 'a b', '\u202e'])(
  'an error of an issuer without a known code, %j, is not passed on',
  async (error) => {
    const state = new URL(await start('ada')).searchParams.get('state') ?? '';
    const { url } = await visit(ada, callbackWith({ state, error }));
    expect(url.searchParams.get('error')).toBe('server_error');
    expect(url.searchParams.get('error_description')).toMatch(
      /refused the sign-in to default\/a: an error without a known code\. muster requested/,
    );
  },
);

// formbricks#8406.
test('what an issuer says about its refusal is told, on one line and without secrets', async () => {
  const state = new URL(await start('ada')).searchParams.get('state') ?? '';
  const error_description = `User ada is not assigned\n\u202e to this app. See ${'x'.repeat(40)}`;
  const { url } = await visit(
    ada,
    callbackWith({ state, error: 'access_denied', error_description }),
  );
  expect(url.searchParams.get('error_description')).toMatch(
    /: access_denied\. It says: User ada is not assigned to this app\. See \[left out\]\. muster requested/,
  );
});

test('what a browser brings to the callback is never shown', async () => {
  const query = {
    state: '<script>alert(1)</script>',
    code: 'x',
    error_description: '<b>pay here</b>',
  };
  const { html, status } = await visit(ada, callbackWith(query));
  expect(status).toBe(400);
  expect(html).not.toMatch(/alert|pay here/);
});

test.each([
  ['https://evil.example/done'],
  ['http://evil.example:80/done'],
  ['http://127.0.0.1.evil.example:1/done'],
  ['http://127.0.0.1/done'],
  ['http://ada@127.0.0.1:5522/done'],
  ['http://evil.example:1@localhost.evil.example:2/'],
  ['https://127.0.0.1:5522/done'],
  ['javascript:alert(1)'],
  ['//evil.example'],
  ['done'],
])('the browser is not sent back to %s', async (to) => {
  expect((await call('POST', session('a'), 'ada', { returnTo: to })).status).toBe(400);
});

test.each([['http://127.0.0.1:1/a?b=c'], ['http://localhost:8080'], ['http://[::1]:9/done']])(
  '%s is a loopback page',
  async (to) => {
    expect((await call('POST', session('a'), 'ada', { returnTo: to })).status).toBe(200);
  },
);

test.each([
  ['stdio', /stdio/],
  ['open', /does not require a sign-in/],
  ['down', /cannot be reached, so it is not known/],
  ['sso', /single sign-on/],
])('there is nothing to sign in to at %s', async (name, detail) => {
  const answer = await call('POST', session(name), 'ada', {});
  expect(answer.status).toBe(409);
  expect((await problemOf(answer)).detail).toMatch(detail);
});

test.each([
  ['POST', session('a')],
  ['POST', `${session('a')}/complete`],
  ['DELETE', session('a')],
  ['DELETE', '/v1/sessions'],
])('%s %s is for people who are signed in', async (method, path) => {
  expect((await call(method, path)).status).toBe(401);
  expect((await call(method, path, 'nonsense')).status).toBe(401);
});

test.each([
  ['POST', session('gone'), {}],
  ['POST', `${session('gone')}/complete`, { secret: 'x' }],
  ['POST', `${session('gone')}/verify`, undefined],
  ['DELETE', session('gone'), undefined],
])('%s %s says that there is no such server', async (method, path, body) => {
  const answer = await call(method, path, 'ada', body);
  expect(answer.status).toBe(404);
  expect((await problemOf(answer)).detail).toBe('There is no MCPServer default/gone.');
});

test('a body that cannot be read is a 400', async () => {
  const answer = await api.request(session('a'), {
    method: 'POST',
    headers: await headersOf(bearers['ada'] ?? '', 'POST', session('a')),
    body: '{',
  });
  expect(answer.status).toBe(400);
  expect((await call('POST', `${session('a')}/complete`, 'ada', {})).status).toBe(400);
});

test('an issuer that cannot be used is a problem with the next command, and no sign-in', async () => {
  servers['a'] = aServer({
    name: 'a',
    uid: uid('a'),
    url: 'http://127.0.0.1:9/mcp',
    status: connected('True'),
  });
  const answer = await call('POST', session('a'), 'ada', {});
  expect(answer.status).toBe(502);
  expect(await problemOf(answer)).toMatchObject({
    detail: expect.stringMatching(/^The request to .* failed: /),
    hint: 'Run: muster check default/a --sign-in',
  });
});

async function signIn(who: 'ada' | 'grace', name: string): Promise<void> {
  const secret = secretIn(
    await visit(who === 'ada' ? ada : grace, await start(who, { returnTo }, name)),
  );
  expect((await complete(who, secret, name)).status).toBe(200);
}

test('signing out deletes one grant, and those of other people stay', async () => {
  await signIn('ada', 'a');
  await signIn('ada', 'b');
  await signIn('grace', 'a');
  expect(await word(await call('DELETE', session('a'), 'ada'))).toBe('Pending Auth');
  expect(await grants('ada')).not.toContain(uid('a'));
  expect(await grants('ada')).toContain(uid('b'));
  expect(await grants('grace')).toContain(uid('a'));
  expect(world.sent.at(-1)?.url.pathname).toBe('/token/revocation');
  expect((await call('DELETE', session('a'), 'ada')).status).toBe(200);
});

test('signing out everywhere deletes all of my grants', async () => {
  await signIn('ada', 'a');
  await signIn('ada', 'b');
  await signIn('grace', 'a');
  world.sent.length = 0;
  expect((await call('DELETE', '/v1/sessions', 'ada')).status).toBe(200);
  const revoked = world.sent.filter(({ url }) => url.pathname === '/token/revocation');
  // A refresh token and an access token each.
  expect(revoked).toHaveLength(4);
  expect(await grants('ada')).toEqual([]);
  expect(await grants('grace')).toContain(uid('a'));
});

test('our client metadata document names itself', async () => {
  const document = z
    .object({ client_id: z.string(), redirect_uris: z.array(z.string()) })
    .parse(await (await call('GET', '/.well-known/oauth-client')).json());
  expect(document).toEqual({
    client_id: `${world.publicUrl}/.well-known/oauth-client`,
    redirect_uris: [`${world.publicUrl}/v1/oauth/callback/document`],
  });
});

test('no secret is in the table in plain text', async () => {
  const link = new URL(await start('ada'));
  const callback = await callbackOf(ada, link.href);
  const secret = secretIn(await visit(ada, callback.href));
  await signIn('ada', 'b');
  const { Items } = await DynamoDBDocumentClient.from(world.local.client).send(
    new ScanCommand({ TableName: world.local.table }),
  );
  const dump = JSON.stringify(Items);
  expect(dump).toContain(uid('b'));
  for (const text of [
    secret,
    link.searchParams.get('state'),
    callback.searchParams.get('code'),
    bearers['ada'],
  ])
    expect(dump).not.toContain(text);
  expect(dump).not.toMatch(/eyJ[\w-]+\.eyJ/);
});

const person = (subject: string) => ({ issuer: people.url, subject });

test('every end of a sign-in is one event with person, server and reason, and without a secret', async () => {
  const secret = secretIn(await visit(ada, await start('ada')));
  await complete('grace', secret);
  await complete('ada', secret);
  await complete('ada', secret);
  const state = new URL(await start('ada')).searchParams.get('state') ?? '';
  await visit(ada, callbackWith({ state, error: 'access_denied', error_description: 'free text' }));
  await visit(ada, callbackWith({ state, code: 'x' }));
  await call('DELETE', session('a'), 'ada');
  await call('DELETE', '/v1/sessions', 'ada');
  const [mine, hers] = [person('ada'), person('grace')];
  const serverUid = uid('a');
  expect(world.audited).toEqual([
    { kind: 'signInRefused', person: hers, serverUid, reason: 'unknownSecret' },
    { kind: 'signInCompleted', person: mine, serverUid },
    { kind: 'signInRefused', person: mine, serverUid, reason: 'unknownSecret' },
    { kind: 'signInRefused', person: mine, serverUid, reason: 'declined' },
    { kind: 'signInRefused', reason: 'unknownState' },
    { kind: 'signedOut', person: mine, serverUid },
    { kind: 'signedOutEverywhere', person: mine },
  ]);
});

test('forwarding that the owner does not allow is an event, a sign-in that cannot start is one', async () => {
  await call('POST', `${session('sso')}/verify`, 'ada');
  servers['a'] = aServer({
    name: 'a',
    uid: uid('a'),
    url: 'http://127.0.0.1:9/mcp',
    status: connected('True'),
  });
  await call('POST', session('a'), 'ada', {});
  expect(world.audited).toEqual([
    {
      kind: 'forwardingRefused',
      person: person('ada'),
      serverUid: servers['sso']?.uid,
      reason: 'policy',
    },
    { kind: 'signInRefused', person: person('ada'), serverUid: uid('a'), reason: 'notStarted' },
  ]);
});

test.each([
  ['POST', session('a'), 'signInStart', {}],
  ['POST', `${session('a')}/complete`, 'verification', { secret: 'x' }],
  ['POST', `${session('a')}/verify`, 'verification', undefined],
])('%s %s beyond the limit is a 429 that says when, and does nothing', async (...row) => {
  const [method, path, limit, body] = row;
  world.sent.length = 0;
  refusedLimit = limit;
  const answer = await call(method, path, 'ada', body);
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '7']);
  expect((await problemOf(answer)).hint).toBe('Try again in 7 seconds.');
  expect(world.sent).toEqual([]);
});

test('signing out has no limit', async () => {
  refusedLimit = 'all';
  expect((await call('DELETE', session('a'), 'ada')).status).toBe(200);
  expect((await call('DELETE', '/v1/sessions', 'ada')).status).toBe(200);
});

test('without the table a sign-in is not started, and the answer says when to try again', async () => {
  refusedLimit = 'uncounted';
  const answer = await call('POST', session('a'), 'ada', {});
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '60']);
  expect((await problemOf(answer)).title).toBe('The table is unavailable');
});
