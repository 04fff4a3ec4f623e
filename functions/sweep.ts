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
import { connectionCheck } from './adapters/mcp/probe.ts';
import { eventSource, pageType } from './model/bus-events.ts';
import { defined } from './model/defined.ts';
import { messageOf } from './model/error-message.ts';
import { type PageResult, qualifiedName } from './model/mcpserver.ts';
import { missedTicks } from './reachability/due.ts';
import {
  type FanoutPlan,
  limitOf,
  planNext,
  reasonToDrop,
  type SweepCursor,
} from './reachability/fanout.ts';
import { type PendingPorts, publishPending } from './reachability/state-changes.ts';
import { type PagePorts, sweepPage } from './reachability/sweep-page.ts';
import { type Environment, readSweepSettings, type SweepSettings } from './settings.ts';
import { lineWriter } from './telemetry/log.ts';
import { publishSweep } from './telemetry/metrics.ts';
import type { SweepReport } from './telemetry/report.ts';
import { createBus } from './wiring/bus-client.ts';
import { createCluster } from './wiring/cluster-client.ts';
import { createConnector, createIssuerConnector } from './wiring/network-client.ts';
import { createProber } from './wiring/probe-client.ts';
import { createOutbox } from './wiring/table-client.ts';

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
  const { tickMs, heartbeatMs, contendedState, pageSize } = settings;
  const { probeConcurrency: concurrency } = settings;
  const cluster = createCluster(settings);
  const bus = createBus(settings);
  const ports = portsOf(settings, cluster, bus);
  const readPage = pageReader(cluster);
  const startNextRunners = nextRunners(cluster, bus);
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
    const listed = await readPage(limitOf(cursor, pageSize), cursor.continue);
    if (listed.kind === 'expired') return report({ ended: noTokenLeft });
    const { servers, malformed, continue: rest } = listed.page;
    const count = servers.length + malformed.length;
    const { smallerLimit } = listed;
    const next = planNext(cursor, defined({ continue: rest, count, smallerLimit }), pageSize);
    const starting = problemOf('the next page could not be queued', () => startNextRunners(next));
    // Queueing the shards takes a while: the own page is probed meanwhile.
    if (next.kind !== 'fanOut') await starting;
    // Once per sweep, by the schedule and never by a page of the bus: what was listed is now being
    // probed. The Lease is never ahead of the clock.
    const isFirst = cursor.hop === 0;
    const renewal = isFirst
      ? renewLease(new Date(Math.min(tick.getTime(), started.getTime())))
      : undefined;
    const pending = isFirst ? pendingOf(ports, started) : undefined;
    const page = await sweepPage(
      servers,
      { ...ports, patchStatus: statusPatcher(cluster, trace) },
      defined({
        tick,
        tickMs,
        heartbeatMs,
        contendedState,
        concurrency,
        everything: cursor.everything,
        siteUrl: settings.siteUrl,
      }),
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
  probe: createProber(settings, createConnector(settings), cluster),
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
  const began = now.toISOString();
  return { tick: event.at ?? began, began, hop: 0, everything: event.everything ?? false };
}

type ReportHead = Pick<SweepReport, 'message' | 'trace' | 'tick' | 'hop' | 'ms'>;

const headOf = ({ tick, hop }: SweepCursor, trace: string, started: Date): ReportHead => ({
  message: 'sweep',
  trace,
  tick,
  hop,
  ms: Date.now() - started.getTime(),
});

const noTokenLeft = 'the continue token has expired, and the cluster gave no other one';

/** An expired token brings one that goes on from the same key, in a newer snapshot. */
function pageReader(cluster: Cluster) {
  const list = pageLister(cluster);
  return async (limit: number, token: string | undefined): Promise<PageResult> => {
    const listed = await list(defined({ limit, continue: token }));
    return listed.kind === 'expired' && listed.continue !== undefined
      ? list({ limit, continue: listed.continue })
      : listed;
  };
}

function nextRunners(cluster: Cluster, bus: ReturnType<typeof createBus>) {
  const queuePage = pageSender(bus.client, bus.name);
  const skip = pageSkipper(cluster);
  return async (next: FanoutPlan): Promise<void> => {
    switch (next.kind) {
      case 'done':
        return;
      case 'chain':
        return queuePage(next.cursor);
      case 'fanOut': {
        const { servers: limit } = next.first;
        let token: string | undefined = next.first.continue;
        while (token !== undefined) {
          const { count, continue: after } = await skip({ limit, continue: token });
          // Not more than was passed, so that no two shards have the same MCPServer.
          if (count > 0) await queuePage({ ...next.first, continue: token, servers: count });
          token = after;
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
