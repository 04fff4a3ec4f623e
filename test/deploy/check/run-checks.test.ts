import { expect, test } from 'vitest';
import { reportText } from '../../../deploy/check/report.ts';
import { runChecks } from '../../../deploy/check/run-checks.ts';

const checked = {
  stage: 'dev',
  environment: {},
  secrets: () => Promise.reject(new Error('unused')),
};

test('a check that fails and one that never ends hide no other', async () => {
  const findings = await runChecks(
    [
      { subject: 'identity', run: () => Promise.reject(new Error('boom')) },
      { subject: 'issuer', run: () => new Promise(() => undefined) },
      {
        subject: 'region',
        run: () => Promise.resolve([{ kind: 'ok', subject: 'region', text: 'eu-central-1.' }]),
      },
    ],
    checked,
    20,
  );
  expect(findings).toMatchObject([
    { kind: 'unknown', subject: 'identity', text: 'The check failed: boom' },
    { kind: 'unknown', subject: 'issuer', text: 'There was no answer within 0.02 s.' },
    { kind: 'ok', subject: 'region' },
  ]);
  expect(reportText(findings, 'dev')).toContain('No problems; 2 could not be checked.');
});
