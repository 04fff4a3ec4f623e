import { readFileSync } from 'node:fs';
import { resolver } from '../adapters/network/dns.ts';
import { type Connector, trustStore } from '../adapters/network/connect.ts';
import { addressGuard } from '../adapters/network/guard.ts';
import {
  type Cluster,
  connectCluster,
  connectClusterFile,
  connectClusterToken,
  type TokenSource,
} from '../adapters/cluster/apiserver.ts';
import { type EksOptions, eksTokens } from '../adapters/cluster/eks.ts';
import { fileTokens, fixedToken } from '../adapters/cluster/token-file.ts';
import { type Environment, readList, readSetting, readSwitch, SettingError } from '../settings.ts';
import { defined } from '../model/defined.ts';

/**
 * What the settings say about the network: resolver, address guard, trusted authorities. Throws
 * `SettingError`.
 */
export function createConnector(environment: Environment): Connector {
  const servers = readList(environment, 'DNS_SERVERS');
  const extraCa = readSetting(environment, 'EXTRA_CA_FILE');
  return {
    resolve: resolver({ servers }),
    guard: addressGuard({
      allowLocal: !readSwitch(environment, 'GUARD'),
      allow: readList(environment, 'GUARD_ALLOW'),
    }),
    secureContext: extraCa === '' ? trustStore() : trustStore(readFileSync(extraCa, 'utf8')),
  };
}

/**
 * The same towards addresses that the owner set, such as the issuer: they may be at home in a
 * private network, which no manifest may lead us to. Cloud metadata stays closed. Throws
 * `SettingError`.
 */
export const createIssuerConnector = (environment: Environment): Connector => ({
  ...createConnector(environment),
  guard: addressGuard({ allowLocal: true }),
});

/** The cluster of the settings, and what of it is ours. Throws `SettingError` or `ClusterError`. */
export function createCluster(environment: Environment): Cluster {
  const namespace = readSetting(environment, 'NAMESPACE');
  const labelSelector = readSetting(environment, 'LABEL_SELECTOR');
  const selection = defined({
    namespace: namespace !== '' ? namespace : undefined,
    labelSelector: labelSelector !== '' ? labelSelector : undefined,
  });
  const kubeconfig = readSetting(environment, 'KUBECONFIG_YAML');
  if (kubeconfig !== '') return connectCluster({ kubeconfig, selection });
  const path = readSetting(environment, 'KUBECONFIG');
  if (path !== '') return connectClusterFile({ path, selection });
  const url = readSetting(environment, 'CLUSTER_URL');
  if (url !== '')
    return connectClusterToken({
      url,
      caPem: certificateOf(environment),
      source: tokensOf(environment),
      selection,
    });
  throw new SettingError(
    'No cluster is set. Give the function KUBECONFIG_YAML (the kubeconfig itself), KUBECONFIG (its path) or CLUSTER_URL and CLUSTER_CA.',
  );
}

function certificateOf(environment: Environment): string {
  const text = readSetting(environment, 'CLUSTER_CA');
  const pem = text.startsWith('-----') ? text : Buffer.from(text, 'base64').toString();
  if (!pem.includes('BEGIN CERTIFICATE')) {
    throw new SettingError(
      'CLUSTER_CA is no certificate. Give it the PEM, or the certificateAuthority.data that aws eks describe-cluster prints.',
    );
  }
  return pem;
}

function tokensOf(environment: Environment): TokenSource {
  const clusterName = readSetting(environment, 'EKS_CLUSTER');
  const file = readSetting(environment, 'CLUSTER_TOKEN_FILE');
  const token = readSetting(environment, 'CLUSTER_TOKEN');
  if (clusterName !== '') {
    return eksTokens({ clusterName, ...identityOf(environment) });
  }
  if (file !== '') return fileTokens(file);
  if (token !== '') return fixedToken(token);
  throw new SettingError(
    'CLUSTER_URL has no credential. Give it EKS_CLUSTER, CLUSTER_TOKEN_FILE or CLUSTER_TOKEN.',
  );
}

/**
 * A function finds its role in its environment. For the other places where it may be, any client
 * knows the way; nothing is sent with it.
 */
function identityOf(environment: Environment): Pick<EksOptions, 'credentials' | 'region'> {
  const {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
    AWS_REGION,
  } = environment;
  const client = async () =>
    new (await import('@aws-sdk/client-eventbridge')).EventBridgeClient({});
  return {
    credentials: async () =>
      accessKeyId && secretAccessKey
        ? defined({
            accessKeyId,
            secretAccessKey,
            sessionToken: sessionToken || undefined,
          })
        : (await client()).config.credentials(),
    region: async () => AWS_REGION || (await client()).config.region(),
  };
}
