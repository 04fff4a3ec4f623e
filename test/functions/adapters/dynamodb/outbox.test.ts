/** What the outbox costs, in requests to a DynamoDB-compatible store. */
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { expect, test } from 'vitest';
import { dynamoTable } from '../../../../functions/adapters/dynamodb/dynamo-table.ts';
import { tableOutbox } from '../../../../functions/adapters/dynamodb/outbox.ts';
import type { StateChange } from '../../../../functions/model/bus-events.ts';
import { startStore } from '../../../../local/dynamodb.ts';

const now = new Date('2026-11-26T12:00:00Z');
const change = (id: string): StateChange => ({
  id,
  namespace: 'default',
  name: 'server-a',
  uid: 'uid-a',
  to: 'Connected',
  reason: 'Responded',
  at: now,
});

test('sixty changes are removed in three requests, and one that is gone already is no problem', async () => {
  const store = await startStore();
  try {
    const client = DynamoDBDocumentClient.from(store.client);
    const asked: string[] = [];
    client.middlewareStack.add(
      (next, { commandName }) =>
        async (request) => {
          asked.push(commandName ?? '');
          return next(request);
        },
      { step: 'initialize' },
    );
    const outbox = tableOutbox({ table: dynamoTable(client, store.table), now: () => now });
    const changes = Array.from({ length: 60 }, (_, index) => change(`change-${index}`));
    for (const one of changes.slice(1)) await outbox.record(one, undefined);
    expect(await outbox.pending()).toHaveLength(59);
    asked.length = 0;
    await outbox.remove(changes);
    expect(asked).toEqual(Array(3).fill('BatchWriteItemCommand'));
    expect(await outbox.pending()).toEqual([]);
    await outbox.remove([]);
    expect(asked.filter((name) => name === 'BatchWriteItemCommand')).toHaveLength(3);
  } finally {
    await store.close();
  }
});

test('a table that does not answer keeps the changes for the next sweep, and is no error', async () => {
  const store = await startStore();
  try {
    const table = dynamoTable(DynamoDBDocumentClient.from(store.client), 'another-table');
    await expect(
      tableOutbox({ table, now: () => now }).remove([change('kept')]),
    ).resolves.toBeUndefined();
  } finally {
    await store.close();
  }
});
