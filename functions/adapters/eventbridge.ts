import {
  PutEventsCommand,
  type PutEventsRequestEntry,
  type PutEventsResponse,
} from '@aws-sdk/client-eventbridge';
import {
  eventSource,
  pageType,
  type PublishedChange,
  type StateChange,
  stateChangedType,
} from '../model/bus-events.ts';
import { changeSummary } from '../model/change-summary.ts';
import type { SweepCursor } from '../reachability/fanout.ts';

/** The rest of a sweep, for the next runner. It holds no secret. */
export type PageMessage = SweepCursor & { readonly continue: string };

/** What is used of an EventBridgeClient. */
export type EventSender = {
  readonly send: (command: PutEventsCommand) => Promise<PutEventsResponse>;
};

const mostEntries = 10; // PutEvents takes no more.
const mostTries = 3;

/**
 * Gives the function that publishes changes in batches of 10, each up to 3 times. It returns the
 * changes that the bus did not accept. With the address of the site, their summaries lead to the
 * page of the reason.
 */
export const changePublisher =
  (client: EventSender, bus: string, site?: URL) =>
  async (changes: readonly StateChange[]): Promise<readonly StateChange[]> => {
    const batches = Array.from({ length: Math.ceil(changes.length / mostEntries) }, (_, index) =>
      changes.slice(index * mostEntries, (index + 1) * mostEntries),
    );
    const left = await Promise.all(batches.map((batch) => publishBatch(client, bus, batch, site)));
    return left.flat();
  };

async function publishBatch(
  client: EventSender,
  bus: string,
  batch: readonly StateChange[],
  site: URL | undefined,
): Promise<readonly StateChange[]> {
  let left = batch;
  for (let tries = 0; tries < mostTries && left.length > 0; tries += 1) {
    const failed = await put(
      client,
      left.map((change) => entry(bus, stateChangedType, published(change, site))),
    );
    left = left.filter((_, index) => failed.indices.has(index));
  }
  return left;
}

/** Gives the function that queues the next page. It throws when the bus does not accept it. */
export const pageSender =
  (client: EventSender, bus: string) =>
  async (page: PageMessage): Promise<void> => {
    const { indices, detail } = await put(client, [entry(bus, pageType, page)]);
    if (indices.size > 0)
      throw new Error(
        `The bus ${bus} did not accept the page message of hop ${page.hop}: ${detail}.`,
      );
  };

/** Error texts of servers are for people who may read the MCPServer. */
const published = (
  { message: _message, ...change }: StateChange,
  site: URL | undefined,
): PublishedChange => ({ ...change, summary: changeSummary(change, site) });

const entry = (bus: string, type: string, detail: object): PutEventsRequestEntry => ({
  EventBusName: bus,
  Source: eventSource,
  DetailType: type,
  Detail: JSON.stringify(detail),
});

/** The entries that the bus did not accept: PutEvents may fail for some entries or for all. */
async function put(
  client: EventSender,
  entries: PutEventsRequestEntry[],
): Promise<{ indices: ReadonlySet<number>; detail: string }> {
  try {
    const { Entries = [] } = await client.send(new PutEventsCommand({ Entries: entries }));
    const failed = entries.flatMap((_, index) =>
      Entries[index]?.EventId === undefined ? [index] : [],
    );
    return { indices: new Set(failed), detail: Entries[failed[0] ?? 0]?.ErrorCode ?? '' };
  } catch (error) {
    // The SDK has tried three times: no entry was accepted, and the caller reports them by name.
    return {
      indices: new Set(entries.keys()),
      detail: error instanceof Error ? error.name : String(error),
    };
  }
}
