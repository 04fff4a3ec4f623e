import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import * as z from 'zod/mini';
import {
  type Cluster,
  connectCluster,
  connectClusterFile,
} from '../../../../functions/adapters/cluster/apiserver.ts';
import {
  pageLister,
  pageSkipper,
  serverReader,
  statusPatcher,
} from '../../../../functions/adapters/cluster/kubernetes.ts';
import { fileTokens } from '../../../../functions/adapters/cluster/token-file.ts';
import { type McpServer, ownState, type Status } from '../../../../functions/model/mcpserver.ts';
import { listen } from '../../../../local/listen.ts';
import { type Answer, failure } from '../../../../local/cluster/answer.ts';
import { type LocalCluster, startCluster } from '../../../../local/cluster/local-cluster.ts';
import { startReverseProxy } from '../../../world/reverse-proxy.ts';
import { aManifest, crdFile, type ManifestParts } from '../../../world/manifest.ts';
import { defined } from '../../../../functions/model/defined.ts';
import { ClusterError } from '../../../../functions/model/cluster-error.ts';

let local: LocalCluster;
let cluster: Cluster;
/** What the API server was asked, and by which connections. */
let asked: IncomingMessage[];
let answers: ((request: IncomingMessage) => Answer | undefined)[];

beforeEach(async () => {
  asked = [];
  answers = [];
  local = await startCluster({
    crdFile,
    intercept: (request) => {
      asked.push(request);
      return answers.shift()?.(request);
    },
  });
  cluster = connectCluster({ kubeconfig: local.kubeconfig });
});
afterEach(() => local.close());

const path = '/apis/muster.giantswarm.io/v1alpha1/namespaces/default/mcpservers';

async function create(parts: ManifestParts = {}, at = path): Promise<void> {
  const response = await fetch(`${local.url}${at}`, {
    method: 'POST',
    body: JSON.stringify(aManifest(parts)),
  });
  expect(response.status).toBe(201);
  asked = [];
}

const change = (patch: object, name = 'server-a'): Promise<unknown> =>
  fetch(`${local.url}${path}/${name}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/merge-patch+json' },
    body: JSON.stringify(patch),
  });

async function stored(name = 'server-a'): Promise<unknown> {
  return (await fetch(`${local.url}${path}/${name}`)).json();
}

async function theServer(name = 'server-a'): Promise<McpServer> {
  const server = await serverReader(cluster)('default', name);
  if (!server) throw new Error(`${name} is not there`);
  return server;
}

const aStatus = (parts: Partial<Status> = {}): Status => ({
  state: 'Connected',
  consecutiveFailures: 0,
  conditions: [],
  ...parts,
});

const at = (time: string): Date => new Date(time);

const refuse =
  (code: number, headers: Readonly<Record<string, string>> = {}) =>
  (): Answer => ({
    ...failure(code, 'Refused', 'secret words of the API server'),
    headers,
  });

describe('a status that the cluster refuses as invalid', () => {
  const own = (message: string) => ({
    type: 'Reachable',
    status: 'False' as const,
    reason: 'InvalidSpec',
    message,
    lastTransitionTime: at('2026-01-02T03:04:05Z'),
  });
  const theirs = { ...own('theirs'), type: 'Ready', reason: 'Theirs' };
  const failed = (message: string): Status =>
    aStatus({ state: 'Failed', lastError: message, conditions: [own(message), theirs] });
  const short = 'The cluster refused the full message. The log of the sweep has the reason.';
  const invalid = (): Answer =>
    failure(422, 'Invalid', 'words', {
      details: { causes: [{ reason: 'FieldValueInvalid', field: 'status.conditions[1].reason' }] },
    });

  test('because of its own words is written without them', async () => {
    await create();
    const server = await theServer();
    expect(await statusPatcher(cluster)(server, failed('x'.repeat(40_000)))).toMatchObject({
      kind: 'written',
      shortened: expect.stringContaining('status.conditions[0].message FieldValueTooLong'),
    });
    const { status } = await theServer();
    expect(status).toMatchObject({
      state: 'Failed',
      lastError: short,
      conditions: [
        { reason: 'InvalidSpec', message: short },
        { type: 'Ready', message: 'theirs' },
      ],
    });
    expect(ownState(status)).toBe('Failed');
  });

  test('because of the conditions of other writers is written without those', async () => {
    await create();
    const server = await theServer();
    answers.push(invalid, invalid);
    expect(await statusPatcher(cluster)(server, failed('no such name'))).toMatchObject({
      kind: 'written',
      shortened: 'HTTP 422: status.conditions[1].reason FieldValueInvalid',
    });
    expect((await theServer()).status.conditions.map(({ type }) => type)).toEqual(['Reachable']);
  });

  test('in every form is reported with the first reason, after three tries', async () => {
    await create();
    const server = await theServer();
    asked = [];
    answers.push(invalid, invalid, invalid);
    expect(await statusPatcher(cluster)(server, failed('no such name'))).toEqual({
      kind: 'refused',
      detail: 'HTTP 422: status.conditions[1].reason FieldValueInvalid',
    });
    expect(asked).toHaveLength(3);
  });

  test('and then meets another writer is a conflict, as always', async () => {
    await create();
    const server = await theServer();
    answers.push(invalid, refuse(409));
    expect(await statusPatcher(cluster)(server, failed('x'))).toEqual({ kind: 'conflict' });
  });
});

describe('list', () => {
  test('an MCPServer is read with its defaults, and its times as dates', async () => {
    await create({
      spec: {
        type: 'sse',
        url: 'https://mcp.example.com',
        headers: { 'x-team': 'blue' },
        auth: { type: 'oauth', authorizationServer: { issuer: 'https://login.example.com' } },
      },
    });
    await statusPatcher(cluster)(
      await theServer(),
      aStatus({ lastAttempt: at('2026-01-02T03:04:05Z') }),
    );
    const listed = await pageLister(cluster)({ limit: 10 });
    expect(listed).toMatchObject({
      kind: 'page',
      page: {
        malformed: [],
        servers: [
          {
            namespace: 'default',
            name: 'server-a',
            generation: 1,
            type: 'sse',
            url: 'https://mcp.example.com',
            headers: { 'x-team': 'blue' },
            timeoutMs: 30_000,
            autoStart: false,
            auth: {
              type: 'oauth',
              forwardToken: false,
              requiredAudiences: [],
              authorizationServer: { issuer: 'https://login.example.com' },
            },
            status: {
              state: 'Connected',
              consecutiveFailures: 0,
              lastAttempt: at('2026-01-02T03:04:05Z'),
              conditions: [],
            },
          },
        ],
      },
    });
  });

  test('pages go on until there are no more', async () => {
    for (const name of ['a', 'b', 'c']) await create({ name });
    const list = pageLister(cluster);
    const first = await list({ limit: 2 });
    expect(first).toMatchObject({
      page: { servers: [{ name: 'a' }, { name: 'b' }], continue: expect.any(String) },
    });
    const token = first.kind === 'page' ? first.page.continue : undefined;
    const second = await list(
      defined({
        limit: 2,
        continue: token || undefined,
      }),
    );
    expect(second).toMatchObject({ page: { servers: [{ name: 'c' }] } });
    expect(second).not.toHaveProperty('page.continue');
  });

  test('an empty cluster is an empty page', async () => {
    expect(await pageLister(cluster)({ limit: 10 })).toEqual({
      kind: 'page',
      page: { servers: [], malformed: [] },
    });
  });

  test('only the selected namespace and labels are listed', async () => {
    await create({ name: 'a', labels: { tier: 'gold' } });
    await create({ name: 'b' });
    await create({ name: 'c', labels: { tier: 'gold' } }, path.replace('default', 'other'));
    const selected = async (selection: {
      namespace?: string;
      labelSelector?: string;
    }): Promise<readonly string[]> => {
      const listed = await pageLister(connectCluster({ kubeconfig: local.kubeconfig, selection }))({
        limit: 10,
      });
      return listed.kind === 'page' ? listed.page.servers.map(({ name }) => name) : [];
    };
    expect(await selected({})).toEqual(['a', 'b', 'c']);
    expect(await selected({ namespace: 'default' })).toEqual(['a', 'b']);
    expect(await selected({ labelSelector: 'tier=gold' })).toEqual(['a', 'c']);
    expect(await selected({ namespace: 'other', labelSelector: 'tier=gold' })).toEqual(['c']);
  });

  test('an expired token comes back as the one to go on with', async () => {
    for (const name of ['a', 'b']) await create({ name });
    const list = pageLister(cluster);
    const first = await list({ limit: 1 });
    local.expireContinueTokens();
    const expired = await list({
      limit: 1,
      continue: first.kind === 'page' ? (first.page.continue ?? '') : '',
    });
    expect(expired).toMatchObject({ kind: 'expired', continue: expect.any(String) });
    expect(
      await list({
        limit: 1,
        continue: expired.kind === 'expired' ? (expired.continue ?? '') : '',
      }),
    ).toMatchObject({
      page: { servers: [{ name: 'b' }] },
    });
  });

  describe('of objects that are too many bytes together', () => {
    const large = { env: { FILL: 'x'.repeat(30_000) }, type: 'stdio', command: 'true' };
    /** The CRD allows 131,072 characters in one variable. */
    const envOf = (text: string): Readonly<Record<string, string>> =>
      Object.fromEntries(
        (text.match(/.{1,100000}/g) ?? []).map((part, at) => [`FILL_${at}`, part]),
      );
    const bounded = (mostBytes: number): Cluster =>
      connectCluster({ kubeconfig: local.kubeconfig, mostBytes });
    const limits = (): readonly (string | null)[] =>
      asked.map(({ url = '' }) => new URL(url, local.url).searchParams.get('limit'));

    test('is asked for again, half as many each time, and says how few fit', async () => {
      for (const name of ['a', 'b', 'c', 'd', 'e']) await create({ name, spec: large });
      const list = pageLister(bounded(100_000));
      const first = await list({ limit: 16 });
      expect(limits()).toEqual(['16', '8', '4', '2']);
      expect(first).toMatchObject({ page: { servers: [{ name: 'a' }, { name: 'b' }] } });
      expect(first).toMatchObject({ smallerLimit: 2 });
      const second = await list({
        limit: 2,
        continue: first.kind === 'page' ? (first.page.continue ?? '') : '',
      });
      expect(second).toMatchObject({ page: { servers: [{ name: 'c' }, { name: 'd' }] } });
      expect(second).not.toHaveProperty('smallerLimit');
    });

    test('is listed to its end in 64 MB of heap, though all of them together are 80 MB', {
      timeout: 90_000,
    }, async () => {
      const env = envOf('x'.repeat(1_000_000));
      const count = 80;
      const metadata = { uid: 'u', generation: 1, resourceVersion: '1', namespace: 'default' };
      const page = ({ url = '' }: IncomingMessage): Answer => {
        const query = new URL(url, local.url).searchParams;
        const start = Number(query.get('continue'));
        const end = Math.min(start + Number(query.get('limit')), count);
        const items = Array.from({ length: end - start }, (_, index) =>
          aManifest({ name: `large-${start + index}`, metadata, spec: { ...large, env } }),
        );
        const body = { metadata: { continue: end < count ? `${end}` : '' }, items };
        return { code: 200, body: JSON.stringify(body) };
      };
      answers.push(...Array.from({ length: 100 }, () => page));
      const { stdout } = await promisify(execFile)(process.execPath, [
        '--max-old-space-size=64',
        fileURLToPath(new URL('../../../world/list-all.ts', import.meta.url)),
        local.kubeconfig,
      ]);
      const { servers, maxRssMb } = z
        .object({ servers: z.number(), maxRssMb: z.number() })
        .parse(JSON.parse(stdout));
      expect(servers).toBe(count);
      expect(maxRssMb).toBeLessThan(300);
    });

    test('is asked for in far fewer pieces when so many take too long, once', async () => {
      for (const name of ['a', 'b', 'c']) await create({ name });
      const hasty = connectCluster({ kubeconfig: local.kubeconfig, timeoutMs: 300 });
      const hang = (): Answer => ({ code: 200, body: '', headers: { 'content-length': '10' } });
      answers.push(hang);
      expect(await pageLister(hasty)({ limit: 32 })).toMatchObject({
        page: { servers: [{ name: 'a' }, { name: 'b' }] },
        smallerLimit: 2,
      });
      answers.push(hang, hang);
      await expect(pageLister(hasty)({ limit: 32 })).rejects.toThrow('did not answer within');
      expect(limits()).toEqual(['32', '2', '32', '2']);
    });

    test('leaves out the one that is too large by itself, by name, and goes on behind it', async () => {
      const enormous = { ...large, env: envOf('x'.repeat(200_000)) };
      await create({ name: 'a', spec: enormous });
      await create({ name: 'b', spec: large });
      const list = pageLister(bounded(100_000));
      const first = await list({ limit: 2 });
      expect(first).toMatchObject({
        page: {
          servers: [],
          malformed: [
            {
              namespace: 'default',
              name: 'a',
              message: 'The object is too large to be read. Remove what makes it large.',
            },
          ],
        },
        smallerLimit: 1,
      });
      expect(
        await list({
          limit: 1,
          continue: first.kind === 'page' ? (first.page.continue ?? '') : '',
        }),
      ).toMatchObject({ page: { servers: [{ name: 'b' }] } });
    });

    test('is looked ahead over by as many names as fit', async () => {
      const annotations = { note: 'x'.repeat(30_000) };
      for (const name of ['a', 'b', 'c', 'd', 'e'])
        await create({ name, metadata: { name, annotations } });
      const first = await pageLister(cluster)({ limit: 1 });
      const rest = first.kind === 'page' ? (first.page.continue ?? '') : '';
      expect(await pageSkipper(bounded(100_000))({ limit: 4, continue: rest })).toEqual({
        count: 2,
        continue: expect.any(String),
      });
    });

    test('of which not even a name can be read is a failure that says where to look', async () => {
      const annotations = { note: 'x'.repeat(200_000) };
      await create({ name: 'a', metadata: { name: 'a', annotations } });
      await expect(pageLister(bounded(100_000))({ limit: 2 })).rejects.toThrow(
        'answered with too many bytes to our request to list mcpservers',
      );
    });
  });

  test('a malformed item costs only itself, and says what is wrong', async () => {
    const whole = { uid: '1', generation: 1, resourceVersion: '1' };
    const items = [
      aManifest({ name: 'good', namespace: 'default', metadata: whole }),
      aManifest({
        name: 'odd',
        namespace: 'default',
        metadata: whole,
        spec: { type: 'grpc', timeout: 'soon' },
      }),
      { ...aManifest({ name: 'bare', namespace: 'default', metadata: whole }), spec: undefined },
      'nothing',
    ];
    answers.push(() => ({
      code: 200,
      body: JSON.stringify({ metadata: {}, items }),
      headers: { 'content-type': 'application/json' },
    }));
    expect(await pageLister(cluster)({ limit: 10 })).toMatchObject({
      page: {
        servers: [{ name: 'good' }],
        malformed: [
          {
            namespace: 'default',
            name: 'odd',
            message:
              'spec.type: Invalid option: expected one of "streamable-http"|"sse"|"stdio"; spec.timeout: Invalid input: expected number, received string',
          },
          {
            namespace: 'default',
            name: 'bare',
            message: 'spec: Invalid input: expected object, received undefined',
          },
          { namespace: '', name: '(no name)' },
        ],
      },
    });
  });

  test('an auth type of older objects counts as none: the probe tells whether people sign in', async () => {
    const metadata = { uid: '1', generation: 1, resourceVersion: '1' };
    const spec = {
      type: 'sse',
      url: 'https://mcp.example.com',
      auth: { type: 'teleport', teleport: { appName: 'mcp' } },
    };
    const items = [
      aManifest({
        namespace: 'default',
        metadata,
        spec,
        status: { state: 'Awaiting Session', health: 'ok' },
      }),
    ];
    answers.push(() => ({
      code: 200,
      body: JSON.stringify({ metadata: {}, items }),
      headers: { 'content-type': 'application/json' },
    }));
    expect(await pageLister(cluster)({ limit: 10 })).toMatchObject({
      page: {
        malformed: [],
        servers: [
          { auth: { type: 'none' }, status: { state: 'Awaiting Session', consecutiveFailures: 0 } },
        ],
      },
    });
  });
});

describe('write', () => {
  const wholeStatus = aStatus({
    state: 'Failed',
    lastError: 'connection refused',
    lastConnected: at('2026-01-02T03:04:05.678Z'),
    consecutiveFailures: 3,
    lastAttempt: at('2026-01-02T04:04:05Z'),
    nextRetryAfter: at('2026-01-02T04:06:05Z'),
    conditions: [
      {
        type: 'Ready',
        status: 'Unknown',
        reason: 'Foreign',
        message: 'of another writer',
        lastTransitionTime: at('2026-01-01T00:00:00Z'),
      },
      {
        type: 'Reachable',
        status: 'False',
        reason: 'ConnectionRefused',
        message: 'connection refused',
        lastTransitionTime: at('2026-01-02T03:04:05Z'),
        observedGeneration: 1,
      },
    ],
  });

  test('a status is written whole, with times of whole seconds', async () => {
    await create();
    const written = await statusPatcher(cluster)(await theServer(), wholeStatus);
    expect(await stored()).toMatchObject({
      metadata: { resourceVersion: written.kind === 'written' ? written.resourceVersion : '' },
      status: {
        state: 'Failed',
        lastError: 'connection refused',
        lastConnected: '2026-01-02T03:04:05Z',
        consecutiveFailures: 3,
        lastAttempt: '2026-01-02T04:04:05Z',
        nextRetryAfter: '2026-01-02T04:06:05Z',
        conditions: [
          {
            type: 'Ready',
            status: 'Unknown',
            reason: 'Foreign',
            message: 'of another writer',
            lastTransitionTime: '2026-01-01T00:00:00Z',
          },
          { type: 'Reachable', status: 'False', observedGeneration: 1 },
        ],
      },
    });
  });

  test('what a status no longer has is removed, and fields of other writers stay', async () => {
    await create();
    await fetch(`${local.url}${path}/server-a/status`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/merge-patch+json' },
      body: JSON.stringify({ status: { restartCount: 7 } }),
    });
    await statusPatcher(cluster)(await theServer(), wholeStatus);
    await statusPatcher(cluster)(await theServer(), { consecutiveFailures: 0, conditions: [] });
    expect(await stored()).toHaveProperty('status', {
      restartCount: 7,
      consecutiveFailures: 0,
      conditions: [],
    });
  });

  test('the write names us as its manager', async () => {
    await create();
    await statusPatcher(cluster)(await theServer(), aStatus());
    const request = asked.at(-1);
    expect(request?.url).toBe(`${path}/server-a/status?fieldManager=muster-serverless`);
    expect(request?.headers['user-agent']).toBe('muster-serverless');
  });

  test('a status that is written twice is one change', async () => {
    await create();
    const patch = statusPatcher(cluster);
    const first = await patch(await theServer(), wholeStatus);
    expect(await patch(await theServer(), wholeStatus)).toEqual(first);
  });

  test('an object that changed since it was read is a conflict', async () => {
    await create();
    const read = await theServer();
    await change({ spec: { timeout: 5 } });
    expect(await statusPatcher(cluster)(read, aStatus())).toEqual({ kind: 'conflict' });
    expect(await stored()).not.toHaveProperty('status');
  });

  test('an object that was deleted is gone', async () => {
    await create();
    const read = await theServer();
    await fetch(`${local.url}${path}/server-a`, { method: 'DELETE' });
    expect(await statusPatcher(cluster)(read, aStatus())).toEqual({ kind: 'gone' });
    expect(await serverReader(cluster)('default', 'server-a')).toBeUndefined();
  });

  test('an object that was created again is a conflict: the old answer is not about it', async () => {
    await create();
    const read = await theServer();
    await fetch(`${local.url}${path}/server-a`, { method: 'DELETE' });
    await create();
    expect(await statusPatcher(cluster)(read, aStatus())).toEqual({ kind: 'conflict' });
  });

  test('a status that the schema does not allow is refused, by field and reason', async () => {
    await create();
    expect(await statusPatcher(cluster)(await theServer(), aStatus({ state: 'Sleeping' }))).toEqual(
      {
        kind: 'refused',
        detail: 'HTTP 422: status.state FieldValueNotSupported, <nil> FieldValueInvalid',
      },
    );
  });

  test('a missing right is refused with what to do', async () => {
    await create();
    const read = await theServer();
    answers.push(refuse(403));
    expect(await statusPatcher(cluster)(read, aStatus())).toEqual({
      kind: 'refused',
      detail: `The API server ${local.url} does not let us patch mcpservers/status (403). Run: kubectl apply -k manifests, and bind the ClusterRole muster-sweep to our user.`,
    });
  });

  test('an API server that went away is refused, too: the others of the page go on', async () => {
    await create();
    const read = await theServer();
    await local.close();
    expect(await statusPatcher(cluster)(read, aStatus())).toMatchObject({
      kind: 'refused',
      detail: expect.stringContaining('refused the connection'),
    });
    local = await startCluster({ crdFile });
  });
});

describe('calls', () => {
  test('calls one after another share a connection', async () => {
    await create();
    for (let round = 0; round < 10; round += 1) {
      await statusPatcher(cluster)(await theServer(), aStatus({ consecutiveFailures: round }));
    }
    expect(asked).toHaveLength(20);
    // A second one, where a call starts before the pool has noticed that the first is free.
    expect(new Set(asked.map(({ socket }) => socket)).size).toBeLessThanOrEqual(2);
  });

  test('over TLS, calls one after another share a connection, and sixteen are side by side', async () => {
    await create();
    const proxy = await startReverseProxy(local);
    const read = serverReader(connectCluster({ kubeconfig: proxy.kubeconfig }));
    for (let round = 0; round < 10; round += 1) await read('default', 'server-a');
    expect(proxy.connections()).toBe(1);
    await Promise.all(Array.from({ length: 50 }, () => read('default', 'server-a')));
    expect(asked).toHaveLength(60);
    expect(proxy.connections()).toBeLessThanOrEqual(16);
    proxy.close();
  });

  test('parallel calls open few connections', async () => {
    await create();
    const read = serverReader(cluster);
    await Promise.all(Array.from({ length: 200 }, () => read('default', 'server-a')));
    expect(new Set(asked.map(({ socket }) => socket)).size).toBeLessThanOrEqual(40);
  });

  test('Retry-After is waited for', async () => {
    await create();
    const read = await theServer();
    answers.push(refuse(429, { 'retry-after': '1' }));
    const started = performance.now();
    expect(await statusPatcher(cluster)(read, aStatus())).toMatchObject({ kind: 'written' });
    expect(performance.now() - started).toBeGreaterThan(1000);
  });

  test('a busy API server is asked four times, and then no more', async () => {
    await create();
    const read = await theServer();
    asked = [];
    answers.push(refuse(503), refuse(500), refuse(429), refuse(503));
    expect(await statusPatcher(cluster)(read, aStatus())).toMatchObject({
      kind: 'refused',
      detail: expect.stringContaining('answered 503'),
    });
    expect(asked).toHaveLength(4);
  });

  const cut = (request: IncomingMessage): undefined => void request.socket.destroy();

  test('an idle connection that was cut is opened again, at once', async () => {
    await create();
    const waits: number[] = [];
    const read = serverReader({ ...cluster, wait: async (ms) => void waits.push(ms) });
    await read('default', 'server-a');
    answers.push(cut);
    expect(await read('default', 'server-a')).toMatchObject({ name: 'server-a' });
    expect(waits).toEqual([]);
  });

  test('a connection that is cut each time is a failure after four tries', async () => {
    await create();
    const read = serverReader({ ...cluster, wait: async () => {} });
    answers.push(cut, cut, cut, cut);
    await expect(read('default', 'server-a')).rejects.toThrow('could not be reached (ECONNRESET)');
    expect(asked).toHaveLength(4);
  });

  test('a hundred slow answers of Services do not hold up a call', async () => {
    await create();
    const object = JSON.stringify(await stored());
    const server = createServer(({ url = '' }, response) => {
      if (!url.endsWith('/proxy/mcp')) response.end(object);
    });
    const { url, close } = await listen(server);
    const slow = connectCluster({ kubeconfig: local.kubeconfig.replace(local.url, url) });
    const ending = new AbortController();
    const path = '/api/v1/namespaces/default/services/mcp:80/proxy/mcp';
    const waiting = Array.from({ length: 100 }, () =>
      slow
        .send({ method: 'GET', path, headers: {}, signal: ending.signal })
        .catch((error: unknown) => error),
    );
    expect(await serverReader(slow)('default', 'server-a')).toMatchObject({ name: 'server-a' });
    ending.abort('enough');
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['enough']));
    await close();
  });
});

describe('a credential that is refused', () => {
  test('is read from the kubeconfig again, once', async () => {
    await create();
    const folder = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
    const file = join(folder, 'config');
    const withToken = (token: string): Promise<void> =>
      writeFile(file, local.kubeconfig.replace('user: {}', `user: { token: ${token} }`));
    await withToken('old');
    const list = pageLister(connectClusterFile({ path: file }));
    await withToken('new');
    answers.push(refuse(401));
    expect(await list({ limit: 1 })).toMatchObject({ kind: 'page' });
    expect(asked.map(({ headers }) => headers.authorization)).toEqual(['Bearer old', 'Bearer new']);
    await rm(folder, { recursive: true });
  });

  test('is told when the one read after it is refused, too', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
    await writeFile(join(folder, 'config'), local.kubeconfig);
    answers.push(refuse(401), refuse(401));
    await expect(
      pageLister(connectClusterFile({ path: join(folder, 'config') }))({ limit: 1 }),
    ).rejects.toThrow('(401)');
    expect(asked).toHaveLength(2);
    await rm(folder, { recursive: true });
  });

  test('is not tried again where there is no other one', async () => {
    answers.push(refuse(401));
    await expect(pageLister(cluster)({ limit: 1 })).rejects.toThrow('(401)');
    expect(asked).toHaveLength(1);
  });

  test('comes from a file that is read again', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'token-'));
    const path = join(folder, 'token');
    await writeFile(path, 'one\n');
    const source = fileTokens(path);
    expect(await source.token()).toEqual({ kind: 'token', token: 'one' });
    await writeFile(path, 'two\n');
    expect(await source.token()).toEqual({ kind: 'token', token: 'one' });
    expect(source.drop()).toBe(true);
    expect(await source.token()).toEqual({ kind: 'token', token: 'two' });
    source.drop();
    await rm(folder, { recursive: true });
    expect(await source.token()).toEqual({
      kind: 'none',
      message: `${path} cannot be read (ENOENT). Set CLUSTER_TOKEN_FILE to a readable file.`,
    });
  });
});

describe('what is wrong is said in one line', () => {
  const list = (): Promise<unknown> => pageLister(cluster)({ limit: 10 });

  async function problemOf(acting: () => unknown): Promise<string> {
    const outcome: unknown = await Promise.resolve()
      .then(acting)
      .catch((error: unknown) => error);
    if (!(outcome instanceof ClusterError))
      throw new Error(`no ClusterError, but ${String(outcome)}`);
    return outcome.message;
  }

  test('a version that is not served names the command that installs it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'crd-'));
    const other = join(folder, 'crd.yaml');
    await writeFile(other, (await readFile(crdFile, 'utf8')).replaceAll('v1alpha1', 'v1beta1'));
    await local.close();
    local = await startCluster({ crdFile: other });
    cluster = connectCluster({ kubeconfig: local.kubeconfig });
    expect(await problemOf(list)).toBe(
      `The API server ${local.url} does not serve mcpservers of muster.giantswarm.io/v1alpha1 (404). Run: kubectl create -k manifests/crd`,
    );
    await rm(folder, { recursive: true });
  });

  test.each([
    [401, 'does not accept our credentials (401)'],
    [
      403,
      'does not let us list mcpservers (403). Run: kubectl apply -k manifests, and bind the ClusterRole muster-sweep to our user.',
    ],
    [418, 'answered 418 to our request to list mcpservers'],
  ])('a %i does, without the words of the API server', async (code, says) => {
    answers.push(refuse(code));
    const message = await problemOf(list);
    expect(message).toContain(says);
    expect(message).not.toContain('secret');
    expect(message).not.toContain('\n');
  });

  test('a label selector that is none names the setting', async () => {
    cluster = connectCluster({
      kubeconfig: local.kubeconfig,
      selection: { labelSelector: 'a=(b' },
    });
    expect(await problemOf(list)).toContain('Check LABEL_SELECTOR');
  });

  test('an API server that is away names its address', async () => {
    await local.close();
    expect(await problemOf(list)).toBe(
      `The API server ${local.url} refused the connection. Check that it runs and that the kubeconfig names its address.`,
    );
    local = await startCluster({ crdFile });
  });

  test('an API server that never answers names the time', async () => {
    const silent = await listen(createServer(() => undefined));
    const kubeconfig = local.kubeconfig.replace(local.url, silent.url);
    cluster = connectCluster({ kubeconfig, timeoutMs: 200 });
    expect(await problemOf(list)).toContain('did not answer within 0.2 s');
    await silent.close();
  });

  test('something that is no API server is told', async () => {
    answers.push(() => ({ code: 200, body: {} }));
    expect(await problemOf(list)).toContain('answered with something that is not a list');
  });

  test('a web page in its place is told', async () => {
    answers.push(() => ({ code: 200, body: '<html>sign in to this network</html>' }));
    expect(await problemOf(list)).toContain('answered with something that is not JSON');
  });

  test('a single object that cannot be read is named', async () => {
    answers.push(() => ({ code: 200, body: {} }));
    expect(await problemOf(() => serverReader(cluster)('default', 'server-a'))).toMatch(
      /^MCPServer default\/server-a cannot be read: .* Run: kubectl edit mcpserver server-a --namespace default$/,
    );
  });

  test.each([
    [
      'broken YAML',
      'token: geheim\n  : [',
      'The kubeconfig is not valid. Use the YAML that kubectl config view --raw prints.',
    ],
    [
      'an entry without server',
      'clusters: [{ name: a, cluster: {} }]',
      'The kubeconfig is not valid.',
    ],
    ['nothing at all', '', 'The kubeconfig is not valid.'],
    [
      'no current context',
      'clusters: []',
      'The kubeconfig has no current context that names a cluster. Add a context to it.',
    ],
    [
      'contexts but no current one',
      stringify({
        clusters: [{ name: 'a', cluster: { server: 'https://a.example' } }],
        users: [],
        contexts: ['one', 'two'].map((name) => ({ name, context: { cluster: 'a', user: 'a' } })),
      }),
      'Its contexts: one, two. Run: kubectl config use-context one',
    ],
  ])('a kubeconfig with %s', async (_what, kubeconfig, says) => {
    const message = await problemOf(() => connectCluster({ kubeconfig }));
    expect(message).toContain(says);
    expect(message).not.toContain('geheim');
  });

  test('a kubeconfig with a server that is no URL', async () => {
    const kubeconfig = local.kubeconfig.replace(local.url, 'nowhere');
    expect(await problemOf(() => connectCluster({ kubeconfig }))).toContain(
      'has "nowhere" as server',
    );
  });

  test('a kubeconfig without TLS that does not say so', async () => {
    const kubeconfig = local.kubeconfig.replace('insecure-skip-tls-verify: true', '');
    expect(await problemOf(() => connectCluster({ kubeconfig }))).toContain(
      'has a server without TLS',
    );
  });

  test('a kubeconfig whose certificate authority stayed on another machine', async () => {
    const kubeconfig = local.kubeconfig
      .replace('insecure-skip-tls-verify: true', 'certificate-authority: /nowhere/ca.crt')
      .replace('http:', 'https:');
    cluster = connectCluster({ kubeconfig });
    expect(await problemOf(list)).toContain(
      'could not be reached (ENOENT). Check the address and the certificate authority in the kubeconfig.',
    );
  });

  test('a kubeconfig that is not there names its path', async () => {
    expect(await problemOf(() => connectClusterFile({ path: '/nowhere/kubeconfig' }))).toBe(
      'The kubeconfig /nowhere/kubeconfig cannot be read (ENOENT). Set KUBECONFIG to a readable file.',
    );
  });

  test('a kubeconfig is read from its path', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
    await writeFile(join(folder, 'config'), local.kubeconfig);
    expect(
      await pageLister(connectClusterFile({ path: join(folder, 'config') }))({ limit: 1 }),
    ).toMatchObject({ kind: 'page' });
    await rm(folder, { recursive: true });
  });
});
