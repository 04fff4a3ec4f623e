import { readFile } from 'node:fs/promises';
import { array, assert, constantFrom, integer, property, record } from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { alarmPage } from '../../infra/alarm-page.ts';
import {
  type AlarmRule,
  alarmRule,
  type AlarmState,
  isRuleTrue,
  nextAlarmState,
  type Point,
} from './alarm-evaluation.ts';
import { deployed, isMissing } from './deployed.ts';

const metricAlarms = () => deployed().ofType('aws:cloudwatch/metricAlarm:MetricAlarm');
/** Those that people hear of. */
const alarms = () =>
  [...metricAlarms(), ...deployed().ofType('aws:cloudwatch/compositeAlarm:CompositeAlarm')].filter(
    ({ inputs }) => inputs['alarmActions'] !== undefined,
  );

describe.skipIf(isMissing)('the alarms', () => {
  test('are those that the page explains, and the other way round', async () => {
    const page = await readFile(new URL('../../docs/operate.md', import.meta.url), 'utf8');
    const explained = [...page.matchAll(/^### (\w+)$/gm)].map(([, name]) => name);
    expect(new Set(alarms().map(({ name }) => name))).toEqual(new Set(explained));
  });

  test('name their section, on the site where there is one', () => {
    for (const { name, inputs } of alarms())
      expect(inputs['alarmDescription']).toContain(
        ` See https://docs.example.com/operate/#${name.toLowerCase()}`,
      );
    expect(alarmPage('ApiSlow', undefined)).toBe('docs/operate.md#apislow');
  });

  test('tell the topic when they begin and when they end', () => {
    const topic = [expect.stringMatching(/^arn:aws:sns:.*:muster-production-Alarms-/)];
    for (const { inputs } of alarms())
      expect(inputs).toMatchObject({ alarmActions: topic, okActions: topic });
  });

  test('have the stage in their names', () => {
    for (const { name, inputs } of [...metricAlarms(), ...alarms()])
      expect([inputs['name'], inputs['alarmName']]).toContain(`muster-production-${name}`);
  });

  test('are on one dashboard, with a graph for each', () => {
    const { dashboardBody } = z
      .object({ dashboardBody: z.string() })
      .parse(deployed().inputs('Dashboard', 'Dashboard'));
    const { widgets } = z
      .object({ widgets: z.array(z.unknown()) })
      .parse(JSON.parse(dashboardBody));
    expect(widgets).toHaveLength(4 + alarms().length);
    expect(dashboardBody).toContain(':alarm:muster-production-SweepsStopped');
  });

  test('of a metric ring when it reaches its threshold often enough, and not when there is silence', () => {
    const watching = metricAlarms().filter(({ inputs }) => inputs['alarmActions'] !== undefined);
    expect(watching.length).toBeGreaterThan(10);
    for (const { inputs } of watching) {
      const rule = alarmRule(inputs);
      const silence: Point[] = Array.from({ length: rule.evaluationPeriods }, () => undefined);
      const high = (count: number) => silence.with(0, 0).fill(rule.threshold, -count);
      expect(nextAlarmState(rule, 'INSUFFICIENT_DATA', silence)).toBe('OK');
      expect(nextAlarmState(rule, 'OK', high(rule.datapointsToAlarm))).toBe('ALARM');
      const fewer = rule.datapointsToAlarm - 1;
      expect(nextAlarmState(rule, 'OK', fewer === 0 ? silence : high(fewer))).toBe('OK');
    }
  });
});

/** When sweeps ended, and when CloudWatch had their metrics, in seconds since the alarms were made. */
type Sweep = { readonly at: number; readonly knownAt: number };

type Place = {
  /** The second of a minute in which CloudWatch evaluates each of the two alarms. */
  readonly silentSecond: number;
  readonly seenSecond: number;
  /** How many periods more than N it looks at. AWS documents that it does, and no number. */
  readonly extraPeriods: number;
};

/** The states of SweepsStopped, one for each second from the making of the alarms. */
function statesOf(
  sweeps: readonly Sweep[],
  seconds: number,
  { silentSecond, seenSecond, extraPeriods }: Place,
): readonly AlarmState[] {
  const { alarmRule: composite } = z
    .object({ alarmRule: z.string() })
    .parse(deployed().inputs('CompositeAlarm', 'SweepsStopped'));
  const rules: Readonly<Record<string, { rule: AlarmRule; second: number }>> = {
    'muster-production-SweepsSilent': {
      rule: alarmRule(deployed().inputs('MetricAlarm', 'SweepsSilent')),
      second: silentSecond,
    },
    'muster-production-SweepsSeen': {
      rule: alarmRule(deployed().inputs('MetricAlarm', 'SweepsSeen')),
      second: seenSecond,
    },
  };
  const states = new Map<string, AlarmState>(
    Object.keys(rules).map((name) => [name, 'INSUFFICIENT_DATA']),
  );
  const stateOf = (name: string): AlarmState => {
    const state = states.get(name);
    if (state === undefined) throw new Error(`There is no alarm ${name}.`);
    return state;
  };
  return Array.from({ length: seconds }, (_, now) => {
    for (const [name, { rule, second }] of Object.entries(rules)) {
      if (now % 60 !== second) continue;
      const periods = rule.evaluationPeriods + extraPeriods;
      const present = Math.floor(now / 60);
      const points = Array.from({ length: periods }, (_none, index): Point => {
        const minute = present - periods + index;
        const count = sweeps.filter(
          ({ at, knownAt }) => Math.floor(at / 60) === minute && knownAt <= now,
        ).length;
        return count === 0 ? undefined : count;
      });
      states.set(name, nextAlarmState(rule, stateOf(name), points));
    }
    return isRuleTrue(composite, stateOf) ? 'ALARM' : 'OK';
  });
}

const sweepDelays = record({
  // EventBridge Scheduler starts up to 60 s after the minute.
  late: integer({ min: 0, max: 60 }),
  takes: integer({ min: 0, max: 60 }),
  untilKnown: integer({ min: 1, max: 60 }),
});
const place = record({
  silentSecond: integer({ min: 0, max: 59 }),
  seenSecond: integer({ min: 0, max: 59 }),
  extraPeriods: constantFrom(0, 2),
});
const firstTick = integer({ min: 0, max: 600 });

const swept = (
  first: number,
  delays: readonly { late: number; takes: number; untilKnown: number }[],
): readonly Sweep[] =>
  delays.map(({ late, takes, untilKnown }, tick) => {
    const at = first + tick * 60 + late + takes;
    return { at, knownAt: at + untilKnown };
  });

describe.skipIf(isMissing)('SweepsStopped', () => {
  test('does not ring before the first sweep, while sweeps are late or slow, or their metrics are', () => {
    assert(
      property(
        firstTick,
        array(sweepDelays, { minLength: 1, maxLength: 25 }),
        place,
        (first, delays, where) => {
          const sweeps = swept(first, delays);
          const end = first + delays.length * 60;
          expect(statesOf(sweeps, end, where)).not.toContain('ALARM');
        },
      ),
      { numRuns: 60 },
    );
  });

  test('does not ring where the latest and slowest sweeps follow on punctual ones', () => {
    const punctual = { late: 0, takes: 0, untilKnown: 1 };
    const latest = { late: 60, takes: 60, untilKnown: 60 };
    const delays = Array.from({ length: 12 }, (_, tick) => (tick < 7 ? punctual : latest));
    for (let first = 0; first < 60; first += 1) {
      const where = { silentSecond: 0, seenSecond: 30, extraPeriods: 0 };
      const states = statesOf(swept(first, delays), first + delays.length * 60, where);
      expect(states).not.toContain('ALARM');
    }
  });

  test('rings within nine minutes after the last sweep, however it was, and for as long as none comes', () => {
    assert(
      property(
        firstTick,
        array(sweepDelays, { minLength: 6, maxLength: 12 }),
        place,
        (first, delays, where) => {
          const sweeps = swept(first, delays);
          const last = Math.max(...sweeps.map(({ at }) => at));
          const states = statesOf(sweeps, last + 3 * 3600, where);
          expect(new Set(states.slice(last + 9 * 60))).toEqual(new Set(['ALARM']));
        },
      ),
      { numRuns: 20 },
    );
  });

  test('ends when sweeps succeed again', () => {
    const steady = { late: 5, takes: 5, untilKnown: 20 };
    const ten = Array.from({ length: 10 }, () => steady);
    const again = [...swept(0, ten), ...swept(3600, ten)];
    const where = { silentSecond: 10, seenSecond: 40, extraPeriods: 0 };
    const states = statesOf(again, 4200, where);
    expect(states[3599]).toBe('ALARM');
    expect(states[4199]).toBe('OK');
  });

  test('needs both of its parts: the silence alone would ring at the first deployment', () => {
    const silent = alarmRule(deployed().inputs('MetricAlarm', 'SweepsSilent'));
    const nothing: Point[] = Array.from({ length: silent.evaluationPeriods }, () => undefined);
    expect(nextAlarmState(silent, 'INSUFFICIENT_DATA', nothing)).toBe('ALARM');
    const where = { silentSecond: 0, seenSecond: 59, extraPeriods: 2 };
    expect(statesOf([], 7200, where)).not.toContain('ALARM');
  });

  test('rings also where only pages are swept, and never the first one', () => {
    const silent = alarmRule(deployed().inputs('MetricAlarm', 'SweepsSilent'));
    expect(nextAlarmState(silent, 'OK', [0, 0, 0, 0])).toBe('ALARM');
  });
});

test('what AWS documents about missing data is what the evaluator does', () => {
  const rule = (treatMissingData: AlarmRule['treatMissingData']): AlarmRule => ({
    treatMissingData,
    datapointsToAlarm: 3,
    evaluationPeriods: 3,
    threshold: 1,
    comparisonOperator: 'GreaterThanOrEqualToThreshold',
    metricName: 'M',
    periodSeconds: 60,
  });
  const [bad, good, none] = [1, 0, undefined];
  // The first table of "Configuring how CloudWatch alarms treat missing data": 3 of 3.
  const table: [Point[], ignore: AlarmState, breaching: AlarmState, notBreaching: AlarmState][] = [
    [[good, none, bad, none, bad], 'OK', 'OK', 'OK'],
    [[none, none, none, none, good], 'OK', 'OK', 'OK'],
    [[none, none, none, none, none], 'INSUFFICIENT_DATA', 'ALARM', 'OK'],
    [[good, bad, bad, none, bad], 'ALARM', 'ALARM', 'ALARM'],
    [[none, none, bad, none, none], 'INSUFFICIENT_DATA', 'ALARM', 'OK'],
  ];
  for (const [points, ...states] of table) {
    const treatments = ['ignore', 'breaching', 'notBreaching'] as const;
    expect(
      treatments.map((treatment) => nextAlarmState(rule(treatment), 'INSUFFICIENT_DATA', points)),
    ).toEqual(states);
  }
});
