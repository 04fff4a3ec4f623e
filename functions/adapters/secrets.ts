import { ApiException, CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import type { Credentials, SecretReference } from './exchange.ts';

/** Where the cluster is: the text of a kubeconfig, or its path. */
export type SecretsOptions = { readonly kubeconfig: string } | { readonly path: string };

/**
 * Reads client credentials from a Secret of the cluster. Undefined when it is not there, is not ours to read, or lacks a key: manifests name
 * it, so this is nothing that happened to us. Throws what keeps the API server from being asked.
 */
export function secretReader(options: SecretsOptions) {
  let api: CoreV1Api | undefined;
  const connect = () => {
    const config = new KubeConfig();
    if ('path' in options) config.loadFromFile(options.path);
    else config.loadFromString(options.kubeconfig);
    return config.makeApiClient(CoreV1Api);
  };
  return async ({ namespace, name, clientIdKey, clientSecretKey }: SecretReference): Promise<Credentials | undefined> => {
    api ??= connect();
    const data = await dataOf(api, namespace, name);
    const [clientId, clientSecret] = [data?.[clientIdKey], data?.[clientSecretKey]];
    if (clientId === undefined || clientSecret === undefined) return undefined;
    return { clientId: decoded(clientId), clientSecret: decoded(clientSecret) };
  };
}

async function dataOf(api: CoreV1Api, namespace: string, name: string): Promise<Readonly<Record<string, string>> | undefined> {
  try {
    return (await api.readNamespacedSecret({ namespace, name })).data;
  } catch (error) {
    if (error instanceof ApiException && (error.code === 403 || error.code === 404)) return undefined;
    // Neither as text nor as cause: an answer of the API server may quote headers.
    throw new TypeError(
      `The Secret ${namespace}/${name} could not be read from the cluster${error instanceof ApiException ? ` (HTTP ${error.code})` : ''}.`,
    );
  }
}

/** `data` is base64; people often end a value with a newline that they did not mean. */
const decoded = (text: string): string => Buffer.from(text, 'base64').toString('utf8').replace(/\n$/, '');
