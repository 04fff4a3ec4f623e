/** The sweep of the product in a sandbox of its own, by the orders of `sandbox-order.ts`. */
import { readdirSync } from 'node:fs';
import { createSweep } from '../../functions/sweep.ts';
import { lapsOf } from '../laps.ts';
import { sandboxOrder, sandboxSettings } from './sandbox-order.ts';

const sweep = createSweep(sandboxSettings.parse(JSON.parse(process.argv[2] ?? '')));

lapsOf(async (order) => {
  const { event, times, reason, servers, writes } = sandboxOrder.parse(order);
  for (let time = 0; time < times; time += 1) {
    const report = await sweep(event);
    const { problems = [], ended, proberOffline, outcomes = {}, written } = report;
    const isWritten = writes === undefined || written === (writes ? servers : 0);
    const isRight = outcomes[reason] === servers && isWritten;
    const isWhole = problems.length === 0 && ended === undefined && proberOffline === undefined;
    if (!isRight || !isWhole)
      throw new Error(`The sweep went wrong: ${JSON.stringify(report).slice(0, 2_000)}`);
  }
  return kept();
});

/** What stays after the collector; only with `--expose-gc`. */
async function kept(): Promise<Readonly<Record<string, number>>> {
  const collect = globalThis.gc;
  if (collect === undefined) return {};
  for (let turn = 0; turn < 3; turn += 1) {
    // Sockets take a turn of the loop to close.
    await new Promise((done) => setTimeout(done, 50));
    collect();
  }
  const { heapUsed, rss } = process.memoryUsage();
  return {
    heapMb: heapUsed / 1024 ** 2,
    rssMb: rss / 1024 ** 2,
    descriptors: readdirSync('/proc/self/fd').length,
  };
}
