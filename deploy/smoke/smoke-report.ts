import { appName } from '../../functions/model/secret-names.ts';
import type { StepResult } from './run-journey.ts';
import type { Place } from './step.ts';

/** A result as a person reads it, with where to look next. */
export function resultText(result: StepResult, stage: string): string {
  const { title } = result;
  switch (result.kind) {
    case 'done':
      return `ok       ${title}`;
    case 'skipped':
      return `skipped  ${title}: ${result.why}`;
    case 'notRun':
      return `not run  ${title}`;
    case 'failed':
      return [
        `FAILED   ${title}`,
        `         ${result.message}`,
        ...nextSteps(result.place, stage).map((line) => `         ${line}`),
      ].join('\n');
  }
}

/** The last line. */
export function summaryText(results: readonly StepResult[], stage: string): string {
  const count = (kind: StepResult['kind']): number =>
    results.filter((result) => result.kind === kind).length;
  const failed = count('failed');
  const parts = `${count('done')} ok, ${count('skipped')} skipped, ${failed} failed, ${count('notRun')} not run.`;
  return failed === 0
    ? `${parts} The stage ${stage} works.`
    : `${parts} Fix it, and run again: npm run smoke -- --stage ${stage}`;
}

function nextSteps(place: Place, stage: string): readonly string[] {
  const logOf = (name: 'Api' | 'Sweep'): string =>
    `Read the log: aws logs tail "$(aws logs describe-log-groups --log-group-name-prefix /aws/lambda/${appName}-${stage}-${name} --query 'logGroups[0].logGroupName' --output text)" --since 15m`;
  switch (place) {
    case 'endpoint':
      return [logOf('Api'), 'Alarms to look at: ApiErrors, ApiSlow. See docs/operate.md#apierrors'];
    case 'sweep':
      return [
        logOf('Sweep'),
        'Alarms to look at: SweepsStopped, SweepErrors, SweepThrottled, DeadLetters. See docs/operate.md#sweepsstopped',
      ];
    case 'issuer':
      return [
        `Check the issuer and the client: npm run deploy:check -- --stage ${stage}`,
        'What to register: docs/single-sign-on.md#connect-your-issuer',
      ];
    case 'cluster':
      return [
        `Check the cluster and the rights: npm run deploy:check -- --stage ${stage}`,
        logOf('Api'),
      ];
    case 'server':
      return [
        'Choose another server with --server NAME. The names: kubectl get mcpservers -A',
        'See docs/troubleshoot.md',
      ];
    case 'sessions':
      return [logOf('Api'), 'Alarm to look at: RowsUnreadable. See docs/operate.md#rowsunreadable'];
  }
}
