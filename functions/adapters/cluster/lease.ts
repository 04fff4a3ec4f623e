/**
 * The Lease that shows in the cluster when the last sweep ran: `kubectl get lease -n
 * muster-serverless`.
 */
import * as z from 'zod/mini';
import { settings } from '../../model/settings-table.ts';
import { call, type Cluster, mergePatch, microTime } from './apiserver.ts';
import { clusterErrorFor, refusal } from './refusal.ts';

export type LeaseName = { readonly namespace: string; readonly name: string };

export type LeaseOptions = LeaseName & {
  /** How long a sweep counts as recent: three ticks. */
  readonly durationMs: number;
};

/**
 * Who writes into the cluster, for `managedFields` and the Lease: two stages that sweep the same
 * servers have two names there.
 */
export const writerOf = (leaseName: string): string =>
  leaseName === firstLease ? 'muster-serverless' : leaseName;

/**
 * Gives the function that renews the Lease, and creates it the first time. It returns what went
 * wrong, and never throws.
 */
export function leaseRenewer(
  cluster: Cluster,
  { namespace, name, durationMs }: LeaseOptions,
): (at: Date) => Promise<string | undefined> {
  const writer = writerOf(name);
  return async (at) => {
    const spec = {
      holderIdentity: writer,
      leaseDurationSeconds: Math.ceil(durationMs / 1000),
      renewTime: microTime(at),
    };
    const patch = {
      ...resource,
      namespace,
      name,
      body: { spec },
      fieldManager: writer,
    };
    const body = {
      ...kind,
      metadata: { name, namespace },
      spec: { ...spec, acquireTime: spec.renewTime },
    };
    try {
      await call(cluster, () => cluster.api.patchNamespacedCustomObject(patch, mergePatch));
      return undefined;
    } catch (error) {
      const code = refusal(error)?.code;
      if (code === 403 && name !== firstLease) return noRight(namespace, name);
      if (code !== 404) return clusterErrorFor(cluster, 'patch leases', error).message;
    }
    try {
      await call(cluster, () =>
        cluster.api.createNamespacedCustomObject({
          ...resource,
          namespace,
          body,
          fieldManager: writer,
        }),
      );
      return undefined;
    } catch (error) {
      if (refusal(error)?.code === 404)
        return `The namespace ${namespace} of the Lease does not exist. Run: kubectl apply -k manifests`;
      return clusterErrorFor(cluster, 'create leases', error).message;
    }
  };
}

/**
 * Gives the function that reads when the last sweep began. Undefined: there was no
 * sweep yet, or we may not read the Lease. It never throws.
 */
export function leaseReader(
  cluster: Cluster,
  { namespace, name }: LeaseName,
): () => Promise<Date | undefined> {
  return async () => {
    try {
      const lease = leaseSchema.safeParse(
        await call(cluster, () =>
          cluster.api.getNamespacedCustomObject({ ...resource, namespace, name }),
        ),
      );
      return lease.data?.spec.renewTime;
    } catch (error) {
      // Rethrows what it cannot name. A named failure says nothing about sweeps: the list goes
      // without.
      clusterErrorFor(cluster, 'get leases', error);
      return undefined;
    }
  };
}

// Of the stage production; `manifests/rbac.yaml` gives the right to it.
const firstLease = settings.LEASE_NAME.fallback;

const noRight = (namespace: string, name: string): string =>
  `The Lease ${name} in the namespace ${namespace} may not be renewed (403). Run: ${leaseRights(namespace, name).join(' && ')}`;

/** The commands that give the functions of one more stage the right to its Lease. */
export const leaseRights = (namespace: string, name: string): readonly string[] => [
  `kubectl create role ${name} -n ${namespace} --verb=get,patch --resource=leases.coordination.k8s.io --resource-name=${name}`,
  `kubectl create rolebinding ${name} -n ${namespace} --role=${name} --group=muster-sweep --serviceaccount=${namespace}:muster-sweep`,
];

const resource = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases' } as const;
const kind = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' } as const;

const leaseSchema = z.object({
  spec: z.object({ renewTime: z.pipe(z.string(), z.coerce.date()) }),
});
