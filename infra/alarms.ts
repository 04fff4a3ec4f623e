/**
 * The alarms and one dashboard. What each alarm means and what to do is in `docs/operate.md`.
 */

import { alarmPage } from './alarm-page.ts';
import { dashboard } from './dashboard.ts';
import type { Address } from './front.ts';
import type { Metric } from './metric.ts';
import { inStage, keepsName, uniqueInStage } from './names.ts';
import { stoppedMeans, sweepsStopped } from './sweeps-stopped.ts';

type Watched = {
  readonly sweep: sst.aws.Function;
  readonly address: Address;
  readonly dead: aws.sqs.Queue;
  /** Receives an email for each alarm. */
  readonly email?: string;
  /** Address of the site, which has a section about each alarm. */
  readonly siteUrl?: string;
};

type Alarm = {
  readonly means: string;
  readonly metric: Metric;
  readonly statistic: 'Sum' | 'Maximum' | 'p99';
  readonly periodSeconds: number;
  /** So many of the last `of` periods must exceed the threshold. */
  readonly periods: number;
  readonly of: number;
  readonly threshold: number;
};

export function alarms({ sweep, address, dead, email, siteUrl }: Watched): void {
  const own = (name: string, service: 'sweep' | 'api' = 'sweep'): Metric => ({
    namespace: `${$app.name}-${$app.stage}`,
    name,
    dimensions: { service },
  });
  const lambda = (name: string, of: sst.aws.Function): Metric => ({
    namespace: 'AWS/Lambda',
    name,
    dimensions: { FunctionName: of.name },
  });
  const minutes = { statistic: 'Sum', periodSeconds: 60, threshold: 1 } as const;
  const all: Record<string, Alarm> = {
    SweepErrors: {
      means: 'Sweep invocations fail with an error.',
      metric: lambda('Errors', sweep),
      ...minutes,
      periods: 3,
      of: 5,
    },
    SweepThrottled: {
      means:
        'The account has no Lambda concurrency left for sweeps. Pages wait and are then dropped.',
      metric: lambda('Throttles', sweep),
      ...minutes,
      periods: 2,
      of: 5,
    },
    SweepLate: {
      means:
        'The last probes of a sweep start more than 45 s after it began. The fleet is too large for its page size.',
      metric: own('LagMs'),
      statistic: 'Maximum',
      periodSeconds: 60,
      periods: 5,
      of: 5,
      threshold: 45_000,
    },
    SweepTruncated: {
      means: 'A sweep ended before its last page.',
      metric: own('SweepTruncatedCount'),
      ...minutes,
      periods: 2,
      of: 5,
    },
    RecursionDetected: {
      means: 'Lambda detected the chain of pages as a recursive loop and stopped it.',
      metric: lambda('RecursiveInvocationsDropped', sweep),
      ...minutes,
      periods: 1,
      of: 1,
    },
    ProberOffline: {
      means:
        'The prober suppresses its results: its own network, resolver or machine seems to be in trouble.',
      metric: own('ProberOfflineCount'),
      ...minutes,
      periods: 3,
      of: 5,
    },
    Unpublished: {
      means: 'The bus does not accept state changes. They wait in the outbox.',
      metric: own('UnpublishedCount'),
      ...minutes,
      periods: 5,
      of: 10,
    },
    DeadLetters: {
      means: 'A tick, a page or an alert was not delivered. The message in the queue says which.',
      metric: {
        namespace: 'AWS/SQS',
        name: 'ApproximateNumberOfMessagesVisible',
        dimensions: { QueueName: dead.name },
      },
      ...minutes,
      statistic: 'Maximum',
      periods: 1,
      of: 1,
    },
    LimitsReached: {
      means: 'People reach the limits of the endpoint often: a script in a loop, or an attack.',
      metric: own('LimitReachedCount', 'api'),
      statistic: 'Sum',
      periodSeconds: 300,
      periods: 1,
      of: 1,
      threshold: 20,
    },
    ProofsRefused: {
      means:
        'Valid tokens come without a valid proof of the machine of their person: a token may be in other hands.',
      metric: own('ProofRefusedCount', 'api'),
      statistic: 'Sum',
      periodSeconds: 300,
      periods: 1,
      of: 1,
      threshold: 20,
    },
    RowsUnreadable: {
      means: 'A row of the table does not decrypt or does not have its form.',
      metric: own('UnreadableRowCount', 'api'),
      statistic: 'Sum',
      periodSeconds: 300,
      periods: 1,
      of: 1,
      threshold: 1,
    },
    ApiErrors: {
      means: 'The endpoint returns 5xx errors.',
      metric: address.errors,
      statistic: 'Sum',
      periodSeconds: 300,
      periods: 1,
      of: 1,
      threshold: 5,
    },
    ApiSlow: {
      means: 'The 99th percentile of response times is above 3 s.',
      metric: address.latency,
      statistic: 'p99',
      periodSeconds: 300,
      periods: 3,
      of: 3,
      threshold: 3000,
    },
  };

  const topic = new aws.sns.Topic('Alarms', { name: uniqueInStage('Alarms', 256) }, keepsName);
  if (email)
    new aws.sns.TopicSubscription('AlarmsEmail', {
      topic: topic.arn,
      protocol: 'email',
      endpoint: email,
    });
  const sweeps = own('SweepCount');
  const made = [
    sweepsStopped({ sweeps, topic, siteUrl }),
    ...Object.entries(all).map(([name, alarm]) => makeAlarm(name, alarm, topic, siteUrl)),
  ];
  dashboard(
    [
      { title: stoppedMeans, metric: sweeps, statistic: 'Sum' },
      ...Object.values(all).map(({ means: title, ...alarm }) => ({ title, ...alarm })),
    ],
    made.map(({ arn }) => arn),
  );
}

const makeAlarm = (
  name: string,
  alarm: Alarm,
  topic: aws.sns.Topic,
  siteUrl: string | undefined,
): aws.cloudwatch.MetricAlarm =>
  new aws.cloudwatch.MetricAlarm(name, {
    name: inStage(name),
    alarmDescription: `${alarm.means} See ${alarmPage(name, siteUrl)}`,
    namespace: alarm.metric.namespace,
    metricName: alarm.metric.name,
    dimensions: { ...alarm.metric.dimensions },
    ...(alarm.statistic === 'p99'
      ? { extendedStatistic: alarm.statistic }
      : { statistic: alarm.statistic }),
    period: alarm.periodSeconds,
    datapointsToAlarm: alarm.periods,
    evaluationPeriods: alarm.of,
    threshold: alarm.threshold,
    comparisonOperator: 'GreaterThanOrEqualToThreshold',
    treatMissingData: 'notBreaching',
    alarmActions: [topic.arn],
    okActions: [topic.arn],
  });
