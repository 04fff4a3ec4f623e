import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { dynamoTable } from '../../functions/adapters/dynamodb/dynamo-table.ts';
import type { Place } from './store.ts';

/** The table of that name, through the real client. */
export function placeOf(client: DynamoDBClient, name: string): Place {
  const documents = DynamoDBDocumentClient.from(client);
  return {
    table: dynamoTable(documents, name),
    dump: async () => (await documents.send(new ScanCommand({ TableName: name }))).Items ?? [],
  };
}
