import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import {
  CustomObjectsApi,
  KubeConfig,
  PatchStrategy,
  setHeaderOptions,
} from '@kubernetes/client-node';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { connectCluster } from '../../functions/adapters/cluster/apiserver.ts';
import { serverReader } from '../../functions/adapters/cluster/kubernetes.ts';
import { conditionOf, type McpServer } from '../../functions/model/mcpserver.ts';
import { createSweep } from '../../functions/sweep.ts';
import { type Bus, type BusEvent, startBus } from '../../local/event-bus.ts';
import {
  type Intercept,
  isReal,
  startTestCluster,
  type TestCluster,
  whyNot,
} from '../world/cluster.ts';
import { startFaultWorld } from '../world/fault-world.ts';
import { listen } from '../../local/listen.ts';
import { aManifest } from '../world/manifest.ts';
import type { SweepReport } from '../../functions/telemetry/report.ts';

let faults: Awaited<ReturnType<typeof startFaultWorld>>;
beforeAll(async () => {
  faults = await startFaultWorld();
});
afterAll(() => faults.end());

const pages = { source: ['muster'], 'detail-type': ['MCPServer Sweep Page'] };
const changes = (bus: Bus): readonly BusEvent[] =>
  bus.events.filter((event) => event['detail-type'] === 'MCPServer State Changed');
const url = (fault: string): string => faults.urls[fault] ?? `no fault is called ${fault}`;

const mergePatch = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);

/** A cluster, a bus that goes on with the sweep, and the servers of a test. */
function sweepWorld(settings: Readonly<Record<string, string>> = {}) {
  let cluster: TestCluster;
  let bus: Bus;
  let api: CustomObjectsApi;
  let sweep: (event: unknown) => Promise<SweepReport>;
  let reports: SweepReport[];
  const hooks: {
    intercept?: Intercept;
    beforePage?: (hop: number) => Promise<void>;
    afterPage?: () => void;
  } = {};
  const resource = {
    group: 'muster.giantswarm.io',
    version: 'v1alpha1',
    plural: 'mcpservers',
    namespace: 'default',
  };

  const invoke = async (event: unknown): Promise<SweepReport> => {
    await hooks.beforePage?.(hopOf(event));
    const report = await sweep(event);
    reports.push(report);
    hooks.afterPage?.();
    return report;
  };
  beforeEach(async ({ skip }) => {
    const why = whyNot();
    skip(why !== undefined, why);
    delete hooks.intercept;
    delete hooks.beforePage;
    delete hooks.afterPage;
    reports = [];
    cluster = await startTestCluster((request) => hooks.intercept?.(request));
    bus = await startBus([{ pattern: pages, target: invoke }]);
    const config = new KubeConfig();
    config.loadFromString(cluster.admin);
    api = config.makeApiClient(CustomObjectsApi);
    sweep = createSweep({
      KUBECONFIG_YAML: cluster.kubeconfig,
      BUS_NAME: 'muster',
      AWS_ENDPOINT_URL_EVENTBRIDGE: bus.url,
      OIDC_ISSUER: url('401 with a challenge'),
      DNS_SERVERS: faults.resolvers.answering,
      GUARD: 'off',
      ...settings,
    });
  });
  afterEach(async () => {
    await bus?.close();
    await cluster?.close();
  });

  return {
    hooks,
    bus: () => bus,
    reports: () => reports,
    cluster: () => cluster,
    invoke,
    async declare(servers: Readonly<Record<string, string>>): Promise<void> {
      for (const [name, address] of Object.entries(servers)) {
        const spec = { type: 'streamable-http', url: address, timeout: 1 };
        await api.createNamespacedCustomObject({ ...resource, body: aManifest({ name, spec }) });
      }
    },
    /** One tick, to its last page. */
    async sweep(event: object = {}): Promise<readonly SweepReport[]> {
      reports.length = 0;
      await invoke({ kind: 'tick', everything: true, ...event });
      await bus.idle();
      return [...reports];
    },
    async server(name: string): Promise<McpServer> {
      const server = await serverReader(connectCluster({ kubeconfig: cluster.kubeconfig }))(
        'default',
        name,
      );
      if (server === undefined) throw new Error(`There is no ${name}.`);
      return server;
    },
    patchStatus: (namespace: string, name: string, status: object) =>
      api.patchNamespacedCustomObjectStatus(
        { ...resource, namespace, name, body: { status } },
        mergePatch,
      ),
    patchSpec: (namespace: string, name: string, spec: object) =>
      api.patchNamespacedCustomObject({ ...resource, namespace, name, body: { spec } }, mergePatch),
    label: (name: string, labels: Readonly<Record<string, string>>) =>
      api.patchNamespacedCustomObject(
        { ...resource, name, body: { metadata: { labels } } },
        mergePatch,
      ),
    list: (group: string, version: string, plural: string): Promise<unknown> =>
      api.listNamespacedCustomObject({ group, version, plural, namespace: 'default' }),
    remove: (name: string) => api.deleteNamespacedCustomObject({ ...resource, name }),
    create: (name: string, address: string, spec: object = {}) =>
      api.createNamespacedCustomObject({
        ...resource,
        body: aManifest({ name, spec: { type: 'streamable-http', url: address, ...spec } }),
      }),
  };
}

const hopOf = (event: unknown): number =>
  z.object({ detail: z.object({ hop: z.number() }) }).safeParse(event).data?.detail.hop ?? 0;

describe('a sweep', () => {
  const world = sweepWorld({ TICK_SECONDS: '20' });

  test('finds out which servers can be reached and writes that into their status', async () => {
    await world.declare({
      a: url('401 with a challenge'),
      b: url('200 with JSON'),
      c: url('refused'),
      d: 'http://gone.test/mcp',
    });
    expect(await world.sweep()).toMatchObject([
      { servers: 4, probed: 4, written: 4, changes: 4, unpublished: 0, problems: [] },
    ]);
    const states = await Promise.all(
      ['a', 'b', 'c', 'd'].map(async (name) => (await world.server(name)).status.state),
    );
    expect(states).toEqual(['Connected', 'Connected', 'Connecting', 'Failed']);
    const { status } = await world.server('a');
    expect(conditionOf(status, 'AuthRequired')).toMatchObject({
      status: 'True',
      observedGeneration: 1,
    });
    expect(conditionOf((await world.server('b')).status, 'AuthRequired')).toMatchObject({
      status: 'False',
    });
  });

  test('a server that refuses three times in a row is Failed, one that answers again is Connected', async () => {
    let isUp = false;
    const server = createServer((_request, response) =>
      isUp ? response.writeHead(401).end() : response.destroy(),
    );
    const { url: switching, close } = await listen(server);
    await world.declare({
      a: `${switching}/mcp`,
      b: url('200 with JSON'),
    });
    const seen: (string | undefined)[] = [];
    for (let round = 0; round < 5; round += 1) {
      isUp = round === 4;
      await world.sweep();
      seen.push((await world.server('a')).status.state);
    }
    await close();
    expect(seen).toEqual(['Connecting', 'Connecting', 'Failed', 'Failed', 'Connected']);
  });

  test('announces a change of state once, and nothing while nothing changes', async () => {
    await world.declare({ a: url('401 with a challenge') });
    await world.sweep();
    const { uid, status, resourceVersion } = await world.server('a');
    expect(changes(world.bus())).toMatchObject([
      {
        source: 'muster',
        detail: {
          namespace: 'default',
          name: 'a',
          uid,
          to: 'Connected',
          reason: 'AuthenticationRequired',
        },
      },
    ]);
    expect(changes(world.bus())[0]?.detail).toHaveProperty('id');
    expect(status.consecutiveFailures).toBe(0);
    expect(await world.sweep()).toMatchObject([{ written: 0, unchanged: 1, changes: 0 }]);
    expect((await world.server('a')).resourceVersion).toBe(resourceVersion);
    expect(changes(world.bus())).toHaveLength(1);
  });

  test('asks a server again at once that failed fast, and one that asked for time later', async () => {
    await world.declare({ a: url('503 with Retry-After'), b: url('refused') });
    await world.sweep();
    expect(await world.sweep({ everything: false })).toMatchObject([{ servers: 2, probed: 1 }]);
  });

  test('without MCPServers is fine', async () => {
    expect(await world.sweep()).toMatchObject([{ servers: 0, probed: 0, problems: [] }]);
  });

  test('is refused an event that is neither tick nor page', async () => {
    await expect(world.invoke({ kind: 'tock' })).rejects.toThrow();
  });

  test('names the kubectl command when the CRD is missing', async () => {
    world.hooks.intercept = () => ({ code: 404, body: '404 page not found' });
    await expect(world.sweep()).rejects.toThrow('kubectl create -k manifests/crd');
  });
});

describe('what a sweep leaves in the cluster beside status', () => {
  const world = sweepWorld({ PAGE_SIZE: '1' });
  const events = async () =>
    z
      .object({ items: z.array(eventSchema) })
      .parse(await world.list('events.k8s.io', 'v1', 'events')).items;
  const of = async (name: string) =>
    (await events()).filter(
      ({ regarding }) => regarding.name === name && regarding.uid !== undefined,
    );

  test('one Event for each change of STATE, about the very object, and none while nothing changes', async () => {
    await world.declare({
      [`a-${run}`]: url('401 with a challenge'),
      [`b-${run}`]: url('refused'),
    });
    const reports = await world.sweep();
    expect(reports.map(({ events }) => events)).toEqual([1, 1]);
    await world.sweep();
    const { uid } = await world.server(`a-${run}`);
    expect(await of(`a-${run}`)).toMatchObject([
      {
        type: 'Normal',
        reason: 'AuthenticationRequired',
        note: 'STATE is Connected: The server answered HTTP 401 and asks for a sign-in.',
        regarding: { kind: 'MCPServer', namespace: 'default', uid },
      },
    ]);
    expect(await of(`b-${run}`)).toMatchObject([
      {
        type: 'Warning',
        reason: 'ConnectionRefused',
        note: 'STATE is Connecting: Connection refused.',
      },
    ]);
  });

  test('Events that cannot be written cost the sweep nothing, and are in the report', async () => {
    await world.declare({ a: url('401 with a challenge') });
    world.hooks.intercept = ({ url: path = '' }) =>
      path.includes('/events') ? { code: 403, body: '{}' } : undefined;
    expect(await world.sweep()).toMatchObject([
      {
        written: 1,
        changes: 1,
        events: 0,
        problems: [],
        eventProblem: expect.stringContaining('does not let us create events (403)'),
      },
    ]);
  });

  test('one Lease, renewed once by each sweep, however many pages it has', async () => {
    await world.declare({
      a: url('200 with JSON'),
      b: url('200 with JSON'),
      c: url('200 with JSON'),
    });
    let renewals = 0;
    world.hooks.intercept = ({ method, url: path = '' }) => {
      if (method === 'PATCH' && path.includes('/leases/')) renewals += 1;
      return undefined;
    };
    await world.sweep();
    await world.sweep();
    expect(renewals).toBe(2);
  });

  test('a Lease that cannot be renewed costs the sweep nothing, and is in the report', async () => {
    await world.declare({ a: url('200 with JSON') });
    world.hooks.intercept = ({ url: path = '' }) =>
      path.includes('/leases') ? { code: 403, body: '{}' } : undefined;
    expect(await world.sweep()).toMatchObject([
      {
        written: 1,
        problems: [],
        leaseProblem: expect.stringContaining('does not let us patch leases (403)'),
      },
    ]);
  });

  test('a server that its owner takes out by label is neither probed nor written, even in the midst of its probe', async () => {
    let probes = 0;
    const server = createServer((_request, response) => {
      probes += 1;
      void world
        .label('a', { 'muster-serverless/sweep': 'off' })
        .then(() => response.writeHead(401).end());
    });
    const { url, close } = await listen(server);
    await world.declare({ a: `${url}/mcp` });
    expect(await world.sweep()).toMatchObject([{ probed: 1, written: 0, problems: [] }]);
    const seen = probes;
    expect(await world.sweep()).toMatchObject([{ servers: 1, probed: 0 }]);
    await close();
    expect(probes).toBe(seen);
    expect((await world.server('a')).status.state).toBeUndefined();
  });
});

/** Events outlive the servers of a test. */
const run = randomUUID().slice(0, 8);

const eventSchema = z.object({
  type: z.string(),
  reason: z.string(),
  note: z.optional(z.string()),
  regarding: z.object({
    kind: z.string(),
    namespace: z.string(),
    name: z.string(),
    uid: z.optional(z.string()),
  }),
});

describe('the chain of pages', () => {
  const world = sweepWorld({ PAGE_SIZE: '2' });
  const seven = (): Record<string, string> =>
    Object.fromEntries(
      Array.from({ length: 7 }, (_, index) => [`server-${index}`, url('401 with a challenge')]),
    );

  test('goes through all pages of one tick, each server once', async () => {
    await world.declare(seven());
    const reports = await world.sweep();
    expect(
      reports.map(({ hop, probed }) => [hop, probed]).sort(([one = 0], [other = 0]) => one - other),
    ).toEqual([
      [0, 2],
      [1, 2],
      [2, 2],
      [3, 1],
    ]);
    expect(new Set(reports.map(({ tick }) => tick)).size).toBe(1);
  });

  test('with every page failing never has more invocations than pages + 1', async () => {
    await world.declare(seven());
    let invocations = 0;
    world.hooks.afterPage = () => {
      invocations += 1;
      throw new Error('the page failed');
    };
    await expect(world.sweep()).rejects.toThrow('the page failed');
    await world.bus().idle();
    expect(invocations).toBe(4);
  });

  test('with a cluster that fails every list ends with its first invocation', async () => {
    await world.declare(seven());
    let lists = 0;
    world.hooks.intercept = () => {
      lists += 1;
      return { code: 403, body: '{}' };
    };
    await expect(world.sweep()).rejects.toThrow('403');
    await world.bus().idle();
    expect([lists, world.bus().events.length]).toEqual([1, 0]);
  });

  test('goes on with the token in the answer when its own has expired', async () => {
    await world.declare(seven());
    let lists = 0;
    world.hooks.intercept = (request) => {
      if (isList(request)) lists += 1;
      return undefined;
    };
    world.hooks.beforePage = async (hop) => {
      if (hop === 1) await world.cluster().expireContinueTokens();
    };
    const reports = await world.sweep();
    expect(lists).toBe(5);
    expect(reports.reduce((sum, { probed = 0 }) => sum + probed, 0)).toBe(7);
    expect(reports.every(({ ended }) => ended === undefined)).toBe(true);
  });

  test('ends and says so when the expired token brings none to go on with', async () => {
    await world.declare(seven());
    let lists = 0;
    world.hooks.intercept = (request) =>
      isList(request) && ++lists === 2
        ? { code: 410, body: { reason: 'Expired', metadata: {} } }
        : undefined;
    const reports = await world.sweep();
    expect(reports.map(({ ended }) => ended)).toContain(
      'the continue token has expired, and the cluster gave no other one',
    );
  });

  test('drops a page message that is older than a tick, or goes round in circles', async () => {
    const page = (detail: object) => ({
      source: 'muster',
      'detail-type': 'MCPServer Sweep Page',
      detail: {
        tick: new Date().toISOString(),
        hop: 1,
        continue: 'x',
        everything: false,
        ...detail,
      },
    });
    expect(
      (await world.invoke(page({ tick: new Date(Date.now() - 61_000).toISOString() }))).ended,
    ).toContain('older than one tick');
    expect((await world.invoke(page({ hop: 1001 }))).ended).toContain('hops');
  });

  describe('with messages that others put on the bus', () => {
    const page = (detail: object) => ({
      source: 'muster',
      'detail-type': 'MCPServer Sweep Page',
      detail: {
        tick: new Date().toISOString(),
        hop: 1,
        continue: 'x',
        everything: false,
        ...detail,
      },
    });
    const inAYear = new Date(Date.now() + 365 * 86_400_000).toISOString();

    test('drops a tick that is a year ahead, and the Lease says nothing of it', async () => {
      await world.declare(seven());
      let leases = 0;
      world.hooks.intercept = ({ url: path = '' }) => {
        if (path.includes('/leases')) leases += 1;
        return undefined;
      };
      expect((await world.invoke({ kind: 'tick', at: inAYear })).ended).toContain('tick ahead');
      expect((await world.invoke(page({ tick: inAYear }))).ended).toContain('tick ahead');
      expect((await world.invoke(page({ began: inAYear }))).ended).toContain('tick ahead');
      expect(leases).toBe(0);
    });

    test('refuses a page that claims to be the first, or names no place to go on', async () => {
      for (const detail of [
        { hop: 0 },
        { hop: -1 },
        { hop: 0.5 },
        { continue: '' },
        { continue: 'x'.repeat(5000) },
        { limit: 0 },
        { servers: 1e9 },
      ])
        await expect(world.invoke(page(detail))).rejects.toBeInstanceOf(z.core.$ZodError);
    });

    test('never renews the Lease for a page', async () => {
      await world.declare(seven());
      const methods: (string | undefined)[] = [];
      world.hooks.intercept = ({ method, url: path = '' }) => {
        if (path.includes('/leases')) methods.push(method);
        return undefined;
      };
      const [tick] = await world.sweep();
      const renewals = methods.length;
      expect(tick?.leaseProblem).toBeUndefined();
      const events = world.bus().events.filter((event) => 'hop' in Object(event.detail));
      expect(events).toHaveLength(3);
      for (const event of events) await world.invoke(event);
      await world.bus().idle();
      expect(methods).toHaveLength(renewals);
    });
  });

  test('still probes its own page when the bus is away', async () => {
    await world.declare(seven());
    await world.bus().close();
    const [report] = await world.sweep();
    expect(report).toMatchObject({ probed: 2, written: 2, unpublished: 2 });
    expect(report?.ended).toContain('the next page could not be queued');
    expect(report?.problems?.map(({ message }) => message)).toEqual(
      Array(2).fill('the change to Connected could not be published'),
    );
  });
});

const isList = ({ method, url: path = '' }: IncomingMessage): boolean =>
  method === 'GET' && path.includes('/mcpservers?');

describe('a sweep of large objects', () => {
  const world = sweepWorld({ TICK_SECONDS: '60' });

  test('of 1 MB each probes all of them and the others, page by page, in bounded memory', async ({
    skip,
  }) => {
    skip(isReal, 'the API server and its etcd would hold them, too');
    const env = Object.fromEntries(
      Array.from({ length: 10 }, (_, part) => [`FILL_${part}`, 'x'.repeat(100_000)]),
    );
    const large = Array.from({ length: 20 }, (_, index) => `large-${index}`);
    for (const name of large) await world.create(name, url('401 with a challenge'), { env });
    await world.declare({ a: url('401 with a challenge'), z: url('200 with JSON') });
    const reports = await world.sweep();
    expect(reports.reduce((sum, { probed = 0 }) => sum + probed, 0)).toBe(22);
    expect(reports.flatMap(({ ended, malformed }) => [ended, malformed])).toEqual(
      reports.flatMap(() => [undefined, undefined]),
    );
    // Eight answers of 1 MB are the most that one runner holds.
    expect(Math.max(...reports.map(({ servers = 0 }) => servers))).toBeLessThanOrEqual(8);
  });
});

describe('writing status', () => {
  const world = sweepWorld();

  test('a write that keeps conflicting is reported, and costs the others nothing', async () => {
    await world.declare({ a: url('401 with a challenge'), b: url('200 with JSON') });
    world.hooks.intercept = ({ method, url: path = '' }) =>
      method === 'PATCH' && path.includes('/a/status')
        ? { code: 409, body: { reason: 'Conflict' } }
        : undefined;
    expect(await world.sweep()).toMatchObject([
      {
        written: 1,
        problems: [
          {
            namespace: 'default',
            name: 'a',
            message: 'the status could not be written: 5 conflicts in a row with another writer',
          },
        ],
      },
    ]);
  });

  test("another writer's condition, written between our read and our write, survives", async () => {
    const theirs = {
      type: 'Ready',
      status: 'True',
      reason: 'Theirs',
      message: '',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    };
    const server = createServer((_request, response) => {
      void world
        .patchStatus('default', 'a', { conditions: [theirs] })
        .then(() => response.writeHead(401).end());
    });
    const { url, close } = await listen(server);
    await world.declare({ a: `${url}/mcp` });
    expect(await world.sweep()).toMatchObject([{ written: 1, problems: [] }]);
    await close();
    expect((await world.server('a')).status.conditions.map(({ type }) => type)).toEqual([
      'Ready',
      'Reachable',
      'AuthRequired',
      'SpeaksMCP',
    ]);
  });

  test('a server that was re-created during its probe gets nothing of the old one', async () => {
    const server = createServer((_request, response) => {
      void world
        .remove('a')
        .then(() => world.create('a', 'http://gone.test/mcp'))
        .then(() => response.writeHead(401).end());
    });
    const { url, close } = await listen(server);
    await world.declare({ a: `${url}/mcp` });
    expect(await world.sweep()).toMatchObject([{ written: 0, changes: 0, problems: [] }]);
    await close();
    expect((await world.server('a')).status.state).toBeUndefined();
  });

  test('a server whose network and all others are lost keeps its state while the prober is offline', async () => {
    await world.declare({ a: url('401 with a challenge') });
    await world.sweep();
    const offline = createSweep({
      KUBECONFIG_YAML: world.cluster().kubeconfig,
      BUS_NAME: 'muster',
      AWS_ENDPOINT_URL_EVENTBRIDGE: world.bus().url,
      PROBER_CHECK_URL: url('refused'),
      DNS_SERVERS: new URL(url('refused')).host,
      GUARD_ALLOW: '10.0.0.0/8',
      GUARD: 'off',
    });
    await world.patchSpec('default', 'a', { url: url('refused') });
    expect(await offline({ kind: 'tick', everything: true })).toMatchObject({
      suppressed: 1,
      written: 0,
      proberOffline: expect.stringContaining('all 1 servers'),
    });
    expect((await world.server('a')).status.state).toBe('Connected');
  });
});
