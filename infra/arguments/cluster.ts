import type { ArgumentReader } from './reader.ts';

export type ClusterArguments = {
  /** Without EKS, the kubeconfig is a secret of the stage. */
  readonly cluster:
    | { readonly kind: 'eks'; readonly name: string }
    | { readonly kind: 'kubeconfig' };
  /** Where the functions run, for an API server that is private. */
  readonly vpc?: { readonly privateSubnets: string[]; readonly securityGroups: string[] };
};

export function readCluster({ text, list, report }: ArgumentReader): ClusterArguments {
  const eks = text('EKS_CLUSTER');
  const extraCa = text('EXTRA_CA');
  if (extraCa !== undefined && extraCa.length > mostAuthorityCharacters)
    report(
      `EXTRA_CA has ${extraCa.length} characters; the limit is ${mostAuthorityCharacters}. Keep only the root certificate, without text around it.`,
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
const mostAuthorityCharacters = 3000;
