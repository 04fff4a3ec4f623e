import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  BatchWriteCommand,
  type BatchWriteCommandInput,
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { TableUnavailable } from '../../model/table-unavailable.ts';
import { defined } from '../../model/defined.ts';

/** The names are those of the table: partition key, sort key. */
export type Key = { readonly pk: string; readonly sk: string };
export type Attributes = Readonly<Record<string, unknown>>;
export type Row = { readonly key: Key; readonly attributes: Attributes };

/** What has to be true of the stored row before it is written or removed. */
export type Precondition =
  | { readonly kind: 'absent' }
  /** There is none, or one whose number is at most this. */
  | { readonly kind: 'absentOrAtMost'; readonly name: string; readonly most: number }
  | { readonly kind: 'equal'; readonly name: string; readonly value: string };

export type RowQuery = {
  /** The attributes to return besides `sk`; `map.member` is that member of a map. */
  readonly names: readonly string[];
  /** The sort keys begin with it. Default: all rows of the partition. */
  readonly prefix?: string;
  /** At most so many rows, the first of the order. Default: all. */
  readonly limit?: number;
  /** The order is that of the sort keys, backwards. */
  readonly descending?: boolean;
};

/**
 * Rows with a partition key, a sort key and a TTL attribute `expires` (seconds). It needs single
 * conditional writes only, no transactions; every read sees the last write.
 */
export type Table = {
  readonly get: (key: Key) => Promise<Attributes | undefined>;
  /** Replaces the whole row. False: the precondition is not met. */
  readonly put: (key: Key, attributes: Attributes, condition?: Precondition) => Promise<boolean>;
  /** Replaces whole rows, in as few requests as possible, and in no order. */
  readonly putAll: (rows: readonly Row[]) => Promise<void>;
  /** Removes rows, in as few requests as possible, and in no order. What is not there is no failure. */
  readonly deleteAll: (keys: readonly Key[]) => Promise<void>;
  /** Sets these attributes of a row and keeps its others. False: there is no such row. */
  readonly update: (key: Key, attributes: Attributes) => Promise<boolean>;
  /**
   * Adds one to the number `name` of a row and sets the other attributes, in one step; makes the
   * row where there is none. False: the number is `most` already, and nothing was written.
   */
  readonly count: (
    key: Key,
    counter: { readonly name: string; readonly most: number },
    attributes: Attributes,
  ) => Promise<boolean>;
  /**
   * Removes a row and returns it. Undefined: there is no such row, or the precondition is not met
   * and the row stays.
   */
  readonly delete: (key: Key, condition?: Precondition) => Promise<Attributes | undefined>;
  /** Rows of one partition in the order of their sort keys, or backwards. */
  readonly query: (pk: string, wanted: RowQuery) => Promise<readonly Attributes[]>;
};

/**
 * One DynamoDB table: partition key `pk`, sort key `sk`, TTL attribute `expires`. Throws
 * `TableUnavailable`.
 */
export function dynamoTable(client: DynamoDBDocumentClient, TableName: string): Table {
  return {
    get: async (Key) =>
      (await answered(client.send(new GetCommand({ TableName, Key, ConsistentRead: true })))).Item,
    put: async (key, attributes, condition) => {
      const command = new PutCommand({
        TableName,
        Item: { ...key, ...attributes },
        ...conditional(condition),
      });
      return (await client.send(command).catch(onlyConditionFailed)) !== undefined;
    },
    putAll: async (rows) =>
      writeAll(
        client,
        TableName,
        rows.map(({ key, attributes }) => ({ PutRequest: { Item: { ...key, ...attributes } } })),
      ),
    deleteAll: async (keys) =>
      writeAll(
        client,
        TableName,
        keys.map((Key) => ({ DeleteRequest: { Key } })),
      ),
    update: async (Key, attributes) => {
      const { expression, names, values } = settingOf(attributes);
      const command = new UpdateCommand({
        TableName,
        Key,
        UpdateExpression: expression,
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeNames: names,
        ExpressionAttributeValues: values,
      });
      return (await client.send(command).catch(onlyConditionFailed)) !== undefined;
    },
    count: async (Key, { name, most }, attributes) => {
      const { expression, names, values } = settingOf(attributes);
      const command = new UpdateCommand({
        TableName,
        Key,
        UpdateExpression: `${expression} ADD #counter :one`,
        ConditionExpression: 'attribute_not_exists(#counter) OR #counter < :most',
        ExpressionAttributeNames: { ...names, '#counter': name },
        ExpressionAttributeValues: { ...values, ':one': 1, ':most': most },
      });
      return (await client.send(command).catch(onlyConditionFailed)) !== undefined;
    },
    delete: async (Key, condition) => {
      const command = new DeleteCommand({
        TableName,
        Key,
        ReturnValues: 'ALL_OLD',
        // Of several deletes at once one gets the row, and the others learn that there is none.
        ...(condition === undefined
          ? { ConditionExpression: 'attribute_exists(pk)' }
          : conditional(condition)),
      });
      return (await client.send(command).catch(onlyConditionFailed))?.Attributes;
    },
    query: async (pk, { names, prefix = '', limit = Infinity, descending = false }) => {
      const found: Record<string, unknown>[] = [];
      let ExclusiveStartKey: Record<string, unknown> | undefined;
      do {
        const page = await answered(
          client.send(
            new QueryCommand(
              defined({
                TableName,
                ConsistentRead: true,
                ScanIndexForward: !descending,
                ...sortKeysFrom(pk, prefix),
                ExpressionAttributeNames: Object.fromEntries(
                  names.flatMap((name) => name.split('.')).map((part) => [`#${part}`, part]),
                ),
                ProjectionExpression: ['sk', ...names.map(placeholder)].join(', '),
                Limit: limit === Infinity ? undefined : limit - found.length,
                ExclusiveStartKey,
              }),
            ),
          ),
        );
        found.push(...(page.Items ?? []));
        ExclusiveStartKey = page.LastEvaluatedKey;
      } while (ExclusiveStartKey !== undefined && found.length < limit);
      return found;
    },
  };
}

const mostInBatch = 25; // BatchWriteItem takes no more.
const mostTries = 3;

type Write = NonNullable<BatchWriteCommandInput['RequestItems']>[string][number];

async function writeAll(
  client: DynamoDBDocumentClient,
  table: string,
  writes: readonly Write[],
): Promise<void> {
  const batches = Array.from({ length: Math.ceil(writes.length / mostInBatch) }, (_, index) =>
    writes.slice(index * mostInBatch, (index + 1) * mostInBatch),
  );
  await Promise.all(batches.map((batch) => answered(writeBatch(client, table, batch))));
}

/** What DynamoDB has no capacity for at the moment is sent again. */
async function writeBatch(
  client: DynamoDBDocumentClient,
  table: string,
  batch: Write[],
): Promise<void> {
  let left = batch;
  for (let tries = 1; ; tries += 1) {
    const answer = await client.send(new BatchWriteCommand({ RequestItems: { [table]: left } }));
    left = answer.UnprocessedItems?.[table] ?? [];
    if (left.length === 0) return;
    if (tries === mostTries) throw new Error(`${String(left.length)} rows were not accepted`);
  }
}

function settingOf(attributes: Attributes) {
  const entries = Object.entries(attributes);
  return {
    expression: `SET ${entries.map((_, at) => `#name${at} = :value${at}`).join(', ')}`,
    names: Object.fromEntries(entries.map(([name], at) => [`#name${at}`, name])),
    values: Object.fromEntries(entries.map(([, value], at) => [`:value${at}`, value])),
  };
}

const placeholder = (name: string): string =>
  name
    .split('.')
    .map((part) => `#${part}`)
    .join('.');

/** DynamoDB refuses the empty text as the beginning of a sort key. */
const sortKeysFrom = (pk: string, prefix: string) =>
  prefix === ''
    ? { KeyConditionExpression: 'pk = :pk', ExpressionAttributeValues: { ':pk': pk } }
    : {
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
        ExpressionAttributeValues: { ':pk': pk, ':prefix': prefix },
      };

/** Names go by placeholder: DynamoDB has several hundred reserved words. */
function conditional(condition: Precondition | undefined) {
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
  throw new TableUnavailable(error);
}

const answered = <Answer>(answer: Promise<Answer>): Promise<Answer> =>
  answer.catch((error: unknown) => {
    throw new TableUnavailable(error);
  });
