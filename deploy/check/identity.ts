import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { awsFailure, awsOptions } from '../aws-access.ts';
import type { Checked } from './run-checks.ts';
import { type Finding, findingsOf } from './finding.ts';

const { ok, problem } = findingsOf('identity');

/** Who deploys, and into which account. */
export async function checkIdentity({ environment }: Checked): Promise<readonly Finding[]> {
  const client = new STSClient({ region: 'us-east-1', ...awsOptions(environment) });
  try {
    const { Account = '', Arn = '' } = await client.send(new GetCallerIdentityCommand({}));
    return [ok(`Account ${Account}, as ${Arn.replace(/^arn:[^:]*:[^:]*::\d*:/, '')}.`)];
  } catch (error) {
    const failure = awsFailure(error, environment);
    if (failure.kind === 'identity') return [problem(failure.text, failure.hint)];
    const name = failure.kind === 'other' ? failure.name : failure.kind;
    return [
      problem(
        `AWS did not say who you are (${name}).`,
        `Check AWS_REGION and the network: aws sts get-caller-identity --region ${environment['AWS_REGION'] ?? 'REGION'}`,
      ),
    ];
  } finally {
    client.destroy();
  }
}
