/**
 * The sweep of the product as it is deployed, with its bus, in a process of its own: a lap is one
 * tick with all of its pages. Arguments: kubeconfig, page size.
 */
import { eventSource, pageType } from '../../functions/model/bus-events.ts';
import { createSweep } from '../../functions/sweep.ts';
import type { SweepReport } from '../../functions/telemetry/report.ts';
import { startBus } from '../../local/event-bus.ts';
import { lapsOf } from '../laps.ts';
import { sweepSettings } from './sweep-settings.ts';

const [kubeconfig = '', pageSize = ''] = process.argv.slice(2);
let reports: SweepReport[] = [];
const run = async (event: unknown): Promise<void> => {
  reports.push(await sweep(event));
};
const bus = await startBus([
  { pattern: { source: [eventSource], 'detail-type': [pageType] }, target: run },
]);
const sweep = createSweep(sweepSettings({ kubeconfig, bus: bus.url, pageSize }));

lapsOf(async () => {
  reports = [];
  await run({ kind: 'tick' });
  await bus.idle();
  const problems = reports.flatMap(({ problems = [], ended, leaseProblem, eventProblem }) => [
    ...problems.map(({ message }) => message),
    ...[ended, leaseProblem, eventProblem].filter((problem) => problem !== undefined),
  ]);
  if (problems.length > 0)
    throw new Error(`The sweep had problems: ${problems.slice(0, 3).join()}`);
  const sum = (of: (report: SweepReport) => number | undefined): number =>
    reports.reduce((total, report) => total + (of(report) ?? 0), 0);
  return {
    pages: reports.length,
    probed: sum(({ probed }) => probed),
    written: sum(({ written }) => written),
    changes: sum(({ changes }) => changes),
    events: sum(({ events }) => events),
  };
});
