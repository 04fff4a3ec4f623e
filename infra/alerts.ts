/**
 * Tells people of servers that become Failed and of those that were: by a mail, and by a webhook.
 * `docs/alerts.md` has the rules for other receivers.
 */
import { eventSource, stateChangedType } from '../functions/model/bus-events.ts';
import { onlyForUs } from './functions.ts';
import { keepsName, uniqueInStage } from './names.ts';

type Alerted = {
  readonly bus: sst.aws.Bus;
  readonly dead: aws.sqs.Queue;
  readonly email: string | undefined;
  readonly webhook: string | undefined;
};

const longestName = 64; // of rules, roles, connections and destinations

export function alerts({ bus, dead, email, webhook }: Alerted): void {
  if (email === undefined && webhook === undefined) return;
  const rule = new aws.cloudwatch.EventRule(
    'Alerts',
    {
      name: uniqueInStage('Alerts', longestName),
      description: 'Servers that become Failed, and servers that were.',
      eventBusName: bus.name,
      eventPattern: JSON.stringify({
        source: [eventSource],
        'detail-type': [stateChangedType],
        detail: { $or: [{ to: ['Failed'] }, { from: ['Failed'] }] },
      }),
    },
    keepsName,
  );
  const target = (name: string, args: Pick<TargetArgs, 'arn' | 'roleArn'>, template: string) =>
    new aws.cloudwatch.EventTarget(name, {
      ...args,
      rule: rule.name,
      eventBusName: bus.name,
      // EventBridge escapes nothing that it puts into a template: `changeSummary` made the text of
      // characters that need no escape.
      inputTransformer: { inputPaths: { summary: '$.detail.summary' }, inputTemplate: template },
      deadLetterConfig: { arn: dead.arn },
      // What is older than an hour is no news.
      retryPolicy: { maximumEventAgeInSeconds: 3600, maximumRetryAttempts: 185 },
    });
  const text = `${$app.name}-${$app.stage}: <summary>`;
  if (email !== undefined)
    target('AlertsByEmail', { arn: mailTopic(email, rule) }, JSON.stringify(text));
  if (webhook !== undefined)
    target('AlertsByWebhook', webhookDestination(webhook), JSON.stringify({ text }));
}

type TargetArgs = aws.cloudwatch.EventTargetArgs;

/** A topic to which the rule may write, and nothing else of EventBridge. */
function mailTopic(email: string, rule: aws.cloudwatch.EventRule): $util.Output<string> {
  const topic = new aws.sns.Topic('Alerts', { name: uniqueInStage('Alerts', 256) }, keepsName);
  new aws.sns.TopicPolicy('AlertsPolicy', {
    arn: topic.arn,
    policy: aws.iam.getPolicyDocumentOutput({
      statements: [
        {
          effect: 'Allow',
          principals: [{ type: 'Service', identifiers: ['events.amazonaws.com'] }],
          actions: ['sns:Publish'],
          resources: [topic.arn],
          conditions: [{ test: 'ArnEquals', variable: 'aws:SourceArn', values: [rule.arn] }],
        },
      ],
    }).json,
  });
  new aws.sns.TopicSubscription('AlertsEmail', {
    topic: topic.arn,
    protocol: 'email',
    endpoint: email,
  });
  return topic.arn;
}

/** The webhook as EventBridge calls it: at most once a second, which is what Slack takes. */
function webhookDestination(webhook: string): {
  readonly arn: $util.Output<string>;
  readonly roleArn: $util.Output<string>;
} {
  const connection = new aws.cloudwatch.EventConnection(
    'AlertsConnection',
    {
      name: uniqueInStage('Alerts', longestName),
      description: 'Alerts of muster-serverless. The secret is in the address of the webhook.',
      // A connection must have a credential. Slack and others do not read this one.
      authorizationType: 'API_KEY',
      authParameters: { apiKey: { key: 'X-Muster-Stage', value: $app.stage } },
    },
    keepsName,
  );
  const destination = new aws.cloudwatch.EventApiDestination(
    'AlertsWebhook',
    {
      name: uniqueInStage('Alerts', longestName),
      connectionArn: connection.arn,
      // Pulumi then encrypts it in its state and shows it in no diff.
      invocationEndpoint: $util.secret(webhook),
      httpMethod: 'POST',
      invocationRateLimitPerSecond: 1,
    },
    keepsName,
  );
  const role = new aws.iam.Role(
    'AlertsRole',
    {
      name: uniqueInStage('AlertsRole', longestName),
      assumeRolePolicy: onlyForUs('events.amazonaws.com'),
      inlinePolicies: [
        {
          name: 'inline',
          policy: aws.iam.getPolicyDocumentOutput({
            statements: [
              {
                effect: 'Allow',
                actions: ['events:InvokeApiDestination'],
                resources: [destination.arn],
              },
            ],
          }).json,
        },
      ],
    },
    keepsName,
  );
  return { arn: destination.arn, roleArn: role.arn };
}
