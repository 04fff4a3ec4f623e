/** Another owner in the account, who has a rule of their own for state changes, and a queue. */
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueUrlCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import * as z from 'zod/mini';
import { eventSource, stateChangedType } from '../../functions/model/bus-events.ts';
import { type Deployment, ownerAt } from './deployment.ts';

export type Queue = {
  /** Bodies in the order in which they came, until they are enough or no more comes. */
  readonly receive: (
    areEnough: (bodies: readonly unknown[]) => boolean,
    waitSeconds: number,
  ) => Promise<readonly unknown[]>;
  readonly purge: () => Promise<void>;
  readonly close: () => Promise<void>;
};

export async function openQueue({ emulator }: Deployment, name: string): Promise<Queue> {
  const client = new SQSClient(ownerAt(emulator));
  const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: name }));
  return {
    receive: async (areEnough, waitSeconds) => {
      const bodies: unknown[] = [];
      const until = Date.now() + waitSeconds * 1000;
      while (!areEnough(bodies) && Date.now() < until) {
        const { Messages = [] } = await client.send(
          new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 }),
        );
        for (const { Body = '', ReceiptHandle } of Messages) {
          bodies.push(JSON.parse(Body));
          await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
        }
      }
      return bodies;
    },
    purge: async () => {
      await client.send(new PurgeQueueCommand({ QueueUrl }));
    },
    close: async () => client.destroy(),
  };
}

/** The bus is ours, the rule and the queue are theirs. */
export async function startConsumer(deployment: Deployment): Promise<Queue> {
  const { emulator, nameOf } = deployment;
  const sqs = new SQSClient(ownerAt(emulator));
  const events = new EventBridgeClient(ownerAt(emulator));
  const bus = { EventBusName: nameOf('EventBus', 'BusBus') };
  const queue = 'changes-for-others';
  await sqs.send(new CreateQueueCommand({ QueueName: queue }));
  const pattern = { source: [eventSource], 'detail-type': [stateChangedType] };
  const rule = { ...bus, Name: queue, EventPattern: JSON.stringify(pattern) };
  await events.send(new PutRuleCommand(rule));
  const arn = `arn:aws:sqs:${emulator.region}:${emulator.account}:${queue}`;
  const target = { ...bus, Rule: queue, Targets: [{ Id: queue, Arn: arn }] };
  await events.send(new PutTargetsCommand(target));
  sqs.destroy();
  events.destroy();
  return openQueue(deployment, queue);
}

/** `server-a undefined -> Connected`, for what the consumer got. */
export const changesIn = (bodies: readonly unknown[]): readonly string[] =>
  bodies.map((body) => {
    const { detail } = changeSchema.parse(body);
    return `${detail.name} ${String(detail.from)} -> ${detail.to}`;
  });

const changeSchema = z.object({
  'detail-type': z.literal(stateChangedType),
  detail: z.looseObject({ name: z.string(), from: z.optional(z.string()), to: z.string() }),
});
