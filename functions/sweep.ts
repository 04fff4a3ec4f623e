import * as z from 'zod/mini';
import { changePublisher, pageSender } from './adapters/eventbridge.ts';
import { eventWriter } from './adapters/cluster/events.ts';
import {
  pageLister,
  pageSkipper,
  serverReader,
  statusPatcher,
} from './adapters/cluster/kubernetes.ts';
import { leaseRenewer } from './adapters/cluster/lease.ts';
import { connectionCheck, prober } from './adapters/mcp/probe.ts';
import { eventSource, pageType } from './model/bus-events.ts';
import { createCluster, createConnector, createIssuerConnector } from './wiring/cluster-client.ts';
import { lineWriter } from './telemetry/log.ts';
import { publishSweep } from './telemetry/metrics.ts';
import { publishPending } from './reachability/state-changes.ts';
import { type SweepCursor, shardPages, planNext, type FanoutPlan } from './reachability/fanout.ts';
import { type PagePorts, sweepPage } from './reachability/sweep-page.ts';
import { createBus, createOutbox } from './wiring/bus-client.ts';
import { type Environment, readNumber, readSetting } from './settings.ts';
import { defined } from './model/defined.ts';
import { messageOf } from './model/error-message.ts';
import { missedTicks } from './reachability/due.ts';
import type { SweepReport } from './telemetry/report.ts';

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
/** The schedule's own input; `everything` sweeps without waiting for due times. */
const tickEvent = z.object({
  kind: z.literal('tick'),
  at: z.optional(z.iso.datetime()),
  everything: z.optional(z.boolean()),
});
const sweepEvent = z.union([pageEvent, tickEvent]);

// 100,000 servers are 200 pages of 500: more hops than this are a loop.
const mostHops = 1000;
const longestBackOffMs = 200;

/**
 * One runner of the relay: lists a page, hands the rest on, then probes its own. `EventBridge
 * Scheduler` starts it and the bus goes on with it. Throws what keeps it from listing; nothing
 * retries it, the next tick does.
 */
export function createSweep(environment: Environment): (event: unknown) => Promise<SweepReport> {
  const cluster = createCluster(environment);
  const bus = createBus(environment);
  const list = pageLister(cluster);
  const skip = pageSkipper(cluster);
  const handOn = pageSender(bus.client, bus.name);
  const connector = createConnector(environment);
  const ports: Omit<PagePorts, 'patchStatus' | 'outbox'> & Parameters<typeof publishPending>[0] = {
    now: () => new Date(),
    probe: prober(connector),
    readServer: serverReader(cluster),
    publish: changePublisher(bus.client, bus.name),
    outbox: createOutbox(environment),
    recordEvents: eventWriter(cluster),
    isOnline: connectionCheck(createIssuerConnector(environment), checkUrl(environment)),
    backOff: (attempt) =>
      new Promise((done) => setTimeout(done, Math.random() * longestBackOffMs * attempt)),
  };
  const tickMs = readNumber(environment, 'TICK_SECONDS') * 1000;
  const renewLease = leaseRenewer(cluster, {
    namespace: readSetting(environment, 'LEASE_NAMESPACE'),
    durationMs: missedTicks * tickMs,
  });
  const heartbeatMs = readNumber(environment, 'HEARTBEAT_SECONDS') * 1000;
  const concurrency = readNumber(environment, 'PROBE_CONCURRENCY');
  const limit = readNumber(environment, 'PAGE_SIZE');

  const goOn = async (next: FanoutPlan): Promise<void> => {
    switch (next.kind) {
      case 'done':
        return undefined;
      case 'chain':
        return handOn(next.cursor);
      case 'fanOut':
        for (let shard = next.first; ; ) {
          await handOn(shard);
          const after = await skip({ limit: limit * shardPages, continue: shard.continue });
          if (after === undefined) return undefined;
          shard = { ...shard, continue: after };
        }
    }
  };

  return async (event) => {
    const started = Date.now();
    const cursor = cursorOf(sweepEvent.parse(event), new Date(started));
    const trace = `sweep-${cursor.tick}`;
    const report = (
      rest: Omit<SweepReport, 'message' | 'trace' | 'tick' | 'hop' | 'ms'>,
    ): SweepReport => ({
      message: 'sweep',
      trace,
      tick: cursor.tick,
      hop: cursor.hop,
      ms: Date.now() - started,
      ...rest,
    });
    const tick = new Date(cursor.tick);
    if (started - tick.getTime() > tickMs)
      return report({ ended: 'dropped: the page message is older than a tick' });
    if (cursor.hop > mostHops) return report({ ended: `dropped: more than ${mostHops} hops` });
    const first = await list(
      defined({
        limit,
        continue: cursor.continue,
      }),
    );
    // A token that expired brings one that goes on from the same key, in a newer snapshot.
    const listed =
      first.kind === 'expired' && first.continue !== undefined
        ? await list({ limit, continue: first.continue })
        : first;
    if (listed.kind === 'expired')
      return report({
        ended: 'the continue token expired and the cluster gave none to go on with',
      });
    const { servers, malformed, continue: rest } = listed.page;
    const next = planNext(cursor, rest);
    const going = brokenRelay(() => goOn(next));
    // Running ahead of the shards takes a while: the own page is probed meanwhile.
    if (next.kind !== 'fanOut') await going;
    // One per sweep, not per page: what was listed is now being probed.
    const isFirst = cursor.hop === 0;
    const renewal = isFirst ? renewLease(tick) : undefined;
    const looking = isFirst ? pendingOf(ports, new Date(started)) : undefined;
    const options = { tick, tickMs, heartbeatMs, concurrency, everything: cursor.everything };
    const result = await sweepPage(
      servers,
      { ...ports, patchStatus: statusPatcher(cluster, trace) },
      options,
    );
    const broken = await going;
    const leaseProblem = await renewal;
    return report(
      defined({
        ...result,
        leaseProblem,
        ...(await looking),
        ended: broken,
        malformed:
          malformed.length > 0
            ? malformed.map(({ namespace, name, message }) => `${namespace}/${name}: ${message}`)
            : undefined,
      }),
    );
  };
}

function cursorOf(event: z.infer<typeof sweepEvent>, now: Date): SweepCursor {
  if ('detail' in event) return event.detail;
  return { tick: event.at ?? now.toISOString(), hop: 0, everything: event.everything ?? false };
}

/** The own page is probed even when the next runner cannot be started. */
async function brokenRelay(handOn: () => Promise<void>): Promise<string | undefined> {
  try {
    await handOn();
    return undefined;
  } catch (error) {
    return `the relay ended here: ${messageOf(error)}`;
  }
}

/** What was left in the outbox costs nobody of the page its probe. */
async function pendingOf(
  ...asked: Parameters<typeof publishPending>
): Promise<Pick<SweepReport, 'pending' | 'pendingProblem'>> {
  try {
    return { pending: await publishPending(...asked) };
  } catch (error) {
    return { pendingProblem: messageOf(error) };
  }
}

function checkUrl(environment: Environment): URL {
  const named = readSetting(environment, 'PROBER_CHECK_URL');
  return new URL(named === '' ? readSetting(environment, 'OIDC_ISSUER') : named);
}

let sweep: ReturnType<typeof createSweep> | undefined;
const log = lineWriter('sweep');

/** Handler of the schedule and of the bus. */
export async function handler(event: unknown): Promise<SweepReport> {
  sweep ??= createSweep(process.env);
  const report = await sweep(event);
  log(report);
  const namespace = readSetting(process.env, 'METRICS_NAMESPACE');
  if (namespace !== '') publishSweep(namespace, report);
  return report;
}
