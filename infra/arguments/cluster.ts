import type { ArgumentReader } from './reader.ts';

export type ClusterArguments = {
  readonly cluster:
    | { readonly kind: 'eks'; readonly name: string }
    | { readonly kind: 'kubeconfig' };
  /** Where the functions run, for an API server that is private. */
  readonly vpc?: { readonly privateSubnets: string[]; readonly securityGroups: string[] };
};

export function readCluster({ text, list, report }: ArgumentReader): ClusterArguments {
  const eks = text('EKS_CLUSTER');
  const kubeconfig = text('SST_SECRET_Kubeconfig');
  if (eks === undefined && kubeconfig === undefined)
    report(
      'No cluster is set. Add EKS_CLUSTER=... to .env, or run: kubectl config view --raw --minify --flatten | npx sst secret set Kubeconfig',
    );
  if (eks !== undefined && kubeconfig !== undefined)
    report(
      'Two clusters are set. Remove EKS_CLUSTER from .env, or run: npx sst secret remove Kubeconfig',
    );
  const kubeconfigBytes = kubeconfig?.length ?? 0;
  if (kubeconfigBytes > mostKubeconfigBytes)
    report(
      `Secret Kubeconfig has ${kubeconfigBytes} characters; the limit is ${mostKubeconfigBytes}. Reduce it to one context: kubectl config view --raw --minify --flatten | npx sst secret set Kubeconfig`,
    );
  const extraCa = text('EXTRA_CA');
  const authorityBytes = (extraCa?.length ?? 0) + kubeconfigBytes;
  if (extraCa !== undefined && authorityBytes > mostKubeconfigBytes)
    report(
      `EXTRA_CA${kubeconfig === undefined ? ' has' : ' and the secret Kubeconfig together have'} ${authorityBytes} characters; the limit is ${mostKubeconfigBytes}. Keep only the root certificate, without text around it.`,
    );

  const privateSubnets = list('VPC_SUBNETS');
  const securityGroups = list('VPC_SECURITY_GROUPS');
  if ((privateSubnets.length === 0) !== (securityGroups.length === 0))
    report(
      'VPC_SUBNETS and VPC_SECURITY_GROUPS must be set together. Add both to .env, comma-separated, or neither.',
    );
  return {
    cluster: eks === undefined ? { kind: 'kubeconfig' } : { kind: 'eks', name: eks },
    ...(privateSubnets.length > 0 && { vpc: { privateSubnets, securityGroups } }),
  };
}

// All variables of a Lambda together may have 4 KB; the others need less than 1.
const mostKubeconfigBytes = 3000;
