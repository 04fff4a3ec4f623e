/** Which Events of a page are written, and when. */
import type { EventRecord } from './event-records.ts';
import { defined } from '../model/defined.ts';
import { messageOf } from '../model/error-message.ts';

/** Events that could not be written, and why not. */
export type UnrecordedEvents = { readonly count: number; readonly message?: string };

/** Writes Events. Returns why some could not be written; the sweep goes on without them. */
export type RecordEvents = (records: readonly EventRecord[]) => Promise<UnrecordedEvents>;

/** What became of the Events of a page. */
export type EventCounts = {
  /** Kubernetes Events written. */
  readonly events: number;
  /** How many more there were than a page may write. */
  readonly droppedEvents?: number;
  /** Why others could not be written. */
  readonly eventProblem?: string;
};

/**
 * A page writes no more: a fifth of its usual size. When more servers change at once, one Event for
 * each tells nothing that their statuses do not, and each is a write to etcd.
 */
export const mostEvents = 100;

/**
 * The Events of one page: a Warning is written at once, beside the probes. What is good news waits
 * for the end of the page, and gets what the Warnings left.
 */
export function pageEvents(record: RecordEvents): {
  readonly add: (records: readonly EventRecord[]) => void;
  readonly end: () => Promise<EventCounts>;
} {
  const writing: Promise<UnrecordedEvents>[] = [];
  const normal: EventRecord[] = [];
  let warnings = 0;
  return {
    add: (records) => {
      for (const one of records) {
        if (one.type === 'Normal') normal.push(one);
        else {
          warnings += 1;
          if (warnings <= mostEvents) writing.push(recorded(record, [one]));
        }
      }
    },
    end: async () => {
      const rest = normal.slice(0, Math.max(0, mostEvents - warnings));
      if (rest.length > 0) writing.push(recorded(record, rest));
      const unrecorded = await Promise.all(writing);
      const written = Math.min(warnings, mostEvents) + rest.length;
      const dropped = warnings + normal.length - written;
      return defined({
        events: written - unrecorded.reduce((sum, { count }) => sum + count, 0),
        droppedEvents: dropped === 0 ? undefined : dropped,
        eventProblem: unrecorded.find(({ message }) => message !== undefined)?.message,
      });
    },
  };
}

/** Whatever is wrong with Events costs no server of the page its probe. */
async function recorded(
  record: RecordEvents,
  records: readonly EventRecord[],
): Promise<UnrecordedEvents> {
  try {
    return await record(records);
  } catch (error) {
    return { count: records.length, message: messageOf(error) };
  }
}
