import { randomBytes } from 'node:crypto';
import { DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { expect, test } from 'vitest';
import { sealer } from '../../../functions/adapters/dynamodb/seal.ts';
import type { AuditEvent } from '../../../functions/model/audit-event.ts';
import { createGrantStore } from '../../../functions/wiring/table-client.ts';
import { startStore } from '../../../local/dynamodb.ts';
import { aGrant, now } from '../sessions/build.ts';

test('a row that cannot be read is one security event, with nothing of the row', async () => {
  const local = await startStore();
  const events: AuditEvent[] = [];
  const store = createGrantStore(
    { tableName: local.table, dynamoDbUrl: new URL(local.url) },
    {
      sealer: sealer([`k:${randomBytes(32).toString('base64url')}`]),
      now: () => now,
      audit: (event) => void events.push(event),
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
  expect(events).toEqual([{ kind: 'rowUnreadable', person, serverUid, reason: 'malformed' }]);
  expect(await store.listServerUids(person)).toEqual([serverUid]);
  await store.deleteGrant(person, serverUid);
  expect(await store.listServerUids(person)).toEqual([]);
  await local.close();
});
