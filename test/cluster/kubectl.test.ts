/** What people at a terminal see of MCPServers on a real cluster, and of the sweep. */
import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { createSweep } from '../../functions/sweep.ts';
import { type Bus, startBus } from '../../local/event-bus.ts';
import { type Listening, listen } from '../../local/listen.ts';
import { aManifest } from '../world/manifest.ts';
import { kubectl } from './install.ts';
import { asUser, ownCluster, servers } from './own.ts';
import type { SweepReport } from '../../functions/telemetry/report.ts';

const { own, why } = ownCluster();

describe.skipIf(why !== undefined)(
  `kubectl${why === undefined ? '' : ` (skipped: ${why})`}`,
  () => {
    const admin = asUser(own, own.adminToken);
    let program: Awaited<ReturnType<typeof kubectl>>;
    let upstream: Listening;
    let bus: Bus;
    let report: SweepReport;

    beforeAll(async () => {
      program = await kubectl(own.assets.kubectl, own.admin);
      upstream = await listen(
        createServer((_request, response) =>
          response.writeHead(401, { 'www-authenticate': 'Bearer' }).end(),
        ),
      );
      bus = await startBus([]);
      await admin.send('DELETE', servers);
      await admin.send(
        'POST',
        servers,
        aManifest({ name: 'desk', spec: { type: 'streamable-http', url: `${upstream.url}/mcp` } }),
      );
      const away = { type: 'sse', url: 'http://127.0.0.1:9/mcp' };
      await admin.send('POST', servers, aManifest({ name: 'away', spec: away }));
      const sweep = createSweep({
        KUBECONFIG_YAML: own.admin,
        NAMESPACE: 'default',
        BUS_NAME: 'muster',
        AWS_ENDPOINT_URL_EVENTBRIDGE: bus.url,
        OIDC_ISSUER: upstream.url,
        GUARD: 'off',
      });
      report = await sweep({ kind: 'tick', everything: true });
    });
    afterAll(async () => {
      await program[Symbol.asyncDispose]();
      await Promise.all([admin.close(), upstream.close(), bus.close()]);
    });

    test('a sweep of two servers is written, told as Events and renews the Lease', () => {
      expect(report).toMatchObject({ probed: 2, written: 2, changes: 2, events: 2, problems: [] });
      expect(report).not.toHaveProperty('leaseProblem');
      expect(report).not.toHaveProperty('eventProblem');
    });

    const cells = (line = ''): readonly string[] => line.trim().split(/\s{2,}/);

    test("get shows upstream's five columns and our verdict, and -o wide two of ours behind them", async () => {
      const [short, row] = (await program.run('get', 'mcps')).split('\n');
      expect(cells(short)).toEqual([
        'NAME',
        'TYPE',
        'URL',
        'AUTOSTART',
        'STATUS',
        'REACHABLE',
        'AGE',
      ]);
      expect(cells(row).slice(0, 6)).toEqual([
        'away',
        'sse',
        'http://127.0.0.1:9/mcp',
        'false',
        'Connecting',
        'False',
      ]);
      const [head, away, tickets] = (await program.run('get', 'mcps', '-o', 'wide')).split('\n');
      expect(cells(head)).toEqual([
        'NAME',
        'TYPE',
        'URL',
        'AUTOSTART',
        'STATUS',
        'REACHABLE',
        'AGE',
        'AUTH',
        'REASON',
      ]);
      expect(cells(away).at(-1)).toBe('ConnectionRefused');
      expect(cells(tickets).slice(-2)).toEqual(['True', 'AuthenticationRequired']);
      expect(cells(tickets)).toContain('Connected');
    });

    test('wait ends when the condition holds', async () => {
      expect(
        await program.run('wait', '--for=condition=Reachable', '--timeout=5s', 'mcpserver/desk'),
      ).toContain('condition met');
      await expect(
        program.run('wait', '--for=condition=Reachable', '--timeout=1s', 'mcpserver/away'),
      ).rejects.toThrow('timed out');
    });

    test('describe shows the Events of a server below it', async () => {
      const told = await program.run('describe', 'mcpserver', 'desk');
      expect(told).toMatch(
        /Events:\n[^]*Normal\s+AuthenticationRequired\s.*muster-serverless\/sweep.*\s+STATE is Connected/,
      );
      expect(await program.run('describe', 'mcpserver', 'away')).toMatch(
        /Warning\s+ConnectionRefused\s.*STATE is Connecting: Connection refused\./,
      );
    });

    test('get lease shows when somebody last swept', async () => {
      const lease: unknown = parse(
        await program.run('get', 'lease', '-n', 'muster-serverless', 'muster-sweep', '-o', 'yaml'),
      );
      expect(lease).toMatchObject({
        spec: { holderIdentity: 'muster-serverless', leaseDurationSeconds: 180 },
      });
    });

    test('explain has a sentence for every field', async () => {
      const fields = (text: string): readonly string[] =>
        text.split('\n').filter((line) => /^ {2}\w+\t</.test(line));
      for (const path of [
        'spec',
        'spec.auth',
        'spec.auth.tokenExchange',
        'status',
        'status.conditions',
      ]) {
        const told = await program.run('explain', `mcpserver.${path}`);
        expect(fields(told).length).toBeGreaterThan(4);
        expect(told).not.toContain('<no description>');
      }
      expect(await program.run('explain', 'mcpserver.status.state')).toContain(
        'The sweep writes Connected, Connecting and Failed',
      );
    });

    test('the examples apply, and what is there is not created again', async () => {
      await expect(
        program.run('create', '-k', new URL('../../manifests/crd', import.meta.url).pathname),
      ).rejects.toThrow('already exists');
      await program.run(
        'apply',
        '--server-side',
        '--dry-run=server',
        '-f',
        new URL('../../manifests/examples.yaml', import.meta.url).pathname,
      );
    });
  },
);
