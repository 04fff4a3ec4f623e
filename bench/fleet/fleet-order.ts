/** Which fleet a part wants, and what it is told about it. */
import { fileURLToPath } from 'node:url';
import * as z from 'zod/mini';
import { helper } from '../laps.ts';

const everyFleet = { servers: z.number(), timeoutSeconds: z.number() };

export const fleetOrder = z.discriminatedUnion('kind', [
  z.object({ ...everyFleet, kind: z.literal('answers'), afterMs: z.number() }),
  /** Accept and say nothing; the first of them do not even accept. */
  z.object({ ...everyFleet, kind: z.literal('hangs'), neverAccepting: z.number() }),
]);
type FleetOrder = z.infer<typeof fleetOrder>;

const site = z.object({ port: z.number(), kubeconfig: z.string() });

/** No two servers share one: each is an origin of its own, as in a cluster. */
export const addressAt = (index: number): string =>
  `127.1.${Math.floor(index / 250)}.${(index % 250) + 1}`;

export async function startFleet(
  order: FleetOrder,
): Promise<z.infer<typeof site> & { readonly end: () => void }> {
  const file = fileURLToPath(new URL('./fleet-target.ts', import.meta.url));
  const { told, end } = await helper(file, { args: [JSON.stringify(order)] });
  return { ...site.parse(told), end };
}
