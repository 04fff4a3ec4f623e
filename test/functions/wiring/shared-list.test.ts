/** What the cluster said is shared between callers; what a person may see is not. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { accessReviewer } from '../../../functions/adapters/cluster/access-review.ts';
import { connectCluster } from '../../../functions/adapters/cluster/apiserver.ts';
import { sealer } from '../../../functions/adapters/dynamodb/seal.ts';
import { textSealer } from '../../../functions/adapters/dynamodb/sealed-text.ts';
import { defined } from '../../../functions/model/defined.ts';
import { listSchema } from '../../../functions/model/wire/server-wire.ts';
import { accessCheck } from '../../../functions/routes/access.ts';
import { composeApi } from '../../../functions/routes/compose.ts';
import { join } from '../../../functions/sessions/join.ts';
import { selectedLister, selectedReader } from '../../../functions/wiring/selected-servers.ts';
import { sharedLister, sharedSweepTime } from '../../../functions/wiring/shared-list.ts';
import { type LocalCluster, startCluster } from '../../../local/cluster/local-cluster.ts';
import { crdFile } from '../../world/manifest.ts';
import { aCaller, aPerson } from '../../world/person.ts';
import { aGrant } from '../sessions/build.ts';

const path = '/apis/muster.giantswarm.io/v1alpha1';

let cluster: LocalCluster;
/** The lists that the cluster answered, as it was asked for them. */
let lists: string[];
let isDown = false;
beforeAll(async () => {
  cluster = await startCluster({
    crdFile,
    intercept: ({ method, url = '' }) => {
      if (method !== 'GET' || !url.includes('/mcpservers?')) return undefined;
      lists.push(url);
      return isDown ? { code: 403, body: { kind: 'Status', code: 403 } } : undefined;
    },
    isAllowed: ({ user, namespace }) => user === 'ada' || namespace === 'default',
  });
  await declare('default', 'server-a', 'search');
  await declare('default', 'server-b', 'other');
  await declare('secret', 'server-a', 'search');
});
afterAll(() => cluster.close());
beforeEach(() => {
  lists = [];
  isDown = false;
});

async function declare(namespace: string, name: string, team: string): Promise<void> {
  const response = await fetch(`${cluster.url}${path}/namespaces/${namespace}/mcpservers`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      apiVersion: 'muster.giantswarm.io/v1alpha1',
      kind: 'MCPServer',
      metadata: { name, namespace, labels: { team } },
      spec: { type: 'streamable-http', url: `https://${namespace}.example.com/mcp` },
    }),
  });
  expect(response.status).toBe(201);
}

/** The endpoint over that cluster, with ACCESS_REVIEW or open to strangers. */
function endpoint({ isReviewed = true } = {}) {
  let time = Date.UTC(2026, 10, 26);
  const now = () => new Date(time);
  const own = connectCluster({ kubeconfig: cluster.kubeconfig });
  const maySee = accessCheck({
    now,
    review: accessReviewer(own),
    rules: {
      usernameClaim: 'sub',
      usernamePrefix: '-',
      groupsClaim: 'groups',
      groupsPrefix: '',
    },
    takeLimit: async () => ({ kind: 'allowed' }),
    log: () => {},
  });
  const api = composeApi({
    facts: {
      publicUrl: 'https://muster.example.com',
      issuer: 'https://login.example.com',
      clientId: 'muster-cli',
      scopes: ['openid'],
      audienceScopes: async () => [],
    },
    verify: async (token) => ({
      kind: 'valid',
      caller: aCaller(aPerson({ subject: token }), { claims: { sub: token } }),
    }),
    log: () => {},
    servers: {
      now,
      listPage: sharedLister(selectedLister(own, isReviewed), { now, freshMs: 1_000 }),
      readServer: selectedReader(own),
      sessionsOf: async (person) => (servers) =>
        join(servers, person, [aGrant({ person, issuer: `https://of-${person.subject}` })], now()),
      check: async () => Promise.reject(new Error('not here')),
      checkSignIn: async () => Promise.reject(new Error('not here')),
      heartbeatMs: 300_000,
      anonymousList: !isReviewed,
      takeLimit: async () => ({ kind: 'allowed' }),
      continueTokens: textSealer(sealer([`k1:${Buffer.alloc(32, 7).toString('base64url')}`])),
      ...defined({ maySee: isReviewed ? maySee : undefined }),
    },
  });
  const ask = async (query: string, person?: string) => {
    const response = await api.request(`/v1/mcpservers${query}`, {
      headers: person === undefined ? {} : { authorization: `Bearer ${person}` },
    });
    const text = await response.text();
    return { status: response.status, text, headers: response.headers };
  };
  const names = async (query: string, person?: string) => {
    const { text } = await ask(query, person);
    const list = listSchema.parse(JSON.parse(text));
    return list.items.map(({ namespace, name }) => `${namespace}/${name}`);
  };
  return { api, ask, names, later: (ms: number) => void (time += ms) };
}

const everything = ['default/server-a', 'default/server-b', 'secret/server-a'];
const open = ['default/server-a', 'default/server-b'];

describe('two people at the same moment, one of whom may not see a namespace', () => {
  test('share one list of the cluster, and each has what they may see', async () => {
    const { names } = endpoint();
    const [ofAda, ofGrace, again] = await Promise.all([
      names('', 'ada'),
      names('', 'grace'),
      names('', 'ada'),
    ]);
    expect([ofAda, ofGrace, again]).toEqual([everything, open, everything]);
    expect(lists).toHaveLength(1);
    expect([await names('', 'grace'), await names('', 'ada')]).toEqual([open, everything]);
    expect(lists).toHaveLength(1);
  });

  test('share the list of a namespace only if both may see it', async () => {
    const { names, ask } = endpoint();
    expect(await names('?namespace=secret', 'ada')).toEqual(['secret/server-a']);
    const hidden = await ask('?namespace=secret', 'grace');
    const missing = await ask('?namespace=made-up', 'grace');
    expect(hidden.text).toBe(missing.text);
    expect(hidden.headers.get('etag')).toBe(missing.headers.get('etag'));
    expect(await names('?namespace=default', 'grace')).toEqual(open);
    expect(await names('?namespace=default', 'ada')).toEqual(open);
    expect(lists).toHaveLength(2);
  });

  test('search by labels without counting what is hidden from one of them', async () => {
    const { names } = endpoint();
    const search = '?labelSelector=team%3Dsearch';
    expect(await names(search, 'ada')).toEqual(['default/server-a', 'secret/server-a']);
    expect(await names(search, 'grace')).toEqual(['default/server-a']);
    expect(lists).toEqual([expect.not.stringContaining('labelSelector')]);
  });

  test('have names in their hints that only what they may see decides', async () => {
    const { ask } = endpoint();
    const hint = /muster auth login --server ([^"]+)"/;
    for (const name of ['default/server-a', 'secret/server-a']) await requireSignIn(name);
    const [ofAda, ofGrace] = await Promise.all([ask('', 'ada'), ask('', 'grace')]);
    expect(hint.exec(ofAda.text)?.[1]).toBe('default/server-a');
    expect(hint.exec(ofGrace.text)?.[1]).toBe('server-a');
  });

  test('get a continue that only they can send, to the same page of the cluster', async () => {
    const { ask, names } = endpoint();
    const next = async (person: string) =>
      listSchema.parse(JSON.parse((await ask('?limit=1', person)).text)).continue ?? '';
    const [ofAda, ofGrace] = [await next('ada'), await next('grace')];
    expect(ofAda).not.toBe(ofGrace);
    const query = (token: string) => `?limit=1&continue=${encodeURIComponent(token)}`;
    expect(await names(query(ofAda), 'ada')).toEqual(['default/server-b']);
    expect(await names(query(ofGrace), 'grace')).toEqual(['default/server-b']);
    expect((await ask(query(ofAda), 'grace')).status).toBe(400);
    expect(lists).toHaveLength(2);
  });
});

/** As a sweep leaves it for a server that answered 401. */
async function requireSignIn(name: string): Promise<void> {
  const url = `${cluster.url}${path}/namespaces/${name.replace('/', '/mcpservers/')}/status`;
  const at = '2026-11-25T23:59:00Z';
  const condition = { status: 'True', message: '', lastTransitionTime: at, observedGeneration: 1 };
  const response = await fetch(url, {
    method: 'PATCH',
    headers: { 'content-type': 'application/merge-patch+json' },
    body: JSON.stringify({
      status: {
        state: 'Connected',
        lastAttempt: at,
        conditions: [
          { ...condition, type: 'Reachable', reason: 'AuthenticationRequired' },
          { ...condition, type: 'AuthRequired', reason: 'AuthenticationRequired' },
        ],
      },
    }),
  });
  expect(response.status).toBe(200);
}

test('a stranger and a person share a list, and the stranger sees neither URLs nor sessions', async () => {
  const { ask } = endpoint({ isReviewed: false });
  const [ofAda, ofStranger] = await Promise.all([ask('', 'ada'), ask('')]);
  expect(lists).toHaveLength(1);
  expect(ofAda.text).toContain('example.com/mcp');
  expect(ofAda.text).toContain('"session"');
  expect(ofStranger.text).not.toMatch(/example\.com|"session"|"me"/);
  const after = await ask('');
  expect(after.text).toBe(ofStranger.text);
  expect(after.headers.get('etag')).not.toBe(ofAda.headers.get('etag'));
});

test('what was declared is in the list a second later, and at once where one server is asked for', async () => {
  const { names, api, later } = endpoint();
  const before = await names('', 'ada');
  await declare('default', 'server-new', 'search');
  const one = await api.request('/v1/mcpservers/default/server-new', {
    headers: { authorization: 'Bearer ada' },
  });
  expect(one.status).toBe(200);
  later(999);
  expect(await names('', 'ada')).toEqual(before);
  later(1);
  expect(await names('', 'ada')).toContain('default/server-new');
  expect(lists).toHaveLength(2);
});

test('a cluster that refuses is asked again by the next request', async () => {
  const { ask } = endpoint();
  isDown = true;
  expect((await ask('', 'ada')).status).toBe(503);
  isDown = false;
  expect((await ask('', 'ada')).status).toBe(200);
});

test('a chain of pages is of one snapshot, whatever was written and listed meanwhile', async () => {
  const { ask, names, later } = endpoint();
  const first = listSchema.parse(JSON.parse((await ask('?limit=2', 'ada')).text));
  await declare('default', 'server-c', 'search');
  later(1_000);
  const other = listSchema.parse(JSON.parse((await ask('?limit=2', 'ada')).text));
  const rest = (token = '') => names(`?limit=2&continue=${encodeURIComponent(token)}`, 'ada');
  const [ofFirst, ofOther] = await Promise.all([rest(first.continue), rest(other.continue)]);
  expect(ofFirst).not.toContain('default/server-c');
  expect(ofOther).toContain('default/server-c');
});

test('a token that the cluster has forgotten is a 410 each time', async () => {
  const { ask } = endpoint();
  const { continue: token = '' } = listSchema.parse(
    JSON.parse((await ask('?limit=2', 'ada')).text),
  );
  cluster.expireContinueTokens();
  const next = `?limit=2&continue=${encodeURIComponent(token)}`;
  expect((await ask(next, 'ada')).status).toBe(410);
  expect((await ask(next, 'ada')).status).toBe(410);
  expect(lists).toHaveLength(3);
});

test('the time of the last sweep is shared as well; that it is unknown is not', async () => {
  const found = [undefined, new Date(1), new Date(2)];
  const read = sharedSweepTime(async () => found.shift(), {
    now: () => new Date(0),
    freshMs: 1_000,
  });
  expect([await read(), await read(), await read()]).toEqual([undefined, new Date(1), new Date(1)]);
});
