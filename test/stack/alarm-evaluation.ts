/**
 * CloudWatch alarms as AWS documents them ("Alarm evaluation", "Configuring how CloudWatch alarms
 * treat missing data", PutCompositeAlarm): M of the last N periods, what is missing filled in by one
 * of the treatments, and rules over the states of alarms. Pure.
 */
import * as z from 'zod/mini';

export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

const sharedSchema = {
  datapointsToAlarm: z.number(),
  evaluationPeriods: z.number(),
  threshold: z.number(),
  comparisonOperator: z.enum(['LessThanThreshold', 'GreaterThanOrEqualToThreshold']),
  treatMissingData: z.enum(['breaching', 'notBreaching', 'ignore']),
};
const metricSchema = z.object({ ...sharedSchema, metricName: z.string(), period: z.number() });
const mathSchema = z.object({
  ...sharedSchema,
  metricQueries: z.tuple([
    z.object({
      id: z.string(),
      metric: z.object({ metricName: z.string(), stat: z.literal('Sum'), period: z.number() }),
    }),
    z.object({ expression: z.string(), returnData: z.literal(true) }),
  ]),
});

/** The inputs of a recorded alarm. `expression` is undefined for one that watches a metric itself. */
export type AlarmRule = z.infer<z.ZodMiniObject<typeof sharedSchema>> & {
  readonly metricName: string;
  readonly periodSeconds: number;
  readonly expression?: (points: readonly Point[]) => readonly Point[];
};
/** Undefined: missing. */
export type Point = number | undefined;

/** Throws where an alarm uses something that this evaluator does not know. */
export function alarmRule(inputs: unknown): AlarmRule {
  if (typeof inputs === 'object' && inputs !== null && 'metricQueries' in inputs) {
    const { metricQueries, ...rule } = mathSchema.parse(inputs);
    const [{ id, metric }, { expression }] = metricQueries;
    if (expression !== `RUNNING_SUM(${id})`) throw new Error(`${expression} is not known.`);
    const { metricName, period: periodSeconds } = metric;
    return { ...rule, metricName, periodSeconds, expression: runningSum };
  }
  const { period: periodSeconds, ...rule } = metricSchema.parse(inputs);
  return { ...rule, periodSeconds };
}

function runningSum(points: readonly Point[]): readonly Point[] {
  let sum = 0;
  return points.map((point) => (point === undefined ? undefined : (sum += point)));
}

/**
 * The state after an evaluation of these periods, oldest first. CloudWatch looks at more than N of
 * them where some are missing, and takes the most recent N that are there.
 */
export function nextAlarmState(
  rule: AlarmRule,
  before: AlarmState,
  points: readonly Point[],
): AlarmState {
  const known = (rule.expression ?? ((same) => same))(points)
    .filter((point) => point !== undefined)
    .slice(-rule.evaluationPeriods);
  const bad = known.filter((point) => isBreaching(rule, point)).length;
  const missing = rule.evaluationPeriods - known.length;
  const most = bad + missing;
  switch (rule.treatMissingData) {
    case 'breaching':
      return most >= rule.datapointsToAlarm ? 'ALARM' : 'OK';
    case 'notBreaching':
      return bad >= rule.datapointsToAlarm ? 'ALARM' : 'OK';
    case 'ignore':
      if (bad >= rule.datapointsToAlarm) return 'ALARM';
      return most >= rule.datapointsToAlarm ? before : 'OK';
  }
}

function isBreaching({ comparisonOperator, threshold }: AlarmRule, point: number): boolean {
  switch (comparisonOperator) {
    case 'LessThanThreshold':
      return point < threshold;
    case 'GreaterThanOrEqualToThreshold':
      return point >= threshold;
  }
}

const condition = /^(NOT )?(ALARM|OK|INSUFFICIENT_DATA)\("([^"]+)"\)$/;

/** A rule of conditions that are joined by AND. Throws for any other. */
export function isRuleTrue(rule: string, stateOf: (name: string) => AlarmState): boolean {
  return rule.split(' AND ').every((part) => {
    const [, not, state, name = ''] = condition.exec(part) ?? [];
    if (state === undefined) throw new Error(`The rule ${part} is not known.`);
    return (stateOf(name) === state) === (not === undefined);
  });
}
