/** Reads a setting, or says how to supply it. */
import * as z from 'zod/mini';
import type { Client } from './sessions/client.ts';
import { parseJson } from './model/json.ts';

/** The environment of a function: `process.env`, or the one a local world gives it. */
export type Environment = Readonly<Record<string, string | undefined>>;

type Setting = {
  /** What it decides, in one sentence. */
  readonly summary: string;
  /** What holds when it is not given. Settings without one must be given. */
  readonly fallback?: string;
};

/** Every setting of the functions; `docs/` prints this table. */
export const settings = {
  ACCESS_GROUPS_CLAIM: {
    summary:
      'Claim with the groups of a person, for ACCESS_REVIEW (--oidc-groups-claim of the API server).',
    fallback: 'groups',
  },
  ACCESS_GROUPS_PREFIX: {
    summary: 'What stands before each group (--oidc-groups-prefix).',
    fallback: '',
  },
  ACCESS_REVIEW: {
    summary:
      'on: a person is shown only the MCPServers of namespaces where the cluster lets them get mcpservers. off: everyone signed in sees all.',
    fallback: 'off',
  },
  ACCESS_USERNAME_CLAIM: {
    summary: 'Claim with the user name of a person, for ACCESS_REVIEW (--oidc-username-claim).',
    fallback: 'sub',
  },
  ACCESS_USERNAME_PREFIX: {
    summary:
      'What stands before the user name (--oidc-username-prefix): not given, ISSUER# unless the claim is email; - for nothing.',
    fallback: '',
  },
  ANONYMOUS_LIST: {
    summary:
      'on: the list is answered without a bearer, too, without sessions, URLs and error texts.',
    fallback: 'off',
  },
  AUDIENCE_SCOPE: {
    summary:
      'What stands before an audience in the scope that asks the issuer for it (requiredAudiences). The default is that of Dex.',
    fallback: 'audience:server:client_id:',
  },
  BEARER_AUDIENCE: {
    summary:
      'Audience of the JWT access tokens (RFC 9068) that are bearers instead of ID tokens. Tokens of people are then sent to no server.',
    fallback: '',
  },
  BUS_NAME: {
    summary: 'Name of the EventBridge bus that carries page messages and state changes.',
  },
  CLUSTER_CA: {
    summary: 'Certificate authority of the API server, PEM or PEM in base64, beside CLUSTER_URL.',
    fallback: '',
  },
  CLUSTER_TOKEN: {
    summary: 'Bearer of a service account, beside CLUSTER_URL; a secret.',
    fallback: '',
  },
  CLUSTER_TOKEN_FILE: {
    summary: 'File with that bearer, read again every minute and when it is refused.',
    fallback: '',
  },
  CLUSTER_URL: { summary: 'Address of the API server, instead of a kubeconfig.', fallback: '' },
  DNS_SERVERS: {
    summary: 'Comma-separated resolvers (address or address:port) instead of those of the machine.',
    fallback: '',
  },
  EKS_CLUSTER: {
    summary:
      'Name of an EKS cluster, beside CLUSTER_URL: the bearer is signed with the role of the function.',
    fallback: '',
  },
  EXCHANGE_ISSUERS: {
    summary:
      'Comma-separated issuers that tokens of people may be exchanged at (spec.auth.tokenExchange); the token endpoint lies below.',
    fallback: '',
  },
  EXTRA_CA_FILE: {
    summary: 'PEM file with certificate authorities that are trusted besides the public ones.',
    fallback: '',
  },
  FORWARD_HOSTS: {
    summary:
      'Comma-separated hosts that forwarded or exchanged tokens of people may be sent to: mcp.example.com, *.example.com, host:8443.',
    fallback: '',
  },
  GUARD: {
    summary: 'off: loopback and private addresses may be contacted. Cloud metadata never.',
    fallback: 'on',
  },
  GUARD_ALLOW: {
    summary: 'Comma-separated CIDR ranges that the address guard lets through.',
    fallback: '',
  },
  HEARTBEAT_SECONDS: {
    summary:
      'How often the status of an unchanged server is written, so that staleness can be seen.',
    fallback: '300',
  },
  KUBECONFIG: { summary: 'Path of the kubeconfig of the cluster.', fallback: '' },
  KUBECONFIG_YAML: { summary: 'The kubeconfig itself, instead of a path.', fallback: '' },
  LABEL_SELECTOR: {
    summary: 'Only MCPServers with these labels are swept and listed.',
    fallback: '',
  },
  LEASE_NAMESPACE: {
    summary: 'Namespace of the Lease that every sweep renews.',
    fallback: 'muster-serverless',
  },
  METRICS_NAMESPACE: {
    summary:
      'Namespace of the CloudWatch metrics that sweeps put into their log; without it there are none.',
    fallback: '',
  },
  NAMESPACE: { summary: 'Only MCPServers of this namespace are swept and listed.', fallback: '' },
  OAUTH_CLIENTS: {
    summary:
      'Clients registered by hand at issuers of MCP servers: a JSON list of {"issuer", "id", "secret"}, to be kept secret.',
    fallback: '[]',
  },
  OIDC_CLIENT_ID: {
    summary: 'Client id of the muster command line at the issuer; the audience of the bearer.',
  },
  OIDC_ISSUER: { summary: 'Issuer whose ID tokens the Function URL accepts.' },
  OIDC_SCOPES: {
    summary: 'Scopes the command line asks for at sign-in.',
    fallback: 'openid profile email offline_access',
  },
  PAGE_SIZE: { summary: 'MCPServers of one page, each page a runner of its own.', fallback: '500' },
  PROBE_CONCURRENCY: {
    summary: 'Probes of one runner at the same time; below the 1,024 descriptors of a Lambda.',
    fallback: '400',
  },
  PROBER_CHECK_URL: {
    summary:
      'Address the prober connects to when it suspects its own network; the issuer where it is not given.',
    fallback: '',
  },
  PUBLIC_URL: { summary: 'Address of the Function URL as people and issuers reach it.' },
  SECRET_NAMESPACES: {
    summary:
      'Comma-separated namespaces whose Secrets the MCPServers of all namespaces may name; otherwise their own only.',
    fallback: '',
  },
  TABLE_NAME: {
    summary:
      'Name of the DynamoDB table with the grants and the outbox; a sweep without it keeps no outbox.',
  },
  TICK_SECONDS: { summary: 'Time between two sweeps.', fallback: '60' },
  TOKEN_KEYS: {
    summary:
      'Keys that seal tokens in the table: comma-separated id:base64url of 32 bytes, the first one seals, all open.',
  },
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
  if (value === undefined)
    throw new SettingError(
      `${name} is not set. Give it to the function under "environment" in sst.config.ts.`,
    );
  return value;
}

/** A setting that counts something. Throws `SettingError` unless it is a number above zero. */
export function readNumber(environment: Environment, name: SettingName): number {
  const text = readSetting(environment, name);
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value)))
    throw new SettingError(`${name} is "${text}". Give it a number above zero.`);
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
  if (text !== 'on' && text !== 'off')
    throw new SettingError(`${name} is "${text}". Say on or off.`);
  return text === 'on';
}

const clientsSchema = z.array(
  z.object({
    issuer: z.url(),
    id: z.string().check(z.minLength(1)),
    secret: z.exactOptional(z.string().check(z.minLength(1))),
  }),
);

/** OAUTH_CLIENTS. Throws `SettingError`, which does not quote it: it holds secrets. */
export function readClients(
  environment: Environment,
): readonly Pick<Client, 'issuer' | 'id' | 'secret'>[] {
  const clients = clientsSchema.safeParse(parseJson(readSetting(environment, 'OAUTH_CLIENTS')));
  if (!clients.success)
    throw new SettingError('OAUTH_CLIENTS is no JSON list of {"issuer", "id", "secret"}.');
  return clients.data;
}
