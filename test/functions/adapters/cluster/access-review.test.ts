import { afterEach, expect, test } from 'vitest';
import { accessReviewer } from '../../../../functions/adapters/cluster/access-review.ts';
import { connectCluster } from '../../../../functions/adapters/cluster/apiserver.ts';
import {
  type ClusterOptions,
  type LocalCluster,
  startCluster,
} from '../../../../local/cluster/local-cluster.ts';
import { crdFile } from '../../../world/manifest.ts';

let local: LocalCluster | undefined;
afterEach(() => local?.close());

async function reviewer(options: Omit<ClusterOptions, 'crdFile'>) {
  local = await startCluster({ crdFile, ...options });
  return accessReviewer(connectCluster({ kubeconfig: local.kubeconfig }));
}

test('the cluster is asked about a person, their groups and one namespace', async () => {
  const review = await reviewer({
    isAllowed: ({ user, groups, namespace }) =>
      `${user} ${groups.join()} ${namespace}` === 'ada blue,red team-a',
  });
  expect(await review({ user: 'ada', groups: ['blue', 'red'] }, 'team-a')).toBe(true);
  expect(await review({ user: 'ada', groups: ['blue'] }, 'team-a')).toBe(false);
  expect(await review({ user: 'ada', groups: ['blue', 'red'] }, 'team-b')).toBe(false);
});

test.each([
  [
    'does not let us ask',
    { code: 403, body: '{}' },
    'does not let us create subjectaccessreviews (403). Run: kubectl apply -k manifests/access-review, and bind the ClusterRole muster-access-review to our user.',
  ],
  [
    'answers something else',
    { code: 201, body: {} },
    'answered with something that is not a SubjectAccessReview',
  ],
])('a cluster that %s is an error, not a no', async (_what, answer, says) => {
  const review = await reviewer({ intercept: () => answer });
  await expect(review({ user: 'ada', groups: [] }, 'team-a')).rejects.toThrow(says);
});
