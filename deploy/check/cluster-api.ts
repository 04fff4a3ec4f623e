import { text } from 'node:stream/consumers';
import * as z from 'zod/mini';
import type { Cluster } from '../../functions/adapters/cluster/apiserver.ts';
import { clusterErrorFor } from '../../functions/adapters/cluster/refusal.ts';
import { ClusterError } from '../../functions/model/cluster-error.ts';
import { parseJson } from '../../functions/model/json.ts';
import { oneLine } from '../../functions/model/outside-text.ts';
import { type Finding, findingsOf } from './finding.ts';

const { ok, problem } = findingsOf('cluster');

const group = 'muster.giantswarm.io';
const version = 'v1alpha1';

/** What the API server says about MCPServers to anyone who is signed in. */
export type Served =
  | { readonly kind: 'served'; readonly finding: Finding }
  | { readonly kind: 'refused'; readonly status: 401 | 403 }
  | { readonly kind: 'unreachable'; readonly error: ClusterError };

const groupSchema = z.object({ versions: z.array(z.object({ version: z.string() })) });
const resourcesSchema = z.object({ resources: z.array(z.object({ name: z.string() })) });

/** Whether the API server is in reach and serves MCPServers in a version that the functions read. */
export async function readServed(cluster: Cluster): Promise<Served> {
  try {
    const versions = await get(cluster, `/apis/${group}`);
    if (versions.status === 401 || versions.status === 403)
      return { kind: 'refused', status: versions.status };
    if (versions.status === 404)
      return served(
        problem(
          `The API server ${cluster.address} does not know MCPServers: the CRD is not installed.`,
          'Run: kubectl create -k manifests/crd',
        ),
      );
    const known = groupSchema.safeParse(versions.body);
    if (!known.success)
      throw new ClusterError({
        reason: 'unexpectedAnswer',
        address: cluster.address,
        expected: 'an API group',
      });
    const names = known.data.versions.map((one) => oneLine(one.version, 40));
    if (!names.includes(version))
      return served(
        problem(
          `The cluster serves MCPServers as ${names.join(', ')}; the functions read ${version}.`,
          'Install the CRD with that version: kubectl apply -k manifests/crd',
        ),
      );
    return served(await judgeResources(cluster));
  } catch (error) {
    return { kind: 'unreachable', error: clusterErrorFor(cluster, 'read its API groups', error) };
  }
}

const served = (finding: Finding): Served => ({ kind: 'served', finding });

async function judgeResources(cluster: Cluster): Promise<Finding> {
  const { body } = await get(cluster, `/apis/${group}/${version}`);
  const list = resourcesSchema.safeParse(body).data?.resources.map(({ name }) => name) ?? [];
  if (!list.includes('mcpservers'))
    return problem(
      `The API group ${group} has no MCPServers.`,
      'Install the CRD: kubectl create -k manifests/crd',
    );
  return list.includes('mcpservers/status')
    ? ok(`${cluster.address} answers, and serves MCPServers as ${version}.`)
    : problem(
        'The CRD of MCPServers has no subresource status, so the sweep cannot write STATE.',
        'Install the CRD of this version: kubectl apply -k manifests/crd',
      );
}

async function get(
  cluster: Cluster,
  path: string,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const answer = await cluster.send({
    method: 'GET',
    path,
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(cluster.timeoutMs),
  });
  return { status: answer.status, body: parseJson(await text(answer.body)) };
}
