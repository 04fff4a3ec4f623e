import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { CaseWorld, FaultCase, Preparation } from './fault-case.ts';

export type StartedCases = CaseWorld & {
  /** To be awaited before probe `turn` (from 1) of each case. */
  readonly prepare: (faultCase: FaultCase, turn: number) => Promise<void>;
  readonly end: () => Promise<void>;
};

/**
 * Starts every server of the fault world, in a process of its own. `env` may have CASES_DNS_PORT,
 * the port of its name server.
 */
export async function startCaseWorld(
  env: Readonly<Record<string, string>> = {},
): Promise<StartedCases> {
  const child = fork(new URL('./case-process.ts', import.meta.url), {
    execArgv: [],
    env: { ...process.env, ...env },
  });
  const [world] = (await once(child, 'message')) as [CaseWorld];
  const waiting = new Map<string, () => void>();
  child.on('message', ({ prepared }: { prepared: string }) => waiting.get(prepared)?.());
  return {
    ...world,
    prepare: async ({ name, changes }, turn) => {
      if (changes !== true) return;
      const done = new Promise<void>((resolve) => waiting.set(name, resolve));
      child.send({ prepare: name, turn } satisfies Preparation);
      await done;
    },
    end: async () => {
      child.disconnect();
      await once(child, 'exit');
    },
  };
}
