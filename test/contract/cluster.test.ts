/**
 * What we rely on in a Kubernetes API server. The local cluster has to do the same, and so has a
 * real one (npm run test:cluster).
 */
import {
  ApiException,
  CustomObjectsApi,
  KubeConfig,
  PatchStrategy,
  setHeaderOptions,
} from '@kubernetes/client-node';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { aManifest, type ManifestParts } from '../world/manifest.ts';
import { type Api, anApi, group, pathOf, type Reply } from './api.ts';

let api: Api;
let namespace: string;

beforeAll(async () => {
  api = await anApi();
});
afterAll(() => api.close());
beforeEach(async ({ skip }) => {
  skip(api.kind === 'missing', 'there is no API server');
  namespace = await api.aNamespace();
});

const create = (parts: ManifestParts = {}, query = ''): Promise<Reply> =>
  api.send('POST', `${pathOf(namespace)}${query}`, { body: aManifest(parts) });

const list = (query: Readonly<Record<string, string>> = {}): Promise<Reply> =>
  api.send('GET', `${pathOf(namespace)}?${new URLSearchParams(query).toString()}`);

const get = (name = 'server-a'): Promise<Reply> => api.send('GET', pathOf(namespace, name));

const patch = (body: unknown, query = ''): Promise<Reply> =>
  api.send('PATCH', `${pathOf(namespace, 'server-a')}${query}`, {
    body,
    contentType: 'application/merge-patch+json',
  });

const patchStatus = (body: unknown, query = ''): Promise<Reply> =>
  api.send('PATCH', `${pathOf(namespace, 'server-a', 'status')}${query}`, {
    body,
    contentType: 'application/merge-patch+json',
  });

const replace = (body: unknown, ...rest: readonly string[]): Promise<Reply> =>
  api.send('PUT', pathOf(namespace, 'server-a', ...rest), { body });

const names = (reply: Reply): readonly string[] =>
  expectItems(reply.body).map((item) =>
    item.metadata && typeof item.metadata.name === 'string' ? item.metadata.name : '',
  );

function expectItems(body: unknown): readonly { metadata?: { name?: unknown } }[] {
  expect(body).toMatchObject({
    kind: 'MCPServerList',
    apiVersion: 'muster.giantswarm.io/v1alpha1',
  });
  return typeof body === 'object' && body !== null && 'items' in body && Array.isArray(body.items)
    ? body.items
    : [];
}

async function createMany(...wanted: readonly string[]): Promise<void> {
  for (const name of wanted) expect(await create({ name })).toMatchObject({ code: 201 });
}

const reachable = (parts: object = {}) => ({
  type: 'Reachable',
  status: 'True',
  reason: 'Responded',
  message: 'HTTP 200',
  lastTransitionTime: '2026-01-02T03:04:05Z',
  ...parts,
});

describe('create', () => {
  test('a new object gets uid, resourceVersion, generation 1, a time without fractions, and no status', async () => {
    const reply = await create({ status: { state: 'Connected' } });
    expect(reply.code).toBe(201);
    expect(reply.body).toMatchObject({
      metadata: {
        name: 'server-a',
        namespace,
        uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
        resourceVersion: expect.stringMatching(/^\d+$/),
        generation: 1,
        creationTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      },
    });
    expect(reply.body).not.toHaveProperty('status');
  });

  test('defaults are filled, but only where their parent is there', async () => {
    const bare = await create({ name: 'bare' });
    expect(bare.body).toMatchObject({ spec: { timeout: 30, autoStart: false } });
    expect(bare.body).not.toHaveProperty('spec.auth');
    const withAuth = await create({
      name: 'auth',
      spec: { type: 'sse', url: 'http://mcp', auth: { tokenExchange: {} } },
    });
    expect(withAuth.body).toMatchObject({
      spec: {
        auth: {
          type: 'none',
          forwardToken: false,
          tokenExchange: { enabled: false, scopes: 'openid profile email groups' },
        },
      },
    });
  });

  test('a name that is taken is refused', async () => {
    await create();
    expect(await create()).toMatchObject({
      code: 409,
      body: {
        kind: 'Status',
        status: 'Failure',
        reason: 'AlreadyExists',
        code: 409,
        message: 'mcpservers.muster.giantswarm.io "server-a" already exists',
        details: { name: 'server-a', group: 'muster.giantswarm.io', kind: 'mcpservers' },
      },
    });
  });

  test('an object of another namespace, of another kind or without a name is refused', async () => {
    expect(await create({ namespace: 'elsewhere' })).toMatchObject({
      code: 400,
      body: { reason: 'BadRequest' },
    });
    expect(
      await api.send('POST', pathOf(namespace), { body: { ...aManifest(), kind: 'Workflow' } }),
    ).toMatchObject({
      code: 422,
      body: {
        message:
          'Workflow.muster.giantswarm.io "server-a" is invalid: kind: Invalid value: "Workflow": must be MCPServer',
      },
    });
    expect(await api.send('POST', pathOf(namespace), { body: '{"broken' })).toMatchObject({
      code: 400,
    });
    expect(await create({ metadata: { name: undefined } })).toMatchObject({
      code: 422,
      body: { reason: 'Invalid' },
    });
    expect(await create({ name: 'Not A Name' })).toMatchObject({
      code: 422,
      body: { details: { causes: [{ reason: 'FieldValueInvalid', field: 'metadata.name' }] } },
    });
  });

  test('a field that the schema does not know is dropped with a warning, or refused where the client is strict', async () => {
    const post = (query: string): Promise<Reply> =>
      api.send('POST', `${pathOf(namespace)}${query}`, { body: { ...aManifest(), oops: 1 } });
    const strict = await post('?fieldValidation=Strict');
    expect(strict).toMatchObject({
      code: 400,
      body: {
        reason: 'BadRequest',
        message: expect.stringContaining('strict decoding error: unknown field "oops"'),
      },
    });
    const warned = await post('');
    expect(warned).toMatchObject({ code: 201, warning: '299 - "unknown field \\"oops\\""' });
    expect(warned.body).not.toHaveProperty('oops');
  });

  // Later versions of giantswarm/muster have more fields (5.10.2 and 5.28.0 did).
  test('a field of spec that only another version knows is kept, at each depth', async () => {
    const spec = {
      type: 'sse',
      url: 'http://mcp',
      later: { deep: [1] },
      auth: { type: 'oauth', later: 'x', authorizationServer: { issuer: 'https://x', later: 1 } },
    };
    const created = await create({ spec }, '?fieldValidation=Strict');
    expect(created).toMatchObject({ code: 201, warning: null, body: { spec } });
    expect(await patchStatus({ status: { state: 'Failed' } })).toMatchObject({
      code: 200,
      body: { spec },
    });
  });

  test('the fields and states of giantswarm/muster 5.28 are accepted', async () => {
    const spec = {
      type: 'sse',
      url: 'http://mcp',
      suspended: true,
      restartRequestedAt: '2026-09-14T08:00:00Z',
      auth: { type: 'oauth', authorizationServer: { issuer: 'https://accounts.example.com/' } },
    };
    expect(await create({ spec }, '?fieldValidation=Strict')).toMatchObject({
      code: 201,
      body: { spec },
    });
    const status = { state: 'Awaiting Session', lastFailureHTTPStatus: 503 };
    expect(await patchStatus({ status }, '?fieldValidation=Strict')).toMatchObject({
      code: 200,
      body: { status },
    });
  });

  test('a body beyond 3 MiB is refused', async () => {
    const reply = await create({
      spec: { type: 'sse', url: 'http://mcp', env: { LARGE: 'x'.repeat(3 * 1024 * 1024) } },
    });
    expect(reply).toMatchObject({ code: 413, body: { reason: 'RequestEntityTooLarge' } });
  });
});

describe('validation', () => {
  const remote = { type: 'streamable-http', url: 'https://x/mcp' };

  test.each([
    {
      flaw: 'a type nobody knows',
      spec: { type: 'grpc' },
      field: 'spec.type',
      reason: 'FieldValueNotSupported',
      says: 'Unsupported value: "grpc": supported values: "stdio", "streamable-http", "sse"',
    },
    {
      flaw: 'no type',
      spec: {},
      field: 'spec.type',
      reason: 'FieldValueRequired',
      says: 'Required value',
    },
    {
      flaw: 'a URL that is not http',
      spec: { ...remote, url: 'ftp://x' },
      field: 'spec.url',
      reason: 'FieldValueInvalid',
      says: 'Invalid value: "ftp://x": spec.url in body should match',
    },
    {
      flaw: 'a host of one letter',
      spec: { ...remote, url: 'http://x' },
      field: 'spec.url',
      reason: 'FieldValueInvalid',
      says: 'should match',
    },
    {
      flaw: 'a host that begins with a dot',
      spec: { ...remote, url: 'http://.foo/mcp' },
      field: 'spec.url',
      reason: 'FieldValueInvalid',
      says: 'should match',
    },
    {
      flaw: 'a timeout of 0',
      spec: { ...remote, timeout: 0 },
      field: 'spec.timeout',
      reason: 'FieldValueInvalid',
      says: 'Invalid value: 0: spec.timeout in body should be greater than or equal to 1',
    },
    {
      flaw: 'a timeout of 301',
      spec: { ...remote, timeout: 301 },
      field: 'spec.timeout',
      reason: 'FieldValueInvalid',
      says: 'should be less than or equal to 300',
    },
    {
      flaw: 'a timeout in words',
      spec: { ...remote, timeout: 'soon' },
      field: 'spec.timeout',
      reason: 'FieldValueTypeInvalid',
      says: 'spec.timeout in body must be of type integer: "string"',
    },
    {
      flaw: 'a description of 501 characters',
      spec: { ...remote, description: 'x'.repeat(501) },
      field: 'spec.description',
      reason: 'FieldValueTooLong',
      says: 'Too long: may not be more than 500',
    },
    {
      flaw: 'a family without instanceArg',
      spec: { ...remote, family: { name: 'k8s' } },
      field: 'spec.family.instanceArg',
      reason: 'FieldValueRequired',
      says: 'Required value',
    },
    {
      flaw: 'an issuer whose path ends with a slash',
      spec: { ...remote, auth: { type: 'oauth', authorizationServer: { issuer: 'https://x/a/' } } },
      field: 'spec.auth.authorizationServer.issuer',
      reason: 'FieldValueInvalid',
      says: 'should match',
    },
  ])('$flaw is refused by name', async ({ spec, field, reason, says }) => {
    const reply = await create({ spec });
    expect(reply).toMatchObject({
      code: 422,
      body: {
        reason: 'Invalid',
        message: expect.stringMatching(
          /^MCPServer\.muster\.giantswarm\.io "server-a" is invalid: /,
        ),
        details: { name: 'server-a', group: 'muster.giantswarm.io', kind: 'MCPServer' },
      },
    });
    expect(reply.body).toHaveProperty(
      'details.causes',
      expect.arrayContaining([{ field, reason, message: expect.stringContaining(says) }]),
    );
  });

  const long = (length: number): string => 'x'.repeat(length);
  const entries = (length: number): Readonly<Record<string, string>> =>
    Object.fromEntries(Array.from({ length }, (_, index) => [`x-${index}`, '']));
  test.each([
    ['url', { url: `https://x/${long(2039)}` }, 'TooLong'],
    ['headers', { headers: entries(65) }, 'TooMany'],
    ['headers.x-one', { headers: { 'x-one': long(8193) } }, 'TooLong'],
    ['description', { description: long(501) }, 'TooLong'],
    ['toolPrefix', { toolPrefix: long(129) }, 'TooLong'],
    ['auth.requiredAudiences', { auth: { requiredAudiences: Array(101).fill('a') } }, 'TooMany'],
    ['auth.requiredAudiences[0]', { auth: { requiredAudiences: [long(257)] } }, 'TooLong'],
    [
      'auth.authorizationServer.scopes',
      {
        auth: { type: 'oauth', authorizationServer: { issuer: 'https://x', scopes: long(25700) } },
      },
      'TooLong',
    ],
  ])('spec.%s has a limit', async (field, parts, problem) => {
    expect(await create({ spec: { ...remote, ...parts } })).toMatchObject({
      code: 422,
      body: {
        details: {
          causes: expect.arrayContaining([
            expect.objectContaining({ field: `spec.${field}`, reason: `FieldValue${problem}` }),
          ]),
        },
      },
    });
  });

  test('what is exactly as long as its limit is accepted', async () => {
    const spec = {
      ...remote,
      url: `https://x/${long(2038)}`,
      headers: { ...entries(63), 'x-one': long(8192) },
      description: long(500),
      toolPrefix: long(128),
      auth: {
        type: 'oauth',
        requiredAudiences: Array(100).fill(long(256)),
        authorizationServer: { issuer: 'https://x', scopes: long(25699) },
      },
    };
    expect(await create({ spec })).toMatchObject({ code: 201 });
  });

  test.each([
    [
      'are not asked about an object whose shape is wrong',
      { type: 'sse', timeout: 'soon' },
      /some validation rules were not checked/,
    ],
    [
      'are asked about a value that is out of range',
      { type: 'sse', timeout: 0 },
      /: url is required when type is streamable-http or sse/,
    ],
  ])('the rules %s', async (_title, spec, says) => {
    expect(await create({ spec })).toMatchObject({
      code: 422,
      body: { message: expect.stringMatching(says) },
    });
  });

  const pinned = { authorizationServer: { issuer: 'https://login.example.com' } };

  test.each([
    {
      flaw: 'stdio without command',
      spec: { type: 'stdio' },
      path: '<nil>',
      says: 'command is required when type is stdio',
    },
    {
      flaw: 'a remote server without URL',
      spec: { type: 'sse' },
      path: '<nil>',
      says: 'url is required when type is streamable-http or sse',
    },
    {
      flaw: 'args on a remote server',
      spec: { ...remote, args: ['-y'] },
      path: '<nil>',
      says: 'args field is only allowed when type is stdio',
    },
    {
      flaw: 'headers on stdio',
      spec: { type: 'stdio', command: 'npx', headers: {} },
      path: '<nil>',
      says: 'headers field is only allowed when type is streamable-http or sse',
    },
    {
      flaw: 'a pinned issuer without oauth',
      spec: { ...remote, auth: pinned },
      path: 'spec.auth',
      says: 'authorizationServer is only valid when type is oauth',
    },
    {
      flaw: 'forwarding beside a pinned issuer',
      spec: { ...remote, auth: { ...pinned, type: 'oauth', forwardToken: true } },
      path: 'spec.auth',
      says: 'forwardToken bypasses per-backend OAuth; set one or the other, not both',
    },
    {
      flaw: 'exchange beside a pinned issuer',
      spec: { ...remote, auth: { ...pinned, type: 'oauth', tokenExchange: { enabled: true } } },
      path: 'spec.auth',
      says: 'tokenExchange has its own issuer/endpoint config; set one or the other, not both',
    },
  ])('the rules refuse $flaw', async ({ spec, path, says }) => {
    expect(await create({ spec })).toMatchObject({
      code: 422,
      body: {
        message: `MCPServer.muster.giantswarm.io "server-a" is invalid: ${path}: Invalid value: ${says}`,
        details: {
          causes: [{ reason: 'FieldValueInvalid', field: path, message: `Invalid value: ${says}` }],
        },
      },
    });
  });

  test('an object without spec breaks all four rules of the root', async () => {
    const { spec: _spec, ...body } = aManifest();
    const reply = await api.send('POST', pathOf(namespace), { body });
    expect(reply.code).toBe(422);
    const cause = (rule: string) => ({
      reason: 'FieldValueInvalid',
      field: '<nil>',
      message: `Invalid value: "object": no such key: spec evaluating rule: ${rule}`,
    });
    expect(reply.body).toHaveProperty('details.causes', [
      cause('command is required when type is stdio'),
      cause('url is required when type is streamable-http or sse'),
      cause('args field is only allowed when type is stdio'),
      cause('headers field is only allowed when type is streamable-http or sse'),
    ]);
  });

  test.each([
    ['a URL on stdio', { type: 'stdio', command: 'npx', url: 'https://mcp' }],
    ['a command on a remote server', { ...remote, command: 'npx' }],
    ['token exchange without endpoint', { ...remote, auth: { tokenExchange: { enabled: true } } }],
    ['a loopback address', { ...remote, url: 'http://127.0.0.1:1' }],
    ['an IPv6 address', { ...remote, url: 'http://[::1]:80/mcp' }],
  ])('%s is odd, but accepted', async (_title, spec) => {
    expect(await create({ spec })).toMatchObject({ code: 201 });
  });
});

describe('list', () => {
  test('a list without limit holds everything, in the order of names, and an empty continue', async () => {
    await createMany('b', 'a', 'c');
    const reply = await list();
    expect(names(reply)).toEqual(['a', 'b', 'c']);
    expect(reply.body).toMatchObject({
      metadata: { continue: '', resourceVersion: expect.stringMatching(/^\d+$/) },
    });
    expect(reply.metadata.remainingItemCount).toBeUndefined();
  });

  test('nothing there is an empty list', async () => {
    expect(names(await list())).toEqual([]);
  });

  test('all pages show the objects as they were at the first', async () => {
    await createMany('a', 'b', 'c', 'd', 'e');
    const first = await list({ limit: '2' });
    expect(names(first)).toEqual(['a', 'b']);
    expect(first.metadata.remainingItemCount).toBe(3);
    await create({ name: 'bb' });
    await api.send('DELETE', pathOf(namespace, 'd'));
    const second = await list({ limit: '2', continue: first.metadata.continue });
    expect(names(second)).toEqual(['c', 'd']);
    const third = await list({ limit: '2', continue: second.metadata.continue });
    expect(names(third)).toEqual(['e']);
    expect(third.metadata.continue).toBe('');
    expect([second.metadata.resourceVersion, third.metadata.resourceVersion]).toEqual([
      first.metadata.resourceVersion,
      first.metadata.resourceVersion,
    ]);
    expect(names(await list())).toEqual(['a', 'b', 'bb', 'c', 'e']);
  });

  test('a token that expired is answered with another one, which goes on in the list as it is now', async ({
    skip,
  }) => {
    const { expireContinueTokens } = api;
    skip(
      expireContinueTokens === undefined,
      'a cluster of somebody else compacts its etcd when it likes',
    );
    await createMany('a', 'b', 'c');
    const first = await list({ limit: '1' });
    await create({ name: 'bb' });
    await expireContinueTokens?.();
    const expired = await list({ limit: '10', continue: first.metadata.continue });
    expect(expired).toMatchObject({
      code: 410,
      body: { reason: 'Expired', code: 410, message: expect.stringContaining('too old') },
    });
    const rest = await list({ limit: '2', continue: expired.metadata.continue });
    expect(names(rest)).toEqual(['b', 'bb']);
    expect(names(await list({ limit: '2', continue: rest.metadata.continue }))).toEqual(['c']);
  });

  test('a token that is none is a bad request', async () => {
    expect(await list({ limit: '1', continue: 'nonsense' })).toMatchObject({
      code: 400,
      body: { reason: 'BadRequest' },
    });
  });

  test('resourceVersion 0 asks for any state, and is not paged', async () => {
    await createMany('a', 'b');
    // A cache may be a moment behind.
    await expect
      .poll(async () => names(await list({ limit: '1', resourceVersion: '0' })))
      .toEqual(['a', 'b']);
    expect(await list({ resourceVersion: 'new' })).toMatchObject({ code: 400 });
  });

  test('a table has the printer columns of the manifest, for kubectl', async () => {
    // As kubectl asks.
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
    await createMany('server-a', 'server-b');
    const age = expect.stringMatching(/^\d+s$/);
    const [type, url] = ['streamable-http', 'https://mcp.example.com/mcp'];
    const status = { state: 'Connected', conditions: [reachable()] };
    await patchStatus({ status });
    const { body } = await api.send('GET', pathOf(namespace), { accept });
    expect(body).toMatchObject({
      kind: 'Table',
      apiVersion: 'meta.k8s.io/v1',
      metadata: { resourceVersion: expect.stringMatching(/^\d+$/) },
      columnDefinitions: [
        { name: 'Name', type: 'string', format: 'name', priority: 0 },
        { name: 'Type', type: 'string', format: '', priority: 0 },
        { name: 'URL', type: 'string', priority: 0 },
        { name: 'AutoStart', type: 'boolean', priority: 0 },
        { name: 'Status', type: 'string', priority: 0 },
        { name: 'Reachable', type: 'string', priority: 0 },
        { name: 'Age', type: 'date', priority: 0 },
        { name: 'Auth', type: 'string', priority: 1 },
        { name: 'Reason', type: 'string', priority: 1 },
      ],
      rows: [
        { cells: ['server-a', type, url, false, 'Connected', 'True', age, null, 'Responded'] },
        { cells: ['server-b', type, url, false, null, null, age, null, null] },
      ],
    });
    expect(body).toHaveProperty(
      'columnDefinitions.1.description',
      'Custom resource definition column (in JSONPath format): .spec.type',
    );
    expect(body).toHaveProperty('rows.0.object', {
      kind: 'PartialObjectMetadata',
      apiVersion: 'meta.k8s.io/v1',
      metadata: expect.objectContaining({ name: 'server-a', namespace }),
    });
    const one = await api.send('GET', pathOf(namespace, 'server-a'), { accept });
    expect(one.body).toMatchObject({
      kind: 'Table',
      rows: [{ cells: expect.arrayContaining(['server-a']) }],
    });
  });

  test('a list of the whole cluster holds all namespaces', async () => {
    const run = namespace;
    await create({ name: 'a', labels: { run } });
    namespace = await api.aNamespace();
    await create({ name: 'b', labels: { run } });
    expect(
      names(await api.send('GET', `${group}/mcpservers?labelSelector=run%3D${run}`)).toSorted(),
    ).toEqual(['a', 'b']);
  });

  test.each([
    ['tier=gold', ['a']],
    ['tier==gold', ['a']],
    ['tier!=gold', ['b', 'c']],
    ['tier', ['a', 'b']],
    ['!tier', ['c']],
    ['tier in (gold, silver)', ['a', 'b']],
    ['tier notin (gold)', ['b', 'c']],
    ['tier=gold,zone=eu', ['a']],
    ['tier=gold,zone=us', []],
    [' tier = gold , zone ', ['a']],
    ['tier in(gold)', ['a']],
    ['tier notin (gold,silver)', ['c']],
    ['size>2', ['b']],
    ['tier in (gold,)', ['a']],
    ['! tier', ['c']],
    ['tier in ()', []],
    ['tier notin ()', ['a', 'b', 'c']],
    ['size<3', ['a']],
    ['example.com/owner=ada', ['c']],
    ['tier=', []],
    ['', ['a', 'b', 'c']],
  ])('the label selector %s selects %j', async (labelSelector, selected) => {
    await create({ name: 'a', labels: { tier: 'gold', zone: 'eu', size: '2' } });
    await create({ name: 'b', labels: { tier: 'silver', size: '10' } });
    await create({ name: 'c', labels: { 'example.com/owner': 'ada' } });
    expect(names(await list({ labelSelector }))).toEqual(selected);
  });

  test('selected pages do not count what remains', async () => {
    await create({ name: 'a', labels: { tier: 'gold' } });
    await create({ name: 'b', labels: { tier: 'gold' } });
    const { metadata } = await list({ labelSelector: 'tier=gold', limit: '1' });
    expect(metadata.continue).not.toBe('');
    expect(metadata.remainingItemCount).toBeUndefined();
  });

  test.each([
    'a=(b',
    'a=b,',
    'a in (b c)',
    'a b',
    '-a',
    'a=b c',
    `${'x'.repeat(64)}=a`,
    'a>b',
    'a>-1',
    'a..b/c=d',
    'a-.b/c',
    'A/b',
    'a/b/c',
    'a\u00A0=b',
    'a=-b',
  ])('a label selector that is none is a bad request: %s', async (labelSelector) => {
    expect(await list({ labelSelector })).toMatchObject({
      code: 400,
      body: { reason: 'BadRequest' },
    });
  });
});

describe('get and delete', () => {
  test('an object that is not there is named', async () => {
    const missing = {
      code: 404,
      body: {
        reason: 'NotFound',
        message: 'mcpservers.muster.giantswarm.io "server-a" not found',
        details: { name: 'server-a', group: 'muster.giantswarm.io', kind: 'mcpservers' },
      },
    };
    expect(await get()).toMatchObject(missing);
    expect(await patchStatus({ status: {} })).toMatchObject(missing);
    expect(await replace(aManifest({ metadata: { resourceVersion: '1' } }))).toMatchObject({
      code: 404,
    });
    expect(await api.send('DELETE', pathOf(namespace, 'server-a'))).toMatchObject(missing);
  });

  test('delete says what it deleted', async () => {
    const { metadata } = await create();
    expect(await api.send('DELETE', pathOf(namespace, 'server-a'))).toMatchObject({
      code: 200,
      body: {
        status: 'Success',
        details: {
          name: 'server-a',
          group: 'muster.giantswarm.io',
          kind: 'mcpservers',
          uid: metadata.uid,
        },
      },
    });
    expect(await get()).toMatchObject({ code: 404 });
  });

  test.each([
    ['uid', { uid: '00000000-0000-0000-0000-000000000000' }],
    ['resourceVersion', { resourceVersion: '1' }],
  ])('delete with another %s is a conflict', async (_title, preconditions) => {
    await create();
    const body = { kind: 'DeleteOptions', apiVersion: 'v1', preconditions };
    expect(await api.send('DELETE', pathOf(namespace, 'server-a'), { body })).toMatchObject({
      code: 409,
      body: { reason: 'Conflict' },
    });
    expect(await get()).toMatchObject({ code: 200 });
  });

  test('an object that is created again has another uid', async () => {
    const { metadata } = await create();
    await api.send('DELETE', pathOf(namespace, 'server-a'));
    expect((await create()).metadata.uid).not.toBe(metadata.uid);
  });

  test('a group that is not served is 404', async () => {
    expect(await api.send('GET', '/apis/muster.giantswarm.io/v9/mcpservers')).toMatchObject({
      code: 404,
    });
  });
});

describe('status', () => {
  test('a merge patch on /status writes status, and nothing else', async () => {
    const before = await create();
    const after = await patchStatus({
      metadata: { labels: { mine: 'no' } },
      spec: { url: 'https://other.example.com' },
      status: {
        state: 'Connected',
        lastConnected: '2026-01-02T03:04:05Z',
        conditions: [reachable()],
      },
    });
    expect(after).toMatchObject({
      code: 200,
      body: {
        spec: { url: 'https://mcp.example.com/mcp' },
        status: {
          state: 'Connected',
          lastConnected: '2026-01-02T03:04:05Z',
          conditions: [reachable()],
        },
      },
    });
    expect(after.body).not.toHaveProperty('metadata.labels');
    expect(after.metadata.generation).toBe(1);
    expect(after.metadata.resourceVersion).not.toBe(before.metadata.resourceVersion);
  });

  test('a merge patch on the object ignores status', async () => {
    await create();
    await patchStatus({ status: { state: 'Failed' } });
    expect(
      (await patch({ spec: { timeout: 5 }, status: { state: 'Connected' } })).body,
    ).toMatchObject({
      metadata: { generation: 2 },
      spec: { timeout: 5 },
      status: { state: 'Failed' },
    });
  });

  test('a replacement of the object ignores status, and of /status ignores the rest', async () => {
    const { metadata } = await create();
    const { resourceVersion } = metadata;
    const spec = { type: 'sse', url: 'https://other.example.com' };
    const body = aManifest({ metadata: { resourceVersion }, spec, status: { state: 'Failed' } });
    const status = await replace(body, 'status');
    expect(status.body).toMatchObject({
      metadata: { generation: 1 },
      spec: { type: 'streamable-http' },
      status: { state: 'Failed' },
    });
    const main = await replace({
      ...body,
      metadata: { name: 'server-a', resourceVersion: status.metadata.resourceVersion },
      status: {},
    });
    expect(main.body).toMatchObject({
      metadata: { generation: 2 },
      spec,
      status: { state: 'Failed' },
    });
  });

  test('null removes a field, and an absent one stays', async () => {
    await create();
    await patchStatus({
      status: { state: 'Failed', lastError: 'refused', consecutiveFailures: 3 },
    });
    const { body } = await patchStatus({ status: { state: null, consecutiveFailures: 0 } });
    expect(body).toMatchObject({ status: { lastError: 'refused', consecutiveFailures: 0 } });
    expect(body).not.toHaveProperty('status.state');
  });

  test('conditions are replaced as a whole', async () => {
    await create();
    await patchStatus({ status: { conditions: [reachable(), reachable({ type: 'Ready' })] } });
    const { body } = await patchStatus({
      status: { conditions: [reachable({ status: 'False' })] },
    });
    expect(body).toHaveProperty('status.conditions', [reachable({ status: 'False' })]);
  });

  test.each([
    ['a state outside the enum', { state: 'Sleeping' }, 'status.state', 'FieldValueNotSupported'],
    ['an empty state', { state: '' }, 'status.state', 'FieldValueNotSupported'],
    [
      'a time in words',
      { lastAttempt: 'yesterday' },
      'status.lastAttempt',
      'FieldValueTypeInvalid',
    ],
    [
      'a condition without reason',
      { conditions: [{ ...reachable(), reason: undefined }] },
      'status.conditions[0].reason',
      'FieldValueRequired',
    ],
    [
      'a reason of two words',
      { conditions: [reachable({ reason: 'Not Found' })] },
      'status.conditions[0].reason',
      'FieldValueInvalid',
    ],
    [
      'a status beyond three',
      { conditions: [reachable({ status: 'Maybe' })] },
      'status.conditions[0].status',
      'FieldValueNotSupported',
    ],
    [
      'two conditions of one type',
      { conditions: [reachable(), reachable()] },
      'status.conditions[1]',
      'FieldValueDuplicate',
    ],
  ])('%s is refused', async (_title, status, field, reason) => {
    await create();
    const reply = await patchStatus({ status });
    expect(reply).toMatchObject({ code: 422, body: { reason: 'Invalid' } });
    expect(reply.body).toHaveProperty(
      'details.causes',
      expect.arrayContaining([expect.objectContaining({ field, reason })]),
    );
  });

  test('a field that the schema does not know is kept in status, and dropped with a warning inside a condition', async () => {
    await create();
    const reply = await patchStatus({
      status: { latencyMs: 12, conditions: [reachable({ oops: 1 })] },
    });
    expect(reply).toMatchObject({
      code: 200,
      warning: '299 - "unknown field \\"status.conditions[0].oops\\""',
    });
    expect(reply.body).toHaveProperty('status', { latencyMs: 12, conditions: [reachable()] });
  });

  test('a merge patch keeps the fields of status that only another version knows', async () => {
    await create();
    await patchStatus({ status: { later: { deep: true } } });
    expect(await patchStatus({ status: { state: 'Failed' } })).toMatchObject({
      body: { status: { later: { deep: true }, state: 'Failed' } },
    });
  });

  test('a strict merge patch with an unknown field is refused', async () => {
    await create();
    expect(
      await patchStatus(
        { status: { conditions: [reachable({ oops: 1 })] } },
        '?fieldValidation=Strict',
      ),
    ).toMatchObject({
      code: 422,
      body: {
        reason: 'Invalid',
        message: expect.stringContaining(
          'strict decoding error: unknown field "status.conditions[0].oops"',
        ),
      },
    });
  });
});

describe('fencing', () => {
  const modified =
    'Operation cannot be fulfilled on mcpservers.muster.giantswarm.io "server-a": ' +
    'the object has been modified; please apply your changes to the latest version and try again';

  test.each([
    ['a merge patch on /status', (body: object) => patchStatus(body)],
    ['a merge patch on the object', (body: object) => patch(body)],
    ['a replacement', (body: object) => replace({ ...aManifest(), ...body })],
    ['a replacement of /status', (body: object) => replace({ ...aManifest(), ...body }, 'status')],
  ])('%s with an old resourceVersion is a conflict', async (_title, write) => {
    const { metadata } = await create();
    await patchStatus({ status: { state: 'Connected' } });
    const reply = await write({
      metadata: { name: 'server-a', resourceVersion: metadata.resourceVersion },
      status: { state: 'Failed' },
    });
    expect(reply).toMatchObject({ code: 409, body: { reason: 'Conflict', message: modified } });
    expect((await get()).body).toMatchObject({ status: { state: 'Connected' } });
  });

  test('a merge patch with the present resourceVersion, or with none, is written', async () => {
    const { metadata } = await create();
    const { resourceVersion } = metadata;
    expect(
      await patchStatus({ metadata: { resourceVersion }, status: { state: 'Connected' } }),
    ).toMatchObject({ code: 200 });
    expect(await patchStatus({ status: { state: 'Failed' } })).toMatchObject({ code: 200 });
  });

  test('a replacement without resourceVersion is refused', async () => {
    await create();
    expect(await replace(aManifest())).toMatchObject({
      code: 422,
      body: {
        details: {
          causes: [
            {
              field: 'metadata.resourceVersion',
              message: expect.stringContaining('must be specified for an update'),
            },
          ],
        },
      },
    });
  });

  test('a wrong uid is refused on the object, and ignored on /status', async () => {
    await create();
    const metadata = { uid: '00000000-0000-0000-0000-000000000000' };
    expect(await patchStatus({ metadata, status: { state: 'Failed' } })).toMatchObject({
      code: 200,
    });
    expect(await patch({ metadata, spec: { timeout: 5 } })).toMatchObject({
      code: 422,
      body: { reason: 'Invalid' },
    });
    const { body } = await get();
    expect(
      await replace({ ...(body as object), metadata: { ...(await get()).metadata, ...metadata } }),
    ).toMatchObject({ code: 409 });
  });

  test('a write that changes nothing keeps the resourceVersion', async () => {
    await create();
    const { metadata } = await patchStatus({ status: { state: 'Connected' } });
    const { resourceVersion } = metadata;
    expect((await patchStatus({ status: { state: 'Connected' } })).metadata).toMatchObject({
      resourceVersion,
    });
    expect((await patch({ spec: { timeout: 30 } })).metadata).toMatchObject({
      resourceVersion,
      generation: 1,
    });
    const same = await get();
    expect((await replace(same.body)).metadata).toMatchObject({ resourceVersion });
  });

  test('labels change the resourceVersion, and not the generation', async () => {
    const { metadata } = await create();
    const labelled = await patch({ metadata: { labels: { tier: 'gold' } } });
    expect(labelled.metadata.resourceVersion).not.toBe(metadata.resourceVersion);
    expect(labelled.metadata.generation).toBe(1);
    expect((await get()).body).toMatchObject({ metadata: { labels: { tier: 'gold' } } });
  });
});

describe('patch types', () => {
  const send = (contentType: string): Promise<Reply> =>
    api.send('PATCH', pathOf(namespace, 'server-a'), {
      contentType,
      body: { spec: { timeout: 5 } },
    });

  test('a strategic merge patch is no format of a custom resource', async () => {
    await create();
    expect(await send('application/strategic-merge-patch+json')).toMatchObject({
      code: 415,
      body: {
        reason: 'UnsupportedMediaType',
        message: expect.stringContaining(
          'application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
        ),
      },
    });
  });

  test('a merge body sent as JSON patch is a bad request', async () => {
    await create();
    expect(await send('application/json-patch+json')).toMatchObject({
      code: 400,
      body: { reason: 'BadRequest' },
    });
  });

  test('a merge patch that is not an object is a bad request', async () => {
    await create();
    expect(await patch('[1]')).toMatchObject({ code: 400 });
    expect(await patch('{"broken')).toMatchObject({ code: 400 });
  });
});

describe('server-side apply on /status', () => {
  beforeEach(({ skip }) =>
    skip(
      api.kind === 'local',
      'the local cluster answers 501: a merge patch is all that the sweep sends',
    ),
  );

  const apply = (status: object, query = '?fieldManager=sweep'): Promise<Reply> =>
    api.send('PATCH', `${pathOf(namespace, 'server-a', 'status')}${query}`, {
      contentType: 'application/apply-patch+yaml',
      body: {
        apiVersion: 'muster.giantswarm.io/v1alpha1',
        kind: 'MCPServer',
        metadata: { name: 'server-a' },
        status,
      },
    });
  const types = ({ body }: Reply): readonly string[] =>
    z
      .object({ status: z.object({ conditions: z.array(z.object({ type: z.string() })) }) })
      .parse(body)
      .status.conditions.map(({ type }) => type);

  test('each manager keeps its own conditions, where the CRD has them as a map', async () => {
    await create();
    await apply({ conditions: [reachable({ type: 'Ready' })] }, '?fieldManager=muster');
    expect(types(await apply({ conditions: [reachable()] }))).toEqual(['Ready', 'Reachable']);
    expect(types(await apply({ conditions: [] }))).toEqual(['Ready']);
  });

  test("another manager's field is a conflict that names them, unless it is forced", async () => {
    await create();
    await apply({ state: 'Failed' }, '?fieldManager=muster');
    expect(await apply({ state: 'Connected' })).toMatchObject({
      code: 409,
      body: { reason: 'Conflict', message: expect.stringContaining('conflict with "muster"') },
    });
    expect(await apply({ state: 'Connected' }, '?fieldManager=sweep&force=true')).toMatchObject({
      code: 200,
      body: { status: { state: 'Connected' } },
    });
  });

  test('a field that is no longer sent is removed', async () => {
    await create();
    await apply({ state: 'Connected', lastError: 'x' });
    expect((await apply({ state: 'Connected' })).body).toHaveProperty('status', {
      state: 'Connected',
    });
  });

  test.each<[string, () => Promise<Reply>, number]>([
    ['without fieldManager', () => apply({ state: 'Connected' }, ''), 422],
    [
      'with two conditions of one type',
      () => apply({ conditions: [reachable(), reachable()] }),
      500,
    ],
  ])('one %s is refused', async (_title, send, code) => {
    await create();
    expect(await send()).toMatchObject({ code });
  });

  test('a field of status that only another version knows is kept', async () => {
    await create();
    expect((await apply({ latencyMs: 1 })).body).toHaveProperty('status', { latencyMs: 1 });
  });

  test('on an object that is not there is 404', async () => {
    expect(await apply({ state: 'Connected' })).toMatchObject({ code: 404 });
  });
});

describe('watch', () => {
  const watch = async (
    query: string,
  ): Promise<readonly { type: string; object: { metadata: { name?: string | undefined } } }[]> => {
    const { body } = await api.send(
      'GET',
      `${pathOf(namespace)}?watch=true&timeoutSeconds=1${query}`,
    );
    const event = z.object({
      type: z.string(),
      object: z.looseObject({ metadata: z.looseObject({ name: z.optional(z.string()) }) }),
    });
    const lines = typeof body === 'string' ? body.trim().split('\n') : [JSON.stringify(body)];
    return lines.filter((line) => line !== '').map((line) => event.parse(JSON.parse(line)));
  };

  test('begins with everything that is there, and ends when its time is over', async () => {
    await createMany('a', 'b');
    const events = await watch('');
    expect(events.map(({ type, object }) => [type, object.metadata.name])).toEqual([
      ['ADDED', 'a'],
      ['ADDED', 'b'],
    ]);
  });

  test('goes on behind a resourceVersion: a write that changes nothing is no event', async () => {
    const { metadata } = await create();
    await patchStatus({ status: { state: 'Connected' } });
    await patchStatus({ status: { state: 'Connected' } });
    await api.send('DELETE', pathOf(namespace, 'server-a'));
    expect(
      (await watch(`&resourceVersion=${metadata.resourceVersion}`)).map(({ type }) => type),
    ).toEqual(['MODIFIED', 'DELETED']);
  });
});

describe('what kubectl reads', () => {
  const anEvent = (name: string, of: string) => ({
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name, namespace },
    eventTime: '2026-11-26T12:00:00.000000Z',
    reportingController: 'muster-serverless/sweep',
    reportingInstance: 'sweep',
    action: 'Probe',
    reason: 'ConnectionRefused',
    type: 'Warning',
    note: 'Connection refused.',
    regarding: { kind: 'MCPServer', namespace, name: of },
  });
  const oldAddress = (): string => `/api/v1/namespaces/${namespace}/events`;

  test('an Event is also at its old address, in the old form, and is found by its object', async () => {
    for (const [name, of] of [
      ['one', 'server-a'],
      ['two', 'server-b'],
    ] as const)
      await api.send('POST', `/apis/events.k8s.io/v1/namespaces/${namespace}/events`, {
        body: anEvent(name, of),
      });
    const about = 'involvedObject.name=server-a,involvedObject.kind=MCPServer';
    const { body } = await api.send('GET', `${oldAddress()}?fieldSelector=${about}`);
    expect(body).toMatchObject({
      kind: 'EventList',
      items: [
        {
          metadata: { name: 'one' },
          message: 'Connection refused.',
          involvedObject: { kind: 'MCPServer', name: 'server-a' },
          reportingComponent: 'muster-serverless/sweep',
        },
      ],
    });
  });

  test('a list of one object by its name', async () => {
    await createMany('a', 'b');
    const { body } = await api.send(
      'GET',
      `${pathOf(namespace)}?fieldSelector=${encodeURIComponent('metadata.name=b')}`,
    );
    expect(body).toMatchObject({ items: [{ metadata: { name: 'b' } }] });
  });

  test('the OpenAPI document describes every field of the resource', async () => {
    const group = 'apis/muster.giantswarm.io/v1alpha1';
    const { body } = await api.send('GET', '/openapi/v3');
    const { paths } = z
      .object({ paths: z.record(z.string(), z.object({ serverRelativeURL: z.string() })) })
      .parse(body);
    const { body: document } = await api.send('GET', paths[group]?.serverRelativeURL ?? '');
    expect(document).toMatchObject({
      components: {
        schemas: {
          'io.giantswarm.muster.v1alpha1.MCPServer': {
            properties: { spec: { description: 'What the owner of the server declares.' } },
            'x-kubernetes-group-version-kind': [
              { group: 'muster.giantswarm.io', version: 'v1alpha1', kind: 'MCPServer' },
            ],
          },
        },
      },
    });
  });
});

describe('@kubernetes/client-node', () => {
  const resource = { group: 'muster.giantswarm.io', version: 'v1alpha1', plural: 'mcpservers' };
  const mergePatch = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);

  function client(): CustomObjectsApi {
    const config = new KubeConfig();
    config.loadFromString(api.kubeconfig);
    return config.makeApiClient(CustomObjectsApi);
  }

  test('creates, pages, reads, patches and deletes', async () => {
    const custom = client();
    const at = { ...resource, namespace };
    await custom.createNamespacedCustomObject({ ...at, body: aManifest({ name: 'a' }) });
    await custom.createNamespacedCustomObject({ ...at, body: aManifest({ name: 'b' }) });
    const first: unknown = await custom.listNamespacedCustomObject({ ...at, limit: 1 });
    expect(first).toMatchObject({
      items: [{ metadata: { name: 'a' } }],
      metadata: { continue: expect.stringMatching(/./) },
    });
    const patched: unknown = await custom.patchNamespacedCustomObjectStatus(
      { ...at, name: 'a', body: { status: { state: 'Connected' } }, fieldManager: 'contract' },
      mergePatch,
    );
    expect(patched).toMatchObject({ status: { state: 'Connected' } });
    expect(await custom.deleteNamespacedCustomObject({ ...at, name: 'a' })).toMatchObject({
      status: 'Success',
    });
  });

  test('sends JSON patch unless it is told otherwise, which a merge body does not survive', async () => {
    await create();
    const sent = client().patchNamespacedCustomObjectStatus({
      ...resource,
      namespace,
      name: 'server-a',
      body: { status: {} },
    });
    await expect(sent).rejects.toMatchObject({ code: 400 });
  });

  test('throws a refusal with its code and the Status as text', async () => {
    const missing = client().getNamespacedCustomObject({ ...resource, namespace, name: 'nobody' });
    await expect(missing).rejects.toThrow(ApiException);
    await expect(missing).rejects.toMatchObject({
      code: 404,
      body: expect.stringContaining('"reason":"NotFound"'),
    });
  });
});
