import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe } from 'vitest';
import { dynamoTable } from '../../functions/adapters/dynamodb/dynamo-table.ts';
import { createTable, type Store, startStore } from '../../local/dynamodb.ts';
import { memoryTable } from '../../local/memory-table.ts';
import { type Place, storeContract } from './store.ts';

describe('in memory', () => {
  const table = memoryTable();
  storeContract(() => ({ table, dump: async () => table.rows() }));
});

const placeOf = (client: DynamoDBClient, name: string): Place => {
  const documents = DynamoDBDocumentClient.from(client);
  return {
    table: dynamoTable(documents, name),
    dump: async () => (await documents.send(new ScanCommand({ TableName: name }))).Items ?? [],
  };
};

describe('dynalite', () => {
  let local: Store;
  beforeAll(async () => {
    local = await startStore();
  });
  afterAll(() => local.close());
  storeContract(() => placeOf(local.client, local.table));
});

// `npm run test:store` starts it and says where it is.
const endpoint = process.env['DYNAMODB_LOCAL_URL'];

describe.skipIf(endpoint === undefined)("DynamoDB Local, Amazon's own", () => {
  const client = new DynamoDBClient({
    endpoint: endpoint ?? '',
    region: 'local',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  const table = `contract-${String(process.pid)}`;
  beforeAll(() => createTable(client, table));
  afterAll(() => client.destroy());
  storeContract(() => placeOf(client, table));
});
