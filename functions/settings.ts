/** The settings of a function, parsed once, with all their problems at once. */
import { defined } from './model/defined.ts';
import { type Environment, type Reader, readAll } from './model/setting-reader.ts';
import { type IssuerRules, issuerRulesIn } from './model/issuer-rules.ts';
import { siteAddressProblem } from './model/site-address.ts';
import { type ContendedStateRule, contendedStateRules } from './reachability/contention.ts';
import type { TokenPolicy } from './sessions/policy.ts';
import type { ReleasePolicy } from './sessions/release.ts';
import { type ClusterAccess, clusterAccess } from './settings/cluster-access.ts';
import { networkSettings } from './settings/network-settings.ts';
import { clients, tokenKeys } from './settings/secret-values.ts';
import { secureIssuer, signInSettings } from './settings/sign-in-settings.ts';

/** How to reach the cluster, and which of its MCPServers are ours. */
export type ClusterSettings = {
  /** Without a namespace: of all namespaces. */
  readonly selection: { readonly namespace?: string; readonly labelSelector?: string };
  readonly cluster: ClusterAccess;
};

export type ClusterCredential = Extract<ClusterAccess, { kind: 'address' }>['credential'];

/** How servers are reached. */
export type NetworkSettings = ReturnType<typeof networkSettings>;

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

export type SignInSettings = ReturnType<typeof signInSettings>;

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
  readonly clients: ReturnType<typeof clients>;
  readonly issuerRules: IssuerRules;
  readonly anonymousList: boolean;
  /** How long callers share what the cluster listed. */
  readonly listSharedMs: number;
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
      listSharedMs: from.numberOrZero('LIST_SHARED_SECONDS') * 1000,
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

/** The keys alone. Throws `SettingError`. */
export const readTokenKeys = (environment: Environment): readonly string[] =>
  readAll(environment, tokenKeys);

/** The clients that were registered by hand alone. Throws `SettingError`. */
export const readClients = (environment: Environment): ApiSettings['clients'] =>
  readAll(environment, clients);

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

const tableSettings = (from: Reader): TableSettings =>
  defined({
    tableName: from.text('TABLE_NAME'),
    dynamoDbUrl: from.optionalUrl('AWS_ENDPOINT_URL_DYNAMODB'),
  });

function issuerRules(from: Reader): IssuerRules {
  const { rules, problems } = issuerRulesIn(from.text('ISSUERS'));
  for (const problem of problems) from.report(problem);
  return rules;
}
