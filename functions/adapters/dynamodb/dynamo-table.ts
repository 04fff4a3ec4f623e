import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
} from '@aws-sdk/lib-dynamodb';
import type { Condition, Table } from './grant-store.ts';
import { defined } from '../../model/defined.ts';

/**
 * One DynamoDB table: partition key `pk`, sort key `sk`, TTL attribute `expires`. Throws the errors
 * of the AWS client.
 */
export function dynamoTable(client: DynamoDBDocumentClient, TableName: string): Table {
  return {
    get: async (Key) =>
      (await client.send(new GetCommand({ TableName, Key, ConsistentRead: true }))).Item,
    put: async (key, attributes, condition) => {
      const command = new PutCommand({
        TableName,
        Item: { ...key, ...attributes },
        ...conditional(condition),
      });
      return (await client.send(command).catch(onlyConditionFailed)) !== undefined;
    },
    delete: async (Key, condition) => {
      const command = new DeleteCommand({
        TableName,
        Key,
        ReturnValues: 'ALL_OLD',
        ...conditional(condition),
      });
      return (await client.send(command).catch(onlyConditionFailed))?.Attributes;
    },
    query: async (pk, prefix, names) => {
      const found: Record<string, unknown>[] = [];
      let ExclusiveStartKey: Record<string, unknown> | undefined;
      do {
        const page = await client.send(
          new QueryCommand(
            defined({
              TableName,
              ConsistentRead: true,
              KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
              ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
              ExpressionAttributeValues: { ':pk': pk, ':prefix': prefix },
              ProjectionExpression: ['sk', ...names.map((name) => `#${name}`)].join(', '),
              ExclusiveStartKey,
            }),
          ),
        );
        found.push(...(page.Items ?? []));
        ExclusiveStartKey = page.LastEvaluatedKey;
      } while (ExclusiveStartKey !== undefined);
      return found;
    },
  };
}

/** Names go by placeholder: DynamoDB has several hundred reserved words. */
function conditional(condition: Condition | undefined) {
  switch (condition?.kind) {
    case undefined:
      return {};
    case 'absent':
      return { ConditionExpression: 'attribute_not_exists(pk)' };
    case 'absentOrAtMost':
      return {
        ConditionExpression: 'attribute_not_exists(pk) OR #name <= :value',
        ExpressionAttributeNames: { '#name': condition.name },
        ExpressionAttributeValues: { ':value': condition.most },
      };
    case 'equal':
      return {
        ConditionExpression: '#name = :value',
        ExpressionAttributeNames: { '#name': condition.name },
        ExpressionAttributeValues: { ':value': condition.value },
      };
  }
}

function onlyConditionFailed(error: unknown): undefined {
  if (error instanceof ConditionalCheckFailedException) return undefined;
  throw error;
}
