import pLimit from 'p-limit';
import type { McpServer, Status } from '../model/mcpserver.ts';
import {
  applyAlone,
  type ApplyPorts,
  type ApplyResult,
  type SeenVerdict,
  type ServerProblem,
  type StatusToWrite,
} from './apply-verdict.ts';
import type { KeepChanges, Outbox } from './state-changes.ts';
import { classify } from './classify.ts';
import { isClassificationDue, isDue, isSwept } from './due.ts';
import { certificateEvents } from './event-records.ts';
import { type EventCounts, pageEvents, type RecordEvents } from './page-events.ts';
import type { ProbeOutcome, Observation } from './outcome.ts';
import { statusToWrite, type WriteRules } from './status.ts';
import { checkDisruption, type DisruptionReport } from './check-disruption.ts';
import { mayBeDoubted, maySuppress } from './disruption.ts';
import { offlineStatus } from './offline-status.ts';
import { defined } from '../model/defined.ts';
import { messageOf } from '../model/error-message.ts';
import type { StateChange } from '../model/bus-events.ts';

export type PagePorts = ApplyPorts & {
  readonly now: () => Date;
  readonly probe: (
    server: McpServer,
    wanted: { readonly classify: boolean },
  ) => Promise<ProbeOutcome>;
  /** Returns the changes that could not be published. */
  readonly publish: (changes: readonly StateChange[]) => Promise<readonly StateChange[]>;
  readonly outbox: Pick<Outbox, 'record' | 'remove'>;
  readonly keepChanges: KeepChanges;
  readonly recordEvents: RecordEvents;
  /** Whether the prober's own network works. */
  readonly isOnline: () => Promise<boolean>;
};

export type PageOptions = WriteRules & {
  readonly tick: Date;
  /** When the first invocation of the sweep began; absent: at its tick. */
  readonly began?: Date;
  readonly tickMs: number;
  readonly concurrency: number;
  /** Probes every remote server, due or not. */
  readonly everything: boolean;
  /** Where the pages about each reason are. */
  readonly siteUrl?: URL;
};

/** The result of one page in numbers, and everything that went wrong in it by name. */
export type PageReport = EventCounts & {
  readonly servers: number;
  readonly probed: number;
  /** How often each reason was the verdict. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** From the beginning of the sweep to the start of the last probe. */
  readonly lagMs: number;
  readonly written: number;
  readonly conflicts: number;
  readonly unchanged: number;
  readonly suppressed: number;
  readonly changes: number;
  readonly unpublished: number;
  /** Why the changes are missing among the last changes of their servers. */
  readonly historyProblem?: string;
  readonly proberOffline?: string;
  readonly problems: readonly ServerProblem[];
};

/**
 * One page: probe the servers that are due, classify, write what changed, publish the changes. A
 * status is written as soon as its probe ends, but for a failure that may be the prober's own: the
 * whole page decides about those. One bad server does not affect the others.
 */
export async function sweepPage(
  servers: readonly McpServer[],
  ports: PagePorts,
  options: PageOptions,
): Promise<PageReport> {
  const limit = pLimit(options.concurrency);
  const remote = servers.filter(isSwept);
  // Waiting is judged by the present: a schedule that is always late would make it longer.
  const started = ports.now();
  const began = options.began ?? options.tick;
  const due = remote.filter(
    (server) => options.everything || isDue(server, started, options.tickMs),
  );
  const observe = async (server: McpServer): Promise<JudgedObservation> => {
    const lagMs = ports.now().getTime() - began.getTime();
    const outcome = await probeAlone(server, ports, options);
    return { server, lagMs, outcome, seenAt: ports.now(), verdict: classify(outcome) };
  };
  const events = pageEvents(ports.recordEvents);
  const apply = async (
    observation: JudgedObservation,
    { affected, message }: DisruptionReport,
  ): Promise<ApplyResult | undefined> => {
    const isUnknown = affected.has(observation) || observation.verdict.kind === 'undecided';
    const mayWait = maySuppress(observation.server, started, options);
    if (affected.has(observation) && mayWait) return undefined;
    const toWrite: StatusToWrite =
      isUnknown && !mayWait
        ? (server, now) => offlineToWrite(server, offlineMessage(observation, message), now)
        : (server, now) => statusToWrite(server, observation.verdict, now, options);
    const result = await applyAlone(observation, toWrite, ports, options);
    events.add(result.records ?? []);
    return result;
  };
  const seen = await Promise.all(
    due.map(async (server) => {
      const observation = await limit(() => observe(server));
      events.add(certificateEvents(observation, options));
      // Beside the probes, whose places it does not take: the cluster client bounds its calls.
      const applying = mayBeDoubted(observation) ? undefined : apply(observation, undoubted);
      // A defect in it is that of the page, which awaits it below.
      applying?.catch(() => {});
      return { observation, applying };
    }),
  );
  const observations = seen.map(({ observation }) => observation);
  const disruption = await checkDisruption(observations, remote.length, ports, {
    ...options,
    now: started,
  });
  const results = await Promise.all(
    seen.map(({ observation, applying }) => applying ?? apply(observation, disruption)),
  );
  const applied = results.filter((result) => result !== undefined);
  const changes = applied.flatMap(({ change }) => (change ? [change] : []));
  const [unpublished, eventCounts, historyProblem]: [
    readonly StateChange[],
    EventCounts,
    string | undefined,
  ] = await Promise.all([
    changes.length === 0 ? [] : ports.publish(changes),
    events.end(),
    changes.length === 0 ? undefined : ports.keepChanges(changes),
  ]);
  await ports.outbox.remove(changes.filter((change) => !unpublished.includes(change)));
  return defined({
    servers: servers.length,
    probed: observations.length,
    outcomes: outcomesOf(observations),
    lagMs: Math.max(0, ...observations.map(({ lagMs }) => lagMs)),
    written: applied.filter(({ kind }) => kind === 'written').length,
    unchanged: applied.filter(({ kind }) => kind === 'unchanged').length,
    conflicts: applied.reduce((sum, { conflicts = 0 }) => sum + conflicts, 0),
    suppressed: observations.length - applied.length,
    changes: changes.length,
    unpublished: unpublished.length,
    ...eventCounts,
    historyProblem,
    proberOffline: disruption.message,
    problems: [
      ...applied.flatMap((outcome) => (outcome.kind === 'failed' ? [outcome.problem] : [])),
      ...applied.flatMap(({ unrecordedChange }) => unrecordedChange ?? []),
      ...applied.flatMap(({ shortened }) => shortened ?? []),
      ...unpublished.map(({ namespace, name, to }) => ({
        namespace,
        name,
        message: `the change to ${to} could not be published`,
      })),
    ],
  });
}

/** An observation, what it means, and how long after the sweep its probe began. */
type JudgedObservation = Observation & SeenVerdict & { readonly lagMs: number };

const undoubted: DisruptionReport = { affected: new Set() };

/** Once: the time of the last observation stays, so there is no heartbeat. */
function offlineToWrite(server: McpServer, message: string, now: Date): Status | undefined {
  const next = offlineStatus(server, message, now);
  return next === server.status ? undefined : next;
}

const offlineMessage = ({ verdict }: JudgedObservation, ofPage = 'no connection'): string =>
  verdict.kind === 'undecided' ? verdict.message : ofPage;

/** A probe that throws is our fault; only its own server goes without a verdict. */
async function probeAlone(
  server: McpServer,
  { probe }: PagePorts,
  { tick, tickMs }: PageOptions,
): Promise<ProbeOutcome> {
  try {
    return await probe(server, { classify: isClassificationDue(server, tick, tickMs) });
  } catch (error) {
    return { kind: 'proberTrouble', detail: messageOf(error), timings: {} };
  }
}

/** By the closed list of reasons; a prober error counts as `Undecided`. */
function outcomesOf(observations: readonly JudgedObservation[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { verdict } of observations) {
    const reason = verdict.kind === 'undecided' ? 'Undecided' : verdict.reason;
    counts[reason] = (counts[reason] ?? 0) + 1;
  }
  return counts;
}
