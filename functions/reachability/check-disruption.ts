import { defined } from '../model/defined.ts';
import { detectDisruption, needsCheck, proberErrorsIn, type Spans } from './disruption.ts';
import type { Observation } from './outcome.ts';

export type DisruptionReport = {
  /** They say nothing about their servers. */
  readonly affected: ReadonlySet<Observation>;
  /** What is wrong with the prober. */
  readonly message?: string;
};

/**
 * What a page shows about the prober itself. `isOnline` is asked at most once, where the page alone
 * does not decide; its answer holds for the whole page.
 */
export async function checkDisruption(
  observations: readonly Observation[],
  pageSize: number,
  { isOnline }: { readonly isOnline: () => Promise<boolean> },
  { now, ...spans }: Spans & { readonly now: Date },
): Promise<DisruptionReport> {
  const errors = defined({ message: proberErrorsIn(observations, pageSize) });
  const disruption = detectDisruption(observations, pageSize);
  if (disruption.kind === 'none') return { affected: new Set(), ...errors };
  if (needsCheck(disruption, now, spans) && (await isOnline()))
    return { affected: new Set(), ...errors };
  return { affected: new Set(disruption.affected), message: disruption.message };
}
