import { createServer, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { changePublisher, pageSender } from '../../../functions/adapters/eventbridge.ts';
import { type Listening, listen } from '../../../local/listen.ts';
import type { StateChange } from '../../../functions/model/bus-events.ts';

const putSchema = z.object({
  Entries: z.array(z.object({ Detail: z.string(), DetailType: z.string() })),
});

/** A bus that takes an entry only when `takes` says so. */
let takes: (name: string, call: number) => boolean;
let calls: string[][];
let details: string[];
let bus: Listening;
let client: EventBridgeClient;
beforeEach(async () => {
  calls = [];
  details = [];
  takes = () => true;
  const named = async (request: IncomingMessage): Promise<readonly string[]> => {
    const { Entries } = putSchema.parse(await json(request));
    details.push(...Entries.map(({ Detail }) => Detail));
    return Entries.map(
      ({ Detail }) =>
        z.object({ name: z._default(z.string(), 'page') }).parse(JSON.parse(Detail)).name,
    );
  };
  bus = await listen(
    createServer((request, response) => {
      void named(request).then((names) => {
        const call = calls.push([...names]);
        const Entries = names.map((name) =>
          takes(name, call) ? { EventId: name } : { ErrorCode: 'ThrottlingException' },
        );
        response
          .writeHead(200, { 'content-type': 'application/x-amz-json-1.1' })
          .end(JSON.stringify({ Entries }));
      });
    }),
  );
  client = new EventBridgeClient({ endpoint: bus.url });
});
afterEach(async () => {
  client.destroy();
  await bus.close();
});

const changes = (count: number): readonly StateChange[] =>
  Array.from({ length: count }, (_, index) => ({
    id: `id-${index}`,
    namespace: 'default',
    name: `server-${index}`,
    uid: `uid-${index}`,
    to: 'Connected',
    reason: 'Responded',
    at: new Date(),
  }));

describe('changes of state', () => {
  test('go out in batches of ten', async () => {
    expect(await changePublisher(client, 'muster')(changes(23))).toEqual([]);
    expect(calls.map((call) => call.length).sort((one, other) => one - other)).toEqual([3, 10, 10]);
  });

  test('go out without the error texts of servers', async () => {
    const [change] = changes(1);
    if (change === undefined) throw new Error('There is a change.');
    await changePublisher(client, 'muster')([{ ...change, message: 'refused by 10.0.0.1' }]);
    expect(details.map((detail) => JSON.parse(detail))).toEqual([
      {
        ...change,
        at: change.at.toISOString(),
        summary: 'default/server-0 is Connected: Responded. The server answered.',
      },
    ]);
  });

  test('lead to the page of their reason where there is a site', async () => {
    const [change] = changes(1);
    if (change === undefined) throw new Error('There is a change.');
    const publish = changePublisher(client, 'muster', new URL('https://docs.example.com'));
    await publish([{ ...change, to: 'Failed', reason: 'Timeout' }]);
    expect(details[0]).toContain('https://docs.example.com/reasons/timeout/"');
  });

  test('that fail are sent again, and only they', async () => {
    takes = (name, call) => name !== 'server-1' || call > 2;
    expect(await changePublisher(client, 'muster')(changes(3))).toEqual([]);
    expect(calls).toEqual([['server-0', 'server-1', 'server-2'], ['server-1'], ['server-1']]);
  });

  test('that fail three times are given back, to be reported', async () => {
    takes = (name) => name !== 'server-1';
    expect(await changePublisher(client, 'muster')(changes(3))).toMatchObject([
      { name: 'server-1' },
    ]);
    expect(calls).toHaveLength(3);
  });
});

test('a page message that the bus does not take ends the sweep with a clear error', async () => {
  takes = () => false;
  const message = { tick: new Date().toISOString(), hop: 7, continue: 'token', everything: false };
  await expect(pageSender(client, 'muster')(message)).rejects.toThrow(
    'The bus muster did not accept the page message of hop 7: ThrottlingException.',
  );
});
