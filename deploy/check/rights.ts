import { readFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import * as z from 'zod/mini';
import { call, type Cluster } from '../../functions/adapters/cluster/apiserver.ts';
import { leaseRights } from '../../functions/adapters/cluster/lease.ts';
import { refusal } from '../../functions/adapters/cluster/refusal.ts';
import { defined } from '../../functions/model/defined.ts';
import { firstLease, leaseNameOf } from '../../functions/model/lease-name.ts';
import type { Checked } from './run-checks.ts';
import { type Finding, findingsOf } from './finding.ts';

const { ok, problem, unknown } = findingsOf('rights');

/** The group that manifests/ bind, and that the access entries of EKS name. */
export const sweepGroup = 'muster-sweep';

/** One right, as `ResourceAttributes` of authorization.k8s.io/v1. */
export type Right = {
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly verb: string;
  readonly name?: string;
  readonly namespace?: string;
};

/** Who is asked about: the user of the connection, or anyone in this group. */
export type Whose = { readonly kind: 'own' } | { readonly kind: 'group'; readonly group: string };

type Manifest = {
  readonly file: string;
  /** After `kubectl apply -k`. */
  readonly apply: string;
  /** Of the rights that are not in a Role. Undefined: every namespace. */
  readonly namespace?: string;
};

/** The manifests that a deployment with these arguments needs. */
export function manifestsFor(environment: Checked['environment']): readonly Manifest[] {
  const namespace = environment['NAMESPACE'] || undefined;
  const isOn = (name: string): boolean => environment[name] === 'on';
  const services = isOn('SERVICE_PROXY') ? (environment['SERVICE_NAMESPACES'] ?? '') : '';
  return [
    defined({ file: 'rbac.yaml', apply: 'manifests', namespace }),
    ...(isOn('ACCESS_REVIEW')
      ? [{ file: 'access-review/rbac.yaml', apply: 'manifests/access-review' }]
      : []),
    ...services
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '')
      .map((name) => ({
        file: 'services/rbac.yaml',
        apply: `manifests/services --namespace ${name}`,
        namespace: name,
      })),
  ];
}

/** Asks the API server about every right that the manifests grant. */
export async function checkRights(
  cluster: Cluster,
  whose: Whose,
  deployment: Pick<Checked, 'stage' | 'environment'>,
): Promise<readonly Finding[]> {
  const all = await Promise.all(
    manifestsFor(deployment.environment).map(async ({ file, apply, namespace }) => ({
      apply,
      rights: rightsIn(await readManifest(file), namespace).map(ofStage(deployment)),
    })),
  );
  const answers = await Promise.all(
    all.map(async ({ apply, rights }) => ({
      apply,
      rights,
      answers: await Promise.all(
        rights.map(async (right) => ({ right, answer: await mayDo(cluster, whose, right) })),
      ),
    })),
  );
  const refused = answers
    .flatMap(({ answers }) => answers)
    .find(({ answer }) => answer === 'unasked');
  if (refused !== undefined)
    return [
      unknown(
        'The API server does not say what the functions may do.',
        whose.kind === 'own'
          ? 'Check with: kubectl auth can-i --list'
          : `Check with an administrator of the cluster: kubectl auth can-i list mcpservers -A --as check --as-group ${sweepGroup}`,
      ),
    ];
  return answers.map(({ apply, rights, answers }) => {
    const missing = answers.filter(({ answer }) => answer === 'no').map(({ right }) => right);
    if (missing.length === 0)
      return ok(`The functions have all ${rights.length} rights of ${apply}.`);
    const text = `The functions may not ${missing.map(textOf).join(', ')}.`;
    const [first] = missing;
    if (first?.name !== undefined && missing.every(isOfOwnLease))
      return problem(text, `Run: ${leaseRights(first.namespace ?? '', first.name).join(' && ')}`);
    return problem(
      text,
      whose.kind === 'own'
        ? `Run: kubectl apply -k ${apply}. The user of the kubeconfig must be the ServiceAccount muster-sweep, or in the group ${sweepGroup}.`
        : `Run: kubectl apply -k ${apply}`,
    );
  });
}

/** Every other stage has a Lease of its own: two stages can share a cluster. */
const ofStage =
  ({ stage, environment }: Pick<Checked, 'stage' | 'environment'>) =>
  (right: Right): Right => {
    if (right.resource !== 'leases') return right;
    return defined({
      ...right,
      name: right.name === undefined ? undefined : environment['LEASE_NAME'] || leaseNameOf(stage),
      namespace: environment['LEASE_NAMESPACE'] || right.namespace,
    });
  };

const isOfOwnLease = ({ resource, name }: Right): boolean =>
  resource === 'leases' && name !== undefined && name !== firstLease;

const textOf = ({ verb, resource, subresource, namespace }: Right): string =>
  `${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}${namespace === undefined ? '' : ` in ${namespace}`}`;

const roleSchema = z.object({
  kind: z.enum(['ClusterRole', 'Role']),
  metadata: z.object({ namespace: z.optional(z.string()) }),
  rules: z.array(
    z.object({
      apiGroups: z.array(z.string()),
      resources: z.array(z.string()),
      resourceNames: z.optional(z.array(z.string())),
      verbs: z.array(z.string()),
    }),
  ),
});

const readManifest = (file: string): Promise<string> =>
  readFile(new URL(`../../manifests/${file}`, import.meta.url), 'utf8');

/** Every right of the roles in a manifest; those of all namespaces in this one, if there is one. */
export const rightsIn = (manifest: string, namespace?: string): readonly Right[] =>
  parseAllDocuments(manifest)
    .map((document) => roleSchema.safeParse(document.toJS()))
    .flatMap(({ data }) => (data === undefined ? [] : [data]))
    .flatMap(({ kind, metadata, rules }) =>
      rules.flatMap(({ apiGroups, resources, resourceNames = [undefined], verbs }) =>
        apiGroups.flatMap((group) =>
          resources.flatMap((path) =>
            resourceNames.flatMap((name) =>
              verbs.map((verb): Right => {
                const [resource = path, subresource] = path.split('/');
                return defined({
                  group,
                  resource,
                  subresource,
                  verb,
                  name,
                  namespace: kind === 'Role' ? metadata.namespace : inOne(resource, namespace),
                });
              }),
            ),
          ),
        ),
      ),
    );

/** A review is no object of a namespace. */
const inOne = (resource: string, namespace: string | undefined): string | undefined =>
  resource === 'subjectaccessreviews' ? undefined : namespace;

const reviewSchema = z.object({ status: z.object({ allowed: z.boolean() }) });

/** `unasked`: the API server did not let us ask, or answered something else. */
async function mayDo(
  cluster: Cluster,
  whose: Whose,
  right: Right,
): Promise<'yes' | 'no' | 'unasked'> {
  const body = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: whose.kind === 'own' ? 'SelfSubjectAccessReview' : 'SubjectAccessReview',
    spec: {
      resourceAttributes: right,
      ...(whose.kind === 'group' && {
        user: 'muster-deploy-check',
        groups: [whose.group, 'system:authenticated'],
      }),
    },
  };
  const resource = {
    group: 'authorization.k8s.io',
    version: 'v1',
    plural: whose.kind === 'own' ? 'selfsubjectaccessreviews' : 'subjectaccessreviews',
  };
  try {
    const answer = await call(cluster, () =>
      cluster.api.createClusterCustomObject({ ...resource, body }),
    );
    const review = reviewSchema.safeParse(answer);
    if (!review.success) return 'unasked';
    return review.data.status.allowed ? 'yes' : 'no';
  } catch (error) {
    if (refusal(error)?.code === 403) return 'unasked';
    throw error;
  }
}
