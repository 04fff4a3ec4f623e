/** Many sweeps in one process: what stays of them, in memory and in descriptors. */
import { startBus } from '../../local/event-bus.ts';
import type { Contender } from '../laps.ts';
import type { Part, Result, Size } from '../part.ts';
import { deployed, heapFlags } from './deployed.ts';
import { startFleet } from './fleet-order.ts';
import { everything, sandboxArguments, type SandboxOrder } from './sandbox-order.ts';

type Plan = {
  readonly servers: number;
  /** A sample is taken after each step of sweeps. */
  readonly steps: number;
  readonly sweepsEach: number;
};

const plans: Readonly<Record<Size, Plan>> = {
  full: { servers: 1_000, steps: 10, sweepsEach: 100 },
  small: { servers: 50, steps: 3, sweepsEach: 10 },
};

/** More than any leak that a few sweeps could hide: what grows by this is wrong in any form. */
const mostGrowthMb = 12;
const mostMoreDescriptors = 16;

type Sample = { readonly heapMb: number; readonly rssMb: number; readonly descriptors: number };

export const part: Part = {
  name: 'memory',
  title: 'Many sweeps in one process',
  measure: async (size) => {
    const plan = plans[size];
    const { servers } = plan;
    const fleet = await startFleet({ kind: 'answers', servers, afterMs: 0, timeoutSeconds: 10 });
    const bus = await startBus([]);
    const functions = await deployed();
    try {
      const args = sandboxArguments(
        { kubeconfig: fleet.kubeconfig, bus: bus.url },
        { PAGE_SIZE: String(servers) },
      );
      const sandbox = await functions.start('sandbox', args, ['--expose-gc']);
      return resultOf(plan, await samplesOf(plan, sandbox));
    } finally {
      fleet.end();
      await functions.end();
      await bus.close();
    }
  },
};

async function samplesOf(
  { servers, steps, sweepsEach }: Plan,
  sandbox: Contender,
): Promise<readonly Sample[]> {
  const order = (times: number): SandboxOrder => ({
    event: everything,
    times,
    reason: 'AuthenticationRequired',
    servers,
  });
  // The first sweep writes, and the second one begins at what it wrote.
  await sandbox.lap(order(1));
  const samples: Sample[] = [];
  for (let step = 0; step < steps; step += 1) {
    const { counts } = await sandbox.lap(order(sweepsEach));
    const { heapMb = NaN, rssMb = NaN, descriptors = NaN } = counts;
    samples.push({ heapMb, rssMb, descriptors });
  }
  return samples;
}

function resultOf({ servers, steps, sweepsEach }: Plan, samples: readonly Sample[]): Result {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined) throw new Error('There are no samples.');
  const more = last.descriptors - first.descriptors;
  if (!(last.heapMb - first.heapMb < mostGrowthMb && more < mostMoreDescriptors))
    throw new Error(`Something stays: ${JSON.stringify(samples)}`);
  const sweeps = steps * sweepsEach;
  const span = `from sweep ${sweepsEach} to ${sweeps}`;
  const growth = (of: (sample: Sample) => number): number => (of(last) / of(first) - 1) * 100;
  return {
    rows: [
      {
        measure: `growth of the heap ${span}`,
        unit: '%',
        isChange: true,
        rounds: [growth(({ heapMb }) => heapMb)],
        aim: { atMost: 5 },
      },
      {
        measure: `growth of RSS ${span}`,
        unit: '%',
        isChange: true,
        rounds: [growth(({ rssMb }) => rssMb)],
      },
      {
        measure: `more descriptors ${span}`,
        unit: '',
        isChange: true,
        rounds: [more],
        aim: { atMost: 0 },
      },
      {
        measure: 'heap after each of them',
        unit: 'MB',
        rounds: samples.map(({ heapMb }) => heapMb),
      },
      { measure: 'RSS after each of them', unit: 'MB', rounds: samples.map(({ rssMb }) => rssMb) },
    ],
    missing: [],
    notes: [
      `${sweeps} sweeps of ${servers} servers that answer at once, in one process (node ${heapFlags.join(' ')}). The heap is measured after the garbage collector, every ${sweepsEach} sweeps: ${samples.map(({ heapMb }) => heapMb.toFixed(1)).join(', ')} MB; RSS ${samples.map(({ rssMb }) => rssMb.toFixed(0)).join(', ')} MB.`,
    ],
  };
}
