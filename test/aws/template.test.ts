import { describe, expect, test } from 'vitest';
import { templateOf } from './template.ts';

const aQueue = {
  type: 'aws:sqs/queue:Queue',
  name: 'Letters',
  inputs: { messageRetentionSeconds: 60 },
  state: {
    name: 'Letters-1a2b3c4',
    arn: 'arn:aws:sqs:eu-central-1:123456789012:Letters-1a2b3c4',
    url: 'https://sqs.eu-central-1.amazonaws.com/123456789012/Letters-1a2b3c4',
  },
};
const policy = JSON.stringify({ Version: '2012-10-17', Statement: [] });
const aPolicy = {
  type: 'aws:sqs/queuePolicy:QueuePolicy',
  name: 'Open',
  inputs: { queueUrl: aQueue.state.url, policy },
  state: {},
};

describe('the template of a recorded stack', () => {
  test('has the physical name of the recording, and properties as CloudFormation calls them', () => {
    expect(templateOf([aQueue]).Resources).toEqual({
      LettersQueue: {
        Type: 'AWS::SQS::Queue',
        Properties: { QueueName: 'Letters-1a2b3c4', MessageRetentionPeriod: 60 },
      },
    });
  });

  test('refers to an address that only AWS knows', () => {
    const { OpenQueuePolicy } = templateOf([aPolicy, aQueue]).Resources;
    expect(OpenQueuePolicy).toEqual({
      Type: 'AWS::SQS::QueuePolicy',
      Properties: { Queues: [{ Ref: 'LettersQueue' }], PolicyDocument: JSON.parse(policy) },
    });
  });

  test('makes first what another one names', () => {
    const config = {
      type: 'aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig',
      name: 'Invoke',
      inputs: { destinationConfig: { onFailure: { destination: aQueue.state.arn } } },
      state: {},
    };
    const { InvokeFunctionEventInvokeConfig } = templateOf([config, aQueue]).Resources;
    expect(InvokeFunctionEventInvokeConfig).toMatchObject({ DependsOn: ['LettersQueue'] });
  });

  test('is none where a type has no mapping, and says where to add it', () => {
    const aStream = { type: 'aws:kinesis/stream:Stream', name: 'Stream', inputs: {}, state: {} };
    expect(() => templateOf([aStream])).toThrow(
      'The stack has Stream, of type aws:kinesis/stream:Stream. Add its mapping in test/aws/resource-mappings.ts, or the reason why it has none.',
    );
  });

  test('is none where AWS would make up a name that ARNs of the recording do not have', () => {
    expect(() => templateOf([{ ...aQueue, state: {} }])).toThrow(
      'The recording has no name of a resource. Add it in test/stack/program.ts.',
    );
  });
});
