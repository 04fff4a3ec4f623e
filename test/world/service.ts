/** A Service of a cluster, with what the service proxy of the API server looks for behind it. */

export type DeclaredService = {
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
  readonly address: string;
  /** The port that its backend listens on. Without it there are Endpoints without an address. */
  readonly target?: number;
  /** A real API server connects only to addresses of pods that exist. */
  readonly withPod: boolean;
};

/** Creates the objects by `send`, which returns the status of the answer. Throws where one fails. */
export async function declareService(
  send: (method: string, path: string, body: object) => Promise<number>,
  { namespace, name, port, address, target, withPod }: DeclaredService,
): Promise<void> {
  const create = async (plural: string, kind: string, content: object): Promise<void> => {
    const body = { apiVersion: 'v1', kind, metadata: { name, namespace }, ...content };
    const code = await send('POST', `/api/v1/namespaces/${namespace}/${plural}`, body);
    if (code !== 201) throw new Error(`${kind} ${namespace}/${name} was answered ${code}.`);
  };
  await create('services', 'Service', {
    spec: { ports: [{ name: 'mcp', port, protocol: 'TCP' }] },
  });
  const targetRef = withPod ? { targetRef: { kind: 'Pod', name, namespace } } : {};
  await create('endpoints', 'Endpoints', {
    subsets:
      target === undefined
        ? []
        : [
            {
              addresses: [{ ip: address, ...targetRef }],
              ports: [{ name: 'mcp', port: target, protocol: 'TCP' }],
            },
          ],
  });
  if (!withPod || target === undefined) return;
  const pod = { metadata: { name, namespace }, spec: { containers: [{ name, image: 'mcp' }] } };
  await create('pods', 'Pod', pod);
  const status = { status: { phase: 'Running', podIP: address, podIPs: [{ ip: address }] } };
  const path = `/api/v1/namespaces/${namespace}/pods/${name}/status`;
  const code = await send('PUT', path, { apiVersion: 'v1', kind: 'Pod', ...pod, ...status });
  if (code !== 200) throw new Error(`The status of ${path} was answered ${code}.`);
}
