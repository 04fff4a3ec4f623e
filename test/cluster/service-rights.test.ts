/**
 * The rights of `manifests/services/`, in the words of a real RBAC authorizer. It needs a network of
 * its own: `isolated-services.test.ts` runs it there.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Agent } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectClusterToken } from '../../functions/adapters/cluster/apiserver.ts';
import { fixedToken } from '../../functions/adapters/cluster/token-file.ts';
import { trustStore } from '../../functions/adapters/network/connect.ts';
import { resolver } from '../../functions/adapters/network/dns.ts';
import { addressGuard } from '../../functions/adapters/network/guard.ts';
import { classify } from '../../functions/reachability/classify.ts';
import { createProber } from '../../functions/wiring/probe-client.ts';
import { sweepToken } from '../world/cluster.ts';
import { aServer } from '../world/server.ts';
import { declareService } from '../world/service.ts';
import { kubectl } from './install.ts';
import { asUser, ownCluster } from './own.ts';

const { own, why } = ownCluster();
const address = process.env['SERVICE_ADDRESS'];
const skipped = why ?? (address === undefined ? 'isolated-services.test.ts runs it' : undefined);

describe.skipIf(skipped !== undefined)(
  `the functions with manifests/services${skipped === undefined ? '' : ` (skipped: ${skipped})`}`,
  () => {
    const dispatcher = new Agent({ connect: { ca: own.caPem } });
    const admin = asUser(own, own.adminToken);
    const methods: (string | undefined)[] = [];
    const backend = createServer((request, response) => {
      methods.push(request.method);
      response
        .writeHead(request.method === 'GET' ? 405 : 200, { 'mcp-session-id': 'one' })
        .end('{"jsonrpc":"2.0","id":1,"result":{}}');
    });
    let account: ReturnType<typeof asUser>;
    let probe: ReturnType<typeof createProber>;

    beforeAll(async () => {
      const token = await sweepToken(own, dispatcher);
      account = asUser(own, token);
      const cluster = connectClusterToken({
        url: own.url,
        caPem: own.caPem,
        source: fixedToken(token),
      });
      probe = createProber(
        { serviceProxy: { isOn: true, namespaces: [], clusterDomain: 'cluster.local' } },
        { resolve: resolver(), guard: addressGuard(), secureContext: trustStore() },
        cluster,
      );
      backend.listen(0, address);
      await once(backend, 'listening');
      const bound = backend.address();
      const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
      for (const namespace of ['team-a', 'team-b']) {
        await admin.send('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
        await declareService(
          async (method, path, body) => (await admin.send(method, path, body)).code,
          { namespace, name: 'mcp', port: 80, address: address ?? '', target: port, withPod: true },
        );
      }
      await using program = await kubectl(own.assets.kubectl, own.admin);
      const folder = new URL('../../manifests/services', import.meta.url).pathname;
      await program.run('apply', '-k', folder, '--namespace', 'team-a');
    });
    afterAll(async () => {
      backend.closeAllConnections();
      backend.close();
      await Promise.all([account.close(), admin.close(), dispatcher.destroy()]);
    });

    const verdictOn = async (namespace: string) =>
      classify(
        await probe(aServer({ namespace, url: `http://mcp.${namespace}.svc/mcp` }), {
          classify: true,
        }),
      );

    test('may get, create and delete through the proxy, which is what a probe sends', async () => {
      expect(await verdictOn('team-a')).toMatchObject({ kind: 'connected', authRequired: 'False' });
      expect(new Set(methods)).toEqual(new Set(['GET', 'POST', 'DELETE']));
    });

    test('have a prober error, and no verdict, in a namespace without the binding', async () => {
      const verdict = await verdictOn('team-b');
      expect(verdict.kind).toBe('undecided');
      expect(verdict.message).toContain(
        'does not let us get services/proxy in the namespace team-b',
      );
      expect(verdict.message).toContain('kubectl apply -k manifests/services');
    });

    test('may neither read nor change a Service', async () => {
      const path = '/api/v1/namespaces/team-a/services';
      const codes = [
        await account.send('GET', path),
        await account.send('GET', `${path}/mcp`),
        await account.send('DELETE', `${path}/mcp`),
        await account.send('PUT', `${path}/mcp/proxy/mcp`, {}),
      ].map(({ code }) => code);
      expect(codes).toEqual([403, 403, 403, 403]);
    });
  },
);
