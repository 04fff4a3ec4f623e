import { DescribeParametersCommand, GetParametersCommand, SSMClient } from '@aws-sdk/client-ssm';
import {
  appName,
  parameterOf,
  type SecretName,
  secretNames,
  secretsPathOf,
} from '../../functions/model/secret-names.ts';
import { type AwsFailure, awsFailure, awsOptions } from '../aws-access.ts';
import type { Deployment } from '../environment.ts';

export type StageSecret = {
  readonly value: string;
  /** A parameter of another type is not encrypted. */
  readonly isEncrypted: boolean;
};

/** The secrets of one stage in SSM, or why they could not be read. */
export type StageSecrets =
  | {
      readonly kind: 'read';
      readonly values: ReadonlyMap<SecretName, StageSecret>;
      /** Other stages that have a secret with this name. */
      readonly otherStages: (name: SecretName) => readonly string[];
    }
  | { readonly kind: 'failed'; readonly failure: AwsFailure };

/** Reads them decrypted, with the identity of the owner. */
export async function readStageSecrets({
  stage,
  environment,
}: Omit<Deployment, 'rest'>): Promise<StageSecrets> {
  const client = new SSMClient(awsOptions(environment));
  const path = secretsPathOf(stage);
  try {
    const { Parameters = [] } = await client.send(
      new GetParametersCommand({
        Names: secretNames.map((name) => parameterOf(path, name)),
        WithDecryption: true,
      }),
    );
    const values = new Map(
      secretNames.flatMap((name): [SecretName, StageSecret][] => {
        const found = Parameters.find((one) => one.Name === parameterOf(path, name));
        return found?.Value === undefined
          ? []
          : [[name, { value: found.Value, isEncrypted: found.Type === 'SecureString' }]];
      }),
    );
    const all = values.size === secretNames.length ? [] : await allNames(client);
    const otherStages = (name: SecretName): readonly string[] =>
      all
        .map((full) => full.split('/'))
        .filter(([, app, other, last]) => app === appName && other !== stage && last === name)
        .map(([, , other = '']) => other);
    return { kind: 'read', values, otherStages };
  } catch (error) {
    return { kind: 'failed', failure: awsFailure(error, environment) };
  } finally {
    client.destroy();
  }
}

/** An identity that may not list them still reads those of its stage. */
async function allNames(client: SSMClient): Promise<readonly string[]> {
  try {
    const { Parameters = [] } = await client.send(
      new DescribeParametersCommand({
        ParameterFilters: [{ Key: 'Name', Option: 'BeginsWith', Values: [`/${appName}/`] }],
        MaxResults: 50,
      }),
    );
    return Parameters.flatMap(({ Name }) => (Name === undefined ? [] : [Name]));
  } catch (error) {
    if (awsFailure(error, {}).kind === 'denied') return [];
    throw error;
  }
}
