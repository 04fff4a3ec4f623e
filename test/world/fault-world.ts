import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { FaultWorld } from './faults.ts';

/** Starts the process of `faults.ts`; its memory is not ours. `end` stops it. */
export async function startFaultWorld(): Promise<
  FaultWorld & { readonly end: () => Promise<void> }
> {
  const child = fork(new URL('./faults.ts', import.meta.url), { execArgv: [] });
  const [world] = (await once(child, 'message')) as [FaultWorld];
  return {
    ...world,
    end: async () => {
      child.disconnect();
      await once(child, 'exit');
    },
  };
}
