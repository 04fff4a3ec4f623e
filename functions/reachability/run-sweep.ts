/** One invocation of a sweep, over its ports: the handler parses, wires and logs. */
import { defined } from '../model/defined.ts';
import { messageOf } from '../model/error-message.ts';
import { type PageResult, type PatchStatus, qualifiedName } from '../model/mcpserver.ts';
import { type FanoutPlan, limitOf, planNext, reasonToDrop, type SweepCursor } from './fanout.ts';
import { type PendingPorts, type PendingReport, publishPending } from './state-changes.ts';
import { type PageOptions, type PagePorts, type PageReport, sweepPage } from './sweep-page.ts';

/** A list that names where it begins and how many it wants at most. */
type PageRequest = { readonly limit: number; readonly continue?: string };

export type SweepPorts = Omit<PagePorts, 'patchStatus' | 'outbox'> &
  PendingPorts & {
    /** Throws what keeps it from listing. */
    readonly listPage: (request: PageRequest) => Promise<PageResult>;
    /** Passes over so many MCPServers: how many they were, and where the next one begins. */
    readonly skipPage: (
      request: PageRequest & { readonly continue: string },
    ) => Promise<{ readonly count: number; readonly continue?: string }>;
    /** Throws when the message was not accepted. */
    readonly queuePage: (page: SweepCursor & { readonly continue: string }) => Promise<void>;
    /** Returns what went wrong, and never throws. */
    readonly renewLease: (at: Date) => Promise<string | undefined>;
    /** The writer whose requests carry the trace of this sweep. */
    readonly patchStatusFor: (trace: string) => PatchStatus;
  };

export type SweepOptions = Omit<PageOptions, 'tick' | 'began' | 'everything'> & {
  readonly pageSize: number;
};

/** The result of one invocation. */
export type RunReport = {
  /** The same for all invocations of a tick; it is the audit id of the status writes. */
  readonly trace: string;
  readonly tick: string;
  readonly hop: number;
  readonly ms: number;
  /** Why the invocation did nothing, or why the sweep ended before the last page. */
  readonly ended?: string;
  readonly malformed?: readonly string[];
  /** Why the Lease could not be renewed. */
  readonly leaseProblem?: string;
  /** Changes left in the outbox by earlier sweeps; the first invocation of a tick handles them. */
  readonly pending?: PendingReport;
  readonly pendingProblem?: string;
} & Partial<PageReport>;

const noTokenLeft = 'the continue token has expired, and the cluster gave no other one';

/**
 * Lists a page, queues the next one, then probes its own. Throws what keeps it from listing;
 * nothing retries it, the next tick does.
 */
export async function runSweep(
  cursor: SweepCursor,
  started: Date,
  ports: SweepPorts,
  { pageSize, ...options }: SweepOptions,
): Promise<RunReport> {
  const tick = new Date(cursor.tick);
  // The schedule may be minutes late, and the sweep is not late for that.
  const began = new Date(cursor.began ?? cursor.tick);
  const trace = `sweep-${cursor.tick}`;
  const report = (facts: Partial<RunReport>): RunReport => ({
    trace,
    tick: cursor.tick,
    hop: cursor.hop,
    ms: ports.now().getTime() - started.getTime(),
    ...facts,
  });
  const dropped = reasonToDrop(cursor, started, options.tickMs);
  if (dropped !== undefined) return report({ ended: dropped });
  const listed = await readPage(ports, limitOf(cursor, pageSize), cursor.continue);
  if (listed.kind === 'expired') return report({ ended: noTokenLeft });
  const { servers, malformed, continue: rest } = listed.page;
  const count = servers.length + malformed.length;
  const { smallerLimit } = listed;
  const next = planNext(cursor, defined({ continue: rest, count, smallerLimit }), pageSize);
  const starting = problemOf('the next page could not be queued', () =>
    startNextRunners(next, ports),
  );
  // Queueing the shards takes a while: the own page is probed meanwhile.
  if (next.kind !== 'fanOut') await starting;
  // Once per sweep, by the schedule and never by a page of the bus: what was listed is now being
  // probed.
  const isFirst = cursor.hop === 0;
  const renewal = isFirst ? ports.renewLease(started) : undefined;
  const pending = isFirst ? pendingOf(ports, started) : undefined;
  const page = await sweepPage(
    servers,
    { ...ports, patchStatus: ports.patchStatusFor(trace) },
    { ...options, tick, began, everything: cursor.everything },
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
}

/** An expired token brings one that goes on from the same key, in a newer snapshot. */
async function readPage(
  { listPage }: SweepPorts,
  limit: number,
  token: string | undefined,
): Promise<PageResult> {
  const listed = await listPage(defined({ limit, continue: token }));
  return listed.kind === 'expired' && listed.continue !== undefined
    ? listPage({ limit, continue: listed.continue })
    : listed;
}

async function startNextRunners(
  next: FanoutPlan,
  { queuePage, skipPage }: SweepPorts,
): Promise<void> {
  switch (next.kind) {
    case 'done':
      return;
    case 'chain':
      return queuePage(next.cursor);
    case 'fanOut': {
      const { servers: limit } = next.first;
      let token: string | undefined = next.first.continue;
      while (token !== undefined) {
        const { count, continue: after } = await skipPage({ limit, continue: token });
        // Not more than was passed, so that no two shards have the same MCPServer.
        if (count > 0) await queuePage({ ...next.first, continue: token, servers: count });
        token = after;
      }
    }
  }
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
): Promise<Pick<RunReport, 'pending' | 'pendingProblem'>> {
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
