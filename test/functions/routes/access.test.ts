import { Hono } from 'hono';
import { expect, test } from 'vitest';
import {
  accessCheck,
  accessGate,
  type AccessRules,
  subjectOf,
} from '../../../functions/routes/access.ts';
import { serverRoutes, type ServerPorts } from '../../../functions/routes/server-routes.ts';
import type { ContinueTokens } from '../../../functions/routes/continue-tokens.ts';
import type { TakeLimit } from '../../../functions/sessions/rate-limits.ts';
import { defined } from '../../../functions/model/defined.ts';
import type { Variables } from '../../../functions/routes/bearer.ts';
import { problemSchema } from '../../../functions/model/wire/endpoint-wire.ts';
import { listSchema } from '../../../functions/model/wire/server-wire.ts';
import { aServer, connected } from '../../world/server.ts';
import { aCaller, aPerson } from '../../world/person.ts';
import { ClusterError } from '../../../functions/model/cluster-error.ts';

const rules: AccessRules = { usernameClaim: 'sub', groupsClaim: 'groups', groupsPrefix: '' };
const issuer = 'https://login.example.com';

const callerWith = (claims: Readonly<Record<string, unknown>>) =>
  aCaller(aPerson({ issuer }), { claims: { iss: issuer, sub: 'ada', ...claims } });

test.each<[string, Partial<AccessRules>, object, string, readonly string[]]>([
  ['the name has the issuer before it', {}, {}, `${issuer}#ada`, []],
  [
    'an address stands alone',
    { usernameClaim: 'email' },
    { email: 'ada@example.com', email_verified: true },
    'ada@example.com',
    [],
  ],
  ['a prefix stands before the name', { usernamePrefix: 'oidc:' }, {}, 'oidc:ada', []],
  ['a dash is no prefix at all', { usernamePrefix: '-' }, {}, 'ada', []],
  [
    'groups have theirs',
    { groupsPrefix: 'oidc:' },
    { groups: ['a', 'b'] },
    `${issuer}#ada`,
    ['oidc:a', 'oidc:b'],
  ],
  ['one group may be no list', {}, { groups: 'a' }, `${issuer}#ada`, ['a']],
  ['groups that are none are left out', {}, { groups: 7 }, `${issuer}#ada`, []],
])('as the API server does with its OIDC flags, %s', (_what, changed, claims, user, groups) => {
  expect(subjectOf(callerWith({ ...claims }), { ...rules, ...changed })).toEqual({
    user,
    groups: [...groups, 'system:authenticated'],
  });
});

test.each<readonly [string, Partial<AccessRules>, object]>([
  ['a claim that is not there', { usernameClaim: 'upn' }, {}],
  ...[false, 'true', 'false', 1, 0, null, [true], {}, undefined].map(
    (email_verified) =>
      [
        `an address with email_verified ${JSON.stringify(email_verified)}`,
        { usernameClaim: 'email' },
        { email: 'ada@example.com', email_verified },
      ] as const,
  ),
])('%s is no name', (_what, changed, claims) => {
  expect(subjectOf(callerWith({ ...claims }), { ...rules, ...changed })).toBeUndefined();
});

const plainTokens: ContinueTokens = {
  seal: async (token) => token,
  open: async (token) => token,
};

function world(review: (user: string, namespace: string) => boolean, reviews = Infinity) {
  const asked: string[] = [];
  const logged: unknown[] = [];
  let time = new Date('2026-01-01T00:00:00Z');
  const taken: string[] = [];
  const takeLimit: TakeLimit = async (_person, limit) =>
    taken.push(limit) > reviews ? { kind: 'reached', retryAfterMs: 5_000 } : { kind: 'allowed' };
  const maySee = accessCheck({
    now: () => time,
    review: async ({ user }, namespace) => {
      asked.push(`${user} ${namespace}`);
      return review(user, namespace);
    },
    rules: { ...rules, usernamePrefix: '-' },
    takeLimit,
    log: (line) => void logged.push(line),
  });
  const servers = [
    aServer({ status: connected() }),
    aServer({ name: 'server-b', uid: 'b', status: connected() }),
    aServer({ namespace: 'secret', uid: 'c', status: connected() }),
  ];
  const ports: ServerPorts = {
    now: () => time,
    listPage: async ({ namespace }) => {
      const isWanted = (one: { namespace: string }) =>
        namespace === undefined || one.namespace === namespace;
      const malformed = [{ namespace: 'secret', name: 'odd', message: 'spec' }].filter(isWanted);
      const own = servers.filter(isWanted);
      const next = namespace === 'secret' ? 'more-of-secret' : undefined;
      return { kind: 'page', page: defined({ servers: own, malformed, continue: next }) };
    },
    readServer: async (namespace, name) =>
      servers.find((server) => server.namespace === namespace && server.name === name),
    sessionsOf: async () => () => new Map(),
    check: async () => {
      throw new Error('Nobody asked for a check.');
    },
    checkSignIn: async () => {
      throw new Error('Nobody asked for a check.');
    },
    heartbeatMs: 300_000,
    anonymousList: false,
    maySee,
    takeLimit,
    continueTokens: plainTokens,
  };
  const api = new Hono<{ Variables: Variables }>();
  api.use('*', async (context, next) => {
    context.set('caller', callerWith({}));
    await next();
  });
  api.use('/v1/mcpservers/:namespace/:name/*', accessGate(maySee));
  api.route('/', serverRoutes(ports));
  return {
    api,
    asked,
    logged,
    taken,
    later: (ms: number) => void (time = new Date(time.getTime() + ms)),
  };
}

test('a list holds the namespaces that the cluster would let one get, and nothing of the others', async () => {
  const { api, asked } = world((_user, namespace) => namespace === 'default');
  const body: unknown = await (await api.request('/v1/mcpservers')).json();
  const list = listSchema.parse(body);
  expect(list.items.map(({ namespace, name }) => `${namespace}/${name}`)).toEqual([
    'default/server-a',
    'default/server-b',
  ]);
  expect(list.problems).toEqual([]);
  expect(asked).toEqual(['ada default', 'ada secret']);
});

test('the answer of the cluster is kept for a minute, and then asked for again', async () => {
  const { api, asked, later } = world(() => true);
  await api.request('/v1/mcpservers');
  await api.request('/v1/mcpservers/default/server-a');
  later(59_000);
  await api.request('/v1/mcpservers');
  expect(asked).toHaveLength(2);
  later(2000);
  await api.request('/v1/mcpservers');
  expect(asked).toHaveLength(4);
});

test.each(['/v1/mcpservers/secret/server-a', '/v1/mcpservers/secret/server-a/session'])(
  'what one may not see is not there, at %s',
  async (path) => {
    const { api } = world((_user, namespace) => namespace === 'default');
    expect((await api.request(path)).status).toBe(404);
    expect((await api.request('/v1/mcpservers/default/server-a')).status).toBe(200);
  },
);

test('when the cluster does not answer, nothing is shown, and the next request asks again', async () => {
  let isAway = true;
  const clusterDown = new ClusterError({
    reason: 'connectionRefused',
    address: 'https://10.0.0.1',
  });
  const { api, asked, logged } = world(() => {
    if (isAway) throw clusterDown;
    return true;
  });
  for (const path of ['/v1/mcpservers', '/v1/mcpservers/default/server-a']) {
    const answer = await api.request(path);
    expect(answer.status).toBe(503);
    expect(problemSchema.parse(await answer.json())).toMatchObject({
      title: 'Your access could not be determined',
    });
  }
  expect(logged).toContainEqual(expect.objectContaining({ detail: clusterDown.message }));
  isAway = false;
  expect((await api.request('/v1/mcpservers')).status).toBe(200);
  expect(asked.length).toBeGreaterThan(3);
});

test.each([
  ['GET', '/v1/mcpservers/NS/server-a'],
  ['GET', '/v1/mcpservers/NS/server-z'],
  ['GET', '/v1/mcpservers?namespace=NS'],
  ['GET', '/v1/mcpservers?namespace=NS&limit=1'],
  ['POST', '/v1/mcpservers/NS/server-a/check'],
  ['DELETE', '/v1/mcpservers/NS/server-a/session'],
])('a closed namespace cannot be told from a missing one: %s %s', async (method, path) => {
  const { api } = world((_user, namespace) => namespace === 'default');
  const answer = async (namespace: string) => {
    const response = await api.request(path.replace('NS', namespace), { method });
    const text = await response.text();
    return { status: response.status, text: text.replaceAll(namespace, 'NS') };
  };
  await api.request('/v1/mcpservers');
  expect(await answer('secret')).toEqual(await answer('made-up'));
});

test('nor can it where the limit of reviews is reached', async () => {
  const { api } = world((_user, namespace) => namespace === 'default', 3);
  await api.request('/v1/mcpservers');
  const status = async (namespace: string) =>
    (await api.request(`/v1/mcpservers/${namespace}/server-a`)).status;
  expect([await status('secret'), await status('one'), await status('two')]).toEqual([
    404, 404, 404,
  ]);
  expect([await status('secret'), await status('one'), await status('three')]).toEqual([
    429, 429, 429,
  ]);
  expect(await status('default')).toBe(200);
});

test('made-up namespaces cost reviews up to the limit of the person, and what is no namespace none', async () => {
  const { api, asked, taken } = world(() => false, 20);
  for (let index = 0; index < 100; index += 1)
    await api.request(`/v1/mcpservers/made-up-${index}/server-a`);
  expect(asked).toHaveLength(20);
  expect(taken).toHaveLength(100);
  for (const name of ['A', '..', '-a', 'a.b', 'a%2Fb', 'x'.repeat(64), '%00'])
    expect((await api.request(`/v1/mcpservers/${name}/server-a`)).status).toBe(404);
  expect(taken).toHaveLength(100);
});

test('the namespaces that the cluster itself listed are not counted', async () => {
  const { api, taken } = world(() => true);
  await api.request('/v1/mcpservers');
  await api.request('/v1/mcpservers/default/server-a');
  expect(taken).toEqual([]);
});
