/** The parameters of a stage in the AWS Systems Manager Parameter Store, for their owner. */
import {
  DeleteParametersCommand,
  GetParametersCommand,
  PutParameterCommand,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import {
  parameterOf,
  type SecretName,
  secretNames,
  secretsPathOf,
} from '../../functions/model/secret-names.ts';

export type StoredSecret = {
  readonly name: SecretName;
  readonly value: string;
  readonly version: number;
  readonly changed: Date | undefined;
};

export type StoredSecrets = {
  /** Those that exist, by name. */
  readonly list: () => Promise<readonly StoredSecret[]>;
  readonly write: (name: SecretName, value: string) => Promise<void>;
  /** Removes them with all their versions. Returns those that existed. */
  readonly remove: (names: readonly SecretName[]) => Promise<readonly SecretName[]>;
};

/** Throws the errors of the client. */
export function storedSecrets(client: Pick<SSMClient, 'send'>, stage: string): StoredSecrets {
  const path = secretsPathOf(stage);
  const fullName = (name: SecretName): string => parameterOf(path, name);
  const among = (names: readonly (string | undefined)[]): readonly SecretName[] =>
    secretNames.filter((name) => names.includes(fullName(name)));
  return {
    list: async () => {
      const { Parameters = [] } = await client.send(
        new GetParametersCommand({ Names: secretNames.map(fullName), WithDecryption: true }),
      );
      return secretNames.flatMap((name) => {
        const found = Parameters.find((one) => one.Name === fullName(name));
        return found?.Value === undefined
          ? []
          : [
              {
                name,
                value: found.Value,
                version: found.Version ?? 0,
                changed: found.LastModifiedDate,
              },
            ];
      });
    },
    write: async (name, value) => {
      await client.send(
        new PutParameterCommand({
          Name: fullName(name),
          Value: value,
          Type: 'SecureString',
          // Advanced, for $0.05 a month, only where a value has more than 4,096 characters.
          Tier: 'Intelligent-Tiering',
          Overwrite: true,
        }),
      );
    },
    remove: async (names) => {
      const { DeletedParameters = [] } = await client.send(
        new DeleteParametersCommand({ Names: names.map(fullName) }),
      );
      return among(DeletedParameters);
    },
  };
}
