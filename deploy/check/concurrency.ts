import { GetAccountSettingsCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { awsOptions } from '../aws-access.ts';
import { notChecked } from './not-checked.ts';
import type { Checked } from './run-checks.ts';
import { type Finding, findingsOf } from './finding.ts';

const { ok, problem, warning } = findingsOf('concurrency');

/** What Lambda leaves unreserved in every account (Lambda quotas, "Reserved concurrency"). */
const mustStayFree = 100;

/** Whether the account has the concurrency that is reserved, and enough where none is. */
export async function checkConcurrency({ environment }: Checked): Promise<readonly Finding[]> {
  if (!environment['AWS_REGION']) return [];
  const client = new LambdaClient(awsOptions(environment));
  try {
    const { AccountLimit } = await client.send(new GetAccountSettingsCommand({}));
    const all = AccountLimit?.ConcurrentExecutions ?? 0;
    const free = AccountLimit?.UnreservedConcurrentExecutions ?? all;
    return [judgeConcurrency({ all, free, reserved: reservedIn(environment) })];
  } catch (error) {
    return [
      notChecked(error, environment, {
        subject: 'concurrency',
        text: 'Not checked: Lambda did not say how much concurrency the account has',
        hint: 'You need lambda:GetAccountSettings for this check.',
      }),
    ];
  } finally {
    client.destroy();
  }
}

/** "Concurrent executions" of AWS Lambda. */
const request =
  'aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value 1000';

/** Executions at once: of the account, not reserved by any function, and that this stack reserves. */
export type Concurrency = {
  readonly all: number;
  readonly free: number;
  readonly reserved: number;
};

export function judgeConcurrency({ all, free, reserved }: Concurrency): Finding {
  if (reserved > 0 && free - reserved < mustStayFree)
    return problem(
      `SWEEP_CONCURRENCY and API_CONCURRENCY reserve ${reserved}, but the account has ${free} unreserved, of which Lambda keeps ${mustStayFree}.`,
      all <= mustStayFree
        ? `Remove both from .env, or request more: ${request}`
        : `Lower them in .env to ${Math.max(free - mustStayFree, 0)} together, or request more: ${request}`,
    );
  if (all <= mustStayFree)
    return warning(
      `The account can run ${all} functions at once. That many slow requests to the endpoint stop the sweep.`,
      `Request more: ${request}`,
    );
  return ok(
    reserved > 0
      ? `${reserved} of ${free} unreserved executions will be reserved.`
      : `${free} executions at once are unreserved.`,
  );
}

const reservedIn = (environment: Checked['environment']): number =>
  ['SWEEP_CONCURRENCY', 'API_CONCURRENCY']
    .map((name) => Number(environment[name] ?? 0))
    // The arguments report what is no number.
    .reduce((sum, value) => sum + (value > 0 ? value : 0), 0);
