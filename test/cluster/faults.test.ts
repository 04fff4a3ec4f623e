/**
 * An API server that is killed, an etcd that hangs, and a storm of conflicts: nothing is lost,
 * nothing is wrong, and the report says what happened.
 */
import { createServer } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { createSweep } from '../../functions/sweep.ts';
import { type Bus, startBus } from '../../local/event-bus.ts';
import { type Listening, listen } from '../../local/listen.ts';
import { aManifest } from '../world/manifest.ts';
import { type ApiServer, startApiServer } from './apiserver.ts';
import { install } from './install.ts';
import { asUser, mergePatch, ownCluster, servers } from './own.ts';
import type { SweepReport } from '../../functions/telemetry/report.ts';

const { own, why } = ownCluster();
const count = 60;

describe.skipIf(why !== undefined)(
  `trouble of the cluster${why === undefined ? '' : ` (skipped: ${why})`}`,
  () => {
    let server: ApiServer;
    let target: Listening;
    let bus: Bus;
    let admin: ReturnType<typeof asUser>;
    let sweep: (event: unknown) => Promise<SweepReport>;
    /** Called for each request of a probe. */
    let onProbe: (name: string) => Promise<void> = async () => undefined;
    let status = 401;

    beforeAll(async () => {
      server = await startApiServer(own.assets);
      await install(server, own.assets.kubectl);
      target = await listen(
        createServer((request, response) => {
          void onProbe(request.url?.split('/')[1] ?? '').then(() =>
            response.writeHead(status).end(),
          );
        }),
      );
      bus = await startBus([]);
      admin = asUser(server, server.adminToken);
      for (let index = 0; index < count; index += 1) {
        const name = `server-${index}`;
        const spec = { type: 'streamable-http', url: `${target.url}/${name}/mcp` };
        await admin.create(aManifest({ name, spec }));
      }
      sweep = createSweep({
        KUBECONFIG_YAML: server.kubeconfigFor(server.adminToken),
        BUS_NAME: 'muster',
        AWS_ENDPOINT_URL_EVENTBRIDGE: bus.url,
        OIDC_ISSUER: target.url,
        GUARD: 'off',
      });
    });
    afterAll(async () => {
      await admin?.close();
      await target?.close();
      await bus?.close();
      await server?.close();
    });

    const listSchema = z.object({
      items: z.array(
        z.object({
          metadata: z.object({ name: z.string(), uid: z.string() }),
          status: z.optional(z.looseObject({ state: z.optional(z.string()) })),
        }),
      ),
    });
    // An API server that is ready may still be reading its CRDs: 404 or 429 for a moment.
    const items = async (): Promise<z.infer<typeof listSchema>['items']> => {
      for (;;) {
        const listed = listSchema.safeParse((await admin.send('GET', servers)).body);
        if (listed.success) return listed.data.items;
        await wait(100);
      }
    };
    const states = async (): Promise<readonly (string | undefined)[]> =>
      (await items()).map((item) => item.status?.state);
    const all = (state: string): readonly string[] => Array.from({ length: count }, () => state);
    const tick = (): Promise<SweepReport> => sweep({ kind: 'tick', everything: true });

    test('an API server that is killed in mid-sweep costs that sweep its writes, and the next one makes good for them', async () => {
      const probed = Promise.withResolvers<void>();
      onProbe = async () => {
        probed.resolve();
        await wait(1500);
      };
      const running = tick();
      await probed.promise;
      await server.kill();
      const report = await running;
      onProbe = async () => undefined;
      expect(report).toMatchObject({ probed: count, written: 0 });
      expect(report.problems).toHaveLength(count);
      expect(report.problems?.[0]?.message).toContain('refused the connection');
      // Nothing is announced that was not written.
      expect(report.changes).toBe(0);
      await expect(tick()).rejects.toThrow('refused the connection');

      await server.restart();
      expect(await states()).toEqual(Array.from({ length: count }, () => undefined));
      expect(await tick()).toMatchObject({
        probed: count,
        written: count,
        changes: count,
        problems: [],
      });
      expect(await states()).toEqual(all('Connected'));
    });

    test('an API server that is killed while statuses are written leaves each one old or new, and the next sweep agrees with all', async () => {
      status = 503;
      const running = tick();
      while (!(await states()).includes('Connecting')) await wait(5);
      await server.kill();
      const report = await running.catch((error: unknown) => error);
      await server.restart();
      const between = await states();
      expect(between.every((state) => state === 'Connected' || state === 'Connecting')).toBe(true);
      status = 401;
      expect(await tick()).toMatchObject({ problems: [] });
      expect(await states()).toEqual(all('Connected'));
      console.error(
        `  killed while writing: ${between.filter((state) => state === 'Connecting').length} of ${count} were written; ${ownState(report)}`,
      );
    });

    test('an etcd that hangs for three seconds makes a sweep slower, and no worse', async () => {
      status = 503;
      const frozen = server.freezeEtcd(3000);
      const report = await tick();
      await frozen;
      status = 401;
      expect(report).toMatchObject({ probed: count, written: count, problems: [] });
      expect(report.ms).toBeGreaterThan(2000);
      await tick();
      expect(await states()).toEqual(all('Connected'));
    });

    test('a storm of conflicts ends with every verdict written, or named', async () => {
      // Two observations within one second count as one.
      await wait(1100);
      status = 503;
      const stage = { isOver: false };
      let bumps = 0;
      const storm = Array.from({ length: 4 }, async (_, writer) => {
        for (let round = 0; !stage.isOver; round += 1) {
          const name = `server-${(round * 4 + writer) % count}`;
          const metadata = { labels: { storm: `${writer}-${round}` } };
          const { code } = await admin.send(
            'PATCH',
            `${servers}/${name}`,
            { metadata },
            mergePatch,
          );
          bumps += code === 200 ? 1 : 0;
        }
      });
      const report = await tick();
      stage.isOver = true;
      await Promise.all(storm);
      const named = report.problems?.length ?? 0;
      console.error(
        `  storm: ${bumps} other writes during a sweep of ${count}; ${report.written} written, ${named} given up by name`,
      );
      expect((report.written ?? 0) + named).toBe(count);
      expect(bumps).toBeGreaterThan(count / 2);
      status = 401;
      await tick();
      expect(await states()).toEqual(all('Connected'));
    });

    test('a server that is deleted and created again during its probe gets nothing of the old one', async () => {
      status = 503;
      const name = 'server-7';
      onProbe = async (probed) => {
        if (probed !== name) return;
        onProbe = async () => undefined;
        await admin.send('DELETE', `${servers}/${name}`);
        await admin.send(
          'POST',
          servers,
          aManifest({ name, spec: { type: 'streamable-http', url: `${target.url}/${name}/mcp` } }),
        );
      };
      expect(await tick()).toMatchObject({ probed: count, written: count - 1, problems: [] });
      expect(
        (await items()).find(({ metadata }) => metadata.name === name)?.status,
      ).toBeUndefined();
      status = 401;
    });
  },
);

const ownState = (outcome: unknown): string =>
  outcome instanceof Error
    ? `the sweep threw "${outcome.message}"`
    : `the sweep named ${(outcome as SweepReport).problems?.length} problems`;
