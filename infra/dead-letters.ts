import { keepsName, uniqueInStage } from './names.ts';

/** What Scheduler, the bus or Lambda could not deliver, so that a dropped page is visible. */
export function deadLetters(bus: sst.aws.Bus): aws.sqs.Queue {
  const queue = new aws.sqs.Queue(
    'DeadLetters',
    {
      name: uniqueInStage('DeadLetters', 80),
      messageRetentionSeconds: 14 * 24 * 3600,
      sqsManagedSseEnabled: true,
    },
    keepsName,
  );
  const { partition } = aws.getPartitionOutput();
  const ourRules = $interpolate`arn:${partition}:events:${aws.getRegionOutput().region}:${aws.getCallerIdentityOutput().accountId}:rule/${bus.name}/*`;
  new aws.sqs.QueuePolicy('DeadLettersPolicy', {
    queueUrl: queue.url,
    policy: aws.iam.getPolicyDocumentOutput({
      statements: [
        {
          effect: 'Allow',
          principals: [{ type: 'Service', identifiers: ['events.amazonaws.com'] }],
          actions: ['sqs:SendMessage'],
          resources: [queue.arn],
          conditions: [{ test: 'ArnLike', variable: 'aws:SourceArn', values: [ourRules] }],
        },
      ],
    }).json,
  });
  return queue;
}
