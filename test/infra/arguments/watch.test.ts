import { expect, test } from 'vitest';
import { argumentReader } from '../../../infra/arguments/reader.ts';
import { readWatch } from '../../../infra/arguments/watch.ts';

const read = (environment: Readonly<Record<string, string>>) => {
  const from = argumentReader(environment);
  return { ...readWatch(from), problems: from.problems };
};

test('nobody is told unless the owner says so', () => {
  expect(read({ ALARM_EMAIL: '', ALERT_WEBHOOK: '' })).toEqual({ watch: {}, problems: [] });
});

test('alarms and alerts go where the owner says', () => {
  const environment = {
    ALARM_EMAIL: 'owner@example.com',
    ALERT_EMAIL: 'oncall@example.com',
    ALERT_WEBHOOK: 'https://hooks.example.com/services/T000/B000/alerts?thread=a%20b',
  };
  expect(read(environment)).toEqual({
    watch: {
      alarmEmail: environment.ALARM_EMAIL,
      alertEmail: environment.ALERT_EMAIL,
      alertWebhook: environment.ALERT_WEBHOOK,
    },
    problems: [],
  });
});

test.each(['ada', 'ada@example.com,bob@example.com', 'Ada <ada@example.com>', 'ada@'])(
  '%s is not one email address',
  (address) => {
    const { problems } = read({ ALARM_EMAIL: address, ALERT_EMAIL: address });
    expect(problems).toEqual([
      expect.stringContaining(`ALARM_EMAIL is "${address}". Set it to one email address`),
      expect.stringContaining('ALERT_EMAIL=oncall@example.com'),
    ]);
  },
);

test.each([
  'http://hooks.example.com/secret-part',
  'hooks.example.com/secret-part',
  'https://ada:secret-part@hooks.example.com/',
  'https://hooks.example.com/secret-part#here',
  'https://hooks.example.com/secret-part/*',
  'https://hooks.example.com/secret part',
  `https://hooks.example.com/secret-part${'x'.repeat(2048)}`,
])('a webhook at %s is refused, and the message does not show it', (address) => {
  const { problems } = read({ ALERT_WEBHOOK: address });
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(/^ALERT_WEBHOOK is not an address that EventBridge accepts\./);
  expect(problems[0]).not.toContain('secret');
});
