/** Secrets of the cluster: client credentials for token exchange, and nothing else. */
import * as z from 'zod/mini';
import { call, type Cluster } from './apiserver.ts';
import { clusterErrorFor, refusal } from './refusal.ts';
import type { SecretReference, Credentials } from '../../sessions/ports.ts';

/**
 * Gives the function that reads client credentials from a Secret. Undefined when it does not exist,
 * may not be read, or lacks a key: a manifest names it, so that is not our failure. Throws
 * `ClusterError`.
 */
export function secretReader(
  cluster: Cluster,
): (reference: SecretReference) => Promise<Credentials | undefined> {
  return async ({ namespace, name, clientIdKey, clientSecretKey }) => {
    try {
      const answer = await call(cluster, () =>
        cluster.api.getNamespacedCustomObject({ ...resource, namespace, name }),
      );
      const { data } = secretSchema.parse(answer);
      const [clientId, clientSecret] = [data[clientIdKey], data[clientSecretKey]];
      if (clientId === undefined || clientSecret === undefined) return undefined;
      return { clientId: decoded(clientId), clientSecret: decoded(clientSecret) };
    } catch (error) {
      const code = refusal(error)?.code;
      if (code === 403 || code === 404) return undefined;
      throw clusterErrorFor(cluster, 'get secrets', error);
    }
  };
}

const resource = { group: '', version: 'v1', plural: 'secrets' } as const;

const secretSchema = z.object({ data: z._default(z.record(z.string(), z.string()), {}) });

/** `data` is base64. A value often ends with a newline by mistake. */
const decoded = (text: string): string =>
  Buffer.from(text, 'base64').toString('utf8').replace(/\n$/, '');
