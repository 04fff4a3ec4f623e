/**
 * Dead names: whether names that are never answered cost the servers of other names anything. Two
 * fleets in turn, one with some dead names and one without.
 */
import { fileURLToPath } from 'node:url';
import { settings } from '../../functions/model/settings-table.ts';
import { helper, type Contender, type Lap } from '../laps.ts';
import type { Part, Result, Row, Size } from '../part.ts';
import { deployed } from './deployed.ts';
import { type NamesOrder, namesWorld } from './names-order.ts';

type Plan = Omit<NamesOrder, 'round'> & { readonly rounds: number; readonly warmUps: number };

const plans: Readonly<Record<Size, Plan>> = {
  full: {
    names: 1_000,
    deadEach: 50,
    concurrency: Number(settings.PROBE_CONCURRENCY.fallback),
    timeoutMs: 10_000,
    rounds: 9,
    warmUps: 2,
  },
  small: {
    names: 100,
    deadEach: 50,
    concurrency: 40,
    timeoutMs: 1_000,
    rounds: 1,
    warmUps: 0,
  },
};

export const part: Part = {
  name: 'names',
  title: 'Dead names',
  measure: async (size) => {
    const { rounds, warmUps, names, deadEach } = plans[size];
    const file = fileURLToPath(new URL('./names-target.ts', import.meta.url));
    // Each contender asks for names of its own.
    const args = [2 * (rounds + warmUps), names, deadEach].map(String);
    const target = await helper(file, { args });
    const functions = await deployed();
    try {
      const world = [JSON.stringify(namesWorld.parse(target.told))];
      return await measured(plans[size], {
        ours: await functions.start('names-prober', world),
        bare: await functions.start('bare-names', world),
      });
    } finally {
      target.end();
      await functions.end();
    }
  },
};

type Round = { readonly without: Lap; readonly withDead: Lap; readonly bare: Lap };

async function measured(
  { rounds, warmUps, ...plan }: Plan,
  { ours, bare }: { readonly ours: Contender; readonly bare: Contender },
): Promise<Result> {
  const laps: Round[] = [];
  for (let round = 0; round < warmUps + rounds; round += 1) {
    const order = { ...plan, round: 2 * round };
    const lap = {
      without: await ours.lap({ ...order, deadEach: 0 }),
      withDead: await ours.lap(order),
      bare: await bare.lap({ ...order, round: 2 * round + 1 }),
    };
    if (round >= warmUps) laps.push(lap);
  }
  const of = (who: keyof Round, figure: string): number[] =>
    laps.map((lap) => lap[who].counts[figure] ?? NaN);
  const row = (measure: string, figure: string, aim?: Row['aim']): Row => ({
    measure,
    unit: 'ms',
    rounds: of('withDead', figure),
    peers: [
      { name: 'without dead names', rounds: of('without', figure), ...(aim && { aim }) },
      ...(figure.startsWith('dns')
        ? []
        : [{ name: 'c-ares and node:http, dead names', rounds: of('bare', figure) }]),
    ],
  });
  const share = 100 / plan.deadEach;
  return {
    rows: [
      row(`probe of a healthy server, ${share} % dead names, p50`, 'p50', { atMost: 1.1 }),
      row('the same, p99', 'p99'),
      row('its name alone, p50', 'dnsP50'),
      row('its name alone, p99', 'dnsP99'),
      {
        measure: 'until the last dead name is judged',
        unit: 's',
        rounds: of('withDead', 'slowestDead').map((ms) => ms / 1000),
      },
    ],
    missing: [],
    notes: [
      `${plan.names} names of a name server on loopback, ${share} % of which are never answered, ${plan.concurrency} probes at a time. The servers answer at once, so the times are those of a busy processor. No name is asked for twice. getaddrinfo is not here: which resolver it asks is a setting of the machine.`,
    ],
  };
}
