/** The names of a round, for the name server and for those who ask. */
import * as z from 'zod/mini';
import { addressAt } from './fleet-order.ts';

export const namesOrder = z.object({
  /** Nobody has asked for the names of this round before: no cache helps. */
  round: z.number(),
  names: z.number(),
  /** Every so many names is a dead one; 0: none is. */
  deadEach: z.number(),
  concurrency: z.number(),
  timeoutMs: z.number(),
});
export type NamesOrder = z.infer<typeof namesOrder>;

export const namesWorld = z.object({ dns: z.string(), port: z.number() });

type Name = { readonly hostname: string; readonly isDead: boolean; readonly address: string };

export const namesOf = ({
  round,
  names,
  deadEach,
}: Pick<NamesOrder, 'round' | 'names' | 'deadEach'>): readonly Name[] =>
  Array.from({ length: names }, (_, index) => {
    const isDead = deadEach > 0 && index % deadEach === deadEach - 1;
    const hostname = `${isDead ? 'dead' : 'mcp'}-${index}.round-${round}.test`;
    return { hostname, isDead, address: addressAt(index) };
  });
