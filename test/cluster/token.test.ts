/**
 * The recipe of docs/cluster-access.md on a real API server: from the manifest over the script to a
 * sweep. The token controller is part of the control plane that this API server lacks, so the test
 * does its work.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod/mini';
import { smallKubeconfig } from '../../deploy/secret/small-kubeconfig.ts';
import { createSweep } from '../../functions/sweep.ts';
import { type Bus, startBus } from '../../local/event-bus.ts';
import { type Listening, listen } from '../../local/listen.ts';
import { remember } from '../world/leaks.ts';
import { aManifest } from '../world/manifest.ts';
import { kubectl } from './install.ts';
import { asUser, mergePatch, ownCluster, servers } from './own.ts';

const { own, why } = ownCluster();
const manifests = fileURLToPath(new URL('../../manifests/token', import.meta.url));
const inOurs = '/api/v1/namespaces/muster-serverless';

describe.skipIf(why !== undefined)(
  `a token that does not expire${why === undefined ? '' : ` (skipped: ${why})`}`,
  () => {
    const admin = asUser(own, own.adminToken);
    let folder: string;
    let program: Awaited<ReturnType<typeof kubectl>>;
    let upstream: Listening;
    let bus: Bus;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'muster-token-'));
      program = await kubectl(own.assets.kubectl, own.admin);
      upstream = await listen(createServer((_request, response) => response.end('{}')));
      bus = await startBus([]);
      await admin.send('DELETE', servers);
      const spec = { type: 'streamable-http', url: `${upstream.url}/mcp` };
      await admin.create(aManifest({ name: 'desk', spec }));
      await program.run('apply', '-k', manifests);
      await fill();
    });
    afterAll(async () => {
      await program.run('delete', '--ignore-not-found', '-k', manifests);
      await program[Symbol.asyncDispose]();
      await Promise.all([admin.close(), upstream.close(), bus.close()]);
      await rm(folder, { recursive: true });
    });

    /** As the token controller does: a token that is bound to the Secret, and the authority. */
    async function fill(): Promise<void> {
      const secret = z
        .object({ metadata: z.object({ uid: z.string() }) })
        .parse((await admin.send('GET', `${inOurs}/secrets/muster-sweep-token`)).body);
      const { body } = await admin.send('POST', `${inOurs}/serviceaccounts/muster-sweep/token`, {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: {
          boundObjectRef: {
            apiVersion: 'v1',
            kind: 'Secret',
            name: 'muster-sweep-token',
            uid: secret.metadata.uid,
          },
        },
      });
      const { token } = z.object({ status: z.object({ token: z.string() }) }).parse(body).status;
      remember('bearer', token);
      const base64 = (text: string): string => Buffer.from(text).toString('base64');
      await admin.send(
        'PATCH',
        `${inOurs}/secrets/muster-sweep-token`,
        { data: { token: base64(token), 'ca.crt': base64(own.caPem) } },
        mergePatch,
      );
    }

    async function script(...args: readonly string[]): Promise<string> {
      const file = join(folder, 'admin');
      await writeFile(file, own.admin, { mode: 0o600 });
      const { PATH = '' } = process.env;
      const { stdout } = await promisify(execFile)(join(manifests, 'kubeconfig.sh'), args, {
        env: { PATH: `${dirname(own.assets.kubectl)}:${PATH}`, HOME: folder, KUBECONFIG: file },
      });
      return stdout;
    }

    test('is in a small kubeconfig that npm run secret takes, and a sweep does all its work with it', async () => {
      const judged = smallKubeconfig(await script(), {
        stage: 'production',
        now: new Date(),
        isEmulated: true,
      });
      const yaml = judged.kind === 'accepted' ? judged.value : '';
      expect(judged.kind).toBe('accepted');
      expect(yaml.length).toBeLessThan(4096);
      const sweep = createSweep({
        KUBECONFIG_YAML: yaml,
        NAMESPACE: 'default',
        BUS_NAME: 'muster',
        AWS_ENDPOINT_URL_EVENTBRIDGE: bus.url,
        OIDC_ISSUER: upstream.url,
        GUARD: 'off',
      });
      const report = await sweep({ kind: 'tick', everything: true });
      expect(report).toMatchObject({ probed: 1, written: 1, events: 1, problems: [] });
      expect(report).not.toHaveProperty('leaseProblem');
    });

    test('may not read Secrets, also not the one it is from', async () => {
      const { users } = z
        .object({ users: z.array(z.object({ user: z.object({ token: z.string() }) })) })
        .parse(parse(await script()));
      const account = asUser(own, users[0]?.user.token ?? '');
      expect(await account.send('GET', `${inOurs}/secrets/muster-sweep-token`)).toMatchObject({
        code: 403,
      });
      await account.close();
    });

    test('goes with the address that AWS uses, and without an authority where the certificate is public', async () => {
      const clusters = z.object({ clusters: z.array(z.object({ cluster: z.unknown() })) });
      const clusterOf = async (address: string): Promise<unknown> =>
        clusters.parse(parse(await script(address))).clusters[0]?.cluster;
      expect(await clusterOf('https://k8s.example.com:6443')).toEqual({
        server: 'https://k8s.example.com:6443',
        'certificate-authority-data': Buffer.from(own.caPem).toString('base64'),
      });
      expect(await clusterOf('https://gke-1234.europe-west1.gke.goog')).toEqual({
        server: 'https://gke-1234.europe-west1.gke.goog',
      });
    });
  },
);
