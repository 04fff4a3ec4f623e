import { describe } from 'vitest';
import { startCluster } from '../../local/cluster/local-cluster.ts';
import { crdFile, upstreamCrdFile } from '../world/manifest.ts';
import { besideUpstream, type OpenedCluster } from './beside-upstream.ts';

async function open(file: URL): Promise<OpenedCluster> {
  const { kubeconfig, url, close } = await startCluster({ crdFile: file });
  return {
    kubeconfig,
    close,
    send: async (method, path, body) => {
      const reply = await fetch(`${url}${path}`, {
        method,
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return { code: reply.status, body: await reply.json() };
    },
  };
}

describe.each([
  ['our CRD', crdFile],
  ['its CRD', upstreamCrdFile],
])('beside giantswarm/muster 5.28 on the embedded cluster, with %s', (_, file) => {
  besideUpstream(() => open(file));
});
