import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Bus, type BusEvent, startBus } from '../../local/event-bus.ts';

let bus: Bus;
let client: EventBridgeClient;
let got: BusEvent[];
let failures: string[];
beforeEach(async () => {
  got = [];
  failures = [];
  const pattern = { source: ['muster'], 'detail-type': ['Wanted'] };
  bus = await startBus(
    [
      { pattern, target: async (event) => void got.push(event) },
      { pattern, target: () => Promise.reject(new Error('the target failed')) },
    ],
    (error) => failures.push(String(error)),
  );
  client = new EventBridgeClient({ endpoint: bus.url });
});
afterEach(async () => {
  client.destroy();
  await bus.close();
});

const entry = (type: string, detail = '{"a":1}') => ({
  EventBusName: 'muster',
  Source: 'muster',
  DetailType: type,
  Detail: detail,
});
const put = (...entries: readonly ReturnType<typeof entry>[]) =>
  client.send(new PutEventsCommand({ Entries: [...entries] }));

test('what a rule names reaches its target once, with its detail', async () => {
  await put(entry('Wanted'), entry('Other'));
  await bus.idle();
  expect(got).toMatchObject([{ source: 'muster', 'detail-type': 'Wanted', detail: { a: 1 } }]);
  expect(bus.events).toHaveLength(2);
});

test('a target that fails is told and not tried again', async () => {
  await put(entry('Wanted'));
  await bus.idle();
  expect(failures).toEqual(['Error: the target failed']);
});

test('an entry whose detail is no JSON fails alone', async () => {
  const { FailedEntryCount, Entries } = await put(entry('Wanted', 'nonsense'), entry('Wanted'));
  expect(FailedEntryCount).toBe(1);
  expect(Entries).toMatchObject([
    { ErrorCode: 'MalformedDetail' },
    { EventId: expect.any(String) },
  ]);
});

test('more than ten entries are refused', async () => {
  await expect(put(...Array.from({ length: 11 }, () => entry('Wanted')))).rejects.toThrow(
    '1 to 10 entries',
  );
});
