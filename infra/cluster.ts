/** How the functions get to the cluster, and how the cluster lets them in. */
import { leaseNameOf } from '../functions/model/lease-name.ts';
import type { Arguments } from './arguments.ts';

/**
 * How the functions connect to the cluster, by settings. On EKS no credential is stored: they sign
 * with their roles. Elsewhere they read the secret Kubeconfig.
 */
export function clusterSettings(
  cluster: Arguments['cluster'],
): Readonly<Record<string, $util.Input<string>>> {
  switch (cluster.kind) {
    case 'eks': {
      const { endpoint, certificateAuthorities } = aws.eks.getClusterOutput({ name: cluster.name });
      return {
        EKS_CLUSTER: cluster.name,
        CLUSTER_URL: endpoint,
        CLUSTER_CA: certificateAuthorities.apply(([first]) => first?.data ?? ''),
      };
    }
    case 'kubeconfig':
      return {};
  }
}

/**
 * Each stage renews a Lease of its own, so that stages can share a cluster. `manifests/rbac.yaml`
 * gives the right to that of production; `docs/deploy.md` has the commands for others.
 */
export const leaseOf = (stage: string): Readonly<Record<string, string>> =>
  stage === 'production' ? {} : { LEASE_NAME: leaseNameOf(stage) };

/** Maps the roles in EKS to the group that `manifests/rbac.yaml` binds. */
export function letIn(
  cluster: Arguments['cluster'],
  functions: Readonly<Record<string, sst.aws.Function>>,
): void {
  if (cluster.kind !== 'eks') return;
  for (const [name, { nodes }] of Object.entries(functions)) {
    new aws.eks.AccessEntry(`${name}Access`, {
      clusterName: cluster.name,
      principalArn: nodes.role.arn,
      kubernetesGroups: ['muster-sweep'],
    });
  }
}
