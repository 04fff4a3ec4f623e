/**
 * The endpoints of the part `cli` in a process of their own: the demo of `npm start`, and one with so
 * many copies of its servers.
 */
import { setTimeout as wait } from 'node:timers/promises';
import pLimit from 'p-limit';
import { parse } from 'yaml';
import * as z from 'zod/mini';
import { startWorld } from '../../local/world.ts';

const [count = '0'] = process.argv.slice(2);

const [small, large] = await Promise.all([endpointWith(0), endpointWith(Number(count))]);
// What making them has left behind is not part of the first answer.
await wait(500);
process.send?.({ small, large });
process.once('disconnect', () => process.exit());

async function endpointWith(copies: number) {
  // No sweep follows: the rows must not become stale while the rounds run.
  const world = await startWorld({ tickMs: 3_600_000 });
  for (let sweep = 0; sweep < 3; sweep += 1) await world.sweep({ everything: true });
  const kubeconfig = world.environment['KUBECONFIG_YAML'] ?? '';
  if (copies > 0) await multiply(kubeconfig, copies);
  return { url: world.url, kubeconfig };
}

/** The demo servers again and again, each with the status that the sweeps wrote. */
async function multiply(kubeconfig: string, copies: number): Promise<void> {
  const [{ cluster }] = z
    .object({ clusters: z.tuple([z.object({ cluster: z.object({ server: z.string() }) })]) })
    .parse(parse(kubeconfig)).clusters;
  const path = `${cluster.server}/apis/muster.giantswarm.io/v1alpha1/namespaces/default/mcpservers`;
  const object = z.looseObject({ spec: z.unknown(), status: z.unknown() });
  const { items } = z.object({ items: z.array(object) }).parse(await (await fetch(path)).json());
  const send = async (method: string, url: string, body: unknown): Promise<unknown> => {
    const response = await fetch(url, {
      method,
      headers: {
        'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
      },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${method} ${url}: HTTP ${String(response.status)}`);
    return response.json();
  };
  const atOnce = pLimit(16);
  const { apiVersion, kind } = { apiVersion: 'muster.giantswarm.io/v1alpha1', kind: 'MCPServer' };
  const copy = async (index: number): Promise<void> => {
    const { spec, status } = items[index % items.length] ?? {};
    const name = `copy-${String(index)}`;
    await send('POST', path, { apiVersion, kind, metadata: { name, namespace: 'default' }, spec });
    await send('PATCH', `${path}/${name}/status`, { status });
  };
  await Promise.all(
    Array.from({ length: copies - items.length }, (_, index) => atOnce(() => copy(index))),
  );
}
