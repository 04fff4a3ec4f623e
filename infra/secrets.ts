/**
 * The secrets of a stage are SecureString parameters that the owner writes (`npm run secret`). No
 * value of one is known to the stack, so none is in its state, its logs or a function's settings.
 */
import { local } from '@pulumi/command';
import { parameterOf, type SecretName, secretsPathOf } from '../functions/model/secret-names.ts';
import type { Grant } from './functions.ts';

export type Secrets = {
  /** Of every function that reads one. */
  readonly settings: { readonly SECRETS_PATH: string };
  /** Lets a function read these and no others. The AWS managed key needs no grant of its own. */
  readonly readBy: (names: readonly SecretName[]) => Grant[];
};

export function secrets(): Secrets {
  const path = secretsPathOf($app.stage, $app.name);
  const { region } = aws.getRegionOutput();
  const { accountId } = aws.getCallerIdentityOutput();
  const { partition } = aws.getPartitionOutput();
  // A protected stage cannot be removed, so nothing may ever forget its secrets.
  if (!$app.protect) forgetAtRemoval(region);
  return {
    settings: { SECRETS_PATH: path },
    readBy: (names) =>
      names.length === 0
        ? []
        : [
            {
              actions: ['ssm:GetParameters'],
              resources: names.map(
                (name) =>
                  $interpolate`arn:${partition}:ssm:${region}:${accountId}:parameter${parameterOf(path, name)}`,
              ),
            },
          ],
  };
}

/** The stack did not make the parameters, so Pulumi would leave them. */
function forgetAtRemoval(region: $util.Output<string>): void {
  new local.Command('Secrets', {
    dir: $cli.paths.root,
    delete: `npm run --silent secret -- remove --all --stage ${$app.stage}`,
    environment: { AWS_REGION: region },
  });
}
