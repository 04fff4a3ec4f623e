import { randomBytes } from 'node:crypto';
import { DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { expect, test } from 'vitest';
import { sealer } from '../../../functions/adapters/dynamodb/seal.ts';
import type { LogLine } from '../../../functions/model/log-line.ts';
import { createGrantStore } from '../../../functions/wiring/table-client.ts';
import { startStore } from '../../../local/dynamodb.ts';
import { aGrant, now } from '../sessions/build.ts';

test('a row that cannot be read is one line of the log, without the person or anything of the row', async () => {
  const local = await startStore();
  const lines: LogLine[] = [];
  const store = createGrantStore(
    { tableName: local.table, dynamoDbUrl: new URL(local.url) },
    {
      sealer: sealer([`k:${randomBytes(32).toString('base64url')}`]),
      now: () => now,
      log: (line) => void lines.push(line),
    },
  );
  const { person, serverUid } = aGrant();
  await store.putGrant(aGrant(), { accessToken: 'the-token' });
  await DynamoDBDocumentClient.from(local.client).send(
    new UpdateCommand({
      TableName: local.table,
      Key: { pk: `person ${JSON.stringify([person.issuer, person.subject])}`, sk: 'grant uid-a' },
      UpdateExpression: 'SET #grant = :grant',
      ExpressionAttributeNames: { '#grant': 'grant' },
      ExpressionAttributeValues: { ':grant': 'something of the row' },
    }),
  );
  expect(await store.listGrants(person)).toEqual([]);
  expect(lines).toEqual([
    {
      level: 'warn',
      message: 'a row of the table was left out',
      reason: 'notParsed',
      row: 'grant',
      person: expect.stringMatching(/^[\w-]{43}$/),
      serverUid,
    },
  ]);
  expect(await store.listServerUids(person)).toEqual([serverUid]);
  await store.deleteGrant(person, serverUid);
  expect(await store.listServerUids(person)).toEqual([]);
  await local.close();
});
