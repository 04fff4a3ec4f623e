/** The processes around `bench/list/list.ts`, and a person with a token and grants in each cluster. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod/mini';
import { sealer } from '../../functions/adapters/dynamodb/seal.ts';
import { createGrantStore } from '../../functions/wiring/table-client.ts';
import { tokenOf } from '../../local/demo-person.ts';
import { ada, commandLineClient } from '../../local/issuer.ts';
import { helper } from '../laps.ts';
import { grantCount } from './list-size.ts';

const clusterSchema = z.object({
  count: z.number(),
  url: z.string(),
  kubeconfig: z.string(),
  closed: z.array(
    z.object({ namespace: z.string(), name: z.string(), uid: z.string(), url: z.string() }),
  ),
});
const personSchema = z.object({ storeUrl: z.string(), table: z.string(), issuerUrl: z.string() });
const endpointSchema = z.object({ urls: z.array(z.string()), control: z.string() });

/** One number of MCPServers: its endpoint, its cluster, and a token for the endpoint. */
export type Fleet = z.infer<typeof clusterSchema> & {
  readonly endpoint: string;
  readonly authorization: string;
  readonly kubeconfigFile: string;
};

export type ListWorld = {
  readonly fleets: readonly Fleet[];
  /** Of the process of the endpoints. */
  readonly control: string;
  /** A bare server that sends what was put there. */
  readonly bare: string;
  readonly end: () => Promise<void>;
};

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

export async function listWorld(counts: readonly number[]): Promise<ListWorld> {
  const ends: (() => void)[] = [];
  const start = async (...given: Parameters<typeof helper>): Promise<unknown> => {
    const { told, end } = await helper(...given);
    ends.push(end);
    return told;
  };
  const folder = await mkdtemp(join(tmpdir(), 'muster-bench-'));
  const end = async () => {
    for (const one of ends) one();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const [clusters, person, bare] = await Promise.all([
      start(file('list-cluster.ts'), { args: counts.map(String) }),
      start(file('list-person.ts')),
      start(file('list-bare.ts')),
    ]);
    const filled = z.array(clusterSchema).parse(clusters);
    const { storeUrl, table, issuerUrl } = personSchema.parse(person);
    const tokenKeys = [`bench:${randomBytes(32).toString('base64url')}`];
    const aws = {
      AWS_REGION: 'local',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
    };
    const { urls, control } = endpointSchema.parse(
      await start(file('list-endpoint.ts'), {
        env: {
          ...process.env,
          ...aws,
          KUBECONFIGS: JSON.stringify(filled.map(({ kubeconfig }) => kubeconfig)),
          AWS_ENDPOINT_URL_DYNAMODB: storeUrl,
          TABLE_NAME: table,
          OIDC_ISSUER: issuerUrl,
          OIDC_CLIENT_ID: commandLineClient.client_id,
          TOKEN_KEYS: tokenKeys.join(','),
          RELEASE_TOKENS: 'on',
          GUARD: 'off',
          POWERTOOLS_LOG_LEVEL: 'SILENT',
        },
      }),
    );
    Object.assign(process.env, aws);
    const store = createGrantStore(
      { tableName: table, dynamoDbUrl: new URL(storeUrl) },
      { sealer: sealer(tokenKeys), now: () => new Date(), audit: () => {} },
    );
    const key = { issuer: issuerUrl, subject: ada.subject };
    // 50 in all: the person is signed in to servers of every cluster.
    const share = Math.ceil(grantCount / filled.length);
    const servers = filled.flatMap(({ closed }) => closed.slice(0, share)).slice(0, grantCount);
    await store.enrollKey(key, 'machine-of-ada');
    for (const [index, server] of servers.entries()) {
      const at = new Date();
      const endsAt = new Date(at.getTime() + 3_600_000);
      await store.putGrant(
        {
          person: key,
          serverUid: server.uid,
          serverName: `${server.namespace}/${server.name}`,
          serverUrl: server.url,
          headersDigest: '',
          issuer: 'https://issuer.example.com',
          clientId: 'muster',
          resource: server.url,
          scopes: ['mcp'],
          kind: 'signIn',
          obtainedAt: at,
          expiresAt: endsAt,
          refreshable: true,
        },
        { accessToken: randomBytes(700).toString('base64url'), refreshToken: 'refresh' },
      );
      if (index % 2 === 0)
        await store.saveRelease(key, {
          serverUid: server.uid,
          thumbprint: 'machine-of-ada',
          at,
          endsAt,
        });
    }
    const fleets: Fleet[] = [];
    for (const [index, cluster] of filled.entries()) {
      const endpoint = urls[index] ?? '';
      const kubeconfigFile = join(folder, `kubeconfig-${String(cluster.count)}`);
      await writeFile(kubeconfigFile, cluster.kubeconfig, { mode: 0o600 });
      const authorization = `Bearer ${await tokenOf(ada, { endpoint, folder })}`;
      fleets.push({ ...cluster, endpoint, authorization, kubeconfigFile });
    }
    return { fleets, control, bare: z.object({ url: z.string() }).parse(bare).url, end };
  } catch (error) {
    await end();
    throw error;
  }
}
