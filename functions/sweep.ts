import * as z from 'zod/mini';
import type { Cluster } from './adapters/cluster/apiserver.ts';
import { eventWriter } from './adapters/cluster/events.ts';
import {
  pageLister,
  pageSkipper,
  serverReader,
  statusPatcher,
} from './adapters/cluster/kubernetes.ts';
import { leaseRenewer, writerOf } from './adapters/cluster/lease.ts';
import { changePublisher, pageSender } from './adapters/eventbridge.ts';
import { connectionCheck } from './adapters/mcp/probe.ts';
import { eventSource, pageType } from './model/bus-events.ts';
import { defined } from './model/defined.ts';
import { secretsOfSweep } from './model/secret-names.ts';
import { missedTicks } from './reachability/due.ts';
import type { SweepCursor } from './reachability/fanout.ts';
import { runSweep, type SweepPorts } from './reachability/run-sweep.ts';
import type { Environment } from './model/setting-reader.ts';
import { readSweepSettings, type SweepSettings } from './settings.ts';
import { lineWriter } from './telemetry/log.ts';
import { publishSweep } from './telemetry/metrics.ts';
import type { SweepReport } from './telemetry/report.ts';
import { createBus } from './wiring/bus-client.ts';
import { createCluster } from './wiring/cluster-client.ts';
import { createConnector, createIssuerConnector } from './wiring/network-client.ts';
import { createProber } from './wiring/probe-client.ts';
import { rememberedItems } from './wiring/remembered-items.ts';
import { madeFromSecrets } from './wiring/secrets.ts';
import { mostKept } from './wiring/server-size.ts';
import { createHistory, createOutbox } from './wiring/table-client.ts';

const mostServers = 1_000_000;
const pageEvent = z.object({
  source: z.literal(eventSource),
  'detail-type': z.literal(pageType),
  detail: z.object({
    tick: z.iso.datetime(),
    began: z.exactOptional(z.iso.datetime()),
    // Only the schedule begins a sweep.
    hop: z.int().check(z.positive()),
    // Tokens of the API server hold the key of an object: two names of at most 253 characters.
    continue: z.string().check(z.minLength(1), z.maxLength(4096)),
    servers: z.exactOptional(z.int().check(z.positive(), z.maximum(mostServers))),
    limit: z.exactOptional(z.int().check(z.positive(), z.maximum(mostServers))),
    everything: z.boolean(),
  }),
});
/** The input from the schedule; `everything` probes every server, due or not. */
const tickEvent = z.object({
  kind: z.literal('tick'),
  at: z.optional(z.iso.datetime()),
  everything: z.optional(z.boolean()),
});
const sweepEvent = z.union([pageEvent, tickEvent]);

type Sweep = (event: unknown) => Promise<SweepReport>;

/**
 * One invocation of a sweep: lists a page, queues the next one, then probes its own. EventBridge
 * Scheduler starts the first, and page messages on the bus start the others. Throws what keeps it
 * from listing; nothing retries it, the next tick does.
 */
export const createSweep = (environment: Environment): Sweep =>
  sweepWith(readSweepSettings(environment));

function sweepWith(settings: SweepSettings): Sweep {
  const { tickMs, heartbeatMs, contendedState, pageSize, siteUrl } = settings;
  const { probeConcurrency: concurrency } = settings;
  const ports = portsOf(settings, createCluster(settings), createBus(settings));
  const options = defined({ tickMs, heartbeatMs, contendedState, concurrency, siteUrl, pageSize });
  return async (event) => {
    const started = new Date();
    const cursor = cursorOf(sweepEvent.parse(event), started);
    return { message: 'sweep', ...(await runSweep(cursor, started, ports, options)) };
  };
}

const longestBackOffMs = 200;

const portsOf = (
  settings: SweepSettings,
  cluster: Cluster,
  bus: ReturnType<typeof createBus>,
): SweepPorts => ({
  now: () => new Date(),
  probe: createProber(settings, createConnector(settings), cluster),
  // Most servers are as they were in the sweep before.
  listPage: pageLister(cluster, undefined, rememberedItems(mostKept)),
  skipPage: pageSkipper(cluster),
  readServer: serverReader(cluster),
  patchStatusFor: (trace) => statusPatcher(cluster, trace, writerOf(settings.lease.name)),
  renewLease: leaseRenewer(cluster, {
    ...settings.lease,
    durationMs: missedTicks * settings.tickMs,
  }),
  queuePage: pageSender(bus.client, bus.name),
  publish: changePublisher(bus.client, bus.name, settings.siteUrl),
  outbox: createOutbox(settings.table),
  keepChanges:
    settings.table === undefined ? async () => undefined : createHistory(settings.table).keep,
  recordEvents: eventWriter(cluster),
  isOnline: connectionCheck(createIssuerConnector(settings), settings.checkUrl),
  backOff: (attempt) =>
    new Promise((done) => setTimeout(done, Math.random() * longestBackOffMs * attempt)),
});

function cursorOf(event: z.infer<typeof sweepEvent>, now: Date): SweepCursor {
  if ('detail' in event) return event.detail;
  const began = now.toISOString();
  return { tick: event.at ?? began, began, hop: 0, everything: event.everything ?? false };
}

type App = { readonly settings: SweepSettings; readonly sweep: Sweep };
let app: (() => Promise<App>) | undefined;
const log = lineWriter('sweep');

/** Handler of the schedule and of the bus. */
export async function handler(event: unknown): Promise<SweepReport> {
  app ??= madeFromSecrets({
    environment: process.env,
    namesFor: secretsOfSweep,
    make: (environment) => {
      const settings = readSweepSettings(environment);
      return { settings, sweep: sweepWith(settings) };
    },
    log,
    now: () => new Date(),
  });
  const { settings, sweep } = await app();
  const report = await sweep(event);
  log(report);
  if (settings.metricsNamespace !== undefined) publishSweep(settings.metricsNamespace, report);
  return report;
}
