import { alarmPage } from './alarm-page.ts';
import type { Metric } from './metric.ts';
import { inStage } from './names.ts';

type StoppedParts = {
  readonly sweeps: Metric;
  readonly topic: aws.sns.Topic;
  readonly siteUrl: string | undefined;
};

/** A schedule that is 60 s late and a sweep of 60 s leave two minutes without a sweep. */
const silentMinutes = 4;
const seenMinutes = 5;

export const stoppedMeans = `No sweep has succeeded for ${silentMinutes} minutes. STATE may be stale.`;

/**
 * Rings when sweeps stop, also forever, and not before the first ones. One alarm cannot: where
 * missing data is bad, it begins in ALARM, since it looks at the time before it was made. So one
 * alarm watches the silence, and another remembers that there were sweeps: without data it never
 * changes again ("ignore"). The running sum lets it remember only some minutes after the first
 * sweep, when the other one has seen it too.
 */
export function sweepsStopped({ sweeps, topic, siteUrl }: StoppedParts) {
  const page = alarmPage('SweepsStopped', siteUrl);
  const part = `Part of ${inStage('SweepsStopped')}. It sends no mail.`;
  const silent = new aws.cloudwatch.MetricAlarm('SweepsSilent', {
    name: inStage('SweepsSilent'),
    alarmDescription: `${stoppedMeans} ${part}`,
    namespace: sweeps.namespace,
    metricName: sweeps.name,
    dimensions: { ...sweeps.dimensions },
    statistic: 'Sum',
    period: 60,
    datapointsToAlarm: silentMinutes,
    evaluationPeriods: silentMinutes,
    threshold: 1,
    comparisonOperator: 'LessThanThreshold',
    treatMissingData: 'breaching',
  });
  const seen = new aws.cloudwatch.MetricAlarm('SweepsSeen', {
    name: inStage('SweepsSeen'),
    alarmDescription: `Insufficient data until the first sweeps, and never again. ${part}`,
    metricQueries: [
      {
        id: 'sweeps',
        metric: {
          namespace: sweeps.namespace,
          metricName: sweeps.name,
          dimensions: { ...sweeps.dimensions },
          stat: 'Sum',
          period: 60,
        },
      },
      { id: 'seen', expression: 'RUNNING_SUM(sweeps)', label: 'sweeps seen', returnData: true },
    ],
    datapointsToAlarm: seenMinutes,
    evaluationPeriods: seenMinutes,
    threshold: seenMinutes - 1,
    comparisonOperator: 'LessThanThreshold',
    treatMissingData: 'ignore',
  });
  return new aws.cloudwatch.CompositeAlarm('SweepsStopped', {
    alarmName: inStage('SweepsStopped'),
    alarmDescription: `${stoppedMeans} See ${page}`,
    alarmRule: $interpolate`ALARM("${silent.name}") AND NOT INSUFFICIENT_DATA("${seen.name}")`,
    alarmActions: [topic.arn],
    okActions: [topic.arn],
  });
}
