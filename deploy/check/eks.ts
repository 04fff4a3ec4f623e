import {
  type Cluster as EksCluster,
  DescribeClusterCommand,
  EKSClient,
  ListClustersCommand,
} from '@aws-sdk/client-eks';
import { oneLine } from '../../functions/model/outside-text.ts';
import { type AwsFailure, awsFailure, awsOptions } from '../aws-access.ts';
import type { Checked } from './run-checks.ts';
import { type Finding, findingsOf } from './finding.ts';

const { ok, problem, warning, unknown } = findingsOf('cluster');

/** The owner's own keys, as every AWS client finds them. */
export type Keys = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
};

export type FoundCluster = {
  readonly findings: readonly Finding[];
  /** Absent: nothing can be asked. */
  readonly connection?: { readonly url: string; readonly caPem: string; readonly keys: Keys };
};

/** Looks the cluster up at EKS, where the deployment looks it up, too. */
export async function findEksCluster(
  name: string,
  { environment }: Pick<Checked, 'environment'>,
): Promise<FoundCluster> {
  const client = new EKSClient(awsOptions(environment));
  try {
    const { cluster } = await client.send(new DescribeClusterCommand({ name }));
    if (cluster === undefined) return { findings: [notFound(name, [])] };
    const findings = judgeEks(name, cluster, Boolean(environment['VPC_SUBNETS']));
    const url = cluster.endpoint;
    const ca = cluster.certificateAuthority?.data;
    if (!url || !ca)
      return {
        findings: [
          ...findings,
          unknown(
            `EKS does not say the address and certificate of ${name} yet.`,
            `Wait for it: aws eks wait cluster-active --name ${name}`,
          ),
        ],
      };
    const keys = await client.config.credentials();
    return {
      findings,
      connection: { url, caPem: Buffer.from(ca, 'base64').toString(), keys },
    };
  } catch (error) {
    const failure = awsFailure(error, environment);
    const others = failure.kind === 'missing' ? await namesOf(client) : [];
    return { findings: [undescribed(name, failure, others)] };
  } finally {
    client.destroy();
  }
}

async function namesOf(client: EKSClient): Promise<readonly string[]> {
  const { clusters = [] } = await client
    .send(new ListClustersCommand({}))
    .catch(() => ({ clusters: [] }));
  return clusters;
}

function undescribed(name: string, failure: AwsFailure, others: readonly string[]): Finding {
  switch (failure.kind) {
    case 'identity':
      return unknown('Not checked: AWS did not accept your identity.', 'Fix the identity first.');
    case 'denied':
      return problem(
        `You may not describe the EKS cluster ${name}, and the deployment has to.`,
        `You need eks:DescribeCluster and eks:CreateAccessEntry for ${name}.`,
      );
    case 'missing':
      return notFound(name, others);
    case 'other':
      return unknown(
        `Not checked: EKS did not answer (${failure.name}).`,
        'Check the network, and run the check again.',
      );
  }
}

const notFound = (name: string, others: readonly string[]): Finding =>
  problem(
    `There is no EKS cluster ${name} in this account and region.${others.length === 0 ? '' : ` There is: ${others.map((other) => oneLine(other, 100)).join(', ')}.`}`,
    'Correct EKS_CLUSTER or AWS_REGION in .env. To list the clusters: aws eks list-clusters',
  );

/** What EKS says of the cluster: its status, who reaches it, and how it lets roles in. */
export function judgeEks(name: string, cluster: EksCluster, hasVpc: boolean): readonly Finding[] {
  const { status = 'unknown', accessConfig, resourcesVpcConfig } = cluster;
  const found: Finding[] = [];
  if (status !== 'ACTIVE' && status !== 'UPDATING')
    found.push(
      problem(
        `The EKS cluster ${name} is ${status}.`,
        `Wait until it is ACTIVE: aws eks wait cluster-active --name ${name}`,
      ),
    );
  const mode = accessConfig?.authenticationMode;
  if (mode === 'CONFIG_MAP')
    found.push(
      problem(
        `The EKS cluster ${name} has the authentication mode CONFIG_MAP, which takes no access entries.`,
        `Run: aws eks update-cluster-config --name ${name} --access-config authenticationMode=API_AND_CONFIG_MAP`,
      ),
    );
  const isPublic = resourcesVpcConfig?.endpointPublicAccess !== false;
  const ranges = resourcesVpcConfig?.publicAccessCidrs ?? ['0.0.0.0/0'];
  if (!isPublic && !hasVpc)
    found.push(
      problem(
        `The API server of ${name} is private, and the functions run outside its VPC.`,
        `Add VPC_SUBNETS and VPC_SECURITY_GROUPS to .env. The subnets of the cluster: aws eks describe-cluster --name ${name} --query cluster.resourcesVpcConfig`,
      ),
    );
  else if (isPublic && !hasVpc && !ranges.includes('0.0.0.0/0'))
    found.push(
      warning(
        `The API server of ${name} accepts only ${ranges.join(', ')}, and functions outside a VPC have no fixed address.`,
        'Add VPC_SUBNETS and VPC_SECURITY_GROUPS to .env.',
      ),
    );
  return found.length > 0
    ? found
    : [ok(`EKS cluster ${name}: ${status}, ${isPublic ? 'public' : 'private'}, ${mode ?? 'API'}.`)];
}
