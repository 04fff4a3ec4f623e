/**
 * The way in that EKS offers, with a stand-in for EKS's own authenticator: it takes a bearer apart
 * and checks its signature as STS would.
 */
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { connectClusterToken } from '../../functions/adapters/cluster/apiserver.ts';
import { eksTokens } from '../../functions/adapters/cluster/eks.ts';
import {
  pageLister,
  serverReader,
  statusPatcher,
} from '../../functions/adapters/cluster/kubernetes.ts';
import { leaseRenewer } from '../../functions/adapters/cluster/lease.ts';
import { type Listening, listen } from '../../local/listen.ts';
import { aManifest } from '../world/manifest.ts';
import { aStatus } from '../world/server.ts';
import { credentials, requestIn, signatureOf } from '../world/sts.ts';
import { type ApiServer, startApiServer } from './apiserver.ts';
import { install } from './install.ts';
import { asUser, ownCluster } from './own.ts';

const { own, why } = ownCluster();
const reviewSchema = z.looseObject({ spec: z.object({ token: z.string() }) });

describe.skipIf(why !== undefined)(
  `the bearer for EKS${why === undefined ? '' : ` (skipped: ${why})`}`,
  () => {
    let server: ApiServer;
    let authenticator: Listening;
    let asked = 0;

    beforeAll(async () => {
      authenticator = await listen(
        createServer((request, response) => {
          void text(request).then((body) => {
            asked += 1;
            const { spec, ...review } = reviewSchema.parse(JSON.parse(body));
            const question = URL.parse(Buffer.from(spec.token.slice(11), 'base64url').toString());
            const isGood =
              question !== null &&
              question.searchParams.get('X-Amz-Signature') ===
                signatureOf(requestIn(spec.token), 'production');
            // What an access entry makes of the role.
            const status = isGood
              ? { authenticated: true, user: { username: 'role', groups: ['muster-sweep'] } }
              : { authenticated: false };
            response
              .writeHead(200, { 'content-type': 'application/json' })
              .end(JSON.stringify({ ...review, status }));
          });
        }),
      );
      server = await startApiServer(own.assets, { webhook: authenticator.url });
      await install(server, own.assets.kubectl);
      const admin = asUser(server, server.adminToken);
      await admin.create(aManifest());
      await admin.close();
    });
    afterAll(async () => {
      await server?.close();
      await authenticator?.close();
    });

    const connect = (clusterName: string) =>
      connectClusterToken({
        url: server.url,
        caPem: server.caPem,
        source: eksTokens({ clusterName, region: async () => 'eu-central-1', credentials }),
      });

    test('lets the role in with the rights of the group that its access entry names', async () => {
      const cluster = connect('production');
      expect(await pageLister(cluster)({ limit: 10 })).toMatchObject({
        page: { servers: [{ name: 'server-a' }] },
      });
      const read = await serverReader(cluster)('default', 'server-a');
      if (read === undefined) throw new Error('server-a is not there.');
      expect(await statusPatcher(cluster)(read, aStatus({ state: 'Connected' }))).toMatchObject({
        kind: 'written',
      });
      expect(
        await leaseRenewer(cluster, {
          namespace: 'muster-serverless',
          name: 'muster-sweep',
          durationMs: 180_000,
        })(new Date()),
      ).toBeUndefined();
    });

    test('of another cluster is refused: one more is signed, and then it is said', async () => {
      asked = 0;
      await expect(pageLister(connect('staging'))({ limit: 10 })).rejects.toThrow(
        'does not accept our credentials (401)',
      );
      expect(asked).toBeGreaterThan(0);
    });
  },
);
