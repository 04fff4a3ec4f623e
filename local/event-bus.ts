import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import * as z from 'zod/mini';
import { listenLocally } from './listen.ts';
import { parseJson } from '../functions/model/json.ts';

/** An event as EventBridge passes it to a target. */
export type BusEvent = {
  readonly version: '0';
  readonly id: string;
  readonly source: string;
  readonly 'detail-type': string;
  readonly account: string;
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: unknown;
};

/**
 * Events whose source and type are listed go to the target. Nothing is retried, as in the stack.
 */
export type BusRule = {
  readonly pattern: {
    readonly source: readonly string[];
    readonly 'detail-type': readonly string[];
  };
  readonly target: (event: BusEvent) => Promise<unknown>;
};

export type Bus = {
  /** Give it to the functions as AWS_ENDPOINT_URL_EVENTBRIDGE. */
  readonly url: string;
  /** Everything the bus took, oldest first; the last thousand. */
  readonly events: readonly BusEvent[];
  /** Settles when every target that was started has ended. */
  readonly idle: () => Promise<void>;
  readonly close: () => Promise<void>;
};

const mostKept = 1000;
// Limits of PutEvents:
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
const mostEntries = 10;
const mostBytes = 1024 * 1024;

const putEvents = z.object({
  Entries: z.array(
    z.object({
      EventBusName: z.string(),
      Source: z.string(),
      DetailType: z.string(),
      Detail: z.string(),
    }),
  ),
});
type Entry = z.infer<typeof putEvents>['Entries'][number];

/**
 * An event bus on loopback for the real EventBridge client. `failed` gets the error of a target.
 */
export async function startBus(
  rules: readonly BusRule[],
  failed: (error: unknown, event: BusEvent) => void = () => {},
): Promise<Bus> {
  const events: BusEvent[] = [];
  const running = new Set<Promise<unknown>>();
  const deliver = (event: BusEvent): void => {
    events.push(event);
    if (events.length > mostKept) events.shift();
    for (const { pattern, target } of rules) {
      if (
        !pattern.source.includes(event.source) ||
        !pattern['detail-type'].includes(event['detail-type'])
      )
        continue;
      const run: Promise<unknown> = target(event)
        .catch((error: unknown) => failed(error, event))
        .finally(() => running.delete(run));
      running.add(run);
    }
  };
  const accept = (
    entry: Entry,
  ): { EventId: string } | { ErrorCode: string; ErrorMessage: string } => {
    const detail = parseJson(entry.Detail);
    if (detail === undefined)
      return { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
    const id = randomUUID();
    const event: BusEvent = {
      version: '0',
      id,
      'detail-type': entry.DetailType,
      source: entry.Source,
      account: '000000000000',
      time: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
      region: 'local',
      resources: [],
      detail,
    };
    // The answer goes out first, as from the real bus.
    const delivery = setImmediate().then(() => deliver(event));
    running.add(delivery);
    void delivery.finally(() => running.delete(delivery));
    return { EventId: id };
  };
  const server = createServer((request, response) => {
    const answer = (status: number, body: object): void => {
      response
        .writeHead(status, { 'content-type': 'application/x-amz-json-1.1' })
        .end(JSON.stringify(body));
    };
    void text(request).then((body) => {
      const { success, data } = putEvents.safeParse(parseJson(body));
      if (request.headers['x-amz-target'] !== 'AWSEvents.PutEvents' || !success)
        return answer(400, { __type: 'UnknownOperationException' });
      const { Entries } = data;
      if (Entries.length === 0 || Entries.length > mostEntries || body.length > mostBytes) {
        return answer(400, {
          __type: 'ValidationException',
          message: `PutEvents takes 1 to ${mostEntries} entries and ${mostBytes} bytes.`,
        });
      }
      const results = Entries.map(accept);
      return answer(200, {
        FailedEntryCount: results.filter((result) => 'ErrorCode' in result).length,
        Entries: results,
      });
    });
  });
  const { url, close } = await listenLocally(server);
  return {
    url,
    events,
    idle: async () => {
      while (running.size > 0) await Promise.all(running);
    },
    close,
  };
}
