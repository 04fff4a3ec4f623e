/**
 * One steady sweep of plain servers, beside two bare loops that only ask: its time, the most memory
 * and the most descriptors of its process.
 */
import { settings } from '../../functions/model/settings-table.ts';
import { startBus } from '../../local/event-bus.ts';
import { median } from '../figures.ts';
import type { Contender, Lap } from '../laps.ts';
import type { Part, Result, Size } from '../part.ts';
import { deployed, heapFlags } from './deployed.ts';
import { mostDescriptors } from './descriptors.ts';
import { startFleet } from './fleet-order.ts';
import { everything, sandboxArguments, type SandboxOrder } from './sandbox-order.ts';

type Plan = {
  readonly servers: number;
  readonly answerMs: number;
  readonly concurrency: number;
  readonly rounds: number;
  /** Rounds before, for all. */
  readonly warmUps: number;
};

const plans: Readonly<Record<Size, Plan>> = {
  full: {
    servers: 1_000,
    answerMs: 100,
    concurrency: Number(settings.PROBE_CONCURRENCY.fallback),
    rounds: 11,
    warmUps: 2,
  },
  small: { servers: 50, answerMs: 20, concurrency: 20, rounds: 2, warmUps: 1 },
};

export const part: Part = {
  name: 'load',
  title: 'Memory and descriptors of a sweep',
  measure: async (size) => {
    const plan = plans[size];
    const { servers, answerMs, concurrency } = plan;
    const fleet = await startFleet({
      kind: 'answers',
      servers,
      afterMs: answerMs,
      timeoutSeconds: 10,
    });
    const bus = await startBus([]);
    const functions = await deployed();
    try {
      const { kubeconfig, port } = fleet;
      // One page, twice as large as deployed.
      const own = { PAGE_SIZE: String(servers), PROBE_CONCURRENCY: String(concurrency) };
      const bare = (how: string): Promise<Contender> =>
        functions.start('bare-loop', [how, String(port), String(servers), String(concurrency)]);
      return await measured(plan, {
        sweep: await functions.start(
          'sandbox',
          sandboxArguments({ kubeconfig, bus: bus.url }, own),
        ),
        http: await bare('node:http'),
        undici: await bare('undici'),
      });
    } finally {
      fleet.end();
      await functions.end();
      await bus.close();
    }
  },
};

type Contenders = Readonly<Record<'sweep' | 'http' | 'undici', Contender>>;

async function measured(plan: Plan, { sweep, http, undici }: Contenders): Promise<Result> {
  const { servers, answerMs, concurrency, rounds, warmUps } = plan;
  const order = (writes: boolean): SandboxOrder => ({
    event: everything,
    times: 1,
    reason: 'AuthenticationRequired',
    servers,
    writes,
  });
  await sweep.lap(order(true));
  const laps: { sweep: Lap; http: Lap; undici: Lap }[] = [];
  for (let round = -warmUps; round < rounds; round += 1) {
    const lap = {
      http: await http.lap(),
      undici: await undici.lap(),
      sweep: await sweep.lap(order(false)),
    };
    if (round >= 0) laps.push(lap);
  }
  // Looking takes time, so it has sweeps of its own.
  const descriptors: number[] = [];
  for (let round = 0; round < 3; round += 1)
    descriptors.push((await mostDescriptors(sweep.pid, () => sweep.lap(order(false)))).most);

  const of = (name: keyof Contenders, figure: 'ms' | 'cpuMs' | 'peakMb'): number[] =>
    laps.map((lap) => lap[name][figure]);
  const each = (values: readonly number[]): number[] => values.map((value) => value / servers);
  const isHttpFaster = median(of('http', 'ms')) <= median(of('undici', 'ms'));
  const aim = { atMost: 1.3 };
  return {
    rows: [
      {
        measure: `one steady sweep of ${servers} servers`,
        unit: 'ms',
        rounds: of('sweep', 'ms'),
        peers: [
          { name: 'node:http loop', rounds: of('http', 'ms'), ...(isHttpFaster && { aim }) },
          { name: 'undici loop', rounds: of('undici', 'ms'), ...(!isHttpFaster && { aim }) },
        ],
      },
      {
        measure: 'the same, CPU time for each server',
        unit: 'CPU ms',
        rounds: each(of('sweep', 'cpuMs')),
        peers: [
          { name: 'node:http loop', rounds: each(of('http', 'cpuMs')) },
          { name: 'undici loop', rounds: each(of('undici', 'cpuMs')) },
        ],
      },
      {
        measure: 'peak memory of a sweep',
        unit: 'MB',
        rounds: of('sweep', 'peakMb').slice(-1),
        aim: { atMost: 130 },
        peers: [{ name: 'node:http loop', rounds: of('http', 'peakMb').slice(-1) }],
      },
      {
        measure: 'most descriptors of a sweep',
        unit: '',
        rounds: descriptors,
        aim: { atMost: concurrency + 64 },
      },
    ],
    missing: [],
    notes: [
      `${servers} servers answer 401 after ${answerMs} ms, ${concurrency} at a time, in one page. All contenders are bundled as functions are, with node ${heapFlags.join(' ')}. Peak memory is that of the whole process since its start, with a first sweep that wrote every status.`,
    ],
  };
}
