/** What a verdict does to the status of its server in the cluster. */
import type { StateChange } from '../model/bus-events.ts';
import { defined } from '../model/defined.ts';
import { messageOf } from '../model/error-message.ts';
import type { McpServer, PatchStatus, ReadServer, Status } from '../model/mcpserver.ts';
import type { Verdict } from './classify.ts';
import { isSwept } from './due.ts';
import { type EventRecord, eventsFor } from './event-records.ts';
import { changeOf, idOf, type Outbox } from './state-changes.ts';

export type ApplyPorts = {
  readonly patchStatus: PatchStatus;
  readonly readServer: ReadServer;
  /** Keeps a change until it is published, in case this run is cut off. */
  readonly outbox: Pick<Outbox, 'record'>;
  /** Waits before the `attempt`-th try of a write: longer each time, and by chance. */
  readonly backOff: (attempt: number) => Promise<void>;
};

export type ServerProblem = {
  readonly namespace: string;
  readonly name: string;
  readonly message: string;
};

/** A verdict about one server, as it was read, and when its probe ended. */
export type SeenVerdict = {
  readonly server: McpServer;
  readonly verdict: Verdict;
  /** The rest of the page may take much longer. */
  readonly seenAt: Date;
};

/** The status to write after what the sweep knows of a server; undefined: none is needed. */
export type StatusToWrite = (server: McpServer, now: Date) => Status | undefined;

export type ApplyResult = {
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

type ApplyOptions = { readonly siteUrl?: URL };

/** Never throws: if one write fails, the others of the page go on. */
export async function applyAlone(
  seen: SeenVerdict,
  toWrite: StatusToWrite,
  ports: ApplyPorts,
  options: ApplyOptions,
): Promise<ApplyResult> {
  const { namespace, name } = seen.server;
  try {
    return await applyVerdict(seen, toWrite, ports, options);
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
  { server: observed, verdict, seenAt: now }: SeenVerdict,
  toWrite: StatusToWrite,
  ports: ApplyPorts,
  { siteUrl }: ApplyOptions,
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
