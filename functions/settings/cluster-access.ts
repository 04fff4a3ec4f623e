/** How the API server of the cluster is reached. */
import { defined } from '../model/defined.ts';
import type { Reader } from '../model/setting-reader.ts';
import { pemOf } from './pem.ts';

export type ClusterAccess =
  | { readonly kind: 'kubeconfig'; readonly yaml: string }
  | { readonly kind: 'kubeconfigFile'; readonly path: string }
  | {
      readonly kind: 'address';
      readonly url: string;
      readonly caPem: string;
      readonly credential: ClusterCredential;
    };

type ClusterCredential =
  | {
      readonly kind: 'eks';
      readonly clusterName: string;
      readonly region?: string;
      /** Of the role of the function. */
      readonly keys?: {
        readonly accessKeyId: string;
        readonly secretAccessKey: string;
        readonly sessionToken?: string;
      };
    }
  | { readonly kind: 'tokenFile'; readonly path: string }
  | { readonly kind: 'token'; readonly token: string };

/** The first of the ways that is set. */
export function clusterAccess(from: Reader): ClusterAccess {
  const yaml = from.optionalText('KUBECONFIG_YAML');
  if (yaml !== undefined) return { kind: 'kubeconfig', yaml };
  const path = from.optionalText('KUBECONFIG');
  if (path !== undefined) return { kind: 'kubeconfigFile', path };
  if (from.optionalText('CLUSTER_URL') !== undefined) {
    return {
      kind: 'address',
      url: from.address('CLUSTER_URL'),
      caPem: certificate(from),
      credential: clusterCredential(from),
    };
  }
  from.report(
    'No cluster is set. Give the function KUBECONFIG_YAML (the kubeconfig itself), KUBECONFIG (its path) or CLUSTER_URL and CLUSTER_CA.',
  );
  return { kind: 'kubeconfig', yaml: '' };
}

function certificate(from: Reader): string {
  const pem = pemOf(from.text('CLUSTER_CA'));
  if (!pem.includes('BEGIN CERTIFICATE')) {
    from.report(
      'CLUSTER_CA is not a certificate. Give it the PEM, or the certificateAuthority.data that aws eks describe-cluster prints.',
    );
  }
  return pem;
}

function clusterCredential(from: Reader): ClusterCredential {
  const clusterName = from.optionalText('EKS_CLUSTER');
  if (clusterName !== undefined) {
    const accessKeyId = from.optionalText('AWS_ACCESS_KEY_ID');
    const secretAccessKey = from.optionalText('AWS_SECRET_ACCESS_KEY');
    const sessionToken = from.optionalText('AWS_SESSION_TOKEN');
    return defined({
      kind: 'eks',
      clusterName,
      region: from.optionalText('AWS_REGION'),
      keys:
        accessKeyId !== undefined && secretAccessKey !== undefined
          ? defined({ accessKeyId, secretAccessKey, sessionToken })
          : undefined,
    });
  }
  const path = from.optionalText('CLUSTER_TOKEN_FILE');
  if (path !== undefined) return { kind: 'tokenFile', path };
  const token = from.optionalText('CLUSTER_TOKEN');
  if (token === undefined) {
    from.report(
      'CLUSTER_URL has no credential. Give the function EKS_CLUSTER, CLUSTER_TOKEN_FILE or CLUSTER_TOKEN.',
    );
  }
  return { kind: 'token', token: token ?? '' };
}
