/** What a deployment has around it: a cluster with MCPServers, an issuer, and MCP servers. */
import * as z from 'zod/mini';
import { startCluster, type LocalCluster } from '../../local/cluster/local-cluster.ts';
import { declareServers } from '../../local/declare-servers.ts';
import { startDemo } from '../../local/demo.ts';
import { commandLineClient, startIssuer } from '../../local/issuer.ts';

export type Surroundings = {
  readonly cluster: LocalCluster;
  readonly issuer: { readonly url: string; readonly clientId: string };
  /** Creates the MCPServers, without any status; those that are there are deleted before. */
  readonly declare: () => Promise<void>;
  /** What the cluster itself has in the status of each MCPServer, by name. */
  readonly states: () => Promise<Readonly<Record<string, string | undefined>>>;
  readonly close: () => Promise<void>;
};

const listed = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      status: z.optional(z.object({ state: z.optional(z.string()) })),
    }),
  ),
});

/** `server-a` and `server-b` want a sign-in, `server-c` is down, `server-d` is open to all. */
export async function startSurroundings(): Promise<Surroundings> {
  const [cluster, demo, issuer] = await Promise.all([
    startCluster({ crdFile: new URL('../../manifests/crd/crd.yaml', import.meta.url) }),
    startDemo(),
    startIssuer(),
  ]);
  const address = `${cluster.url}/apis/muster.giantswarm.io/v1alpha1/namespaces/default/mcpservers`;
  const items = async () => listed.parse(await (await fetch(address)).json()).items;
  return {
    cluster,
    issuer: { url: issuer.url, clientId: commandLineClient.client_id },
    declare: async () => {
      for (const { metadata } of await items())
        await fetch(`${address}/${metadata.name}`, { method: 'DELETE' });
      await declareServers(cluster.kubeconfig, demo.yaml, 'the demo');
    },
    states: async () =>
      Object.fromEntries(
        (await items()).map(({ metadata, status }) => [metadata.name, status?.state]),
      ),
    close: async () => {
      await Promise.all([cluster.close(), demo.close(), issuer.close()]);
    },
  };
}
