/** `npm run secret`: writes, rotates, lists and removes the secrets of a stage. */
import { randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { SSMClient, SSMServiceException } from '@aws-sdk/client-ssm';
import { type AwsFailure, awsFailure, awsOptions, isEmulated } from '../aws-access.ts';
import { type Deployment, readDeployment, StageError } from '../environment.ts';
import { runSecret, type SecretResult } from './run-secret.ts';
import { storedSecrets } from './stored-secrets.ts';

const { code, lines } = await run();
// One write: the lines of two are not mixed.
(code === 0 ? process.stdout : process.stderr).write(`${lines.join('\n')}\n`);
process.exitCode = code;

async function run(): Promise<SecretResult> {
  const deployment = deploymentOf(process.argv.slice(2));
  if ('lines' in deployment) return deployment;
  const { stage, environment, rest } = deployment;
  if (!environment['AWS_REGION'])
    return {
      code: 1,
      lines: ['AWS_REGION is not set. Add it to .env, for example: AWS_REGION=eu-central-1'],
    };
  // What .env has, such as AWS_PROFILE, is found by the client as the real environment is.
  Object.assign(process.env, environment);
  const client = new SSMClient(awsOptions(environment));
  try {
    return await runSecret(rest, {
      stage,
      secrets: storedSecrets(client, stage),
      readValue: async () => (process.stdin.isTTY ? undefined : text(process.stdin)),
      judgeKubeconfig: async (yaml) => {
        // It loads the client of the API server, which only this command needs.
        const { smallKubeconfig } = await import('./small-kubeconfig.ts');
        return smallKubeconfig(yaml, {
          stage,
          now: new Date(),
          isEmulated: isEmulated(environment),
        });
      },
      now: () => new Date(),
      newKey: () => randomBytes(32).toString('base64url'),
    });
  } catch (error) {
    if (!isOfAws(error)) throw error;
    return { code: 1, lines: linesOf(awsFailure(error, environment), stage) };
  } finally {
    client.destroy();
  }
}

/** Or of the way there. */
function isOfAws(error: unknown): boolean {
  return (
    error instanceof SSMServiceException ||
    (error instanceof Error &&
      ('code' in error || /^(CredentialsProvider|Timeout)Error$/.test(error.name)))
  );
}

function linesOf(failure: AwsFailure, stage: string): readonly string[] {
  switch (failure.kind) {
    case 'identity':
      return [failure.text, failure.hint];
    case 'denied':
      return [
        `You may not use the parameters of the stage ${stage}.`,
        `Ask the owner of the account for ssm:GetParameters, ssm:PutParameter and ssm:DeleteParameters on parameter/muster/${stage}/*`,
      ];
    case 'missing':
      return [
        'AWS Systems Manager does not know what was asked for.',
        'Check your identity and the region: aws sts get-caller-identity',
      ];
    case 'other':
      return [
        `AWS Systems Manager could not be used (${failure.name}).`,
        'Check your identity and the region: aws sts get-caller-identity',
      ];
  }
}

function deploymentOf(argv: readonly string[]): Deployment | SecretResult {
  try {
    return readDeployment(argv);
  } catch (error) {
    if (error instanceof StageError) return { code: 2, lines: [error.message] };
    throw error;
  }
}
