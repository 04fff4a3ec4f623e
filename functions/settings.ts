/** The settings of the functions: each one with its meaning, and the whole of them parsed once. */
import * as z from 'zod/mini';
import { defined } from './model/defined.ts';
import { parseJson } from './model/json.ts';
import { scopesIn } from './model/scopes.ts';
import type { Client } from './sessions/client.ts';
import type { TokenPolicy } from './sessions/policy.ts';

/** The environment of a function: `process.env`, or the one a local world gives it. */
export type Environment = Readonly<Record<string, string | undefined>>;

type Setting = {
  /** What it decides, in one sentence. */
  readonly summary: string;
  /** The value when it is not set. A setting without a fallback is required. */
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
    summary: 'Prefix added to each group name, for ACCESS_REVIEW (--oidc-groups-prefix).',
    fallback: '',
  },
  ACCESS_REVIEW: {
    summary:
      'on: a person sees only the MCPServers of namespaces where the cluster lets them get mcpservers. off: anyone who is signed in sees every MCPServer.',
    fallback: 'off',
  },
  ACCESS_USERNAME_CLAIM: {
    summary:
      'Claim with the user name of a person, for ACCESS_REVIEW (--oidc-username-claim). email counts only with email_verified: true.',
    fallback: 'sub',
  },
  ACCESS_USERNAME_PREFIX: {
    summary:
      'Prefix added to the user name, for ACCESS_REVIEW (--oidc-username-prefix). Without it the prefix is ISSUER#, or none if the claim is email. - means no prefix.',
    fallback: '',
  },
  ANONYMOUS_LIST: {
    summary:
      'on: the list is also answered without a token. It then has no sessions, URLs and error texts.',
    fallback: 'off',
  },
  AUDIENCE_NAMESPACES: {
    summary:
      'Comma-separated namespaces whose MCPServers may add their requiredAudiences to the sign-in of everyone, up to 20 in all. Without it no audience is requested.',
    fallback: '',
  },
  AUDIENCE_SCOPE: {
    summary:
      'Prefix of the scope that requests an audience from the issuer (requiredAudiences). The default is the prefix that Dex uses.',
    fallback: 'audience:server:client_id:',
  },
  AWS_ACCESS_KEY_ID: {
    summary: 'Credential that signs the token for EKS_CLUSTER. Lambda sets it.',
    fallback: '',
  },
  AWS_ENDPOINT_URL_DYNAMODB: {
    summary: 'Address of a local DynamoDB, for development.',
    fallback: '',
  },
  AWS_ENDPOINT_URL_EVENTBRIDGE: {
    summary: 'Address of a local EventBridge, for development.',
    fallback: '',
  },
  AWS_REGION: {
    summary: 'Region that the token for EKS_CLUSTER is signed for. Lambda sets it.',
    fallback: '',
  },
  AWS_SECRET_ACCESS_KEY: {
    summary: 'Secret that belongs to AWS_ACCESS_KEY_ID. Lambda sets it.',
    fallback: '',
  },
  AWS_SESSION_TOKEN: {
    summary: 'Session token that belongs to AWS_ACCESS_KEY_ID. Lambda sets it.',
    fallback: '',
  },
  BEARER_AUDIENCE: {
    summary:
      'Audience of JWT access tokens (RFC 9068): the URL of the endpoint, or an address below it. If it is set, the endpoint accepts these instead of ID tokens, and no server gets a token of a person.',
    fallback: '',
  },
  BUS_NAME: {
    summary: 'Name of the EventBridge bus that carries page messages and state changes.',
  },
  CLUSTER_CA: {
    summary:
      'Certificate authority of the API server at CLUSTER_URL, as PEM or as PEM encoded in base64.',
    fallback: '',
  },
  CLUSTER_TOKEN: {
    summary: 'Token of a service account, for CLUSTER_URL. It is a secret.',
    fallback: '',
  },
  CLUSTER_TOKEN_FILE: {
    summary:
      'File with the token of a service account, for CLUSTER_URL. It is read again every minute and when the API server refuses the token.',
    fallback: '',
  },
  CLUSTER_URL: { summary: 'Address of the API server, instead of a kubeconfig.', fallback: '' },
  DNS_SERVERS: {
    summary:
      'Comma-separated resolvers (address or address:port) to use instead of those of the machine.',
    fallback: '',
  },
  EKS_CLUSTER: {
    summary:
      'Name of the EKS cluster at CLUSTER_URL. The function signs the token with its own role.',
    fallback: '',
  },
  EXCHANGE_ISSUERS: {
    summary:
      'Comma-separated issuers that may exchange the tokens of people (spec.auth.tokenExchange). The token endpoint must be below the address of the issuer.',
    fallback: '',
  },
  EXTRA_CA_FILE: {
    summary: 'PEM file with certificate authorities to trust in addition to the public ones.',
    fallback: '',
  },
  FORWARD_HOSTS: {
    summary:
      'Comma-separated hosts that may receive forwarded or exchanged tokens of people: mcp.example.com, *.example.com, host:8443.',
    fallback: '',
  },
  GUARD: {
    summary:
      'off: loopback and private addresses may be contacted. Cloud metadata services are always blocked.',
    fallback: 'on',
  },
  GUARD_ALLOW: {
    summary: 'Comma-separated CIDR ranges that may be contacted in addition to public addresses.',
    fallback: '',
  },
  HEARTBEAT_SECONDS: {
    summary:
      'How often the status of an unchanged server is written, so that a stale status can be recognized.',
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
      'Namespace of the CloudWatch metrics that the functions write to their log. Without it there are no metrics.',
    fallback: '',
  },
  NAMESPACE: { summary: 'Only MCPServers of this namespace are swept and listed.', fallback: '' },
  OAUTH_CLIENTS: {
    summary:
      'Clients that were registered manually at issuers of MCP servers: a JSON list of {"issuer", "id", "secret"}. Each issuer has its own callback URL (docs/deploy.md). It is a secret.',
    fallback: '[]',
  },
  OIDC_CLIENT_ID: {
    summary:
      'Client id of the muster command line at the issuer. It is also the audience of ID tokens.',
  },
  OIDC_ISSUER: {
    summary: 'Issuer whose ID tokens the endpoint accepts. Its address must use https.',
  },
  OIDC_SCOPES: {
    summary: 'Scopes that the command line requests at sign-in.',
    fallback: 'openid profile email offline_access',
  },
  PAGE_SIZE: {
    summary: 'MCPServers on one page. Each page is probed by its own invocation.',
    fallback: '500',
  },
  PROBE_CONCURRENCY: {
    summary:
      'Probes that one invocation runs at the same time. Keep it below the 1,024 file descriptors of Lambda.',
    fallback: '400',
  },
  PROBER_CHECK_URL: {
    summary:
      'Address that the sweep connects to when it suspects its own network. Without it, the issuer is used.',
    fallback: '',
  },
  PUBLIC_URL: { summary: 'Address at which people and issuers reach the endpoint.' },
  SECRET_NAMESPACES: {
    summary:
      'Comma-separated namespaces whose Secrets any MCPServer may use. Secrets of other namespaces are available only to MCPServers of the same namespace.',
    fallback: '',
  },
  TABLE_NAME: {
    summary:
      'Name of the DynamoDB table with the grants and the outbox. A sweep without it has no outbox.',
  },
  TICK_SECONDS: { summary: 'Time between two sweeps.', fallback: '60' },
  TOKEN_KEYS: {
    summary:
      'Keys that seal tokens in the table: comma-separated id:base64url of 32 bytes. The first key seals, and every key opens.',
  },
} as const satisfies Record<string, Setting>;
export type SettingName = keyof typeof settings;

/** Settings are missing or unusable; the message has a line for each, which says what to do. */
export class SettingError extends Error {
  override readonly name = 'SettingError';
}

/** How to reach the cluster, and which of its MCPServers are ours. */
export type ClusterSettings = {
  /** Without a namespace: of all namespaces. */
  readonly selection: { readonly namespace?: string; readonly labelSelector?: string };
  readonly cluster:
    | { readonly kind: 'kubeconfig'; readonly yaml: string }
    | { readonly kind: 'kubeconfigFile'; readonly path: string }
    | {
        readonly kind: 'address';
        readonly url: string;
        readonly caPem: string;
        readonly credential: ClusterCredential;
      };
};

export type ClusterCredential =
  | {
      readonly kind: 'eks';
      readonly clusterName: string;
      readonly region?: string;
      /** Of the role of the function. */
      readonly keys?: {
        readonly accessKeyId: string;
        readonly secretAccessKey: string;
        readonly sessionToken?: string;
      };
    }
  | { readonly kind: 'tokenFile'; readonly path: string }
  | { readonly kind: 'token'; readonly token: string };

/** How servers are reached. */
export type NetworkSettings = {
  readonly dnsServers: readonly string[];
  readonly extraCaFile?: string;
  readonly allowLocal: boolean;
  /** CIDR ranges that the guard lets through. */
  readonly guardAllow: readonly string[];
};

export type TableSettings = { readonly tableName: string; readonly dynamoDbUrl?: URL };
export type BusSettings = { readonly busName: string; readonly eventBridgeUrl?: URL };

type SharedSettings = ClusterSettings &
  NetworkSettings & {
    readonly heartbeatMs: number;
    readonly tickMs: number;
    readonly leaseNamespace: string;
  };

export type SweepSettings = SharedSettings &
  BusSettings & {
    /** Without a table there is no outbox. */
    readonly table?: TableSettings;
    /** Where the sweep connects to when it suspects its own network. */
    readonly checkUrl: URL;
    readonly pageSize: number;
    readonly probeConcurrency: number;
    readonly metricsNamespace?: string;
  };

export type ApiSettings = SharedSettings & {
  readonly table: TableSettings;
  readonly tokenKeys: readonly string[];
  /** Without a slash at its end: paths are appended. */
  readonly publicUrl: string;
  /** Text, not a URL: tokens name their issuer exactly so (RFC 8414, section 3.3). */
  readonly issuer: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly audienceScope: string;
  /** Audience of access tokens; without it the endpoint accepts ID tokens. */
  readonly bearerAudience?: string;
  readonly policy: TokenPolicy;
  readonly clients: readonly Pick<Client, 'issuer' | 'id' | 'secret'>[];
  readonly anonymousList: boolean;
  readonly metricsNamespace?: string;
  /** How the cluster names people. Without it, anyone who is signed in sees every server. */
  readonly accessRules?: {
    readonly usernameClaim: string;
    readonly usernamePrefix?: string;
    readonly groupsClaim: string;
    readonly groupsPrefix: string;
  };
};

/** What the sweep needs; settings that only the endpoint needs may be absent. Throws `SettingError`. */
export const readSweepSettings = (environment: Environment): SweepSettings =>
  read(environment, (from) =>
    defined({
      ...sharedSettings(from),
      busName: from.text('BUS_NAME'),
      eventBridgeUrl: from.optionalUrl('AWS_ENDPOINT_URL_EVENTBRIDGE'),
      table: environment['TABLE_NAME'] ? tableSettings(from) : undefined,
      checkUrl: from.url(environment['PROBER_CHECK_URL'] ? 'PROBER_CHECK_URL' : 'OIDC_ISSUER'),
      pageSize: from.number('PAGE_SIZE'),
      probeConcurrency: from.number('PROBE_CONCURRENCY'),
      metricsNamespace: from.optionalText('METRICS_NAMESPACE'),
    }),
  );

/** What the endpoint needs. Throws `SettingError`. */
export const readApiSettings = (environment: Environment): ApiSettings =>
  read(environment, (from) => {
    const shared = sharedSettings(from);
    const anonymousList = from.isOn('ANONYMOUS_LIST');
    const accessReview = from.isOn('ACCESS_REVIEW');
    if (accessReview && anonymousList)
      from.report(
        'ACCESS_REVIEW and ANONYMOUS_LIST are both on, but the access of anonymous callers cannot be reviewed. Turn one of them off.',
      );
    const bearerAudience = from.optionalText('BEARER_AUDIENCE');
    return defined({
      ...shared,
      table: tableSettings(from),
      tokenKeys: tokenKeys(from),
      publicUrl: from.address('PUBLIC_URL').replace(/\/+$/, ''),
      issuer: secureIssuer(from),
      clientId: from.text('OIDC_CLIENT_ID'),
      scopes: scopesIn(from.text('OIDC_SCOPES')),
      audienceScope: from.text('AUDIENCE_SCOPE'),
      bearerAudience,
      policy: {
        forwardHosts: from.list('FORWARD_HOSTS'),
        exchangeIssuers: from.list('EXCHANGE_ISSUERS'),
        audienceNamespaces: from.list('AUDIENCE_NAMESPACES'),
        secretNamespaces: from.list('SECRET_NAMESPACES'),
        hasIdTokens: bearerAudience === undefined,
        allowInsecure: shared.allowLocal,
      },
      clients: clients(from),
      anonymousList,
      metricsNamespace: from.optionalText('METRICS_NAMESPACE'),
      accessRules: accessReview
        ? defined({
            usernameClaim: from.text('ACCESS_USERNAME_CLAIM'),
            usernamePrefix: from.optionalText('ACCESS_USERNAME_PREFIX'),
            groupsClaim: from.text('ACCESS_GROUPS_CLAIM'),
            groupsPrefix: from.text('ACCESS_GROUPS_PREFIX'),
          })
        : undefined,
    });
  });

/** What a look at the cluster needs. Throws `SettingError`. */
export const readClusterSettings = (environment: Environment): ClusterSettings =>
  read(environment, clusterSettings);

/** Reads single settings. It gives a stand-in for one with a problem: `read` throws before its use. */
type Reader = {
  readonly report: (problem: string) => void;
  /** The value, or the fallback; required where there is none. */
  readonly text: (name: SettingName) => string;
  readonly optionalText: (name: SettingName) => string | undefined;
  readonly number: (name: SettingName) => number;
  readonly list: (name: SettingName) => readonly string[];
  readonly isOn: (name: SettingName) => boolean;
  /** An address, exactly as it was written. */
  readonly address: (name: SettingName) => string;
  readonly url: (name: SettingName) => URL;
  readonly optionalUrl: (name: SettingName) => URL | undefined;
};

function read<Read>(environment: Environment, settingsFrom: (from: Reader) => Read): Read {
  // A setting that is read twice has its problem once.
  const problems = new Set<string>();
  const parsed = settingsFrom(readerOf(environment, (problem) => void problems.add(problem)));
  if (problems.size > 0) throw new SettingError([...problems].join('\n'));
  return parsed;
}

function readerOf(environment: Environment, report: Reader['report']): Reader {
  const text = (name: SettingName): string => {
    const { fallback }: Setting = settings[name];
    const value = environment[name] || fallback;
    if (value === undefined)
      report(`${name} is not set. Give it to the function under "environment" in sst.config.ts.`);
    return value ?? '';
  };
  const optionalText = (name: SettingName): string | undefined => environment[name] || undefined;
  const url = (name: SettingName): URL => {
    const value = text(name);
    const parsed = URL.parse(value);
    if (parsed?.protocol === 'https:' || parsed?.protocol === 'http:') return parsed;
    // One that is not set is already reported.
    if (value !== '') report(`${name} is "${value}". Give it an address: https://...`);
    return new URL('https://unset.invalid');
  };
  return {
    report,
    text,
    optionalText,
    number: (name) => {
      const value = Number(text(name));
      if (!(value > 0 && Number.isFinite(value)))
        report(`${name} is "${text(name)}". Give it a number above zero.`);
      return value;
    },
    list: (name) =>
      text(name)
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== ''),
    isOn: (name) => {
      const value = text(name);
      if (value !== 'on' && value !== 'off') report(`${name} is "${value}". Set it to on or off.`);
      return value === 'on';
    },
    address: (name) => {
      url(name);
      return environment[name] ?? '';
    },
    url,
    optionalUrl: (name) => (optionalText(name) === undefined ? undefined : url(name)),
  };
}

const sharedSettings = (from: Reader): SharedSettings => ({
  ...clusterSettings(from),
  ...networkSettings(from),
  heartbeatMs: from.number('HEARTBEAT_SECONDS') * 1000,
  tickMs: from.number('TICK_SECONDS') * 1000,
  leaseNamespace: from.text('LEASE_NAMESPACE'),
});

const clusterSettings = (from: Reader): ClusterSettings => ({
  selection: defined({
    namespace: from.optionalText('NAMESPACE'),
    labelSelector: from.optionalText('LABEL_SELECTOR'),
  }),
  cluster: clusterAccess(from),
});

function clusterAccess(from: Reader): ClusterSettings['cluster'] {
  const yaml = from.optionalText('KUBECONFIG_YAML');
  if (yaml !== undefined) return { kind: 'kubeconfig', yaml };
  const path = from.optionalText('KUBECONFIG');
  if (path !== undefined) return { kind: 'kubeconfigFile', path };
  if (from.optionalText('CLUSTER_URL') !== undefined) {
    return {
      kind: 'address',
      url: from.address('CLUSTER_URL'),
      caPem: certificate(from),
      credential: clusterCredential(from),
    };
  }
  from.report(
    'No cluster is set. Give the function KUBECONFIG_YAML (the kubeconfig itself), KUBECONFIG (its path) or CLUSTER_URL and CLUSTER_CA.',
  );
  return { kind: 'kubeconfig', yaml: '' };
}

function certificate(from: Reader): string {
  const text = from.text('CLUSTER_CA');
  const pem = text.startsWith('-----') ? text : Buffer.from(text, 'base64').toString();
  if (!pem.includes('BEGIN CERTIFICATE')) {
    from.report(
      'CLUSTER_CA is not a certificate. Give it the PEM, or the certificateAuthority.data that aws eks describe-cluster prints.',
    );
  }
  return pem;
}

function clusterCredential(from: Reader): ClusterCredential {
  const clusterName = from.optionalText('EKS_CLUSTER');
  if (clusterName !== undefined) {
    const accessKeyId = from.optionalText('AWS_ACCESS_KEY_ID');
    const secretAccessKey = from.optionalText('AWS_SECRET_ACCESS_KEY');
    const sessionToken = from.optionalText('AWS_SESSION_TOKEN');
    return defined({
      kind: 'eks',
      clusterName,
      region: from.optionalText('AWS_REGION'),
      keys:
        accessKeyId !== undefined && secretAccessKey !== undefined
          ? defined({ accessKeyId, secretAccessKey, sessionToken })
          : undefined,
    });
  }
  const path = from.optionalText('CLUSTER_TOKEN_FILE');
  if (path !== undefined) return { kind: 'tokenFile', path };
  const token = from.optionalText('CLUSTER_TOKEN');
  if (token === undefined) {
    from.report(
      'CLUSTER_URL has no credential. Give the function EKS_CLUSTER, CLUSTER_TOKEN_FILE or CLUSTER_TOKEN.',
    );
  }
  return { kind: 'token', token: token ?? '' };
}

const networkSettings = (from: Reader): NetworkSettings =>
  defined({
    dnsServers: from.list('DNS_SERVERS'),
    extraCaFile: from.optionalText('EXTRA_CA_FILE'),
    allowLocal: !from.isOn('GUARD'),
    guardAllow: from.list('GUARD_ALLOW'),
  });

const tableSettings = (from: Reader): TableSettings =>
  defined({
    tableName: from.text('TABLE_NAME'),
    dynamoDbUrl: from.optionalUrl('AWS_ENDPOINT_URL_DYNAMODB'),
  });

/** Over http anyone in between could sign in as anyone; to loopback there is nothing in between. */
function secureIssuer(from: Reader): string {
  const issuer = from.address('OIDC_ISSUER');
  const { protocol, hostname } = from.url('OIDC_ISSUER');
  if (protocol !== 'https:' && !loopbackHosts.has(hostname) && !hostname.endsWith('.localhost'))
    from.report(`OIDC_ISSUER is "${issuer}". Give it an https address.`);
  return issuer;
}

const loopbackHosts: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** The messages do not quote a key: it is a secret. */
function tokenKeys(from: Reader): readonly string[] {
  const text = from.text('TOKEN_KEYS');
  const keys = from.list('TOKEN_KEYS');
  if (text !== '' && !(keys.length > 0 && keys.every((key) => /^[\w.-]+:[\w-]{43}$/.test(key))))
    from.report('A key in TOKEN_KEYS is not id:base64url of 32 bytes.');
  return keys;
}

const clientsSchema = z.array(
  z.object({
    issuer: z.url(),
    id: z.string().check(z.minLength(1)),
    secret: z.exactOptional(z.string().check(z.minLength(1))),
  }),
);

/** The message does not quote the value: it holds secrets. */
function clients(from: Reader): ApiSettings['clients'] {
  const parsed = clientsSchema.safeParse(parseJson(from.text('OAUTH_CLIENTS')));
  if (!parsed.success)
    from.report('OAUTH_CLIENTS is not a JSON list of {"issuer", "id", "secret"}.');
  return parsed.data ?? [];
}
