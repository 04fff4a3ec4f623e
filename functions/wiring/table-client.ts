import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { dynamoTable } from '../adapters/dynamodb/dynamo-table.ts';
import type { Sealer } from '../adapters/dynamodb/seal.ts';
import { type SessionStore, sessionStore } from '../adapters/dynamodb/session-store.ts';
import type { Environment } from '../settings.ts';
import { defined } from '../model/defined.ts';

/**
 * The store of the settings, in a module of its own because the client of DynamoDB is slow to load;
 * `AWS_ENDPOINT_URL_DYNAMODB` leads to a stand-in.
 */
export function createGrantStore(
  environment: Environment,
  {
    table,
    ...options
  }: { readonly table: string; readonly sealer: Sealer; readonly now: () => Date },
): SessionStore {
  const endpoint = environment['AWS_ENDPOINT_URL_DYNAMODB'];
  // Many tries: what an issuer answered to a refresh exists once, and here only.
  const client = new DynamoDBClient(
    defined({
      maxAttempts: 8,
      endpoint,
    }),
  );
  return sessionStore({
    table: dynamoTable(DynamoDBDocumentClient.from(client), table),
    ...options,
  });
}
