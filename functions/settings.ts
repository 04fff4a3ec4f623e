/** The settings of a function, parsed once, with all their problems at once. */
import * as z from 'zod/mini';
import { defined } from './model/defined.ts';
import { type Environment, type Reader, readAll } from './model/setting-reader.ts';
import { type IssuerRules, issuerRulesIn } from './model/issuer-rules.ts';
import { parseJson } from './model/json.ts';
import { isAddedParameter } from './model/authorization-parameters.ts';
import { loopbackHosts, loopbackRedirect } from './model/loopback-redirect.ts';
import { validScopes } from './model/scopes.ts';
import { siteAddressProblem } from './model/site-address.ts';
import { type ContendedStateRule, contendedStateRules } from './reachability/contention.ts';
import type { Client } from './sessions/client.ts';
import type { TokenPolicy } from './sessions/policy.ts';
import type { ReleasePolicy } from './sessions/release.ts';

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
  /** PEM of authorities that are trusted in addition to the public ones. */
  readonly extraCaPem?: string;
  readonly extraCaFile?: string;
  readonly allowLocal: boolean;
  /** CIDR ranges that the guard lets through. */
  readonly guardAllow: readonly string[];
  /** How servers and issuers are reached from a network without a way out of its own. */
  readonly proxies?: {
    readonly https?: URL;
    readonly http?: URL;
    readonly except: readonly string[];
  };
};

export type TableSettings = { readonly tableName: string; readonly dynamoDbUrl?: URL };
export type BusSettings = { readonly busName: string; readonly eventBridgeUrl?: URL };

/** How Services inside the cluster are probed. */
export type ServiceProxySettings = {
  readonly serviceProxy: {
    readonly isOn: boolean;
    /** Namespaces whose Services MCPServers of every namespace may name. */
    readonly namespaces: readonly string[];
    readonly clusterDomain: string;
  };
};

type SharedSettings = ClusterSettings &
  ServiceProxySettings &
  NetworkSettings & {
    readonly heartbeatMs: number;
    readonly tickMs: number;
    /** The Lease that shows when this deployment last swept. */
    readonly lease: { readonly namespace: string; readonly name: string };
    /** Where the pages about each reason are. */
    readonly siteUrl?: URL;
  };

export type SweepSettings = SharedSettings &
  BusSettings & {
    /** Without a table there is no outbox. */
    readonly table?: TableSettings;
    /** Where the sweep connects to when it suspects its own network. */
    readonly checkUrl: URL;
    /** How our value goes into `status.state` beside another writer. */
    readonly contendedState: ContendedStateRule;
    readonly pageSize: number;
    readonly probeConcurrency: number;
    readonly metricsNamespace?: string;
  };

export type SignInSettings = {
  readonly scopes: readonly string[];
  /** Only where the issuer lists them. */
  readonly optionalScopes: readonly string[];
  /** Exactly as it was written: issuers compare it so. */
  readonly redirect: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly publicClientSecret?: string;
};

export type ApiSettings = SharedSettings & {
  readonly table: TableSettings;
  readonly tokenKeys: readonly string[];
  /** Without a slash at its end: paths are appended. */
  readonly publicUrl: string;
  /** Text, not a URL: tokens name their issuer exactly so (RFC 8414, section 3.3). */
  readonly issuer: string;
  readonly clientId: string;
  /** What the command line needs besides, to sign a person in. */
  readonly signIn: SignInSettings;
  readonly audienceScope: string;
  /** Audience of access tokens; without it the endpoint accepts ID tokens. */
  readonly bearerAudience?: string;
  readonly policy: TokenPolicy;
  readonly release: Omit<ReleasePolicy, 'clusterDomain'>;
  readonly clients: readonly Pick<Client, 'issuer' | 'id' | 'secret'>[];
  readonly issuerRules: IssuerRules;
  readonly anonymousList: boolean;
  /** Whether people may sign in on the live page, which the same address serves. */
  readonly livePage: boolean;
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
  readAll(environment, (from) =>
    defined({
      ...sharedSettings(from),
      busName: from.text('BUS_NAME'),
      eventBridgeUrl: from.optionalUrl('AWS_ENDPOINT_URL_EVENTBRIDGE'),
      table: environment['TABLE_NAME'] ? tableSettings(from) : undefined,
      checkUrl: from.url(environment['PROBER_CHECK_URL'] ? 'PROBER_CHECK_URL' : 'OIDC_ISSUER'),
      contendedState: contendedState(from),
      pageSize: from.number('PAGE_SIZE'),
      probeConcurrency: from.number('PROBE_CONCURRENCY'),
      metricsNamespace: from.optionalText('METRICS_NAMESPACE'),
    }),
  );

/** What the endpoint needs. Throws `SettingError`. */
export const readApiSettings = (environment: Environment): ApiSettings =>
  readAll(environment, (from) => {
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
      signIn: signInSettings(from),
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
      release: { isOn: from.isOn('RELEASE_TOKENS'), hosts: from.list('RELEASE_HOSTS') },
      clients: clients(from),
      issuerRules: issuerRules(from),
      anonymousList,
      livePage: from.isOn('LIVE_PAGE'),
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
  readAll(environment, clusterSettings);

const sharedSettings = (from: Reader): SharedSettings =>
  defined({
    ...clusterSettings(from),
    ...networkSettings(from),
    serviceProxy: {
      isOn: from.isOn('SERVICE_PROXY'),
      namespaces: from.list('SERVICE_NAMESPACES'),
      clusterDomain: from.text('CLUSTER_DOMAIN'),
    },
    heartbeatMs: from.number('HEARTBEAT_SECONDS') * 1000,
    tickMs: from.number('TICK_SECONDS') * 1000,
    lease: { namespace: from.text('LEASE_NAMESPACE'), name: from.text('LEASE_NAME') },
    siteUrl: siteUrl(from),
  });

/** The addresses of pages are made from its root. */
function siteUrl(from: Reader): URL | undefined {
  const text = from.optionalText('SITE_URL');
  const problem = text === undefined ? undefined : siteAddressProblem(text);
  if (problem !== undefined) from.report(problem);
  return text === undefined || problem !== undefined ? undefined : new URL(text);
}

function contendedState(from: Reader): ContendedStateRule {
  const value = from.text('CONTENDED_STATE');
  const rule = contendedStateRules.find((known) => known === value);
  if (rule === undefined)
    from.report(`CONTENDED_STATE is "${value}". Set it to ${contendedStateRules.join(' or ')}.`);
  return rule ?? 'yield';
}

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
  const pem = pemOf(from.text('CLUSTER_CA'));
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
    extraCaPem: extraCa(from),
    extraCaFile: from.optionalText('EXTRA_CA_FILE'),
    allowLocal: !from.isOn('GUARD'),
    guardAllow: from.list('GUARD_ALLOW'),
    proxies: proxies(from),
  });

function extraCa(from: Reader): string | undefined {
  const text = from.optionalText('EXTRA_CA');
  const pem = text === undefined ? undefined : pemOf(text);
  if (pem?.includes('BEGIN CERTIFICATE') === false)
    from.report('EXTRA_CA is not a certificate. Give it PEM, or PEM encoded in base64.');
  return pem;
}

/** PEM as it is, or encoded in base64, which fits on one line. */
const pemOf = (text: string): string =>
  text.trimStart().startsWith('-----') ? text : Buffer.from(text, 'base64').toString();

function proxies(from: Reader): NetworkSettings['proxies'] {
  const https = proxyAddress(from, 'HTTPS_PROXY');
  const http = proxyAddress(from, 'HTTP_PROXY');
  return https === undefined && http === undefined
    ? undefined
    : defined({ https, http, except: from.list('NO_PROXY') });
}

/** The message does not quote the address: it may hold a password. */
function proxyAddress(from: Reader, name: 'HTTPS_PROXY' | 'HTTP_PROXY'): URL | undefined {
  const text = from.optionalText(name);
  if (text === undefined) return undefined;
  const address = URL.parse(text);
  if (address?.protocol === 'http:' && hasCredentialsThatDecode(address)) return address;
  from.report(
    `${name} is not the address of a proxy: http://host:port, or http://user:password@host:port.`,
  );
  return undefined;
}

function hasCredentialsThatDecode({ username, password }: URL): boolean {
  try {
    decodeURIComponent(`${username}${password}`);
    return true;
  } catch {
    return false; // A percent sign that encodes nothing.
  }
}

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

function signInSettings(from: Reader): SignInSettings {
  const all = from.text('OIDC_SCOPES').split(' ');
  const isOptional = (scope: string) => scope.endsWith('?');
  return defined({
    scopes: validScopes(all.filter((scope) => !isOptional(scope))),
    optionalScopes: validScopes(all.filter(isOptional).map((scope) => scope.slice(0, -1))),
    redirect: redirect(from),
    parameters: parameters(from),
    publicClientSecret: from.optionalText('OIDC_PUBLIC_CLIENT_SECRET'),
  });
}

function redirect(from: Reader): string {
  const text = from.text('OIDC_REDIRECT');
  if (loopbackRedirect(text) === undefined)
    from.report(
      `OIDC_REDIRECT is "${text}". Give it an address of this kind: http://127.0.0.1:8765/callback (host 127.0.0.1, localhost or [::1]; any port but 80).`,
    );
  return text;
}

function parameters(from: Reader): Readonly<Record<string, string>> {
  const given = [...new URLSearchParams(from.optionalText('OIDC_PARAMETERS') ?? '')];
  const reserved = given.map(([name]) => name).filter((name) => !isAddedParameter(name));
  if (reserved.length > 0)
    from.report(
      `OIDC_PARAMETERS has "${reserved.join('", "')}". The command line sets these itself. Remove them.`,
    );
  return Object.fromEntries(given);
}

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

function issuerRules(from: Reader): IssuerRules {
  const { rules, problems } = issuerRulesIn(from.text('ISSUERS'));
  for (const problem of problems) from.report(problem);
  return rules;
}
