/** Reads a setting, or says how to supply it. */

/** The environment of a function: `process.env`, or the one a local world gives it. */
export type Environment = Readonly<Record<string, string | undefined>>;

type Setting = {
  /** What it decides, in one sentence. */
  readonly meaning: string;
  /** What holds when it is not given. Settings without one must be given. */
  readonly fallback?: string;
};

/** Every setting of the functions; `docs/` prints this table. */
export const settings = {
  ANONYMOUS_LIST: { meaning: 'on: the list is answered without a bearer, too, without sessions, URLs and error texts.', fallback: 'off' },
  BUS_NAME: { meaning: 'Name of the EventBridge bus that carries page messages and state changes.' },
  DNS_SERVERS: { meaning: 'Comma-separated resolvers (address or address:port) instead of those of the machine.', fallback: '' },
  EXTRA_CA_FILE: { meaning: 'PEM file with certificate authorities that are trusted besides the public ones.', fallback: '' },
  GUARD: { meaning: 'off: loopback and private addresses may be contacted. Cloud metadata never.', fallback: 'on' },
  GUARD_ALLOW: { meaning: 'Comma-separated CIDR ranges that the address guard lets through.', fallback: '' },
  HEARTBEAT_SECONDS: { meaning: 'How often the status of an unchanged server is written, so that staleness can be seen.', fallback: '300' },
  KUBECONFIG: { meaning: 'Path of the kubeconfig of the cluster.', fallback: '' },
  KUBECONFIG_YAML: { meaning: 'The kubeconfig itself, instead of a path.', fallback: '' },
  LABEL_SELECTOR: { meaning: 'Only MCPServers with these labels are swept and listed.', fallback: '' },
  NAMESPACE: { meaning: 'Only MCPServers of this namespace are swept and listed.', fallback: '' },
  OIDC_CLIENT_ID: { meaning: 'Client id of the muster command line at the issuer; the audience of the bearer.' },
  OIDC_ISSUER: { meaning: 'Issuer whose ID tokens the Function URL accepts.' },
  OIDC_SCOPES: { meaning: 'Scopes the command line asks for at sign-in.', fallback: 'openid profile email offline_access' },
  PAGE_SIZE: { meaning: 'MCPServers of one page, each page a runner of its own.', fallback: '500' },
  PROBE_CONCURRENCY: { meaning: 'Probes of one runner at the same time; below the 1,024 descriptors of a Lambda.', fallback: '400' },
  PROBER_CHECK_URL: {
    meaning: 'Address the prober connects to when it suspects its own network; the issuer where it is not given.',
    fallback: '',
  },
  PUBLIC_URL: { meaning: 'Address of the Function URL as people and issuers reach it.' },
  TABLE_NAME: { meaning: 'Name of the DynamoDB table with the grants.' },
  TICK_SECONDS: { meaning: 'Time between two sweeps.', fallback: '60' },
  TOKEN_KEYS: { meaning: 'Keys that seal tokens in the table: comma-separated id:base64url of 32 bytes, the first one seals, all open.' },
} as const satisfies Record<string, Setting>;
export type SettingName = keyof typeof settings;

/** A setting is missing or unusable; the message says what to do. */
export class SettingError extends Error {
  override readonly name = 'SettingError';
}

/** The value of a setting, or its fallback. Throws `SettingError` where neither is there. */
export function readSetting(environment: Environment, name: SettingName): string {
  const { fallback }: Setting = settings[name];
  const value = environment[name] || fallback;
  if (value === undefined) throw new SettingError(`${name} is not set. Give it to the function under "environment" in sst.config.ts.`);
  return value;
}

/** A setting that counts something. Throws `SettingError` unless it is a number above zero. */
export function readNumber(environment: Environment, name: SettingName): number {
  const text = readSetting(environment, name);
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new SettingError(`${name} is "${text}". Give it a number above zero.`);
  return value;
}

/** A setting that lists things, separated by commas. */
export const readList = (environment: Environment, name: SettingName): readonly string[] =>
  readSetting(environment, name)
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

/** A switch. Throws `SettingError` unless it is `on` or `off`. */
export function readSwitch(environment: Environment, name: SettingName): boolean {
  const text = readSetting(environment, name);
  if (text !== 'on' && text !== 'off') throw new SettingError(`${name} is "${text}". Say on or off.`);
  return text === 'on';
}
