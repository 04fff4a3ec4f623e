/**
 * A fleet that hangs: most servers accept and say nothing, the others do not even accept. One sweep
 * by the chain of pages, each page in a sandbox of its own, as Lambda runs them.
 */
import { eventSource, pageType } from '../../functions/model/bus-events.ts';
import { settings } from '../../functions/model/settings-table.ts';
import { startBus } from '../../local/event-bus.ts';
import type { Contender, Lap } from '../laps.ts';
import type { Part, Result, Size } from '../part.ts';
import { deployed, heapFlags } from './deployed.ts';
import { mostDescriptors } from './descriptors.ts';
import { startFleet } from './fleet-order.ts';
import { everything, sandboxArguments } from './sandbox-order.ts';

type Plan = {
  readonly servers: number;
  readonly neverAccepting: number;
  readonly timeoutSeconds: number;
  readonly pageSize: number;
  readonly concurrency: number;
  readonly rounds: number;
};

const plans: Readonly<Record<Size, Plan>> = {
  full: {
    servers: 1_000,
    neverAccepting: 200,
    timeoutSeconds: 30,
    pageSize: Number(settings.PAGE_SIZE.fallback),
    concurrency: Number(settings.PROBE_CONCURRENCY.fallback),
    // Its time is that of the deadlines: three rounds say as much as more.
    rounds: 3,
  },
  small: {
    servers: 24,
    neverAccepting: 4,
    timeoutSeconds: 1,
    pageSize: 12,
    concurrency: 8,
    rounds: 1,
  },
};

export const part: Part = {
  name: 'hanging',
  title: 'A fleet that hangs',
  measure: async (size) => {
    const { servers, neverAccepting, timeoutSeconds } = plans[size];
    const fleet = await startFleet({ kind: 'hangs', servers, neverAccepting, timeoutSeconds });
    const functions = await deployed();
    try {
      const plan = plans[size];
      const sweeps = await sweepsOf(plan, async (bus) => {
        const { kubeconfig } = fleet;
        const { pageSize, concurrency } = plan;
        const own = { PAGE_SIZE: String(pageSize), PROBE_CONCURRENCY: String(concurrency) };
        return functions.start('sandbox', sandboxArguments({ kubeconfig, bus }, own));
      });
      return resultOf(plan, sweeps);
    } finally {
      fleet.end();
      await functions.end();
    }
  },
};

type Page = Pick<Lap, 'ms' | 'peakMb'> & { readonly descriptors: number };
type Sweep = { readonly ms: number; readonly pages: readonly Page[] };

/** From the tick until the last page has been written. */
async function sweepsOf(
  { servers, pageSize, rounds }: Plan,
  startSandbox: (bus: string) => Promise<Contender>,
): Promise<readonly Sweep[]> {
  let pages: Page[] = [];
  const failures: unknown[] = [];
  const free: Contender[] = [];
  const run = async (event: unknown): Promise<void> => {
    const sandbox = free.shift();
    if (sandbox === undefined) throw new Error('More pages came than there are sandboxes.');
    const order = { event, times: 1, reason: 'Timeout', servers: pageSize, writes: true };
    const { value, most } = await mostDescriptors(sandbox.pid, () => sandbox.lap(order));
    pages.push({ ms: value.ms, peakMb: value.peakMb, descriptors: most });
    free.push(sandbox);
  };
  const bus = await startBus(
    [{ pattern: { source: [eventSource], 'detail-type': [pageType] }, target: run }],
    (error) => failures.push(error),
  );
  try {
    const pagesOfAll = Array.from({ length: servers / pageSize });
    free.push(...(await Promise.all(pagesOfAll.map(() => startSandbox(bus.url)))));
    const sweeps: Sweep[] = [];
    for (let round = 0; round < rounds; round += 1) {
      pages = [];
      const started = performance.now();
      await run(everything);
      await bus.idle();
      if (failures.length > 0) throw failures[0];
      if (pages.length !== pagesOfAll.length) throw new Error(`${pages.length} pages were swept.`);
      sweeps.push({ ms: performance.now() - started, pages });
    }
    return sweeps;
  } finally {
    await bus.close();
  }
}

function resultOf(plan: Plan, sweeps: readonly Sweep[]): Result {
  const { servers, neverAccepting, pageSize, concurrency, timeoutSeconds } = plan;
  const worst = (figure: (page: Page) => number): number[] =>
    sweeps.map(({ pages }) => Math.max(...pages.map(figure)));
  return {
    rows: [
      {
        measure: `one sweep of ${servers} servers that hang`,
        unit: 's',
        rounds: sweeps.map(({ ms }) => ms / 1000),
        aim: { atMost: 60 },
      },
      {
        measure: `one page of ${pageSize} of them`,
        unit: 's',
        rounds: worst(({ ms }) => ms / 1000),
      },
      {
        measure: 'peak memory of a sandbox, all hang',
        unit: 'MB',
        rounds: worst(({ peakMb }) => peakMb),
        aim: { atMost: 130 },
      },
      {
        measure: 'most descriptors of a sandbox, all hang',
        unit: '',
        rounds: worst(({ descriptors }) => descriptors),
        aim: { atMost: 2 * concurrency + 64 },
      },
    ],
    missing: [],
    notes: [
      `${servers} servers, ${neverAccepting} of them with a full backlog; the others accept and say nothing. Deadline ${Math.min(timeoutSeconds, 10)} s, ${concurrency} probes at a time, pages of ${pageSize} by the bus, each in a process of its own (node ${heapFlags.join(' ')}). Every server is judged \`Timeout\` and written.`,
      'A server that is silent for half of its deadline gets a second connection beside the first, so it needs twice as many descriptors as a plain probe. A Lambda has 1,024.',
    ],
  };
}
