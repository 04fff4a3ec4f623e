import {
  type Cluster,
  connectCluster,
  connectClusterFile,
  connectClusterToken,
  type TokenSource,
} from '../adapters/cluster/apiserver.ts';
import type { EksOptions } from '../adapters/cluster/eks.ts';
import { fileTokens, fixedToken } from '../adapters/cluster/token-file.ts';
import { once } from '../model/once.ts';
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
      return signedTokens(credential);
    case 'tokenFile':
      return fileTokens(credential.path);
    case 'token':
      return fixedToken(credential.token);
  }
}

/** The signer is loaded with the first token. */
function signedTokens(credential: EksCredential): TokenSource {
  let made: TokenSource | undefined;
  const load = once(async () => {
    const { eksTokens } = await import('../adapters/cluster/eks.ts');
    made = eksTokens({ clusterName: credential.clusterName, ...identityOf(credential) });
    return made;
  });
  return { token: async () => (await load()).token(), drop: () => made?.drop() ?? false };
}

type EksCredential = Extract<ClusterCredential, { kind: 'eks' }>;

/**
 * A function has its role in its settings. Elsewhere an AWS client finds the identity; nothing is
 * sent with that client.
 */
function identityOf({ keys, region }: EksCredential): Pick<EksOptions, 'credentials' | 'region'> {
  const client = async () =>
    new (await import('@aws-sdk/client-eventbridge')).EventBridgeClient({});
  return {
    credentials: async () => keys ?? (await client()).config.credentials(),
    region: async () => region ?? (await client()).config.region(),
  };
}
