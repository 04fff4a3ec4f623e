import { readFileSync } from 'node:fs';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { resolver } from './adapters/dns.ts';
import { addressGuard, type Dialler, trust } from './adapters/guard.ts';
import { type Cluster, connectCluster, connectClusterFile } from './adapters/kubernetes.ts';
import { type Environment, readList, readSetting, readSwitch, SettingError } from './settings.ts';

/** What the settings say about the network: resolver, address guard, trusted authorities. Throws `SettingError`. */
export function diallerOf(environment: Environment): Dialler {
  const servers = readList(environment, 'DNS_SERVERS');
  const extraCa = readSetting(environment, 'EXTRA_CA_FILE');
  return {
    resolve: resolver({ servers }),
    guard: addressGuard({ allowLocal: !readSwitch(environment, 'GUARD'), allow: readList(environment, 'GUARD_ALLOW') }),
    secureContext: extraCa === '' ? trust() : trust(readFileSync(extraCa, 'utf8')),
  };
}

/** The cluster of the settings, and what of it is ours. Throws `SettingError` or `ClusterError`. */
export function clusterOf(environment: Environment): Cluster {
  const namespace = readSetting(environment, 'NAMESPACE');
  const labelSelector = readSetting(environment, 'LABEL_SELECTOR');
  const selection = { ...(namespace !== '' && { namespace }), ...(labelSelector !== '' && { labelSelector }) };
  const kubeconfig = readSetting(environment, 'KUBECONFIG_YAML');
  if (kubeconfig !== '') return connectCluster({ kubeconfig, selection });
  const path = readSetting(environment, 'KUBECONFIG');
  if (path !== '') return connectClusterFile({ path, selection });
  throw new SettingError('No cluster is set. Give the function KUBECONFIG_YAML (the kubeconfig itself) or KUBECONFIG (its path).');
}

/** The bus of the settings; `AWS_ENDPOINT_URL_EVENTBRIDGE` leads to a stand-in. */
export function busOf(environment: Environment): { readonly client: EventBridgeClient; readonly name: string } {
  const endpoint = environment['AWS_ENDPOINT_URL_EVENTBRIDGE'];
  return { client: new EventBridgeClient(endpoint === undefined ? {} : { endpoint }), name: readSetting(environment, 'BUS_NAME') };
}
