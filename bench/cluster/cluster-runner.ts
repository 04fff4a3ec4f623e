/**
 * The sweep of `cluster.ts` with its bus, in a process of its own: all pages of a tick, as
 * the chain runs them.
 */
import { once } from 'node:events';
import * as z from 'zod/mini';
import { eventSource, pageType } from '../../functions/model/bus-events.ts';
import { createSweep } from '../../functions/sweep.ts';
import { startBus } from '../../local/event-bus.ts';
import type { SweepReport } from '../../functions/telemetry/report.ts';

const [settings] = await once(process, 'message');
const { kubeconfig, issuer } = z
  .object({ kubeconfig: z.string(), issuer: z.string() })
  .parse(settings);
let reports: SweepReport[] = [];
const run = async (event: unknown): Promise<void> => {
  reports.push(await sweep(event));
};
const bus = await startBus([
  { pattern: { source: [eventSource], 'detail-type': [pageType] }, target: run },
]);
const sweep = createSweep({
  KUBECONFIG_YAML: kubeconfig,
  BUS_NAME: 'muster',
  AWS_ENDPOINT_URL_EVENTBRIDGE: bus.url,
  OIDC_ISSUER: issuer,
  GUARD: 'off',
  HEARTBEAT_SECONDS: '3600',
});

async function lap(): Promise<void> {
  reports = [];
  const started = performance.now();
  await run({ kind: 'tick', everything: true });
  await bus.idle();
  const sum = (of: (report: SweepReport) => number | undefined): number =>
    reports.reduce((total, report) => total + (of(report) ?? 0), 0);
  process.send?.({
    ms: performance.now() - started,
    rssMb: process.memoryUsage().rss / 1024 ** 2,
    pages: reports.length,
    probed: sum(({ probed }) => probed),
    written: sum(({ written }) => written),
    events: sum(({ events }) => events),
    problems: sum(
      ({ problems, ended, leaseProblem }) =>
        (problems?.length ?? 0) +
        (ended === undefined ? 0 : 1) +
        (leaseProblem === undefined ? 0 : 1),
    ),
  });
}

process.on('message', () => void lap());
process.once('disconnect', () => process.exit());
process.send?.('ready');
