/** Contenders in the form of a deployed function: bundled, with the heap and the memory of one. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundled } from '../bundled.ts';
import { type Contender, contender } from '../laps.ts';

/** Of a small Lambda: less than the function has, so that what is kept in vain shows. */
export const heapFlags = ['--max-old-space-size=64', '--max-semi-space-size=4'];

// As in infra/muster.ts.
const environment = {
  MALLOC_ARENA_MAX: '2',
  AWS_REGION: 'local',
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
};

export type Deployed = {
  /** Starts a file of this folder, by its name without an extension. */
  readonly start: (
    name: string,
    args: readonly string[],
    flags?: readonly string[],
  ) => Promise<Contender>;
  /** Ends every process that it started. */
  readonly end: () => Promise<void>;
};

export async function deployed(): Promise<Deployed> {
  const folder = await mkdtemp(join(tmpdir(), 'muster-bench-'));
  const running: Contender[] = [];
  const bundles = new Map<string, Promise<string>>();
  return {
    start: async (name, args, flags = []) => {
      const bundle = bundles.get(name) ?? bundled(new URL(`./${name}.ts`, import.meta.url), folder);
      bundles.set(name, bundle);
      const env = { ...process.env, ...environment };
      const started = contender(await bundle, { args, execArgv: [...heapFlags, ...flags], env });
      running.push(started);
      return started;
    },
    end: async () => {
      for (const one of running) one.end();
      await rm(folder, { recursive: true });
    },
  };
}
