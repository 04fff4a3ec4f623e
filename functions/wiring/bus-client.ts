import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { dynamoTable } from '../adapters/dynamodb/dynamo-table.ts';
import { tableOutbox } from '../adapters/dynamodb/outbox.ts';
import { noOutbox, type Outbox } from '../reachability/state-changes.ts';
import { type Environment, readSetting } from '../settings.ts';

/** The bus of the settings; `AWS_ENDPOINT_URL_EVENTBRIDGE` leads to a stand-in. */
export function createBus(environment: Environment): {
  readonly client: EventBridgeClient;
  readonly name: string;
} {
  const endpoint = environment['AWS_ENDPOINT_URL_EVENTBRIDGE'];
  return {
    client: new EventBridgeClient(endpoint === undefined ? {} : { endpoint }),
    name: readSetting(environment, 'BUS_NAME'),
  };
}

/** The outbox in the table of the settings; without a table there is none. */
export function createOutbox(environment: Environment): Outbox {
  if (!environment['TABLE_NAME']) return noOutbox;
  return tableOutbox({
    table: dynamoTable(createTableClient(environment), readSetting(environment, 'TABLE_NAME')),
    now: () => new Date(),
  });
}

/** `AWS_ENDPOINT_URL_DYNAMODB` leads to a stand-in. */
function createTableClient(environment: Environment): DynamoDBDocumentClient {
  const endpoint = environment['AWS_ENDPOINT_URL_DYNAMODB'];
  return DynamoDBDocumentClient.from(
    new DynamoDBClient(endpoint === undefined ? {} : { endpoint }),
    {
      marshallOptions: { removeUndefinedValues: true },
    },
  );
}
