/** A DynamoDB-compatible store in memory on loopback, with the table of the grants. */
import { CreateTableCommand, DynamoDBClient, waitUntilTableExists } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { listenLocally } from './listen.ts';

export type Store = {
  /** Give it to the functions as AWS_ENDPOINT_URL_DYNAMODB. */
  readonly url: string;
  /** Give it to the functions as TABLE_NAME. */
  readonly table: string;
  /** A client of it, for tests and for `npm start`. */
  readonly client: DynamoDBClient;
  readonly close: () => Promise<void>;
};

/** Throws `PortInUse` when the port is taken. */
export async function startStore({
  port = 0,
  table = 'muster',
}: {
  readonly port?: number;
  readonly table?: string;
} = {}): Promise<Store> {
  const server = dynalite({ createTableMs: 0 });
  const { url, close: closeServer } = await listenLocally(server, port);
  // dynalite requires credentials in the request and never checks them.
  const client = new DynamoDBClient({
    endpoint: url,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  await createTable(client, table);
  const close = async () => {
    client.destroy();
    await closeServer();
  };
  return { url, table, client, close };
}

/**
 * The table of the sessions as `infra/` declares it, without its TTL: every reader checks for itself
 * what has expired.
 */
export async function createTable(client: DynamoDBClient, table: string): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName: table,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
    }),
  );
  await waitUntilTableExists(
    { client, maxWaitTime: 5, minDelay: 0.01, maxDelay: 0.1 },
    { TableName: table },
  );
}
