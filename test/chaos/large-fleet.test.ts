/**
 * 2,000 servers in the local world: real HTTP to the cluster, the bus, the table and the servers,
 * with faults between. Only the date is made up.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { stringify } from 'yaml';
import * as z from 'zod/mini';
import { conditionOf } from '../../functions/model/mcpserver.ts';
import { allPages } from '../../functions/model/all-pages.ts';
import { defined } from '../../functions/model/defined.ts';
import { connectCluster } from '../../functions/adapters/cluster/apiserver.ts';
import { pageLister } from '../../functions/adapters/cluster/kubernetes.ts';
import { stableJitter } from '../../functions/reachability/jitter.ts';
import { createSweep } from '../../functions/sweep.ts';
import { listen } from '../../local/listen.ts';
import { startWorld } from '../../local/world.ts';
import { aManifest } from '../world/manifest.ts';
import { violations } from './checker.ts';
import { type Passed, type ProxyFault, startFaultyProxy } from './faulty-proxy.ts';
import { noStatus, type PublishedFact, statusSchema, type WriteFact } from './history.ts';

const count = 2_000;
const pageSize = 100;
/** All pages are probed at the same time in this one process, which has 400 places together. */
const concurrency = 20;
const stormRounds = 3;
const quietRounds = 4;
/** A server that hangs is due again, and so is everyone else. */
const roundMs = 150_000;
const seed = 2_000;

type Kind = 'signIn' | 'serverError' | 'gateway' | 'reset' | 'hangs';
const settled: Readonly<Record<Kind, { readonly state: string; readonly reason: string }>> = {
  signIn: { state: 'Connected', reason: 'AuthenticationRequired' },
  serverError: { state: 'Connected', reason: 'ServerError' },
  gateway: { state: 'Failed', reason: 'UpstreamUnavailable' },
  reset: { state: 'Failed', reason: 'ConnectionReset' },
  hangs: { state: 'Failed', reason: 'Timeout' },
};

const dice = (key: string): number => stableJitter(`${seed} ${key}`, 1);
function kindOf(index: number, round: number): Kind {
  // One in ten has changed since the round before.
  let changed = round;
  while (changed > 0 && dice(`change ${index} ${changed}`) > 0.1) changed -= 1;
  const chance = dice(`kind ${index} ${changed}`);
  if (chance < 0.55) return 'signIn';
  if (chance < 0.7) return 'serverError';
  if (chance < 0.85) return 'gateway';
  return chance < 0.98 ? 'reset' : 'hangs';
}

const ending: (() => Promise<unknown>)[] = [];
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: Math.ceil(Date.now() / 1000) * 1000 });
});
afterEach(async () => {
  vi.useRealTimers();
  for (const end of ending.splice(0).toReversed()) await end();
});

const writtenSchema = z.object({
  metadata: z.object({
    name: z.string(),
    uid: z.string(),
    generation: z.number(),
    resourceVersion: z.string(),
  }),
  status: statusSchema,
});
const changeSchema = z.object({
  id: z.string(),
  name: z.string(),
  uid: z.string(),
  to: z.string(),
});
const isPage = (event: unknown): boolean =>
  typeof event === 'object' && event !== null && 'detail' in event;

test('a fleet of 2,000 ends as it is, and every change of it was published', {
  timeout: 600_000,
}, async () => {
  let round = 0;
  let isStorm = true;
  const servers = await listen(
    createServer((request, response) => {
      switch (kindOf(Number(request.url?.slice(1)), Math.min(round, stormRounds))) {
        case 'signIn':
          return response.writeHead(401, { 'www-authenticate': 'Bearer' }).end();
        case 'serverError':
          return response.writeHead(500).end();
        case 'gateway':
          return response.writeHead(503).end();
        case 'reset':
          return request.socket.destroy();
        case 'hangs':
          return undefined;
      }
    }),
  );
  ending.push(servers.close);
  const folder = await mkdtemp(join(tmpdir(), 'muster-chaos-'));
  ending.push(() => rm(folder, { recursive: true }));
  const file = join(folder, 'servers.yaml');
  const manifests = Array.from({ length: count }, (_, index) =>
    stringify(
      aManifest({
        name: `server-${index}`,
        spec: { type: 'streamable-http', url: `${servers.url}/${index}`, timeout: 4 },
      }),
    ),
  );
  await writeFile(file, manifests.join('---\n'));

  const calls = new Map<string, number>();
  const faults = { answered: 0, resetBefore: 0, resetAfter: 0, pagesLost: 0, pagesTwice: 0 };
  /** One call in ten, in one of four ways. */
  const faultOf = ({ method, path }: Passed): ProxyFault | undefined => {
    const key = `${method} ${path.slice(0, 120)}`;
    calls.set(key, (calls.get(key) ?? 0) + 1);
    const chance = dice(`${key} ${calls.get(key)}`);
    if (!isStorm || chance > 0.1) return undefined;
    if (chance < 0.025) {
      faults.resetBefore += 1;
      return { kind: 'resetBefore' };
    }
    if (chance < 0.05) {
      faults.resetAfter += 1;
      return { kind: 'resetAfter' };
    }
    faults.answered += 1;
    return { kind: 'answer', status: chance < 0.075 ? 429 : 500 };
  };
  const committed: z.infer<typeof writtenSchema>[] = [];
  const untold = new Set<string>();
  const published: PublishedFact[] = [];
  let kubeconfig = '';
  const world = await startWorld({
    servers: file,
    changed: ({ detail }) => void published.push({ ...changeSchema.parse(detail), at: Date.now() }),
    functions: async (environment) => {
      kubeconfig = environment['KUBECONFIG_YAML'] ?? '';
      const [clusterUrl = ''] = /http:\/\/127\.0\.0\.1:\d+/.exec(kubeconfig) ?? [];
      const cluster = await startFaultyProxy(
        clusterUrl,
        faultOf,
        ({ method, path }, status, body) => {
          if (method === 'PATCH' && path.includes('/status') && status === 200)
            committed.push(writtenSchema.parse(JSON.parse(body)));
        },
      );
      const bus = await startFaultyProxy(
        environment['AWS_ENDPOINT_URL_EVENTBRIDGE'] ?? '',
        faultOf,
      );
      const table = await startFaultyProxy(
        environment['AWS_ENDPOINT_URL_DYNAMODB'] ?? '',
        (passed) => {
          const fault = faultOf(passed);
          const [, id] = /"sk":\{"S":"([^"]+)"/.exec(passed.body) ?? [];
          if (fault !== undefined && id !== undefined) untold.add(id);
          return fault;
        },
      );
      const sweep = createSweep({
        ...environment,
        KUBECONFIG_YAML: kubeconfig.replace(clusterUrl, cluster.url),
        AWS_ENDPOINT_URL_EVENTBRIDGE: bus.url,
        AWS_ENDPOINT_URL_DYNAMODB: table.url,
        PAGE_SIZE: String(pageSize),
        PROBE_CONCURRENCY: String(concurrency),
      });
      return {
        sweep: async (event) => {
          const chance = isStorm && isPage(event) ? dice(JSON.stringify(event)) : 1;
          if (chance < 0.08) {
            faults.pagesLost += 1;
            throw new Error('Throttled.');
          }
          if (chance > 0.15 || !isPage(event)) return sweep(event);
          faults.pagesTwice += 1;
          const [first] = await Promise.all([sweep(event), sweep(event)]);
          return first;
        },
        api: async () => ({ statusCode: 204 }),
        close: async () => {
          await Promise.all([cluster.close(), bus.close(), table.close()]);
        },
      };
    },
  });
  ending.push(world.close);
  expect(world.refused).toEqual([]);

  const began = performance.now();
  for (; round < stormRounds + quietRounds; round += 1) {
    isStorm = round < stormRounds;
    const sweeps = [world.sweep({ everything: false })];
    // The tick that comes twice.
    if (isStorm && round % 2 === 1) sweeps.push(world.sweep({ everything: false }));
    // A list that the API server did not answer ends a sweep, and the next one begins again.
    await Promise.allSettled(sweeps);
    vi.setSystemTime(Date.now() + roundMs);
  }

  const list = pageLister(connectCluster({ kubeconfig }));
  const pages = await allPages(async (token) => {
    const listed = await list(defined({ limit: 500, continue: token }));
    if (listed.kind === 'expired') throw new Error('The list expired.');
    return listed.page;
  });
  const all = pages.flatMap(({ servers }) => servers);
  const wrong = all.filter(({ name, status }) => {
    const { state, reason } = settled[kindOf(Number(name.slice(7)), stormRounds)];
    return status.state !== state || conditionOf(status, 'Reachable')?.reason !== reason;
  });
  const known = new Map<string, WriteFact['after']>();
  const writes = committed
    .toSorted(
      (one, other) => Number(one.metadata.resourceVersion) - Number(other.metadata.resourceVersion),
    )
    .map(({ metadata: { name, uid, generation, resourceVersion }, status }): WriteFact => {
      const before = known.get(uid) ?? noStatus;
      known.set(uid, status);
      const at = Date.parse(status.lastAttempt ?? '');
      const object = { name, uid, generation, isOut: false };
      return Object.assign(object, { at, run: resourceVersion, aheadMs: 0, before, after: status });
    });
  process.stdout.write(
    `${JSON.stringify({ servers: all.length, writes: writes.length, published: published.length, ...faults, seconds: Math.round((performance.now() - began) / 1000) })}\n`,
  );
  const sentences = wrong.map(
    ({ name, status }) =>
      `${name} is ${status.state}, not ${kindOf(Number(name.slice(7)), stormRounds)}: ${conditionOf(status, 'Reachable')?.message}`,
  );
  expect([all.length, sentences.slice(0, 20)]).toEqual([count, []]);
  expect(faults.resetAfter).toBeGreaterThan(20);
  expect(
    violations({
      heartbeatMs: 300_000,
      ended: Date.now(),
      writes,
      probes: [],
      published,
      untold,
      deleted: new Map(),
      presences: [],
      disturbed: [],
      end: [],
    }),
  ).toEqual([]);
});
