import pLimit from 'p-limit';
import type { McpServer, Status, PatchStatus, ReadServer } from '../model/mcpserver.ts';
import { changeOf, idOf, type KeepChanges, type Outbox } from './state-changes.ts';
import { classify, type Verdict } from './classify.ts';
import { isClassificationDue, isDue, isSwept } from './due.ts';
import { certificateEvents, type EventRecord, eventsFor } from './event-records.ts';
import type { ProbeOutcome, Observation } from './outcome.ts';
import { statusToWrite, type WriteRules } from './status.ts';
import { checkDisruption } from './check-disruption.ts';
import { maySuppress } from './disruption.ts';
import { offlineStatus } from './offline-status.ts';
import { defined } from '../model/defined.ts';
import { messageOf } from '../model/error-message.ts';
import type { StateChange } from '../model/bus-events.ts';

/** Events that could not be written, and why not. */
export type UnrecordedEvents = { readonly count: number; readonly message?: string };

export type PagePorts = {
  readonly now: () => Date;
  readonly probe: (
    server: McpServer,
    wanted: { readonly classify: boolean },
  ) => Promise<ProbeOutcome>;
  readonly patchStatus: PatchStatus;
  readonly readServer: ReadServer;
  /** Returns the changes that could not be published. */
  readonly publish: (changes: readonly StateChange[]) => Promise<readonly StateChange[]>;
  /** Keeps a change until it is published, in case this run is cut off. */
  readonly outbox: Pick<Outbox, 'record' | 'remove'>;
  readonly keepChanges: KeepChanges;
  /** Writes Events. Returns why some could not be written; the sweep goes on without them. */
  readonly recordEvents: (records: readonly EventRecord[]) => Promise<UnrecordedEvents>;
  /** Whether the prober's own network works. */
  readonly isOnline: () => Promise<boolean>;
  /** Waits before the `attempt`-th try of a write: longer each time, and by chance. */
  readonly backOff: (attempt: number) => Promise<void>;
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

type ServerProblem = {
  readonly namespace: string;
  readonly name: string;
  readonly message: string;
};

/** The result of one page in numbers, and everything that went wrong in it by name. */
export type PageReport = {
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
  /** Kubernetes Events written, and why others were not. */
  readonly events: number;
  readonly eventProblem?: string;
  /** Why the changes are missing among the last changes of their servers. */
  readonly historyProblem?: string;
  readonly proberOffline?: string;
  readonly problems: readonly ServerProblem[];
};

/**
 * One page: probe the servers that are due, classify, write what changed, publish the changes. One
 * bad server does not affect the others.
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
  const observe = (server: McpServer): Promise<JudgedObservation> =>
    limit(async () => {
      const lagMs = ports.now().getTime() - began.getTime();
      const outcome = await probeAlone(server, ports, options);
      return { server, lagMs, outcome, seenAt: ports.now(), verdict: classify(outcome) };
    });
  const observations = await Promise.all(due.map(observe));
  const { affected, message } = await checkDisruption(observations, remote.length, ports, {
    ...options,
    now: started,
  });
  const applied = await Promise.all(
    observations.flatMap((observation) => {
      const isUnknown = affected.has(observation) || observation.verdict.kind === 'undecided';
      const mayWait = maySuppress(observation.server, started, options);
      if (affected.has(observation) && mayWait) return [];
      const toWrite: StatusToWrite =
        isUnknown && !mayWait
          ? (server, now) => offlineToWrite(server, offlineMessage(observation, message), now)
          : (server, now) => statusToWrite(server, observation.verdict, now, options);
      return [limit(() => applyAlone(observation, toWrite, ports, options))];
    }),
  );
  const changes = applied.flatMap(({ change }) => (change ? [change] : []));
  const records = [
    ...applied.flatMap((outcome) => outcome.records ?? []),
    ...observations.flatMap((observation) => certificateEvents(observation, options)),
  ];
  const [unpublished, unrecorded, historyProblem]: [
    readonly StateChange[],
    UnrecordedEvents,
    string | undefined,
  ] = await Promise.all([
    changes.length === 0 ? [] : ports.publish(changes),
    records.length === 0 ? { count: 0 } : ports.recordEvents(records),
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
    events: records.length - unrecorded.count,
    eventProblem: unrecorded.message,
    historyProblem,
    proberOffline: message,
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
type JudgedObservation = Observation & {
  readonly verdict: Verdict;
  readonly lagMs: number;
  /** When the probe ended. The rest of the page may take much longer. */
  readonly seenAt: Date;
};

/** The status to write after what the sweep knows of a server; undefined: none is needed. */
type StatusToWrite = (server: McpServer, now: Date) => Status | undefined;

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

type ApplyResult = {
  readonly change?: StateChange;
  readonly records?: readonly EventRecord[];
  readonly conflicts?: number;
  /** Why a change is not in the outbox: if this run is cut off now, the change is not published. */
  readonly unrecordedChange?: ServerProblem;
  /** Why the status is there without the full message. */
  readonly shortened?: ServerProblem;
} & (
  | { readonly kind: 'written' | 'unchanged' | 'gone' | 'superseded' }
  | { readonly kind: 'failed'; readonly problem: ServerProblem }
);

/** If one write fails, the others of the page go on. */
async function applyAlone(
  observation: JudgedObservation,
  toWrite: StatusToWrite,
  ports: PagePorts,
  options: PageOptions,
): Promise<ApplyResult> {
  const { namespace, name } = observation.server;
  try {
    return await applyVerdict(observation, toWrite, ports, options);
  } catch (error) {
    return {
      kind: 'failed',
      problem: { namespace, name, message: `the status could not be written: ${messageOf(error)}` },
    };
  }
}

const mostTries = 5;

/**
 * Writes the status that follows from a verdict. After a conflict it reads the server again: a
 * newer observation or another object wins over ours.
 */
async function applyVerdict(
  { server: observed, verdict, seenAt: now }: JudgedObservation,
  toWrite: StatusToWrite,
  ports: PagePorts,
  { siteUrl }: PageOptions,
): Promise<ApplyResult> {
  const { namespace, name } = observed;
  const failed = (message: string): ApplyResult => ({
    kind: 'failed',
    problem: { namespace, name, message },
  });
  // A prober error is a problem of the sweep also where it leaves the status as it is.
  if (verdict.kind === 'undecided' && toWrite(observed, now) === undefined)
    return failed(`prober error: ${verdict.message}`);
  let server = observed;
  for (let tries = 1; tries <= mostTries; tries += 1) {
    const next = toWrite(server, now);
    if (next === undefined) return { kind: 'unchanged' };
    const change = changeOf(server, next, now);
    const unrecordedChange =
      change === undefined
        ? undefined
        : await ports.outbox.record(change, idOf(server.uid, server.status));
    const written = await ports.patchStatus(server, next);
    switch (written.kind) {
      case 'written':
        return defined({
          kind: 'written',
          change,
          unrecordedChange:
            unrecordedChange === undefined
              ? undefined
              : {
                  namespace,
                  name,
                  message: `the change could not be recorded in the outbox: ${unrecordedChange}`,
                },
          shortened:
            written.shortened === undefined
              ? undefined
              : {
                  namespace,
                  name,
                  message: `the cluster refused the status: ${written.shortened}. It has the status without the full message.`,
                },
          records: eventsFor(server, next, now, siteUrl),
          conflicts: tries - 1,
        });
      case 'gone':
        return { kind: 'gone' };
      case 'refused':
        return failed(`the cluster refused the status: ${written.detail}`);
      case 'conflict': {
        await ports.backOff(tries);
        const fresh = await ports.readServer(namespace, name);
        if (fresh === undefined || fresh.uid !== observed.uid) return { kind: 'gone' };
        if (
          fresh.generation !== observed.generation ||
          !isSwept(fresh) ||
          isNewer(fresh.status, observed.status, now)
        ) {
          return { kind: 'superseded', conflicts: tries };
        }
        server = fresh;
      }
    }
  }
  return failed(
    `the status could not be written: ${mostTries} conflicts in a row with another writer`,
  );
}

// Status has whole seconds. A status of the same second may be our own, whose answer was lost:
// writing it again would count the failure twice.
// One that was there before the probe is not newer, whatever clock wrote its time.
const isNewer = ({ lastAttempt }: Status, before: Status, than: Date): boolean =>
  lastAttempt !== undefined &&
  lastAttempt.getTime() !== before.lastAttempt?.getTime() &&
  Math.floor(lastAttempt.getTime() / 1000) >= Math.floor(than.getTime() / 1000);
