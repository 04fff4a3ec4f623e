import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anonymousLists } from '../../../functions/model/limits.ts';
import { type ApiPorts, composeApi } from '../../../functions/routes/compose.ts';
import { contract } from '../../../functions/routes/contract.ts';
import { sealer } from '../../../functions/adapters/dynamodb/seal.ts';
import { textSealer } from '../../../functions/adapters/dynamodb/sealed-text.ts';
import { tableRateLimits } from '../../../functions/adapters/dynamodb/limit-counters.ts';
import { rateLimits } from '../../../functions/sessions/rate-limits.ts';
import { memoryTable } from '../../../local/memory-table.ts';
import { join } from '../../../functions/sessions/join.ts';
import {
  type Check,
  checkSchema,
  type SignInCheck,
} from '../../../functions/model/wire/check-wire.ts';
import { problemSchema } from '../../../functions/model/wire/endpoint-wire.ts';
import { meSchema } from '../../../functions/model/wire/person-wire.ts';
import {
  listSchema,
  explainedRowSchema,
  rowSchema,
} from '../../../functions/model/wire/server-wire.ts';
import { version } from '../../../functions/model/version.ts';
import { aServer, connected } from '../../world/server.ts';
import { aCaller, aPerson } from '../../world/person.ts';
import { defined } from '../../../functions/model/defined.ts';
import { ClusterError } from '../../../functions/model/cluster-error.ts';

const tokenKey = `k1:${Buffer.alloc(32, 7).toString('base64url')}`;
const now = new Date('2026-11-22T12:00:00Z');
const servers = [
  aServer({ status: connected('True') }),
  aServer({ name: 'server-b', uid: 'uid-b', status: connected('True') }),
  aServer({ namespace: 'team-a', name: 'server-d', uid: 'uid-d', status: connected('False') }),
];
const aSignInCheck: SignInCheck = {
  possible: true,
  links: [
    {
      link: 'server',
      finding: 'no-sign-in-needed',
      status: 'ok',
      message: 'The server requires no sign-in.',
      page: '/sign-in/no-sign-in-needed/',
    },
  ],
};

const aCheck: Check = {
  namespace: 'default',
  name: 'server-a',
  observed: 'HTTP 401',
  stages: [{ stage: 'tcp', ms: 1 }],
  state: 'Connected',
  reason: 'AuthenticationRequired',
  message: '',
  authRequired: 'True',
  speaksMcp: 'Unknown',
  consecutiveFailures: 0,
};

/** The API over a cluster of three servers that is asked one page at a time. */
function world({
  servers: more,
  isForgotten = false,
  ...changes
}: Partial<Omit<ApiPorts, 'servers'>> & {
  servers?: Partial<ApiPorts['servers']>;
  isForgotten?: boolean;
} = {}) {
  const logged: unknown[] = [];
  const audited: unknown[] = [];
  const api = composeApi({
    facts: {
      publicUrl: 'https://muster.example.com',
      issuer: 'https://login.example.com',
      clientId: 'muster-cli',
      scopes: ['openid'],
      audienceScopes: async () => ['audience:server:client_id:kubernetes'],
    },
    verify: async (token) =>
      token === 'bearer-of-ada' || token === 'bearer-of-grace'
        ? { kind: 'valid', caller: aCaller(aPerson({ subject: token.slice('bearer-of-'.length) })) }
        : { kind: 'invalid', message: 'The token has expired.' },
    log: (line) => void logged.push(line),
    servers: {
      now: () => now,
      listPage: async ({ namespace, limit, continue: token }) => {
        if (token === '2' && isForgotten) return { kind: 'expired' };
        const own = servers.filter(
          (server) => namespace === undefined || server.namespace === namespace,
        );
        const start = Number(token ?? 0);
        const next = start + limit;
        return {
          kind: 'page',
          page: defined({
            servers: own.slice(start, next),
            malformed:
              start === 0
                ? [
                    {
                      namespace: 'default',
                      name: 'odd',
                      message: 'spec.url is 7, at https://internal.example.com',
                    },
                  ]
                : [],
            continue: next < own.length ? String(next) : undefined,
          }),
        };
      },
      readServer: async (namespace, name) =>
        servers.find((server) => server.namespace === namespace && server.name === name),
      sessionsOf: async (person) => (page) => join(page, person, [], now),
      check: async () => aCheck,
      checkSignIn: async () => aSignInCheck,
      continueTokens: textSealer(sealer([tokenKey])),
      ...rateLimits({
        now: () => now,
        ...tableRateLimits(memoryTable()),
        audit: (event) => void audited.push(event),
        log: (line) => void logged.push(line),
      }),
      heartbeatMs: 300_000,
      anonymousList: false,
      ...more,
    },
    ...changes,
  });
  const ask = async (
    path: string,
    { bearer, method = 'GET' }: { bearer?: string; method?: string } = {},
  ) => {
    const response = await api.request(path, {
      method,
      headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` },
    });
    const body: unknown = await response.json();
    return { status: response.status, headers: response.headers, body };
  };
  return { api, ask, logged, audited };
}

const anonymousWorld = () => world({ servers: { anonymousList: true } });
const ada = { bearer: 'bearer-of-ada' };
const metadata =
  'resource_metadata="https://muster.example.com/.well-known/oauth-protected-resource"';

test('the list of a signed-in person has a session in every row, and says who they are', async () => {
  const { status, body } = await world().ask('/v1/mcpservers', ada);
  expect(status).toBe(200);
  const list = listSchema.parse(body);
  expect(list).toEqual(body);
  expect(list.items.map(({ name, session }) => `${name} ${session?.status ?? 'none'}`)).toEqual([
    'server-a Pending Auth',
    'server-b Pending Auth',
    'server-d -',
  ]);
  expect(list.me).toMatchObject({ subject: 'ada', email: 'ada@example.com' });
  expect(list.problems).toEqual([
    {
      namespace: 'default',
      name: 'odd',
      message: 'spec.url is 7, at https://internal.example.com',
    },
  ]);
});

test('the list goes on with continue, and can be of one namespace', async () => {
  const { ask } = world();
  const first = listSchema.parse((await ask('/v1/mcpservers?limit=2', ada)).body);
  const second = listSchema.parse(
    (await ask(`/v1/mcpservers?limit=2&continue=${first.continue ?? ''}`, ada)).body,
  );
  expect([first, second].map(({ items }) => items.map(({ name }) => name))).toEqual([
    ['server-a', 'server-b'],
    ['server-d'],
  ]);
  expect(second).not.toHaveProperty('continue');
  const team = listSchema.parse((await ask('/v1/mcpservers?namespace=team-a', ada)).body);
  expect(team.items.map(({ name }) => name)).toEqual(['server-d']);
});

test('without a token the list is closed, and the answer names the command and where to sign in', async () => {
  const { status, body, headers } = await world().ask('/v1/mcpservers');
  expect(status).toBe(401);
  expect(headers.get('content-type')).toBe('application/problem+json');
  expect(headers.get('www-authenticate')).toBe(`Bearer ${metadata}`);
  expect(problemSchema.parse(body)).toMatchObject({ status: 401, hint: 'Run: muster auth login' });
});

test('ANONYMOUS_LIST opens list and one to strangers, without sessions, URLs and error texts', async () => {
  const { ask } = anonymousWorld();
  const list = await ask('/v1/mcpservers');
  const one = await ask('/v1/mcpservers/default/server-a');
  expect([list.status, one.status]).toEqual([200, 200]);
  expect(listSchema.parse(list.body)).not.toHaveProperty('me');
  for (const row of [...listSchema.parse(list.body).items, rowSchema.parse(one.body)]) {
    expect(row).not.toHaveProperty('session');
    expect(row).not.toHaveProperty('url');
  }
  expect(JSON.stringify(list.body)).not.toContain('internal.example.com');
});

test.each([
  ['GET', '/v1/me'],
  ['POST', '/v1/mcpservers/default/server-a/check'],
])('ANONYMOUS_LIST opens nothing else: %s %s', async (method, path) => {
  const { status, headers } = await anonymousWorld().ask(path, { method });
  expect(status).toBe(401);
  expect(headers.get('www-authenticate')).toBe(`Bearer ${metadata}`);
});

test.each(['/v1/mcpservers', '/v1/mcpservers/default/server-a', '/v1/me', '/v1/config'])(
  'an invalid token is a 401 everywhere, even where no token is needed: %s',
  async (path) => {
    const { status, body, headers } = await anonymousWorld().ask(path, { bearer: 'expired' });
    expect(status).toBe(401);
    expect(headers.get('www-authenticate')).toBe(`Bearer error="invalid_token", ${metadata}`);
    expect(problemSchema.parse(body)).toMatchObject({
      detail: 'The token has expired.',
      hint: 'Run: muster auth login',
    });
  },
);

test('another scheme than Bearer is an invalid token', async () => {
  const response = await anonymousWorld().api.request('/v1/mcpservers', {
    headers: { authorization: 'Basic YWRhOg==' },
  });
  expect(response.status).toBe(401);
});

test('an issuer that is unavailable is a 503, never a 401: the person need not sign in again', async () => {
  const detail = 'The keys of https://login.example.com cannot be had: refused.';
  const verify = () => Promise.resolve({ kind: 'issuerUnavailable' as const, detail });
  const { ask, logged } = world({ verify });
  const { status, body, headers } = await ask('/v1/mcpservers', ada);
  expect(status).toBe(503);
  expect(headers.get('retry-after')).toBe('60');
  expect(JSON.stringify(body)).not.toContain('login.example.com');
  expect(logged).toHaveLength(1);
});

test('a cluster that cannot be asked is a 503 that tells nothing of it; the log does', async () => {
  const clusterDown = new ClusterError({
    reason: 'connectionRefused',
    address: 'https://10.0.0.1',
  });
  const listPage = () => Promise.reject(clusterDown);
  const { ask, logged } = world({ servers: { listPage } });
  const { status, body } = await ask('/v1/mcpservers', ada);
  expect(status).toBe(503);
  expect(JSON.stringify(body)).not.toContain('10.0.0.1');
  expect(logged).toEqual([expect.objectContaining({ detail: clusterDown.message })]);
});

test('an unexpected error is a 500 without its text, and one log line without tokens', async () => {
  const listPage = () =>
    Promise.reject(new TypeError('odd: Bearer eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl'));
  const { ask, logged } = world({ servers: { listPage } });
  const { status, body, headers } = await ask('/v1/mcpservers', ada);
  expect(status).toBe(500);
  expect(headers.get('content-type')).toBe('application/problem+json');
  expect(JSON.stringify(body)).not.toContain('odd');
  expect(logged).toHaveLength(1);
  expect(JSON.stringify(logged)).not.toContain('eyJ');
});

test('a continue token that the cluster forgot is a 410 that says to start again', async () => {
  const { ask } = world({ isForgotten: true });
  const first = listSchema.parse((await ask('/v1/mcpservers?limit=2', ada)).body);
  const next = `/v1/mcpservers?limit=2&continue=${first.continue ?? ''}`;
  const { status, body } = await ask(next, ada);
  expect(status).toBe(410);
  expect(problemSchema.parse(body).hint).toBe('List again from the start, without continue.');
});

test.each([
  'limit=0',
  'limit=5001',
  'limit=many',
  'limit=1.5',
  'namespace=',
  'namespace=..',
  'namespace=A%2Fb',
])('the query %s is a 400 that says what is right', async (query) => {
  const { status, body } = await world().ask(`/v1/mcpservers?${query}`, ada);
  expect(status).toBe(400);
  expect(problemSchema.parse(body).hint).toContain('whole number from 1 to 5000');
});

test.each(['a=(b', 'a in (b c)', 'a=b,', 'a b', '-a', 'a=b;c', `${'x'.repeat(64)}=a`])(
  'the label selector %j is a 400 that names it',
  async (selector) => {
    const path = `/v1/mcpservers?labelSelector=${encodeURIComponent(selector)}`;
    const { status, body } = await world().ask(path, ada);
    expect(status).toBe(400);
    expect(problemSchema.parse(body)).toMatchObject({
      detail: `labelSelector: "${selector}" is not a label selector`,
      hint: expect.stringContaining('team=search'),
    });
  },
);

test('without a token nobody finds out by searching which labels there are', async () => {
  const { ask } = anonymousWorld();
  expect((await ask('/v1/mcpservers')).status).toBe(200);
  expect((await ask('/v1/mcpservers?labelSelector=team%3Dsearch')).status).toBe(401);
});

describe('a long answer', () => {
  const names = Array.from({ length: 1_200 }, (_, index) => `server-${1_000 + index}`);
  /** The cluster, in pages of at most 500, each after `tookMs`. */
  function longWorld({ tookMs = 0, described = '' } = {}) {
    const fleet = names.map((name) =>
      aServer({ name, uid: name, description: described, status: connected() }),
    );
    let time = now.getTime();
    const asked: number[] = [];
    const lister: ApiPorts['servers']['listPage'] = async ({ limit, continue: token }) => {
      asked.push(limit);
      time += tookMs;
      const start = Number(token ?? 0);
      const next = start + limit;
      return {
        kind: 'page',
        page: defined({
          servers: fleet.slice(start, next),
          malformed: [],
          continue: next < fleet.length ? String(next) : undefined,
        }),
      };
    };
    const made = world({
      servers: { listPage: lister, now: () => new Date(time), anonymousList: true },
    });
    const list = async (query: string, as: { bearer?: string } = ada) =>
      listSchema.parse((await made.ask(`/v1/mcpservers?${query}`, as)).body);
    return { list, asked, ask: made.ask };
  }

  test('has as many rows as were asked for, whatever the cluster gives at a time', async () => {
    const { list, asked } = longWorld();
    const all = await list('limit=5000');
    expect([all.items.length, all.continue, asked]).toEqual([1_200, undefined, [500, 500, 500]]);
    const some = await list('limit=700');
    expect(some.items.at(-1)?.name).toBe('server-1699');
    const rest = await list(`limit=700&continue=${encodeURIComponent(some.continue ?? '')}`);
    expect(rest.items.map(({ name }) => name)).toEqual(names.slice(700));
    expect((await list('')).items).toHaveLength(500);
  });

  test('is cut by bytes before Lambda cannot carry it, and goes on behind its last row', async () => {
    const { list } = longWorld({ described: 'y'.repeat(6_000) });
    const seen: string[] = [];
    const sizes: number[] = [];
    for (let token = ''; ; ) {
      const page = await list(`limit=5000${token}`);
      seen.push(...page.items.map(({ name }) => name));
      sizes.push(Buffer.byteLength(JSON.stringify({ body: JSON.stringify(page) })));
      if (page.continue === undefined) break;
      token = `&continue=${encodeURIComponent(page.continue)}`;
    }
    expect(seen).toEqual(names);
    expect(Math.max(...sizes)).toBeLessThan(6_000_000);
    expect(sizes.length).toBeLessThanOrEqual(3);
  });

  test('has fewer rows where the cluster is slow: its caller does not wait for all of them', async () => {
    const { list, asked } = longWorld({ tookMs: 2_000 });
    expect((await list('limit=5000')).items).toHaveLength(1_000);
    expect(asked).toEqual([500, 500]);
  });

  test('counts as the pages that it saves where lists without a token are limited', async () => {
    const { ask } = longWorld();
    expect((await ask('/v1/mcpservers?limit=5000')).status).toBe(200);
    const statuses = [];
    for (let count = 0; count < anonymousLists.count - 2; count += 1)
      statuses.push((await ask('/v1/mcpservers?limit=1')).status);
    expect(statuses.indexOf(429)).toBe(anonymousLists.count - 3);
  });
});

test('the answer about one server has the sentences about its reason; a list has none', async () => {
  const siteUrl = new URL('https://docs.example.com/');
  const { ask } = world({ servers: { siteUrl } });
  const one = await ask('/v1/mcpservers/default/server-a', ada);
  expect(explainedRowSchema.parse(one.body).explained).toEqual({
    means: 'The server answered.',
    hints: [],
    page: 'https://docs.example.com/reasons/responded/',
  });
  const list = listSchema.parse((await ask('/v1/mcpservers', ada)).body);
  expect(JSON.stringify(list)).not.toContain('means');
  const without = await world().ask('/v1/mcpservers/default/server-a', ada);
  expect(explainedRowSchema.parse(without.body).explained).not.toHaveProperty('page');
});

test('an MCPServer that is not there is a 404 that names it', async () => {
  const { status, body } = await world().ask('/v1/mcpservers/default/nobody', ada);
  expect(status).toBe(404);
  expect(problemSchema.parse(body)).toMatchObject({
    detail: 'There is no MCPServer default/nobody.',
    hint: 'Run: muster list mcpserver',
  });
});

test('a route that does not exist is a 404 that names the list of routes', async () => {
  const { status, body } = await world().ask('/v2/mcpservers', ada);
  expect(status).toBe(404);
  expect(problemSchema.parse(body).hint).toContain('/v1/openapi.json');
});

test('a check is answered as the wire says', async () => {
  const { body } = await world().ask('/v1/mcpservers/default/server-a/check', {
    ...ada,
    method: 'POST',
  });
  expect(checkSchema.parse(body)).toEqual(aCheck);
});

test('a check has the chain of the sign-in only where the request asks for it', async () => {
  const { api } = world();
  const check = async (body?: string) => {
    const answer = await api.request('/v1/mcpservers/default/server-a/check', {
      method: 'POST',
      headers: { authorization: `Bearer ${ada.bearer}` },
      ...defined({ body }),
    });
    const read: unknown = await answer.json();
    return { status: answer.status, body: read };
  };
  expect((await check('{"signIn":true}')).body).toEqual({ ...aCheck, signIn: aSignInCheck });
  for (const body of [undefined, '{}', '{"signIn":false}'])
    expect((await check(body)).body).toEqual(aCheck);
  for (const body of ['x', '[]', '{"signIn":1}']) expect((await check(body)).status).toBe(400);
});

test('the eleventh check of a minute is a 429 with the time to wait, for this person only', async () => {
  const { ask, audited } = world();
  const check = (bearer: string) =>
    ask('/v1/mcpservers/default/server-a/check', { bearer, method: 'POST' });
  for (let count = 0; count < 10; count += 1)
    expect((await check('bearer-of-ada')).status).toBe(200);
  const { status, headers, body } = await check('bearer-of-ada');
  expect(status).toBe(429);
  expect(headers.get('retry-after')).toBe('60');
  expect(problemSchema.parse(body)).toMatchObject({
    title: 'Too many checks',
    detail: 'The limit for each person is 10 checks in 1 minute.',
    hint: 'Try again in 60 seconds.',
  });
  for (let count = 0; count < 20; count += 1) await check('bearer-of-ada');
  expect(audited).toEqual([
    expect.objectContaining({ kind: 'limitReached', limit: 'check', person: expect.anything() }),
  ]);
  expect((await check('bearer-of-grace')).status).toBe(200);
});

test('me is the owner of the token', async () => {
  const { body } = await world().ask('/v1/me', ada);
  expect(meSchema.parse(body)).toEqual(body);
  expect(JSON.stringify(body)).not.toContain('bearer-of-ada');
});

test('strangers learn how to sign in', async () => {
  const { ask } = world();
  expect((await ask('/v1/config')).body).toEqual({
    issuer: 'https://login.example.com',
    clientId: 'muster-cli',
    scopes: ['openid', 'audience:server:client_id:kubernetes'],
    audienceScopes: ['audience:server:client_id:kubernetes'],
  });
  expect((await ask('/.well-known/oauth-protected-resource')).body).toMatchObject({
    resource: 'https://muster.example.com',
    authorization_servers: ['https://login.example.com'],
  });
  expect((await ask('/healthz')).body).toEqual({ status: 'ok', version });
});

test('nothing under /v1 is cached on the way', async () => {
  const { ask } = world();
  for (const path of ['/v1/mcpservers', '/v1/me'])
    expect((await ask(path, ada)).headers.get('cache-control')).toBe('no-store');
});

test.each([
  ['a list', '/v1/mcpservers', ada],
  ['a 401', '/v1/mcpservers', {}],
  ['a bad token', '/v1/mcpservers', { bearer: 'nonsense' }],
  ['a 404', '/nowhere', {}],
  ['a 404 under /v1', '/v1/nowhere', ada],
  ['a 503', '/v1/mcpservers/default/down', ada],
  ['a 500', '/v1/mcpservers/default/odd', ada],
  ['the configuration', '/v1/config', {}],
  ['the OpenAPI document', '/v1/openapi.json', {}],
  ['the metadata', '/.well-known/oauth-protected-resource', {}],
  ['the health check', '/healthz', {}],
])('%s says that browsers must not guess its type', async (_what, path, who) => {
  const { ask } = world({
    servers: {
      readServer: async (_namespace, name) => {
        throw name === 'down'
          ? new ClusterError({ reason: 'connectionRefused', address: 'https://10.0.0.1' })
          : new Error('<script>alert(1)</script>');
      },
    },
  });
  const { headers } = await ask(path, who);
  expect(headers.get('x-content-type-options')).toBe('nosniff');
});

test('the OpenAPI document describes every route of the contract, and refers only to schemas it holds', async () => {
  const { body } = await world().ask('/v1/openapi.json');
  expect(body).toMatchObject({
    openapi: '3.1.1',
    paths: Object.fromEntries(contract.map(({ path }) => [path, expect.anything()])),
  });
  const text = JSON.stringify(body);
  const schemas = JSON.stringify(body).match(/#\/components\/schemas\/\w+/g) ?? [];
  expect(schemas.length).toBeGreaterThan(10);
  for (const reference of schemas)
    expect(text).toContain(`"${reference.split('/').at(-1) ?? ''}":{"`);
  expect(body).toMatchObject({
    paths: {
      '/v1/mcpservers': {
        get: {
          parameters: expect.arrayContaining([
            expect.objectContaining({ name: 'limit', in: 'query' }),
          ]),
        },
      },
    },
  });
});

test('continue names no server, works for its person and its query, and for nothing else', async () => {
  const { ask } = world({ servers: { anonymousList: true } });
  const first = listSchema.parse((await ask('/v1/mcpservers?limit=1', ada)).body);
  const sealed = first.continue ?? '';
  const decoded = sealed
    .split('.')
    .map((part) => Buffer.from(part, 'base64url').toString('latin1'));
  expect(sealed).not.toBe('1');
  expect(decoded.join()).not.toMatch(/server-|uid-/);
  const grace = { bearer: 'bearer-of-grace' };
  const strangers = listSchema.parse((await ask('/v1/mcpservers?limit=1')).body).continue ?? '';
  const status = async (query: string, as = {}) =>
    (await ask(`/v1/mcpservers?${query}`, as)).status;
  expect(await status(`limit=1&continue=${sealed}`, ada)).toBe(200);
  expect(await status(`continue=${sealed}&limit=1`, ada)).toBe(200);
  expect(await status(`limit=1&continue=${strangers}`)).toBe(200);
  expect(await status(`limit=1&continue=${sealed}`, grace)).toBe(400);
  expect(await status(`limit=1&continue=${sealed}`)).toBe(400);
  expect(await status(`limit=1&continue=${strangers}`, ada)).toBe(400);
  expect(await status(`limit=2&continue=${sealed}`, ada)).toBe(400);
  expect(await status(`continue=${sealed}`, ada)).toBe(400);
  expect(await status(`limit=1&namespace=default&continue=${sealed}`, ada)).toBe(400);
});

test('any other continue is a 400 that does not reach the cluster, and no line of the log', async () => {
  let lists = 0;
  const { ask, logged } = world({
    servers: {
      listPage: async () => {
        lists += 1;
        return { kind: 'page', page: { servers: [], malformed: [] } };
      },
    },
  });
  const header = Buffer.from('{"alg":"dir","enc":"A256GCM","kid":"k1"}').toString('base64url');
  const rubbish = fc.oneof(
    fc.string({ minLength: 1 }),
    fc.base64String({ minLength: 1, maxLength: 300 }),
    fc
      .array(fc.stringMatching(/^[\w-]{0,40}$/), { minLength: 3, maxLength: 5 })
      .map((parts) => parts.join('.')),
    fc.stringMatching(/^[\w-]{16}\.[\w-]{0,60}\.[\w-]{22}$/).map((rest) => `${header}.${rest}`),
    fc.json().map((json) => `${Buffer.from(json).toString('base64url')}.AAAA.AAAA.AAAA`),
    fc.constant('x'.repeat(9_000)),
  );
  await fc.assert(
    fc.asyncProperty(rubbish, async (text) => {
      const query = new URLSearchParams({ continue: text }).toString();
      const { status, body } = await ask(`/v1/mcpservers?${query}`, ada);
      expect(status).toBe(400);
      expect(problemSchema.parse(body).hint).toMatch(/list again/);
    }),
    { numRuns: 300 },
  );
  expect([lists, logged]).toEqual([0, []]);
});

test('lists without a token are limited for all of them together, and those of people are not', async () => {
  const { ask } = world({ servers: { anonymousList: true } });
  for (let count = 0; count < anonymousLists.count; count += 1)
    expect((await ask('/v1/mcpservers?limit=1')).status).toBe(200);
  const { status, headers } = await ask('/v1/mcpservers?limit=1');
  expect([status, headers.get('retry-after')]).toEqual([429, '60']);
  expect((await ask('/v1/mcpservers?limit=1', ada)).status).toBe(200);
});

test('an MCPServer that cannot be read is the problem of its manifest, not of the cluster', async () => {
  const readServer = () =>
    Promise.reject(
      new ClusterError({
        reason: 'malformedServer',
        namespace: 'default',
        name: 'odd',
        message: 'spec.url: https://internal.example.com',
      }),
    );
  const { ask } = world({ servers: { readServer, anonymousList: true } });
  const { status, body } = await ask('/v1/mcpservers/default/odd');
  expect(status).toBe(422);
  expect(problemSchema.parse(body).hint).toBe(
    'Run: kubectl edit mcpserver odd --namespace default',
  );
  expect(JSON.stringify(body)).not.toContain('internal');
});

test('while the API server is down the answer says when it is asked again', async () => {
  const failure = { reason: 'paused', address: 'https://10.0.0.1', retryAfterMs: 7_200 } as const;
  const listPage = () => Promise.reject(new ClusterError(failure));
  const { status, headers } = await world({ servers: { listPage } }).ask('/v1/mcpservers', ada);
  expect([status, headers.get('retry-after')]).toEqual([503, '8']);
});

describe('a problem document', () => {
  const siteUrl = new URL('https://docs.example.com/muster/');
  test('carries the address of the page about it', async () => {
    const { ask } = world({ servers: { siteUrl } });
    const answers = await Promise.all([
      ask('/v1/nothing'),
      ask('/v1/mcpservers/default/nobody', ada),
      ask('/v1/mcpservers?limit=x', ada),
      ask('/v1/me'),
      ask('/v1/me', { bearer: 'of-a-stranger' }),
    ]);
    expect(answers.map(({ body }) => problemSchema.parse(body).type)).toEqual(
      ['no-such-route', 'no-such-server', 'invalid-query', 'sign-in-required', 'invalid-token'].map(
        (name) => `https://docs.example.com/muster/problems/${name}/`,
      ),
    );
  });
  test('has no address where there is no site', async () => {
    const { body } = await world().ask('/v1/nothing');
    expect(problemSchema.parse(body).type).toBe('about:blank');
  });
});
