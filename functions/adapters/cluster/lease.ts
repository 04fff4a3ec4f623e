/**
 * The Lease that shows in the cluster when the last sweep ran: `kubectl get lease -n
 * muster-serverless`.
 */
import * as z from 'zod/mini';
import { call, type Cluster, mergePatch, microTime } from './apiserver.ts';
import { clusterErrorFor, refusal } from './refusal.ts';

export type LeaseOptions = {
  readonly namespace: string;
  /** How long a sweep counts as recent: three ticks. */
  readonly durationMs: number;
};

/**
 * Gives the function that renews the Lease, and creates it the first time. It returns what went
 * wrong, and never throws.
 */
export function leaseRenewer(
  cluster: Cluster,
  { namespace, durationMs }: LeaseOptions,
): (at: Date) => Promise<string | undefined> {
  return async (at) => {
    const spec = {
      holderIdentity: 'muster-serverless',
      leaseDurationSeconds: Math.ceil(durationMs / 1000),
      renewTime: microTime(at),
    };
    const patch = {
      ...resource,
      namespace,
      name,
      body: { spec },
      fieldManager: 'muster-serverless',
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
      if (refusal(error)?.code !== 404)
        return clusterErrorFor(cluster, 'patch leases', error).message;
    }
    try {
      await call(cluster, () =>
        cluster.api.createNamespacedCustomObject({ ...resource, namespace, body }),
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
export function leaseReader(cluster: Cluster, namespace: string): () => Promise<Date | undefined> {
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

const name = 'muster-sweep';
const resource = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases' } as const;
const kind = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' } as const;

const leaseSchema = z.object({
  spec: z.object({ renewTime: z.pipe(z.string(), z.coerce.date()) }),
});
