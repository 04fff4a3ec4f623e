import * as z from 'zod/mini';
import type { Cluster } from './adapters/cluster/apiserver.ts';
import { eventWriter } from './adapters/cluster/events.ts';
import {
  pageLister,
  pageSkipper,
  serverReader,
  statusPatcher,
} from './adapters/cluster/kubernetes.ts';
import { leaseRenewer } from './adapters/cluster/lease.ts';
import { changePublisher, pageSender } from './adapters/eventbridge.ts';
import { connectionCheck, prober } from './adapters/mcp/probe.ts';
import { eventSource, pageType } from './model/bus-events.ts';
import { defined } from './model/defined.ts';
import { messageOf } from './model/error-message.ts';
import { type PageResult, qualifiedName } from './model/mcpserver.ts';
import { missedTicks } from './reachability/due.ts';
import { type FanoutPlan, planNext, shardPages, type SweepCursor } from './reachability/fanout.ts';
import { type PendingPorts, publishPending } from './reachability/state-changes.ts';
import { type PagePorts, sweepPage } from './reachability/sweep-page.ts';
import { type Environment, readSweepSettings, type SweepSettings } from './settings.ts';
import { lineWriter } from './telemetry/log.ts';
import { publishSweep } from './telemetry/metrics.ts';
import type { SweepReport } from './telemetry/report.ts';
import { createBus } from './wiring/bus-client.ts';
import { createCluster } from './wiring/cluster-client.ts';
import { createConnector, createIssuerConnector } from './wiring/network-client.ts';
import { createOutbox } from './wiring/table-client.ts';

const pageEvent = z.object({
  source: z.literal(eventSource),
  'detail-type': z.literal(pageType),
  detail: z.object({
    tick: z.iso.datetime(),
    hop: z.number(),
    continue: z.string(),
    pages: z.exactOptional(z.number()),
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
  const { tickMs, heartbeatMs, pageSize, probeConcurrency: concurrency } = settings;
  const cluster = createCluster(settings);
  const bus = createBus(settings);
  const ports = portsOf(settings, cluster, bus);
  const readPage = pageReader(cluster, pageSize);
  const startNextRunners = nextRunners(cluster, bus, pageSize);
  const renewLease = leaseRenewer(cluster, {
    namespace: settings.leaseNamespace,
    durationMs: missedTicks * tickMs,
  });

  return async (event) => {
    const started = new Date();
    const cursor = cursorOf(sweepEvent.parse(event), started);
    const tick = new Date(cursor.tick);
    const trace = `sweep-${cursor.tick}`;
    const report = (facts: Omit<SweepReport, keyof ReportHead>): SweepReport => ({
      ...headOf(cursor, trace, started),
      ...facts,
    });
    const dropped = reasonToDrop(cursor, started, tickMs);
    if (dropped !== undefined) return report({ ended: dropped });
    const listed = await readPage(cursor.continue);
    if (listed.kind === 'expired') return report({ ended: noTokenLeft });
    const { servers, malformed, continue: rest } = listed.page;
    const next = planNext(cursor, rest);
    const starting = problemOf('the next page could not be queued', () => startNextRunners(next));
    // Queueing the shards takes a while: the own page is probed meanwhile.
    if (next.kind !== 'fanOut') await starting;
    // Once per sweep, not per page: what was listed is now being probed.
    const isFirst = cursor.hop === 0;
    const renewal = isFirst ? renewLease(tick) : undefined;
    const pending = isFirst ? pendingOf(ports, started) : undefined;
    const page = await sweepPage(
      servers,
      { ...ports, patchStatus: statusPatcher(cluster, trace) },
      { tick, tickMs, heartbeatMs, concurrency, everything: cursor.everything },
    );
    return report(
      defined({
        ...page,
        ...(await pending),
        leaseProblem: await renewal,
        ended: await starting,
        malformed: malformed.length > 0 ? malformed.map(lineOf) : undefined,
      }),
    );
  };
}

type SweepPorts = Omit<PagePorts, 'patchStatus' | 'outbox'> & PendingPorts;

const longestBackOffMs = 200;

const portsOf = (
  settings: SweepSettings,
  cluster: Cluster,
  bus: ReturnType<typeof createBus>,
): SweepPorts => ({
  now: () => new Date(),
  probe: prober(createConnector(settings)),
  readServer: serverReader(cluster),
  publish: changePublisher(bus.client, bus.name),
  outbox: createOutbox(settings.table),
  recordEvents: eventWriter(cluster),
  isOnline: connectionCheck(createIssuerConnector(settings), settings.checkUrl),
  backOff: (attempt) =>
    new Promise((done) => setTimeout(done, Math.random() * longestBackOffMs * attempt)),
});

function cursorOf(event: z.infer<typeof sweepEvent>, now: Date): SweepCursor {
  if ('detail' in event) return event.detail;
  return { tick: event.at ?? now.toISOString(), hop: 0, everything: event.everything ?? false };
}

type ReportHead = Pick<SweepReport, 'message' | 'trace' | 'tick' | 'hop' | 'ms'>;

const headOf = ({ tick, hop }: SweepCursor, trace: string, started: Date): ReportHead => ({
  message: 'sweep',
  trace,
  tick,
  hop,
  ms: Date.now() - started.getTime(),
});

// 100,000 servers are 200 pages of 500: more hops than this are a loop.
const mostHops = 1000;

function reasonToDrop({ tick, hop }: SweepCursor, now: Date, tickMs: number): string | undefined {
  if (now.getTime() - new Date(tick).getTime() > tickMs)
    return 'dropped: the page message is older than one tick';
  return hop > mostHops ? `dropped: more than ${mostHops} hops` : undefined;
}

const noTokenLeft = 'the continue token has expired, and the cluster gave no other one';

/** An expired token brings one that goes on from the same key, in a newer snapshot. */
function pageReader(cluster: Cluster, limit: number) {
  const list = pageLister(cluster);
  return async (token: string | undefined): Promise<PageResult> => {
    const listed = await list(defined({ limit, continue: token }));
    return listed.kind === 'expired' && listed.continue !== undefined
      ? list({ limit, continue: listed.continue })
      : listed;
  };
}

function nextRunners(cluster: Cluster, bus: ReturnType<typeof createBus>, pageSize: number) {
  const queuePage = pageSender(bus.client, bus.name);
  const skip = pageSkipper(cluster);
  return async (next: FanoutPlan): Promise<void> => {
    switch (next.kind) {
      case 'done':
        return;
      case 'chain':
        return queuePage(next.cursor);
      case 'fanOut': {
        let token: string | undefined = next.first.continue;
        while (token !== undefined) {
          await queuePage({ ...next.first, continue: token });
          token = await skip({ limit: pageSize * shardPages, continue: token });
        }
      }
    }
  };
}

/** The own page is probed even if the next one cannot be queued. */
async function problemOf(what: string, attempt: () => Promise<void>): Promise<string | undefined> {
  try {
    await attempt();
    return undefined;
  } catch (error) {
    return `${what}: ${messageOf(error)}`;
  }
}

/** A problem with the outbox costs no server of the page its probe. */
async function pendingOf(
  ports: PendingPorts,
  began: Date,
): Promise<Pick<SweepReport, 'pending' | 'pendingProblem'>> {
  try {
    return { pending: await publishPending(ports, began) };
  } catch (error) {
    return { pendingProblem: messageOf(error) };
  }
}

const lineOf = (server: {
  readonly namespace: string;
  readonly name: string;
  readonly message: string;
}): string => `${qualifiedName(server)}: ${server.message}`;

let settings: SweepSettings | undefined;
let sweep: Sweep | undefined;
const log = lineWriter('sweep');

/** Handler of the schedule and of the bus. */
export async function handler(event: unknown): Promise<SweepReport> {
  settings ??= readSweepSettings(process.env);
  sweep ??= sweepWith(settings);
  const report = await sweep(event);
  log(report);
  if (settings.metricsNamespace !== undefined) publishSweep(settings.metricsNamespace, report);
  return report;
}
