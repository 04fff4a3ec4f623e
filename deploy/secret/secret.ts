/** `npm run secret`: writes, rotates, lists and removes the secrets of a stage. */
import { randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { SSMClient, SSMServiceException } from '@aws-sdk/client-ssm';
import { defined } from '../../functions/model/defined.ts';
import { loopbackHosts } from '../../functions/model/loopback-redirect.ts';
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
  const client = new SSMClient(defined({ endpoint: environment['AWS_ENDPOINT_URL'] || undefined }));
  const isEmulated = loopbackHosts.has(
    URL.parse(environment['AWS_ENDPOINT_URL'] ?? '')?.hostname ?? '',
  );
  try {
    return await runSecret(rest, {
      stage,
      secrets: storedSecrets(client, stage),
      readValue: async () => (process.stdin.isTTY ? undefined : text(process.stdin)),
      judgeKubeconfig: async (yaml) => {
        // It loads the client of the API server, which only this command needs.
        const { smallKubeconfig } = await import('./small-kubeconfig.ts');
        return smallKubeconfig(yaml, { stage, now: new Date(), isEmulated });
      },
      now: () => new Date(),
      newKey: () => randomBytes(32).toString('base64url'),
    });
  } catch (error) {
    const name = failureName(error);
    if (name === undefined) throw error;
    return {
      code: 1,
      lines: [
        `AWS Systems Manager could not be used (${name}).`,
        'Check your identity and the region: aws sts get-caller-identity',
      ],
    };
  } finally {
    client.destroy();
  }
}

/** Of AWS or of the way there. Only its name: the text of AWS may hold account data. */
function failureName(error: unknown): string | undefined {
  if (error instanceof SSMServiceException) return error.name;
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return /^(CredentialsProvider|Timeout)Error$/.test(error.name) ? error.name : undefined;
}

function deploymentOf(argv: readonly string[]): Deployment | SecretResult {
  try {
    return readDeployment(argv);
  } catch (error) {
    if (error instanceof StageError) return { code: 2, lines: [error.message] };
    throw error;
  }
}
