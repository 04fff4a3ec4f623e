/**
 * What the cluster lets a person see: SubjectAccessReviews (authorization.k8s.io/v1).
 */
import * as z from 'zod/mini';
import { call, type Cluster } from './apiserver.ts';
import { clusterErrorFor } from './refusal.ts';
import { ClusterError } from '../../model/cluster-error.ts';
import type { AccessSubject } from '../../sessions/person.ts';

/**
 * Gives the function that asks whether a person may get the MCPServers of a namespace. It throws
 * `ClusterError` when the cluster does not answer that.
 */
export function accessReviewer(
  cluster: Cluster,
): (subject: AccessSubject, namespace: string) => Promise<boolean> {
  return async ({ user, groups }, namespace) => {
    const resourceAttributes = {
      group: 'muster.giantswarm.io',
      version: 'v1alpha1',
      resource: 'mcpservers',
      verb: 'get',
      namespace,
    };
    const body = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: { user, groups, resourceAttributes },
    };
    try {
      const answer = await call(cluster, () =>
        cluster.api.createClusterCustomObject({ ...resource, body }),
      );
      const review = reviewSchema.safeParse(answer);
      if (review.success) return review.data.status.allowed;
      throw new ClusterError({
        reason: 'unexpectedAnswer',
        address: cluster.address,
        expected: 'a SubjectAccessReview',
      });
    } catch (error) {
      throw clusterErrorFor(cluster, 'create subjectaccessreviews', error, rights);
    }
  };
}

const rights = { manifests: 'manifests/access-review', clusterRole: 'muster-access-review' };

const resource = {
  group: 'authorization.k8s.io',
  version: 'v1',
  plural: 'subjectaccessreviews',
} as const;

const reviewSchema = z.object({ status: z.object({ allowed: z.boolean() }) });
