/** What an owner does to an MCPServer with kubectl, for the pages that show what follows. */
import { KubeConfig } from '@kubernetes/client-node';
import * as z from 'zod/mini';

const objectSchema = z.looseObject({
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({ url: z.string() }),
});

export type DeclaredObjects = {
  /** Deletes it and creates it again with the same spec. */
  readonly recreate: (name: string) => Promise<void>;
  /** Changes the host of its URL from 127.0.0.1 to localhost: the same server at another address. */
  readonly move: (name: string) => Promise<void>;
};

/** Those of the namespace `default`. Throws where the cluster refuses. */
export function objectsOf(kubeconfig: string): DeclaredObjects {
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  const cluster = config.getCurrentCluster()?.server ?? '';
  const collection = `${cluster}/apis/muster.giantswarm.io/v1alpha1/namespaces/default/mcpservers`;
  const send = async (method: string, url: string, body?: object, type = 'application/json') => {
    const response = await fetch(url, {
      method,
      headers: { 'content-type': type },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${url}: ${await response.text()}`);
    return response.json();
  };
  const read = async (name: string) =>
    objectSchema.parse(await send('GET', `${collection}/${name}`));
  return {
    recreate: async (name) => {
      const { spec } = await read(name);
      await send('DELETE', `${collection}/${name}`);
      await send('POST', collection, {
        apiVersion: 'muster.giantswarm.io/v1alpha1',
        kind: 'MCPServer',
        metadata: { name, namespace: 'default' },
        spec,
      });
    },
    move: async (name) => {
      const { spec } = await read(name);
      const url = spec.url.replace('127.0.0.1', 'localhost');
      await send(
        'PATCH',
        `${collection}/${name}`,
        { spec: { url } },
        'application/merge-patch+json',
      );
    },
  };
}
