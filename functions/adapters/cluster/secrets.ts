/** Secrets of the cluster: client credentials for token exchange, and nothing else. */
import type { Middleware as ObservableMiddleware } from '@kubernetes/client-node/dist/gen/middleware.js';
import { Observable } from '@kubernetes/client-node/dist/gen/rxjsStub.js';
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
        cluster.api.getNamespacedCustomObject({ ...resource, namespace, name }, coreGroup),
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

const resource = { group: 'core', version: 'v1', plural: 'secrets' } as const;

// The core group is older than groups: it is served below /api, where the client for custom
// objects, whose connection we share, never asks.
const belowApi: ObservableMiddleware = {
  pre: (context) => {
    context.setUrl(context.getUrl().replace('/apis/core/', '/api/'));
    return new Observable(Promise.resolve(context));
  },
  post: (context) => new Observable(Promise.resolve(context)),
};
const coreGroup = { middleware: [belowApi], middlewareMergeStrategy: 'append' as const };

const secretSchema = z.object({ data: z._default(z.record(z.string(), z.string()), {}) });

/** `data` is base64. A value often ends with a newline by mistake. */
const decoded = (text: string): string =>
  Buffer.from(text, 'base64').toString('utf8').replace(/\n$/, '');
