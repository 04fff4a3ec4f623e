/** An account with a bus, and receivers of its alerts: a queue behind a topic, and a web server. */
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import {
  CreateApiDestinationCommand,
  CreateConnectionCommand,
  type CreateConnectionAuthRequestParameters,
  CreateEventBusCommand,
  EventBridgeClient,
  PutRuleCommand,
  PutTargetsCommand,
  type Target,
} from '@aws-sdk/client-eventbridge';
import {
  CreateTopicCommand,
  SetTopicAttributesCommand,
  SNSClient,
  SubscribeCommand,
} from '@aws-sdk/client-sns';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { listen } from '../../local/listen.ts';
import { startMiniStack } from './ministack.ts';

export type Received = { readonly path: string; readonly body: unknown };

export type AlertAccount = {
  readonly client: EventBridgeClient;
  readonly bus: string;
  /** Resolves when the web server has what is looked for, with all that came. Throws after 20 s. */
  readonly untilPosted: (isIt: (received: Received) => boolean) => Promise<readonly Received[]>;
  readonly untilQueued: (isIt: (body: string) => boolean) => Promise<readonly string[]>;
  /** Of an API destination that leads to this path of the web server. */
  readonly destination: (
    path: string,
    parameters: CreateConnectionAuthRequestParameters,
  ) => Promise<string>;
  readonly topic: (policy: string) => Promise<string>;
  readonly queueArn: string;
  readonly rule: (name: string, pattern: string, targets: readonly Target[]) => Promise<void>;
  readonly close: () => Promise<void>;
};

const longestWaitMs = 20_000;

export async function openAlertAccount(ministack: string, bus: string): Promise<AlertAccount> {
  const emulator = await startMiniStack({ folder: ministack });
  const { url: endpoint, region, credentials, account } = emulator;
  const given = { endpoint, region, credentials };
  const [client, sns, sqs] = [
    new EventBridgeClient(given),
    new SNSClient(given),
    new SQSClient(given),
  ];
  const posted: Received[] = [];
  const arrivals = new EventEmitter();
  const web = await listen(
    createServer((request, response) => {
      void json(request).then((body) => {
        posted.push({ path: request.url ?? '', body });
        arrivals.emit('posted');
        response.end('ok');
      });
    }),
  );
  await client.send(new CreateEventBusCommand({ Name: bus }));
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'alerts' }));
  const queueArn = `arn:aws:sqs:${region}:${account}:alerts`;
  const queued: string[] = [];
  const receive = async (): Promise<void> => {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 }),
    );
    queued.push(...Messages.map(({ Body = '' }) => Body));
  };
  let destinations = 0;
  return {
    client,
    bus,
    queueArn,
    untilPosted: async (isIt) => {
      const signal = AbortSignal.timeout(longestWaitMs);
      while (!posted.some(isIt)) await once(arrivals, 'posted', { signal });
      return [...posted];
    },
    untilQueued: async (isIt) => {
      const until = Date.now() + longestWaitMs;
      while (!queued.some(isIt) && Date.now() < until) await receive();
      return [...queued];
    },
    destination: async (path, AuthParameters) => {
      destinations += 1;
      const Name = `destination-${destinations}`;
      const { ConnectionArn } = await client.send(
        new CreateConnectionCommand({ Name, AuthorizationType: 'API_KEY', AuthParameters }),
      );
      const { ApiDestinationArn = '' } = await client.send(
        new CreateApiDestinationCommand({
          Name,
          ConnectionArn,
          HttpMethod: 'POST',
          // EventBridge asks for https; the emulator trusts no certificate of ours.
          InvocationEndpoint: `${web.url}${path}`,
          InvocationRateLimitPerSecond: 1,
        }),
      );
      return ApiDestinationArn;
    },
    topic: async (policy) => {
      const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'alerts' }));
      const AttributeValue = policy;
      await sns.send(
        new SetTopicAttributesCommand({ TopicArn, AttributeName: 'Policy', AttributeValue }),
      );
      await sns.send(
        new SubscribeCommand({
          TopicArn,
          Protocol: 'sqs',
          Endpoint: queueArn,
          Attributes: { RawMessageDelivery: 'true' },
        }),
      );
      return TopicArn ?? '';
    },
    rule: async (Name, EventPattern, targets) => {
      await client.send(new PutRuleCommand({ Name, EventPattern, EventBusName: bus }));
      const { FailedEntryCount = 0, FailedEntries } = await client.send(
        new PutTargetsCommand({ Rule: Name, EventBusName: bus, Targets: [...targets] }),
      );
      if (FailedEntryCount > 0) throw new Error(JSON.stringify(FailedEntries));
    },
    close: async () => {
      for (const each of [client, sns, sqs]) each.destroy();
      await web.close();
      await emulator.close();
    },
  };
}
