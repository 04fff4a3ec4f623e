import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type ClientRequest, createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { shardPages, pagesBeforeFanOut } from '../../functions/reachability/fanout.ts';
import { createSweep } from '../../functions/sweep.ts';
import { listen } from '../../local/listen.ts';
import { startWorld, type World } from '../../local/world.ts';
import { aManifest } from '../world/manifest.ts';
import type { SweepReport } from '../../functions/telemetry/report.ts';

let folder: string;
const ending: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'muster-order-'));
});
afterEach(async () => {
  for (const end of ending.splice(0).toReversed()) await end();
  await rm(folder, { recursive: true });
});

type Deliver = (
  event: unknown,
  sweep: (event: unknown) => Promise<SweepReport>,
) => Promise<SweepReport>;

/**
 * A world of so many servers that all answer, one on a page; `deliver` stands between the bus and
 * the function.
 */
async function worldOf(
  count: number,
  deliver: Deliver,
): Promise<World & { readonly invoke: (event: unknown) => Promise<SweepReport> }> {
  const { url, close } = await listen(
    createServer((_request, response) => response.writeHead(401).end()),
  );
  ending.push(close);
  const file = join(folder, 'servers.yaml');
  const manifests = Array.from({ length: count }, (_, index) =>
    stringify(aManifest({ name: `server-${index}`, spec: { type: 'streamable-http', url } })),
  );
  await writeFile(file, manifests.join('---\n'));
  let invoke: (event: unknown) => Promise<SweepReport> = async () => {
    throw new Error('The functions have not started.');
  };
  const world = await startWorld({
    servers: file,
    settings: { PAGE_SIZE: '1' },
    functions: async (environment) => {
      const sweep = createSweep(environment);
      invoke = sweep;
      return {
        sweep: (event) => deliver(event, sweep),
        api: async () => ({ statusCode: 204 }),
        close: async () => {},
      };
    },
  });
  ending.push(world.close);
  return { ...world, invoke };
}

const isPage = (event: unknown): boolean =>
  typeof event === 'object' && event !== null && 'detail-type' in event;
const announced = ({ bus }: World): number =>
  bus.events.filter((event) => event['detail-type'] === 'MCPServer State Changed').length;
const connected = async (world: World): Promise<number> =>
  (await world.list()).items.filter(({ state }) => state === 'Connected').length;
const tick = () => ({ kind: 'tick', at: new Date().toISOString(), everything: true });

describe('page messages', () => {
  test('that come twice probe twice and change once', async () => {
    const world = await worldOf(4, async (event, sweep) => {
      const [first] = await Promise.all(
        isPage(event) ? [sweep(event), sweep(event)] : [sweep(event)],
      );
      return first;
    });
    await world.sweep({ everything: true });
    expect([await connected(world), announced(world)]).toEqual([4, 4]);
  });

  test('that come late and in the wrong order still do their pages, until the tick is over', async () => {
    const held: unknown[] = [];
    const world = await worldOf(4, async (event, sweep) => {
      if (isPage(event)) held.push(event);
      return isPage(event)
        ? { message: 'sweep', trace: '', tick: '', hop: 0, ms: 0 }
        : sweep(event);
    });
    await world.sweep({ everything: true });
    while (held.length < 3) {
      await world.invoke(held.at(-1));
      await world.bus.idle();
    }
    for (const event of held.toReversed())
      expect(await world.invoke(event)).toMatchObject({ problems: [] });
    await world.bus.idle();
    expect([await connected(world), announced(world)]).toEqual([4, 4]);
  });

  test('that are never delivered, because the function is throttled or was cut off, cost their pages one tick', async () => {
    let isThrottled = true;
    const world = await worldOf(4, async (event, sweep) => {
      if (isThrottled && isPage(event)) throw new Error('TooManyRequestsException');
      return sweep(event);
    });
    await world.sweep({ everything: true });
    expect(await connected(world)).toBe(1);
    isThrottled = false;
    await world.sweep({ everything: true });
    expect([await connected(world), announced(world)]).toEqual([4, 4]);
  });
});

test('a tick that Scheduler delivers twice changes every state once', async () => {
  const world = await worldOf(3, (event, sweep) => sweep(event));
  const same = tick();
  await Promise.all([world.invoke(same), world.invoke(same)]);
  await world.bus.idle();
  expect(await connected(world)).toBe(3);
  const ids = world.bus.events.flatMap(({ detail }) =>
    typeof detail === 'object' && detail !== null && 'id' in detail ? [detail.id] : [],
  );
  expect(new Set(ids).size).toBe(3);
});

test('sweeps that overlap never take a newer status back', async () => {
  const world = await worldOf(3, (event, sweep) => sweep(event));
  await Promise.all([tick(), tick(), tick()].map((event) => world.invoke(event)));
  await world.bus.idle();
  const { items } = await world.list();
  expect(items.map(({ state, consecutiveFailures }) => [state, consecutiveFailures])).toEqual(
    [1, 2, 3].map(() => ['Connected', 0]),
  );
});

test('one trace goes from the tick through all pages to the audit id of every status write', async () => {
  const traces: string[] = [];
  const ids: string[] = [];
  const listener = (message: unknown): void => {
    const { request } = message as { request: ClientRequest };
    if (request.path.endsWith('/status?fieldManager=muster-serverless'))
      ids.push(String(request.getHeader('audit-id')));
  };
  subscribe('http.client.request.start', listener);
  ending.push(async () => unsubscribe('http.client.request.start', listener));
  const world = await worldOf(3, async (event, sweep) => {
    const report = await sweep(event);
    traces.push(report.trace);
    return report;
  });
  await world.sweep({ everything: true });
  expect([traces.length, new Set(traces).size]).toEqual([3, 1]);
  expect(ids).toEqual(traces);
});

test('a fleet that is too large for one chain of pages is swept in shards, every page once', async () => {
  const pages = pagesBeforeFanOut + 2 * shardPages + 3;
  const hops: number[] = [];
  const world = await worldOf(pages, async (event, sweep) => {
    const report = await sweep(event);
    hops.push(report.hop);
    expect(report).toMatchObject({ servers: 1, probed: 1 });
    expect(report.ended).toBeUndefined();
    return report;
  });
  await world.sweep({ everything: true });
  expect([hops.length, Math.max(...hops), await connected(world)]).toEqual([
    pages,
    pagesBeforeFanOut + shardPages - 1,
    pages,
  ]);
});
