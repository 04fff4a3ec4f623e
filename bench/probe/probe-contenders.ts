/** Starts and ends the processes of the parts `probe` and `tls`, bundled as functions are. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod/mini';
import { bundled } from '../bundled.ts';
import { type Contender, contender, helper, type Lap } from '../laps.ts';
import type { Size } from '../part.ts';

export type Load = {
  readonly servers: number;
  /** How often each server is asked in a lap. */
  readonly lists: number;
  readonly warmUps: number;
  readonly rounds: number;
};

export const loadOf = (size: Size): Load =>
  size === 'full'
    ? { servers: 1_000, lists: 8, warmUps: 2, rounds: 9 }
    : { servers: 100, lists: 1, warmUps: 1, rounds: 2 };

const target = z.object({ port: z.number(), caPem: z.string() });

export type Ground = z.infer<typeof target> & {
  /** A process for `probe-NAME.ts`. */
  readonly start: (
    name: 'bare' | 'ours',
    ...args: readonly (string | number)[]
  ) => Promise<Contender>;
  /** A folder that is removed at the end. */
  readonly folder: string;
};

/** Gives the servers, and the way to start who asks them, to `run`. Ends all of them. */
export async function onGround<Answer>(
  { servers }: Load,
  how: 'plain' | 'tls',
  run: (ground: Ground) => Promise<Answer>,
): Promise<Answer> {
  const ends: (() => void)[] = [];
  const folder = await mkdtemp(join(tmpdir(), 'muster-bench-'));
  try {
    const { told, end } = await helper(fileURLToPath(sourceOf('target')), {
      args: [String(servers), how],
    });
    ends.push(end);
    const start: Ground['start'] = async (name, ...args) => {
      const file = await bundled(sourceOf(name), folder);
      // As in infra/muster.ts.
      const env = { ...process.env, MALLOC_ARENA_MAX: '2' };
      const started = contender(file, { args: args.map(String), env });
      ends.push(started.end);
      return started;
    };
    return await run({ ...target.parse(told), start, folder });
  } finally {
    for (const end of ends) end();
    await rm(folder, { recursive: true });
  }
}

const sourceOf = (name: string): URL => new URL(`./probe-${name}.ts`, import.meta.url);

/** A lap of each in turn, round after round, without the first ones. */
export async function inTurn<Name extends string>(
  laps: ReadonlyMap<Name, () => Promise<Lap>>,
  { warmUps, rounds }: Load,
): Promise<(name: Name) => readonly Lap[]> {
  const measured = new Map<Name, Lap[]>();
  for (let round = -warmUps; round < rounds; round += 1)
    for (const [name, lap] of laps) {
      const one = await lap();
      if (round >= 0) measured.set(name, [...(measured.get(name) ?? []), one]);
    }
  return (name) => measured.get(name) ?? [];
}
