/**
 * The Lease by which the cluster itself can tell when nobody sweeps any more: `kubectl get lease -n
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
 * Gives the function that renews the Lease, and creates it the first time. It gives back what kept
 * it from that, and never throws.
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
        return `There is no namespace ${namespace} for the Lease. Run: kubectl apply -k manifests`;
      return clusterErrorFor(cluster, 'create leases', error).message;
    }
  };
}

/**
 * Gives the function that reads when the last sweep began. Undefined: nobody ever swept, or we may
 * not know. It never throws.
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
      // Named or rethrown; what is named says nothing about sweeps, and the list stands without it.
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
