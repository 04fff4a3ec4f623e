/**
 * A cluster where giantswarm/muster is installed: what our manifests do to its CRD, and minutes
 * beside a writer that behaves as it does, on a real API server with both CRDs.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { besideUpstream, type OpenedCluster } from '../contract/beside-upstream.ts';
import { aManifest, upstreamCrdFile } from '../world/manifest.ts';
import { serversPath } from '../world/upstream-writer.ts';
import { type ApiServer, startApiServer } from './apiserver.ts';
import { install, kubectl, untilServed } from './install.ts';
import { asUser, mergePatch, ownCluster } from './own.ts';

const { own, why } = ownCluster();
const skipped = why === undefined ? '' : ` (skipped: ${why})`;
const manifests = fileURLToPath(new URL('../../manifests', import.meta.url));
const crd = 'crd/mcpservers.muster.giantswarm.io';

async function withUpstream(server: ApiServer): Promise<void> {
  await using admin = await kubectl(own.assets.kubectl, server.kubeconfigFor(server.adminToken));
  await admin.run('apply', '-f', fileURLToPath(upstreamCrdFile));
  await admin.run('wait', '--for=condition=Established', '--timeout=30s', crd);
  await untilServed(admin);
}

async function opened(prepare: (server: ApiServer) => Promise<void>): Promise<OpenedCluster> {
  const server = await startApiServer(own.assets);
  await prepare(server);
  const user = asUser(server, server.adminToken);
  return {
    kubeconfig: server.kubeconfigFor(server.adminToken),
    send: (method, path, body) => user.send(method, path, body),
    close: async () => {
      await user.close();
      await server.close();
    },
  };
}

const withOurs = (server: ApiServer): Promise<void> => install(server, own.assets.kubectl);

describe.skipIf(why !== undefined).each([
  ['our CRD', withOurs],
  ['its CRD', withUpstream],
])(`beside giantswarm/muster 5.28, with %s${skipped}`, (_, prepare) => {
  besideUpstream(() => opened(prepare));
});

describe.skipIf(why !== undefined)(
  `our manifests where the CRD of giantswarm/muster is${skipped}`,
  () => {
    let server: ApiServer;
    let program: Awaited<ReturnType<typeof kubectl>>;
    let admin: ReturnType<typeof asUser>;

    const isUnchanged = async (before: string): Promise<void> => {
      expect(await program.run('get', crd, '-o', 'yaml')).toBe(before);
      expect((await admin.send('GET', `${serversPath}/desk`)).body).toMatchObject({
        spec: { suspended: true, restartRequestedAt: '2026-09-14T08:00:00Z' },
        status: { state: 'Awaiting Session', lastFailureHTTPStatus: 503 },
      });
    };

    beforeAll(async () => {
      server = await startApiServer(own.assets);
      program = await kubectl(own.assets.kubectl, server.kubeconfigFor(server.adminToken));
      admin = asUser(server, server.adminToken);
      await withUpstream(server);
      await admin.create(
        aManifest({
          name: 'desk',
          spec: {
            type: 'streamable-http',
            url: 'http://127.0.0.1:9/mcp',
            suspended: true,
            restartRequestedAt: '2026-09-14T08:00:00Z',
          },
        }),
      );
      const status = { state: 'Awaiting Session', lastFailureHTTPStatus: 503 };
      await admin.send('PATCH', `${serversPath}/desk/status`, { status }, mergePatch);
    }, 60_000);
    afterAll(async () => {
      await program?.[Symbol.asyncDispose]();
      await admin?.close();
      await server?.close();
    });

    test('kubectl create -k manifests/crd refuses and changes nothing', async () => {
      const before = await program.run('get', crd, '-o', 'yaml');
      await expect(program.run('create', '-k', `${manifests}/crd`)).rejects.toThrow(
        'already exists',
      );
      await isUnchanged(before);
    });

    test('kubectl apply -k manifests brings the rights, and leaves CRD and objects alone', async () => {
      const before = await program.run('get', crd, '-o', 'yaml');
      const said = await program.run('apply', '-k', manifests);
      expect(said).toContain('clusterrole.rbac.authorization.k8s.io/muster-sweep created');
      expect(said).not.toContain('customresourcedefinition');
      await isUnchanged(before);
    });

    test('the columns of the documentation show our verdict beside its word', async () => {
      const page = await readFile(new URL('../../docs/kubernetes.md', import.meta.url), 'utf8');
      const columns = /^kubectl get mcps -A -o custom-columns='([^']+)'$/m.exec(page)?.[1];
      const conditions = [
        {
          type: 'Reachable',
          status: 'False',
          reason: 'ConnectionRefused',
          message: 'Connection refused.',
          lastTransitionTime: '2026-01-01T00:00:00Z',
        },
      ];
      const status = { state: 'Connected', conditions };
      await admin.send('PATCH', `${serversPath}/desk/status`, { status }, mergePatch);
      const told = await program.run('get', 'mcps', '-A', '-o', `custom-columns=${columns ?? ''}`);
      expect(told.split('\n').map((line) => line.trim().split(/\s{2,}/))).toEqual([
        ['NAMESPACE', 'NAME', 'REACHABLE', 'REASON', 'STATE'],
        ['default', 'desk', 'False', 'ConnectionRefused', 'Connected'],
        [''],
      ]);
    });

    test('the update of the documentation finds only our own CRD', async () => {
      const page = await readFile(new URL('../../docs/kubernetes.md', import.meta.url), 'utf8');
      const label = /^kubectl get crd -o name -l (\S+) \| grep -q \. && /m.exec(page)?.[1] ?? '';
      expect(await program.run('get', 'crd', '-o', 'name', '-l', label)).toBe('');
      await using ours = await kubectl(own.assets.kubectl, own.admin);
      expect(await ours.run('get', 'crd', '-o', 'name', '-l', label)).toBe(
        'customresourcedefinition.apiextensions.k8s.io/mcpservers.muster.giantswarm.io\n',
      );
    });

    test('our CRD in the place of its CRD keeps every object valid', async () => {
      await program.run('replace', '-k', `${manifests}/crd`);
      await untilServed(program);
      const { body } = await admin.send('GET', `${serversPath}/desk`);
      expect(body).toMatchObject({ spec: { suspended: true } });
      const { resourceVersion } = z
        .object({ metadata: z.object({ resourceVersion: z.string() }) })
        .parse(body).metadata;
      const status = { state: 'Awaiting Session' };
      expect(
        await admin.send(
          'PATCH',
          `${serversPath}/desk/status`,
          { metadata: { resourceVersion }, status },
          mergePatch,
        ),
      ).toMatchObject({ code: 200, body: { status: { lastFailureHTTPStatus: 503, ...status } } });
    });
  },
);
