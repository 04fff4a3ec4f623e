import { createHash } from 'node:crypto';
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  PutCommand,
  QueryCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import pLimit from 'p-limit';
import * as z from 'zod/mini';
import type { PendingChange, Outbox } from '../../reachability/state-changes.ts';
import type { StateChange } from '../../model/bus-events.ts';

export type OutboxOptions = {
  readonly client: DynamoDBDocumentClient;
  readonly table: string;
  readonly now: () => Date;
};

// A partition takes 1,000 writes a second; when everything fails at once, a fleet of 100,000 makes
// several thousand.
const partitions = 8;
const mostPending = 100; // of one partition in one sweep; the next sweep takes the others
const keptMs = 24 * 60 * 60 * 1000;
const parallelCalls = 50;

/**
 * The outbox in the DynamoDB table of the grants, in partitions of its own: the sweep has no right
 * to any other.
 */
export function tableOutbox({ client, table: TableName, now }: OutboxOptions): Outbox {
  const limit = pLimit(parallelCalls);
  const confirm = async (id: string): Promise<void> => {
    const command = new UpdateCommand({
      TableName,
      Key: keyOf(id),
      UpdateExpression: 'SET confirmed = :yes',
      ConditionExpression: 'attribute_exists(pk)',
      ExpressionAttributeValues: { ':yes': true },
    });
    await client.send(command).catch(onlyConditionFailed);
  };
  const put = async (change: StateChange): Promise<void> => {
    const expires = Math.floor((now().getTime() + keptMs) / 1000);
    const Item = {
      ...keyOf(change.id),
      change: { ...change, at: change.at.toISOString() },
      expires,
    };
    // The same change may have been noted by a runner that was cut off: what was confirmed of it
    // stays.
    const command = new PutCommand({
      TableName,
      Item,
      ConditionExpression: 'attribute_not_exists(pk)',
    });
    await client.send(command).catch(onlyConditionFailed);
  };
  const read = async (partition: number): Promise<readonly PendingChange[]> => {
    const command = new QueryCommand({
      TableName,
      ConsistentRead: true,
      Limit: mostPending,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': partitionName(partition) },
    });
    const { Items = [] } = await client.send(command);
    return z
      .array(rowSchema)
      .parse(Items)
      .map(({ change, confirmed }) => ({ change, isConfirmed: confirmed }));
  };
  return {
    record: async (change, previous) => {
      try {
        await limit(async () =>
          Promise.all([put(change), ...(previous === undefined ? [] : [confirm(previous)])]),
        );
        return undefined;
      } catch (error) {
        // STATE does not wait for the table: the change is announced once, by this run.
        return error instanceof Error ? error.name : String(error);
      }
    },
    pending: async () =>
      (
        await Promise.all(Array.from({ length: partitions }, (_, partition) => read(partition)))
      ).flat(),
    remove: async (changes) => {
      await Promise.allSettled(
        changes.map(({ id }) =>
          limit(() => client.send(new DeleteCommand({ TableName, Key: keyOf(id) }))),
        ),
      );
    },
  };
}

const partitionName = (partition: number): string => `outbox ${partition}`;

const keyOf = (id: string) => ({
  pk: partitionName(createHash('sha256').update(id).digest().readUInt8() % partitions),
  sk: id,
});

const rowSchema = z.object({
  change: z.object({
    id: z.string(),
    namespace: z.string(),
    name: z.string(),
    uid: z.string(),
    from: z.exactOptional(z.string()),
    to: z.string(),
    reason: z.string(),
    at: z.pipe(z.iso.datetime(), z.coerce.date()),
  }),
  confirmed: z._default(z.boolean(), false),
});

function onlyConditionFailed(error: unknown): void {
  if (!(error instanceof ConditionalCheckFailedException)) throw error;
}
