import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, inject } from 'vitest';
import { createTable } from '../../local/dynamodb.ts';
import { type Emulator, startMiniStack } from '../aws/ministack.ts';
import { storeContract } from './store.ts';
import { placeOf } from './table-place.ts';

const folder = inject('miniStack') ?? '';

describe.skipIf(folder === '')('MiniStack', () => {
  const table = 'contract';
  let aws: Emulator;
  let client: DynamoDBClient;
  beforeAll(async () => {
    aws = await startMiniStack({ folder });
    client = new DynamoDBClient({
      endpoint: aws.url,
      region: aws.region,
      credentials: aws.credentials,
    });
    await createTable(client, table);
  });
  afterAll(async () => {
    client.destroy();
    await aws.close();
  });
  storeContract(() => placeOf(client, table));
});
