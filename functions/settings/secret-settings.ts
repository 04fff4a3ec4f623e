/** Where a deployed function finds its secrets, and what it signs the request for them with. */
import { defined } from '../model/defined.ts';
import { type Environment, readAll } from '../model/setting-reader.ts';

export type SecretSettings = {
  /** Of the parameters: `/muster/production`. */
  readonly path: string;
  /** Then there is no kubeconfig. */
  readonly onEks: boolean;
  readonly region: string;
  /** Of the role of the function. */
  readonly keys: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  readonly endpoint?: URL;
};

/** Undefined where the secrets are in the environment. Throws `SettingError`. */
export const readSecretSettings = (environment: Environment): SecretSettings | undefined =>
  environment['SECRETS_PATH']
    ? readAll(environment, (from) => {
        const path = from.text('SECRETS_PATH');
        if (!/^\/[\w.-]+\/[\w.-]+$/.test(path))
          from.report(`SECRETS_PATH is "${path}". Give it a path of this kind: /muster/production`);
        return defined({
          path,
          onEks: from.optionalText('EKS_CLUSTER') !== undefined,
          region: required('AWS_REGION'),
          keys: defined({
            accessKeyId: required('AWS_ACCESS_KEY_ID'),
            secretAccessKey: required('AWS_SECRET_ACCESS_KEY'),
            sessionToken: from.optionalText('AWS_SESSION_TOKEN'),
          }),
          endpoint:
            from.optionalUrl('AWS_ENDPOINT_URL_SSM') ?? from.optionalUrl('AWS_ENDPOINT_URL'),
        });

        function required(
          name: 'AWS_REGION' | 'AWS_ACCESS_KEY_ID' | 'AWS_SECRET_ACCESS_KEY',
        ): string {
          const value = from.optionalText(name);
          if (value === undefined) from.report(`${name} is not set. Lambda sets it.`);
          return value ?? '';
        }
      })
    : undefined;
