/**
 * The first sweep of a new fleet of 1,000 servers that answer after 100 ms: every status is written
 * for the first time. It runs once in a process that has just started and once in one that has swept
 * before; a steady sweep of the same servers in the same process shows what the writes add.
 */
import { fileURLToPath } from 'node:url';
import * as z from 'zod/mini';
import { median } from '../figures.ts';
import { contender, helper, type Lap } from '../laps.ts';
import type { Part, Result, Size } from '../part.ts';
import { type Tally, tallySchema } from './api-tally.ts';
import { sweepProcess } from './sweep-settings.ts';

const answerMs = 100;
const sizes = {
  full: { servers: 1000, pageSize: 500, rounds: 7, warmUps: 1 },
  small: { servers: 60, pageSize: 30, rounds: 1, warmUps: 0 },
} as const satisfies Record<Size, object>;

export const part: Part = {
  name: 'first',
  title: 'The first sweep of a new fleet of 1,000 servers',
  measure,
};

const siteSchema = z.object({ kubeconfig: z.string(), control: z.string() });
type First = { readonly lap: Lap; readonly tally: Tally };
type Round = { readonly cold: First; readonly warm: First; readonly steady: Lap };

async function measure(size: Size): Promise<Result> {
  const { servers, pageSize, rounds, warmUps } = sizes[size];
  const args = [String(servers), String(servers), String(answerMs)];
  const site = await helper(fileOf('./sweep-site.ts'), { args });
  try {
    const { kubeconfig, control } = siteSchema.parse(site.told);
    const round = async (): Promise<Round> => {
      const sweep = contender(fileOf('./sweep-runner.ts'), {
        args: [kubeconfig, String(pageSize)],
        ...sweepProcess,
      });
      const first = async (): Promise<First> => {
        await fetch(new URL('/fleet', control), { method: 'POST' });
        const lap = await sweep.lap();
        const tally = tallySchema.parse(await (await fetch(control)).json());
        return { lap, tally };
      };
      try {
        return { cold: await first(), warm: await first(), steady: await sweep.lap() };
      } finally {
        sweep.end();
      }
    };
    for (let warmUp = 0; warmUp < warmUps; warmUp += 1) await round();
    const measured: Round[] = [];
    for (let at = 0; at < rounds; at += 1) measured.push(await round());
    for (const one of measured) check(one, servers);
    return resultOf(measured, servers, pageSize);
  } finally {
    site.end();
  }
}

const fileOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

function check({ cold, warm, steady }: Round, servers: number): void {
  for (const { lap, tally } of [cold, warm]) {
    const { probed, written, changes, events } = lap.counts;
    if (probed !== servers || written !== servers || changes !== servers)
      throw new Error(`${probed} of ${servers} servers were probed and ${written} written.`);
    if (tally.requests['patch mcpservers/status'] !== servers)
      throw new Error(`A first sweep asked for ${JSON.stringify(tally.requests)}.`);
    if (tally.firstStatusMs === undefined || tally.requests['create events'] !== events)
      throw new Error(`${tally.requests['create events']} Events were written, not ${events}.`);
  }
  if (steady.counts['written'] !== 0) throw new Error('A steady sweep wrote a status.');
}

function resultOf(rounds: readonly Round[], servers: number, pageSize: number): Result {
  const each = (of: (round: Round) => number): readonly number[] => rounds.map(of);
  const requests = rounds[0]?.cold.tally.requests ?? {};
  const asked = Object.entries(requests).map(([name, times]) => `${times} ${name}`);
  const steady = each((round) => round.steady.ms / 1000);
  const first = each(({ cold }) => (cold.tally.firstStatusMs ?? NaN) / 1000);
  return {
    rows: [
      {
        measure: 'first sweep, process just started',
        unit: 's',
        rounds: each(({ cold }) => cold.lap.ms / 1000),
        aim: { atMost: 1.2 },
        peers: [{ name: 'steady sweep of the same servers', rounds: steady }],
      },
      { measure: 'until the first status', unit: 's', rounds: first },
      {
        measure: 'first sweep, process that swept before',
        unit: 's',
        rounds: each(({ warm }) => warm.lap.ms / 1000),
        peers: [{ name: 'steady sweep of the same servers', rounds: steady }],
      },
      {
        measure: 'CPU of a changed server, probe included',
        unit: 'CPU ms',
        rounds: each(({ warm }) => warm.lap.cpuMs / servers),
      },
      {
        measure: 'requests to the API server for a changed server',
        unit: '',
        rounds: each(
          ({ cold }) =>
            ((cold.tally.requests['patch mcpservers/status'] ?? NaN) +
              (cold.tally.requests['create events'] ?? 0)) /
            servers,
        ),
      },
    ],
    missing: [],
    notes: [
      `${servers.toLocaleString('en')} servers on as many addresses that answer after ${answerMs} ms, in pages of ${pageSize}. Requests of one sweep: ${asked.join(', ')}.`,
      `The first status is written ${(100 * median(first.map((seconds, at) => seconds / ((rounds[at]?.cold.lap.ms ?? NaN) / 1000)))).toFixed(0)} % into the sweep.`,
    ],
  };
}
