/**
 * Contenders of a part: processes that do the same work when told to, one after the other. Each
 * says what it took, so the parent only forks, asks in turn and compares.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import * as z from 'zod/mini';
import { ownChild } from './children.ts';

const lapSchema = z.object({
  ms: z.number(),
  /** User and system time of the process in that time. */
  cpuMs: z.number(),
  /** The most memory that the process ever had. */
  peakMb: z.number(),
  /** Whatever else the contender counted. */
  counts: z.record(z.string(), z.number()),
});
export type Lap = z.infer<typeof lapSchema>;

/** In the process of a contender: runs once for each message of the parent, its order. */
export function lapsOf(
  run: (order: unknown) => Promise<Readonly<Record<string, number>> | void>,
): void {
  process.on('message', (order) => {
    const started = performance.now();
    const cpu = process.cpuUsage();
    run(order).then(
      (counts) => {
        const { user, system } = process.cpuUsage(cpu);
        const lap: Lap = {
          ms: performance.now() - started,
          cpuMs: (user + system) / 1000,
          peakMb: process.resourceUsage().maxRSS / 1024,
          counts: { ...counts },
        };
        process.send?.(lap);
      },
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
  process.once('disconnect', () => process.exit());
}

export type Contender = {
  /** `order` is what the contender gets: JSON. */
  readonly lap: (order?: object | string) => Promise<Lap>;
  readonly pid: number;
  readonly end: () => void;
};

export type ContenderOptions = {
  readonly args?: readonly string[];
  readonly execArgv?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
};

/** Starts a file that calls `lapsOf`. */
export function contender(file: string, options: ContenderOptions = {}): Contender {
  const child = forked(file, options);
  return {
    pid: child.pid ?? NaN,
    lap: async (order = 'go') => {
      const answer = firstMessage(child);
      child.send(order);
      return lapSchema.parse(await answer);
    },
    end: () => endOf(child),
  };
}

/** Starts a file that tells once what it has made ready, and ends when its parent disconnects. */
export async function helper(
  file: string,
  options: ContenderOptions = {},
): Promise<{ readonly told: unknown; readonly end: () => void }> {
  const child = forked(file, options);
  return { told: await firstMessage(child), end: () => endOf(child) };
}

const forked = (file: string, { args = [], execArgv = [], env }: ContenderOptions): ChildProcess =>
  ownChild(
    fork(file, [...args], {
      execArgv: [...execArgv],
      env: env ?? process.env,
      // stdout is for the log lines of the functions.
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    }),
  );

function endOf(child: ChildProcess): void {
  if (child.connected) child.disconnect();
}

/** Throws when the process ends instead. */
async function firstMessage(child: ChildProcess): Promise<unknown> {
  const over = new AbortController();
  try {
    return await Promise.race([
      once(child, 'message', { signal: over.signal }).then(([message]) => message),
      once(child, 'exit', { signal: over.signal }).then(([code]) => {
        throw new Error(`A process of the benchmark ended with ${String(code)}.`);
      }),
    ]);
  } finally {
    over.abort();
  }
}
