/** The environment of each function, as the stack will set it, and whether Lambda takes it. */
import { leaseNameOf } from '../../functions/model/lease-name.ts';
import type { CapacityArguments } from './capacity.ts';
import type { ClusterArguments } from './cluster.ts';

type Given = Pick<ClusterArguments, 'cluster'> &
  Pick<CapacityArguments, 'heartbeatSeconds'> & {
    readonly settings: Readonly<Record<string, string>>;
  };

type Variables = Readonly<Record<string, string>>;

export type FunctionEnvironments = { readonly Sweep: Variables; readonly Api: Variables };

/**
 * By the names of the functions. What AWS and SST choose during the deployment has a stand-in of its
 * greatest length, so the size is never too small. test/stack/function-environment.test.ts compares
 * it with the stack.
 */
export function functionEnvironments(
  { settings, cluster, heartbeatSeconds }: Given,
  stage: string,
): FunctionEnvironments {
  const shared = {
    ...settings,
    ...clusterVariables(cluster),
    HEARTBEAT_SECONDS: String(heartbeatSeconds),
    LEASE_NAME: leaseNameOf(stage),
    MALLOC_ARENA_MAX: '2',
    METRICS_NAMESPACE: `muster-${stage}`,
    SECRETS_PATH: `/muster/${stage}`,
    TABLE_NAME: `muster-${stage}-TableTable-${chosen(8)}`,
    ...ofSst(stage),
  };
  return {
    Sweep: { ...shared, BUS_NAME: `muster-${stage}-BusBus-${chosen(8)}` },
    Api: shared,
  };
}

const chosen = (length: number): string => 'x'.repeat(length);

// Measured: EKS certificates of 2048 bits are 1,100 to 1,480 characters in base64.
const mostAuthority = 1500;

const clusterVariables = (cluster: ClusterArguments['cluster']): Variables => {
  switch (cluster.kind) {
    case 'eks':
      return {
        CLUSTER_CA: chosen(mostAuthority),
        CLUSTER_URL: `https://${chosen(32)}.gr7.ap-southeast-1.eks.amazonaws.com`,
        EKS_CLUSTER: cluster.name,
      };
    case 'kubeconfig':
      return {};
  }
};

/** SST 4.17.1 adds these to every function, also to one without links. */
const ofSst = (stage: string): Variables => ({
  SST_KEY: chosen(44),
  SST_KEY_FILE: 'resource.enc',
  SST_RESOURCE_App: JSON.stringify({ name: 'muster', stage }),
});

/** All variables of a function together, as JSON (Lambda quotas, "Environment variables"). */
export const mostEnvironmentBytes = 4096;

/** As Lambda counts: the JSON of all variables in UTF-8. */
export const environmentBytes = (variables: Variables): number =>
  new TextEncoder().encode(JSON.stringify(variables)).length;

/** One line for the functions that would be refused, which names their largest settings. */
export function environmentProblem(given: Given, stage: string): string | undefined {
  const sizes = Object.entries(functionEnvironments(given, stage))
    .map(([name, variables]) => ({ name, variables, bytes: environmentBytes(variables) }))
    .filter(({ bytes }) => bytes > mostEnvironmentBytes);
  const [worst] = sizes.toSorted((one, other) => other.bytes - one.bytes);
  if (worst === undefined) return undefined;
  const largest = Object.entries(worst.variables)
    .filter(([name]) => name in given.settings)
    .map(([name, value]) => ({ name, length: value.length }))
    .toSorted((one, other) => other.length - one.length)
    .slice(0, 3)
    .map(({ name, length }) => `${name} (${length})`);
  return `The environment of the function ${worst.name} would have ${worst.bytes} bytes; Lambda allows ${mostEnvironmentBytes}. Shorten the largest settings in .env: ${largest.join(', ')}.`;
}
