import { createCluster } from '../../functions/wiring/cluster-client.ts';
import type { Cluster } from '../../functions/adapters/cluster/apiserver.ts';
import { ClusterError } from '../../functions/model/cluster-error.ts';
import { defined } from '../../functions/model/defined.ts';
import { commandThatSets } from '../../functions/model/secret-names.ts';
import { isEmulated } from '../aws-access.ts';
import { readServed } from './cluster-api.ts';
import { findEksCluster } from './eks.ts';
import { judgeKubeconfig } from './kubeconfig.ts';
import { checkRights, sweepGroup } from './rights.ts';
import type { Checked } from './run-checks.ts';
import { type Finding, findingsOf } from './finding.ts';

const { problem, unknown } = findingsOf('cluster');
const { unknown: unknownRights } = findingsOf('rights');

/** The cluster in reach, its CRD, and the rights of the functions in it. */
export const checkCluster = (checked: Checked): Promise<readonly Finding[]> => {
  const eks = checked.environment['EKS_CLUSTER'];
  return eks ? checkEks(eks, checked) : checkKubeconfig(checked);
};

/** By the very kubeconfig of the functions. */
async function checkKubeconfig({
  stage,
  environment,
  secrets,
}: Checked): Promise<readonly Finding[]> {
  const read = await secrets();
  const yaml = read.kind === 'read' ? read.values.get('Kubeconfig')?.value : undefined;
  if (yaml === undefined)
    return [unknown('Not checked: there is no kubeconfig.', 'Fix the secrets first.')];
  const command = commandThatSets('Kubeconfig', stage);
  const hasVpc = Boolean(environment['VPC_SUBNETS']);
  const odd = judgeKubeconfig(yaml, {
    now: new Date(),
    isEmulated: isEmulated(environment),
    hasVpc,
    command,
  });
  // What no function could use is not tried with the programs and files of this machine.
  if (odd.some(({ kind }) => kind === 'problem')) return odd;
  let cluster: Cluster;
  try {
    cluster = createCluster({ selection: {}, cluster: { kind: 'kubeconfig', yaml } });
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    return [problem(error.message, `Write it again: ${command}`)];
  }
  const served = await readServed(cluster);
  switch (served.kind) {
    case 'served':
      return [
        ...odd,
        served.finding,
        ...(await checkRights(cluster, { kind: 'own' }, { stage, environment })),
      ];
    case 'refused':
      return [
        ...odd,
        problem(
          `The API server ${cluster.address} does not accept the credentials of the kubeconfig (${served.status}).`,
          `Write one with a valid token: ${command}`,
        ),
      ];
    case 'unreachable':
      return [...odd, unreachable(served.error, hasVpc)];
  }
}

function unreachable(error: ClusterError, hasVpc: boolean): Finding {
  return hasVpc
    ? unknown(
        `${error.message} The functions may reach it from VPC_SUBNETS.`,
        'Run the check again from a machine in that network.',
      )
    : problem(error.message, 'Run the check again when kubectl reaches it: kubectl version');
}

/** The roles of the functions do not exist yet: their group is asked about, by the owner. */
async function checkEks(name: string, checked: Checked): Promise<readonly Finding[]> {
  const { environment } = checked;
  const { findings, connection } = await findEksCluster(name, checked);
  if (connection === undefined) return findings;
  const { url, caPem, keys } = connection;
  const cluster = createCluster({
    selection: {},
    cluster: {
      kind: 'address',
      url,
      caPem,
      credential: {
        kind: 'eks',
        clusterName: name,
        keys: defined({
          accessKeyId: keys.accessKeyId,
          secretAccessKey: keys.secretAccessKey,
          sessionToken: keys.sessionToken,
        }),
        ...defined({ region: environment['AWS_REGION'] }),
      },
    },
  });
  const served = await readServed(cluster);
  switch (served.kind) {
    case 'served':
      return [
        ...findings,
        served.finding,
        ...(await checkRights(cluster, { kind: 'group', group: sweepGroup }, checked)),
      ];
    case 'refused':
      return [
        ...findings,
        unknownRights(
          `Not checked: ${name} does not let you in (${served.status}). The functions get access entries of their own.`,
          'Check with an administrator of the cluster: kubectl get crd mcpservers.muster.giantswarm.io && kubectl get clusterrolebinding muster-sweep',
        ),
      ];
    case 'unreachable':
      return [...findings, unreachable(served.error, Boolean(environment['VPC_SUBNETS']))];
  }
}
