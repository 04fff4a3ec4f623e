import {
  type EventBridgeClient,
  PutEventsCommand,
  type PutEventsRequestEntry,
} from '@aws-sdk/client-eventbridge';
import { eventSource, pageType, stateChangedType, type StateChange } from '../model/bus-events.ts';
import type { SweepCursor } from '../reachability/fanout.ts';

/** The rest of a sweep, handed to the next runner. No secret is in it. */
export type PageMessage = SweepCursor & { readonly continue: string };

const mostEntries = 10; // PutEvents takes no more.
const mostTries = 3;

/**
 * Announces changes in batches of 10, failed entries again up to 3 times. Gives back those the bus
 * never took.
 */
export const changePublisher =
  (client: EventBridgeClient, bus: string) =>
  async (changes: readonly StateChange[]): Promise<readonly StateChange[]> => {
    const batches = Array.from({ length: Math.ceil(changes.length / mostEntries) }, (_, index) =>
      changes.slice(index * mostEntries, (index + 1) * mostEntries),
    );
    const left = await Promise.all(batches.map((batch) => publishBatch(client, bus, batch)));
    return left.flat();
  };

async function publishBatch(
  client: EventBridgeClient,
  bus: string,
  batch: readonly StateChange[],
): Promise<readonly StateChange[]> {
  let left = batch;
  for (let tries = 0; tries < mostTries && left.length > 0; tries += 1) {
    const failed = await put(
      client,
      left.map((change) => entry(bus, stateChangedType, change)),
    );
    left = left.filter((_, index) => failed.indices.has(index));
  }
  return left;
}

/** Hands a page to the next runner. Throws when the bus does not take it: the relay ends there. */
export const pageSender =
  (client: EventBridgeClient, bus: string) =>
  async (page: PageMessage): Promise<void> => {
    const { indices, detail } = await put(client, [entry(bus, pageType, page)]);
    if (indices.size > 0)
      throw new Error(
        `The bus ${bus} did not take the page message of hop ${page.hop}: ${detail}.`,
      );
  };

const entry = (bus: string, type: string, detail: object): PutEventsRequestEntry => ({
  EventBusName: bus,
  Source: eventSource,
  DetailType: type,
  Detail: JSON.stringify(detail),
});

/**
 * The entries that were not taken: PutEvents succeeds in part, and a whole call may fail after the
 * SDK's own retries.
 */
async function put(
  client: EventBridgeClient,
  entries: PutEventsRequestEntry[],
): Promise<{ indices: ReadonlySet<number>; detail: string }> {
  try {
    const { Entries = [] } = await client.send(new PutEventsCommand({ Entries: entries }));
    const failed = entries.flatMap((_, index) =>
      Entries[index]?.EventId === undefined ? [index] : [],
    );
    return { indices: new Set(failed), detail: Entries[failed[0] ?? 0]?.ErrorCode ?? '' };
  } catch (error) {
    // The SDK has tried three times: whatever it is, no entry was taken, and the caller reports
    // them by name.
    return {
      indices: new Set(entries.keys()),
      detail: error instanceof Error ? error.name : String(error),
    };
  }
}
