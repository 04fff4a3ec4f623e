import {
  type Cluster,
  connectCluster,
  connectClusterFile,
  connectClusterToken,
  type TokenSource,
} from '../adapters/cluster/apiserver.ts';
import { type EksOptions, eksTokens } from '../adapters/cluster/eks.ts';
import { fileTokens, fixedToken } from '../adapters/cluster/token-file.ts';
import type { ClusterCredential, ClusterSettings } from '../settings.ts';

/** The cluster of the settings, limited to the MCPServers that are ours. Throws `ClusterError`. */
export function createCluster({ cluster, selection }: ClusterSettings): Cluster {
  switch (cluster.kind) {
    case 'kubeconfig':
      return connectCluster({ kubeconfig: cluster.yaml, selection });
    case 'kubeconfigFile':
      return connectClusterFile({ path: cluster.path, selection });
    case 'address': {
      const { url, caPem, credential } = cluster;
      return connectClusterToken({ url, caPem, source: tokensOf(credential), selection });
    }
  }
}

function tokensOf(credential: ClusterCredential): TokenSource {
  switch (credential.kind) {
    case 'eks':
      return eksTokens({ clusterName: credential.clusterName, ...identityOf(credential) });
    case 'tokenFile':
      return fileTokens(credential.path);
    case 'token':
      return fixedToken(credential.token);
  }
}

/**
 * A function has its role in its settings. Elsewhere an AWS client finds the identity; nothing is
 * sent with that client.
 */
function identityOf({
  keys,
  region,
}: Extract<ClusterCredential, { kind: 'eks' }>): Pick<EksOptions, 'credentials' | 'region'> {
  const client = async () =>
    new (await import('@aws-sdk/client-eventbridge')).EventBridgeClient({});
  return {
    credentials: async () => keys ?? (await client()).config.credentials(),
    region: async () => region ?? (await client()).config.region(),
  };
}
