/** A second stage in the same account, with alerts and a long name. */
import { beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { deployed, inside, isMissing, projectFolder } from './deployed.ts';
import { evaluate, owner, type Resource } from './evaluate.ts';

const stage = 'a-stage-whose-name-is-longer-than-any-name-of-aws-leaves-room-for';
const webhook = 'https://hooks.example.com/services/T000/B000/alerts';

let other: ReturnType<typeof inside>;
beforeAll(async () => {
  if (isMissing) return;
  const environment = { ...owner, ALERT_EMAIL: 'ada@example.com', ALERT_WEBHOOK: webhook };
  other = inside(await evaluate({ folder: projectFolder(), stage, environment }));
});

const nameKeys = ['name', 'alarmName', 'dashboardName', 'bucket'];
/** What AWS replaces where the name is taken, so that a fixed one stops nobody. */
const replaced = new Set([
  'aws:cloudwatch/metricAlarm:MetricAlarm',
  'aws:cloudwatch/compositeAlarm:CompositeAlarm',
  'aws:cloudwatch/dashboard:Dashboard',
]);

const namesOf = (resources: readonly Resource[]) =>
  resources
    .filter(({ type }) => !type.startsWith('sst:'))
    .flatMap(({ type, name: logical, inputs, ignoreChanges = [] }) =>
      nameKeys.flatMap((key) => {
        const name = inputs[key];
        // Others name a bucket that is not theirs.
        const isOther = key === 'bucket' && type !== 'aws:s3/bucket:Bucket';
        return typeof name === 'string' && !isOther
          ? [{ type, logical, name, isKept: ignoreChanges.includes(key) }]
          : [];
      }),
    );

describe.skipIf(isMissing)('the names of two stages', () => {
  test('have a random end that stays, where AWS refuses a name that is taken: a killed deployment can be repeated', () => {
    const names = [...namesOf(deployed().all), ...namesOf(other.all)];
    const isRandom = (name: string): boolean => /-([a-z]{8}|[0-9a-f]{8})$/.test(name);
    const wrong = names.filter(
      ({ type, name, isKept }) => !replaced.has(type) && !(isRandom(name) && isKept),
    );
    expect(wrong).toEqual([]);
    expect(names.filter(({ isKept }) => isKept).length).toBeGreaterThan(25);
  });

  test('carry their stage, and none is the same', () => {
    const [ours, theirs] = [namesOf(deployed().all), namesOf(other.all)];
    expect(theirs.length).toBeGreaterThan(25);
    const plain = (name: string): string => name.replace('/aws/lambda/', '');
    expect(ours.filter(({ name }) => !plain(name).startsWith('muster-production'))).toEqual([]);
    // SST leaves out the app where a name has little room.
    const beginnings = /^(muster-)?a-s/;
    expect(theirs.filter(({ name }) => !beginnings.test(plain(name)))).toEqual([]);
  });

  test('are as short as AWS asks, however long the stage is', () => {
    const most: Readonly<Record<string, number>> = {
      'aws:cloudwatch/eventApiDestination:EventApiDestination': 64,
      'aws:cloudwatch/eventConnection:EventConnection': 64,
      'aws:cloudwatch/eventRule:EventRule': 64,
      'aws:iam/role:Role': 64,
      'aws:sqs/queue:Queue': 80,
    };
    for (const { type, name } of namesOf(other.all))
      expect(name.length).toBeLessThanOrEqual(most[type] ?? 255);
  });
});

const policySchema = z.pipe(
  z.string(),
  z.transform((text): unknown => JSON.parse(text)),
);

describe.skipIf(isMissing)('the alerts', () => {
  test('are none unless the owner names a receiver', () => {
    expect(deployed().all.filter(({ name }) => name.startsWith('Alerts'))).toEqual([]);
  });

  test('are of servers that become Failed and of those that were, on our bus', () => {
    const { eventPattern } = z
      .object({ eventPattern: policySchema })
      .parse(other.inputs('EventRule', 'Alerts'));
    expect(eventPattern).toEqual({
      source: ['muster'],
      'detail-type': ['MCPServer State Changed'],
      detail: { $or: [{ to: ['Failed'] }, { from: ['Failed'] }] },
    });
    expect(other.inputs('EventRule', 'Alerts')['eventBusName']).toBe(
      other.inputs('EventBus', 'BusBus')['name'],
    );
  });

  test('may be written by their rule and by nothing else of EventBridge', () => {
    const { policy } = z
      .object({ policy: policySchema })
      .parse(other.inputs('TopicPolicy', 'AlertsPolicy'));
    expect(policy).toMatchObject({
      Statement: [
        {
          Effect: 'Allow',
          Action: ['sns:Publish'],
          Principal: { Service: ['events.amazonaws.com'] },
          Condition: {
            ArnEquals: { 'aws:SourceArn': [expect.stringMatching(/:rule\/.+-Alerts-/)] },
          },
        },
      ],
    });
    expect(other.inputs('TopicSubscription', 'AlertsEmail')).toMatchObject({
      protocol: 'email',
      endpoint: 'ada@example.com',
    });
  });

  test('go to the webhook slowly, by a role that may do nothing else', () => {
    expect(other.inputs('EventApiDestination', 'AlertsWebhook')).toMatchObject({
      httpMethod: 'POST',
      invocationEndpoint: webhook,
      invocationRateLimitPerSecond: 1,
    });
    const { inlinePolicies } = z
      .object({ inlinePolicies: z.tuple([z.object({ policy: policySchema })]) })
      .parse(other.inputs('Role', 'AlertsRole'));
    expect(inlinePolicies[0].policy).toMatchObject({
      Statement: [
        {
          Action: ['events:InvokeApiDestination'],
          Resource: [expect.stringMatching(/:api-destination\/muster-a-.+-Alerts-/)],
        },
      ],
    });
  });

  test('that cannot be delivered within an hour end among the dead letters', () => {
    for (const name of ['AlertsByEmail', 'AlertsByWebhook'])
      expect(other.inputs('EventTarget', name)).toMatchObject({
        deadLetterConfig: { arn: expect.stringMatching(/^arn:aws:sqs:/) },
        retryPolicy: { maximumEventAgeInSeconds: 3600 },
      });
  });

  test('are told about where the deployment ends: a mail has to be confirmed', () => {
    expect(other.outputs['mail']).toMatch(/^AWS asks ada@example\.com to confirm /);
    expect(deployed().outputs).not.toHaveProperty('mail');
  });
});

test.skipIf(isMissing)('the deployment prints where its logs are', () => {
  expect(deployed().outputs).toMatchObject({
    sweepLog: expect.stringMatching(/^\/aws\/lambda\/muster-production-Sweep-/),
    apiLog: expect.stringMatching(/^\/aws\/lambda\/muster-production-Api-/),
  });
});
