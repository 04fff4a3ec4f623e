import type { Metric } from './metric.ts';

type Graph = {
  readonly title: string;
  readonly metric: Metric;
  readonly statistic: string;
};

/** The states of all alarms, a graph for each, and the outcomes of the probes. */
export function dashboard(
  graphs: readonly Graph[],
  alarmArns: readonly $util.Output<string>[],
): void {
  const namespace = `${$app.name}-${$app.stage}`;
  const { region } = aws.getRegionOutput();
  const graph = (title: string, metrics: unknown[], stat: string) => ({
    type: 'metric',
    width: 8,
    height: 5,
    properties: { title, metrics, stat, period: 60, view: 'timeSeries', region },
  });
  const counts = (...names: string[]): unknown[] =>
    names.map((name) => [namespace, name, 'service', 'sweep']);
  // CloudWatch finds nothing in a namespace with a hyphen that has no double quotes.
  const outcomes = `SEARCH('{"${namespace}",Reason,service} MetricName="OutcomeCount"', 'Sum', 60)`;
  new aws.cloudwatch.Dashboard('Dashboard', {
    dashboardName: namespace,
    dashboardBody: $jsonStringify({
      widgets: [
        {
          type: 'alarm',
          width: 24,
          height: 3,
          properties: { title: 'Alarms', alarms: alarmArns },
        },
        graph(
          'Probes and writes',
          counts('ProbeCount', 'WriteCount', 'ConflictCount', 'ChangeCount'),
          'Sum',
        ),
        graph(
          'Duration of a page and lag of its probes, ms',
          counts('SweepMs', 'LagMs'),
          'Maximum',
        ),
        graph('Outcomes by reason', [[{ expression: outcomes }]], 'Sum'),
        ...graphs.map(({ title, metric, statistic }) =>
          graph(
            title,
            [[metric.namespace, metric.name, ...Object.entries(metric.dimensions ?? {}).flat()]],
            statistic,
          ),
        ),
      ],
    }),
  });
}
