/**
 * Sweeps that overlap, beside a writer that behaves like upstream muster and a person who edits
 * specs: 500 servers, a real API server, both variants of the CRD. What happened is read from a
 * watch, which holds every version of every object.
 */
import { createServer } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pLimit from 'p-limit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { createSweep } from '../../functions/sweep.ts';
import { type Bus, startBus } from '../../local/event-bus.ts';
import { type Listening, listen } from '../../local/listen.ts';
import { aManifest, upstreamCrdFile } from '../world/manifest.ts';
import { type ApiServer, startApiServer } from './apiserver.ts';
import { install, kubectl } from './install.ts';
import { asUser, mergePatch, ownCluster, servers } from './own.ts';
import { type Seen, watchServers } from './watch.ts';
import type { SweepReport } from '../../functions/telemetry/report.ts';

const { own, why } = ownCluster();
const count = 500;
const names = Array.from(
  { length: count },
  (_, index) => `server-${String(index).padStart(3, '0')}`,
);

describe.skipIf(why !== undefined).each(['map', 'atomic'])(
  `beside upstream muster, conditions as %s${why === undefined ? '' : ` (skipped: ${why})`}`,
  (variant) => {
    let server: ApiServer;
    let target: Listening;
    let bus: Bus;
    let versions: readonly Seen[];
    let reports: readonly SweepReport[];
    let sentByMuster = 0;
    let sentByPeople = 0;

    beforeAll(async () => {
      server = await startApiServer(own.assets);
      await install(server, own.assets.kubectl);
      if (variant === 'atomic') {
        await using program = await kubectl(
          own.assets.kubectl,
          server.kubeconfigFor(server.adminToken),
        );
        // `conditions` is an atomic list there: whoever writes it replaces all of it.
        await program.run('replace', '-f', fileURLToPath(upstreamCrdFile));
      }
      // A third of them changes its mind every two seconds.
      const started = Date.now();
      target = await listen(
        createServer((request, response) => {
          const isMoody = Number(/\d+/.exec(request.url ?? '')?.[0]) % 3 === 0;
          response
            .writeHead(isMoody && Math.floor((Date.now() - started) / 2000) % 2 === 1 ? 503 : 401)
            .end();
        }),
      );
      bus = await startBus([]);
      const people = asUser(server, server.adminToken);
      const muster = asUser(server, server.adminToken);
      await Promise.all(
        names.map((name) =>
          people.create(
            aManifest({
              name,
              spec: { type: 'streamable-http', url: `${target.url}/${name}/mcp` },
            }),
          ),
        ),
      );
      const watched = await watchServers(server);
      const stage = { isOver: false };
      const during = async (
        act: (name: string, round: number) => Promise<void>,
        pauseMs: number,
      ): Promise<void> => {
        for (let round = 0; !stage.isOver; round += 1) {
          await act(names[(round * 7) % count] ?? '', round);
          await wait(pauseMs);
        }
      };
      const acting = [
        during(async (name) => void (sentByMuster += await asMuster(muster, name)), 1),
        during(async (name, round) => {
          const { code } = await people.send(
            'PATCH',
            `${servers}/${name}`,
            { spec: { timeout: 1 + (round % 30) } },
            mergePatch,
          );
          sentByPeople += code === 200 ? 1 : 0;
        }, 5),
      ];
      const isEnough = (): boolean => sentByMuster > count && sentByPeople > 100;
      reports = await overlappingSweeps(server, { bus, target, isEnough });
      stage.isOver = true;
      await Promise.all(acting);
      versions = await watched.end();
      await Promise.all([people.close(), muster.close()]);
    }, 300_000);
    afterAll(async () => {
      await target?.close();
      await bus?.close();
      await server?.close();
    });

    const byObject = (): readonly (readonly Seen[])[] => [
      ...Map.groupBy(versions, ({ uid }) => uid).values(),
    ];

    /** Each pair of versions of one object that follow one another. */
    const steps = (): readonly (readonly [Seen, Seen])[] =>
      byObject().flatMap((history) =>
        history.slice(1).map((after, index): [Seen, Seen] => [history[index] ?? after, after]),
      );

    test('everybody got to write, and sweeps did overlap', () => {
      const written = reports.reduce((sum, report) => sum + (report.written ?? 0), 0);
      console.error(
        `  ${variant}: ${reports.length} sweeps wrote ${written} times, muster ${sentByMuster} times, people ${sentByPeople} times; ` +
          `${reports.flatMap(({ problems = [] }) => problems).length} writes were given up`,
      );
      expect(reports.filter(({ ms }) => ms > everyMs).length).toBeGreaterThan(3);
      expect(written).toBeGreaterThan(count);
      expect(sentByMuster).toBeGreaterThan(count);
      expect(sentByPeople).toBeGreaterThan(100);
    });

    test('no condition of the other writer was ever lost, and none of ours', () => {
      const lost = steps().filter(([before, after]) =>
        before.conditions.some(({ type }) => !after.conditions.some((one) => one.type === type)),
      );
      expect(lost.map(([, { name }]) => name)).toEqual([]);
      expect(
        versions.filter(({ conditions }) => conditions.some(({ type }) => type === 'Ready')).length,
      ).toBeGreaterThan(count / 2);
    });

    test('no older verdict ever followed a newer one', () => {
      const backwards = steps().filter(
        ([before, after]) =>
          (after.lastAttempt ?? 0) < (before.lastAttempt ?? 0) ||
          observedGeneration(after) < observedGeneration(before),
      );
      expect(backwards.map(([, { name }]) => name)).toEqual([]);
    });

    test('no verdict about an old spec was written over a new one', () => {
      const stale = steps().filter(
        ([before, after]) =>
          (after.lastAttempt ?? 0) !== (before.lastAttempt ?? 0) &&
          observedGeneration(after) !== before.generation,
      );
      expect(stale.map(([, { name }]) => name)).toEqual([]);
    });

    test('nobody fights over state: our word goes there on our own changes, and once an hour', () => {
      const fights = steps().filter(
        ([before, after]) =>
          before.state === 'Auth Required' &&
          after.state === 'Connected' &&
          reachable(before) === 'True' &&
          reachable(after) === 'True',
      );
      // Of 500 servers a handful has the moment of its hour within the seconds of this test; a
      // fight would be hundreds.
      expect(fights.length).toBeLessThan(count / 20);
      const contended = byObject().filter((history) =>
        history.some(({ conditions }) => conditions.some(({ type }) => type === 'StateContended')),
      );
      expect(contended.length).toBeGreaterThan(100);
    });

    test('every write that was given up is in the log by name', () => {
      for (const { problems = [] } of reports) {
        for (const { name, message } of problems) {
          expect(names).toContain(name);
          expect(message).toContain('conflicts in a row with another writer');
        }
      }
    });
  },
);

const observedGeneration = ({ conditions }: Seen): number =>
  conditions.find(({ type }) => type === 'Reachable')?.observedGeneration ?? 0;
const reachable = ({ conditions }: Seen): string | undefined =>
  conditions.find(({ type }) => type === 'Reachable')?.status;

const everyMs = 500;
const mostAtOnce = 4;

/**
 * Begins a sweep every 500 ms, whether the last ones have ended or not, until the others have
 * written enough.
 */
async function overlappingSweeps(
  server: ApiServer,
  {
    bus,
    target,
    isEnough,
  }: { readonly bus: Bus; readonly target: Listening; readonly isEnough: () => boolean },
): Promise<readonly SweepReport[]> {
  const sweep = createSweep({
    KUBECONFIG_YAML: server.kubeconfigFor(server.adminToken),
    BUS_NAME: 'muster',
    AWS_ENDPOINT_URL_EVENTBRIDGE: bus.url,
    OIDC_ISSUER: target.url,
    GUARD: 'off',
  });
  const limit = pLimit(mostAtOnce);
  const reports: SweepReport[] = [];
  while (!isEnough() || reports.length < 2 * mostAtOnce) {
    if (limit.pendingCount === 0)
      void limit(async () => void reports.push(await sweep({ kind: 'tick', everything: true })));
    await wait(everyMs);
  }
  while (limit.activeCount + limit.pendingCount > 0) await wait(everyMs);
  // What was written last is seen by one sweep more.
  return [...reports, await sweep({ kind: 'tick', everything: true })];
}

const objectSchema = z.looseObject({
  metadata: z.looseObject({}),
  status: z._default(
    z.looseObject({ conditions: z._default(z.array(z.looseObject({ type: z.string() })), []) }),
    { conditions: [] },
  ),
});

/**
 * What its reconciler does: reads, puts the whole status back with its own word in it, and reads
 * again on a conflict.
 */
async function asMuster({ send }: ReturnType<typeof asUser>, name: string): Promise<number> {
  for (let tries = 0; tries < 5; tries += 1) {
    const object = objectSchema.parse((await send('GET', `${servers}/${name}`)).body);
    const ready = {
      type: 'Ready',
      status: 'True',
      reason: 'AuthRequired',
      message: '',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    };
    const conditions = [...object.status.conditions.filter(({ type }) => type !== 'Ready'), ready];
    const lastConnected = `${new Date().toISOString().slice(0, 19)}Z`;
    const status = {
      ...object.status,
      state: 'Auth Required',
      lastError: '',
      lastConnected,
      conditions,
    };
    const { code } = await send('PUT', `${servers}/${name}/status`, { ...object, status });
    if (code === 200) return 1;
    if (code !== 409) throw new Error(`muster was answered ${code}`);
  }
  return 0;
}
