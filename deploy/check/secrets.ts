import {
  commandThatSets,
  isRequired,
  parameterOf,
  type SecretName,
  secretsOfApi,
  secretSettings,
  secretsPathOf,
} from '../../functions/model/secret-names.ts';
import { SettingError } from '../../functions/model/setting-reader.ts';
import { readApiSettings } from '../../functions/settings.ts';
import type { AwsFailure } from '../aws-access.ts';
import type { Checked } from './run-checks.ts';
import { type Finding, findingsOf } from './finding.ts';

const { ok, problem, unknown } = findingsOf('secrets');

/** Whether the secrets of this stage are there, encrypted, and in a form that the functions read. */
export async function checkSecrets({
  stage,
  environment,
  secrets,
}: Checked): Promise<readonly Finding[]> {
  const read = await secrets();
  if (read.kind === 'failed') return [secretsUnread(read.failure, stage)];
  const onEks = Boolean(environment['EKS_CLUSTER']);
  return secretsOfApi(onEks).flatMap((name) => {
    const found = read.values.get(name);
    const command = commandThatSets(name, stage);
    if (found !== undefined) {
      if (!found.isEncrypted)
        return [
          problem(
            `The secret ${name} is stored unencrypted.`,
            `Remove it and write it again: npm run secret -- remove ${name} --stage ${stage} && ${command}`,
          ),
        ];
      const wrong = formProblem(name, found.value);
      return wrong === undefined
        ? [ok(`${name} (${found.value.length} characters).`)]
        : [problem(`The secret ${name} cannot be used: ${wrong}`, `Write it again: ${command}`)];
    }
    if (!isRequired(name)) return [ok(`${name} is not set, and not required.`)];
    const others = read.otherStages(name);
    const elsewhere =
      others.length === 0 ? '' : ` It exists for another stage only: ${others.join(', ')}.`;
    return [
      problem(
        `The secret ${name} is missing for the stage ${stage}.${elsewhere}`,
        `Run: ${command}`,
      ),
    ];
  });
}

/** Why no secret was read. */
export function secretsUnread(failure: AwsFailure, stage: string): Finding {
  const path = parameterOf(secretsPathOf(stage), 'TokenKeys');
  switch (failure.kind) {
    case 'identity':
      return unknown('Not checked: AWS did not accept your identity.', 'Fix the identity first.');
    case 'denied':
      return unknown(
        'Not checked: you may not read the secrets.',
        `To check them, you need ssm:GetParameters on ${path.replace(/[^/]*$/, '*')}`,
      );
    case 'missing':
      return unknown('Not checked: AWS has no such service in this region.', 'Check AWS_REGION.');
    case 'other':
      return unknown(
        `Not checked: AWS Systems Manager did not answer (${failure.name}).`,
        'Check the network, and run the check again.',
      );
  }
}

/** In the words of the reader that the functions use. It never quotes a secret. */
function formProblem(name: SecretName, value: string): string | undefined {
  // The check of the cluster reads it.
  if (name === 'Kubeconfig') return undefined;
  const setting = secretSettings[name];
  try {
    readApiSettings({ [setting]: value });
    return undefined;
  } catch (error) {
    if (!(error instanceof SettingError)) throw error;
    const lines = error.message.split('\n');
    return lines.find((line) => line.includes(setting))?.replaceAll(setting, name);
  }
}
