/** The secrets of a deployment: where they are kept, and who reads which. */

export const secretNames = ['Kubeconfig', 'OauthClients', 'TokenKeys'] as const;
export type SecretName = (typeof secretNames)[number];

/** The setting that the value of each stands for. */
export const secretSettings = {
  Kubeconfig: 'KUBECONFIG_YAML',
  OauthClients: 'OAUTH_CLIENTS',
  TokenKeys: 'TOKEN_KEYS',
} as const satisfies Record<SecretName, string>;

/** What the functions cannot start without. */
export const isRequired = (name: SecretName): boolean => name !== 'OauthClients';

/** Of the app in sst.config.ts. */
export const appName = 'muster';

/** Where the parameters of a stage are, in the AWS Systems Manager Parameter Store. */
export const secretsPathOf = (stage: string, app: string = appName): string => `/${app}/${stage}`;

export const parameterOf = (path: string, name: SecretName): string => `${path}/${name}`;

/** On EKS the functions sign with their roles, and there is no kubeconfig. */
export const secretsOfSweep = (onEks: boolean): readonly SecretName[] =>
  onEks ? [] : ['Kubeconfig'];

/** Only the endpoint may open the tokens of people. */
export const secretsOfApi = (onEks: boolean): readonly SecretName[] => [
  ...secretsOfSweep(onEks),
  'OauthClients',
  'TokenKeys',
];

/** The command that writes a secret, for messages. */
export const commandThatSets = (name: SecretName, stage: string): string => {
  switch (name) {
    case 'Kubeconfig':
      return `manifests/token/kubeconfig.sh | npm run secret -- set Kubeconfig --stage ${stage}`;
    case 'OauthClients':
      return `npm run secret -- set OauthClients --stage ${stage} < clients.json`;
    case 'TokenKeys':
      return `npm run secret -- rotate TokenKeys --stage ${stage}`;
  }
};
