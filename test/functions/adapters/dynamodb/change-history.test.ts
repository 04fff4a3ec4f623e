/** The last changes of a server, in memory and in a DynamoDB-compatible store. */
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { changeHistory } from '../../../../functions/adapters/dynamodb/change-history.ts';
import { dynamoTable, type Table } from '../../../../functions/adapters/dynamodb/dynamo-table.ts';
import type { StateChange } from '../../../../functions/model/bus-events.ts';
import { type Store, startStore } from '../../../../local/dynamodb.ts';
import { memoryTable } from '../../../../local/memory-table.ts';

const now = new Date('2026-11-26T12:00:00Z');
const minutesAgo = (count: number): Date => new Date(now.getTime() - count * 60_000);
const change = (facts: Partial<StateChange> = {}): StateChange => ({
  id: 'uid-a/2026-11-26T12:00:00.000Z/Failed',
  namespace: 'default',
  name: 'server-a',
  uid: 'uid-a',
  from: 'Connecting',
  to: 'Failed',
  reason: 'ConnectionRefused',
  message: 'Connection refused.',
  at: now,
  ...facts,
});

let local: Store;
beforeAll(async () => {
  local = await startStore();
});
afterAll(() => local.close());

describe.each<[string, () => Table]>([
  ['in memory', memoryTable],
  ['dynalite', () => dynamoTable(DynamoDBDocumentClient.from(local.client), local.table)],
])('%s', (_where, make) => {
  let table: Table;
  let clock = now;
  const history = () => changeHistory({ table, now: () => clock });
  beforeEach(() => {
    table = make();
    clock = now;
  });

  test('the newest is first, with what a person wants to know', async () => {
    const first = change({
      uid: 'uid-order',
      at: minutesAgo(5),
      to: 'Connecting',
      from: 'Connected',
    });
    await history().keep([change({ uid: 'uid-order' }), first, change({ uid: 'uid-other' })]);
    expect(await history().list('uid-order')).toEqual([
      {
        at: now,
        from: 'Connecting',
        to: 'Failed',
        reason: 'ConnectionRefused',
        message: 'Connection refused.',
      },
      {
        at: first.at,
        from: 'Connected',
        to: 'Connecting',
        reason: 'ConnectionRefused',
        message: 'Connection refused.',
      },
    ]);
    expect(await history().list('uid-orde')).toEqual([]);
  });

  test('the same change again is the same row', async () => {
    await history().keep([change({ uid: 'uid-twice' })]);
    await history().keep([change({ uid: 'uid-twice' })]);
    expect(await history().list('uid-twice')).toHaveLength(1);
  });

  test('a page of many changes is kept whole, and 100 of a server are shown', async () => {
    const many = Array.from({ length: 130 }, (_, index) =>
      change({ uid: 'uid-many', at: minutesAgo(index) }),
    );
    expect(await history().keep(many)).toBeUndefined();
    const shown = await history().list('uid-many');
    expect(shown).toHaveLength(100);
    expect([shown[0]?.at, shown.at(-1)?.at]).toEqual([now, minutesAgo(99)]);
  });

  test('a change is gone after 90 days', async () => {
    await history().keep([change({ uid: 'uid-old' })]);
    clock = new Date(now.getTime() + 90 * 86_400_000);
    expect(await history().list('uid-old')).toEqual([]);
    clock = new Date(clock.getTime() - 1_000);
    expect(await history().list('uid-old')).toHaveLength(1);
  });

  test('what others wrote is one harmless line, or nothing', async () => {
    const row = (name: string) => ({
      pk: 'changes uid-odd',
      sk: `2026-11-26T12:00:00.000Z ${name}`,
    });
    const good = { at: now.toISOString(), to: 'Failed', reason: 'Timeout', expires: 4e9 };
    await table.put(row('a'), { ...good, to: 'Hacked' });
    await table.put(row('b'), { ...good, reason: 'no\nreason' });
    await table.put(row('c'), { ...good, at: 'yesterday' });
    await table.put(row('d'), { ...good, message: `two\nlines\u202e${'x'.repeat(2_000)}` });
    const [only, ...others] = await history().list('uid-odd');
    expect(others).toEqual([]);
    expect(only?.message).toMatch(/^two lines ?x{1000}/);
    expect(only?.message?.length).toBeLessThanOrEqual(1_024);
  });
});

test('a table that does not answer is a sentence, and no error', async () => {
  const table: Table = {
    ...memoryTable(),
    putAll: async () => Promise.reject(new Error('not there')),
  };
  expect(await changeHistory({ table, now: () => now }).keep([change()])).toBe('not there');
  const gone = dynamoTable(DynamoDBDocumentClient.from(local.client), 'another-table');
  expect(await changeHistory({ table: gone, now: () => now }).keep([change()])).toContain(
    'ResourceNotFoundException',
  );
});
