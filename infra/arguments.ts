/**
 * The configuration of a deployment, read from the environment of `npx sst deploy`. SST also reads
 * `.env` and `.env.STAGE` into it.
 */

import { defined } from '../functions/model/defined.ts';
import { siteAddressProblem } from '../functions/model/site-address.ts';

export type Arguments = {
  readonly cluster:
    | { readonly kind: 'eks'; readonly name: string }
    | { readonly kind: 'kubeconfig' };
  /**
   * Settings of both functions, by the names of `functions/model/settings-table.ts`. Those that
   * were not given are not in it.
   */
  readonly settings: Readonly<Record<string, string>>;
  readonly heartbeatSeconds: number;
  /** Where the functions run, for an API server that is private. */
  readonly vpc?: { readonly privateSubnets: string[]; readonly securityGroups: string[] };
  readonly alarmEmail?: string;
  /** Reserved concurrency of each function. Absent: it shares what the account has unreserved. */
  readonly concurrency: { readonly sweep?: number; readonly api?: number };
  /** What the build of the site is given. Absent: no site. */
  readonly site?: Readonly<Record<string, string>>;
};

/**
 * Arguments are missing or invalid. The message has a line for each, with the command that fixes
 * it.
 */
export class ArgumentError extends Error {
  override readonly name = 'ArgumentError';
}

type Environment = Readonly<Record<string, string | undefined>>;

const required = {
  AWS_REGION: 'the AWS region to deploy to. Add it to .env, for example AWS_REGION=eu-central-1',
  OIDC_ISSUER: 'the issuer where people sign in. Add it to .env: OIDC_ISSUER=https://...',
  OIDC_CLIENT_ID:
    'the client id of the muster command at that issuer. Add it to .env: OIDC_CLIENT_ID=...',
  SST_SECRET_TokenKeys: `the key that encrypts tokens. Run: npx sst secret set TokenKeys "k1:$(openssl rand -base64 32 | tr '+/' '-_' | tr -d '=')"`,
} as const;

/**
 * Passed to the functions unchanged; `functions/model/settings-table.ts` says what each one means.
 */
export const optional = [
  'ACCESS_GROUPS_CLAIM',
  'ACCESS_GROUPS_PREFIX',
  'ACCESS_REVIEW',
  'ACCESS_USERNAME_CLAIM',
  'ACCESS_USERNAME_PREFIX',
  'ANONYMOUS_LIST',
  'AUDIENCE_NAMESPACES',
  'AUDIENCE_SCOPE',
  'BEARER_AUDIENCE',
  'CLUSTER_DOMAIN',
  'CONTENDED_STATE',
  'EXCHANGE_ISSUERS',
  'EXTRA_CA',
  'FORWARD_HOSTS',
  'GUARD_ALLOW',
  'ISSUERS',
  'LABEL_SELECTOR',
  'LEASE_NAMESPACE',
  'NAMESPACE',
  'OIDC_PARAMETERS',
  'OIDC_PUBLIC_CLIENT_SECRET',
  'OIDC_REDIRECT',
  'OIDC_SCOPES',
  'PAGE_SIZE',
  'PROBE_CONCURRENCY',
  'PROBER_CHECK_URL',
  'PUBLIC_URL',
  'RELEASE_HOSTS',
  'RELEASE_TOKENS',
  'SECRET_NAMESPACES',
  'SERVICE_NAMESPACES',
  'SERVICE_PROXY',
  'SITE_URL',
] as const;

/**
 * Passed to the functions without `FUNCTIONS_` before them: by their own names, the proxy of the
 * machine that deploys would become that of the functions.
 */
export const proxies = ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY'] as const;

/** Throws `ArgumentError`, which lists all problems at once. */
export function readArguments(environment: Environment): Arguments {
  const problems: string[] = Object.entries(required).flatMap(([name, meaning]) =>
    environment[name] ? [] : [`${name.replace('SST_SECRET_', 'Secret ')} is not set: ${meaning}`],
  );
  const listOf = (name: string): string[] =>
    (environment[name] ?? '').split(',').filter((item) => item !== '');
  const isOn = (name: string, fallback: 'on' | 'off'): boolean => {
    const value = environment[name] || fallback;
    if (value !== 'on' && value !== 'off')
      problems.push(`${name} is "${value}". Set it to on or off.`);
    return value === 'on';
  };

  const eks = environment['EKS_CLUSTER'];
  const kubeconfig = environment['SST_SECRET_Kubeconfig'];
  if (!eks && !kubeconfig) {
    problems.push(
      'No cluster is set. Add EKS_CLUSTER=... to .env, or run: kubectl config view --raw --minify --flatten | npx sst secret set Kubeconfig',
    );
  }
  if (eks && kubeconfig)
    problems.push(
      'Two clusters are set. Remove EKS_CLUSTER from .env, or run: npx sst secret remove Kubeconfig',
    );
  if ((kubeconfig?.length ?? 0) > mostKubeconfigBytes) {
    problems.push(
      `Secret Kubeconfig has ${kubeconfig?.length} characters; the limit is ${mostKubeconfigBytes}. Reduce it to one context: kubectl config view --raw --minify --flatten | npx sst secret set Kubeconfig`,
    );
  }

  if (isOn('LIVE_PAGE', 'off'))
    problems.push(
      'LIVE_PAGE is on, but the site and the endpoint of this stack have different addresses. Remove LIVE_PAGE from .env.',
    );
  const extraCa = environment['EXTRA_CA'];
  const authorityBytes = (extraCa?.length ?? 0) + (kubeconfig?.length ?? 0);
  if (extraCa && authorityBytes > mostKubeconfigBytes) {
    problems.push(
      `EXTRA_CA${kubeconfig ? ' and the secret Kubeconfig together have' : ' has'} ${authorityBytes} characters; the limit is ${mostKubeconfigBytes}. Keep only the root certificate, without text around it.`,
    );
  }

  const privateSubnets = listOf('VPC_SUBNETS');
  const securityGroups = listOf('VPC_SECURITY_GROUPS');
  if ((privateSubnets.length === 0) !== (securityGroups.length === 0)) {
    problems.push(
      'VPC_SUBNETS and VPC_SECURITY_GROUPS must be set together. Add both to .env, comma-separated, or neither.',
    );
  }
  const fleet = Number(environment['FLEET_SIZE'] || 1000);
  if (!(fleet > 0))
    problems.push(
      `FLEET_SIZE is "${environment['FLEET_SIZE']}". Set it to the largest expected number of MCPServers.`,
    );
  const reserved = (name: string): number | undefined => {
    const text = environment[name];
    if (!text) return undefined;
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < 1)
      problems.push(
        `${name} is "${text}". Set it to a whole number from 1, or remove it from .env to reserve nothing.`,
      );
    else if (value > mostReserved)
      problems.push(
        `${name} is ${text}; the limit is ${mostReserved}. Lambda keeps 100 of the concurrency of an account unreserved: see "Concurrent executions" in Service Quotas.`,
      );
    return value;
  };
  const sweepConcurrency = reserved('SWEEP_CONCURRENCY');
  const apiConcurrency = reserved('API_CONCURRENCY');
  isOn('ANONYMOUS_LIST', 'off');
  isOn('RELEASE_TOKENS', 'off');
  isOn('SERVICE_PROXY', 'off');
  const hasSite = isOn('SITE', 'on');
  const { SITE_URL, REPOSITORY_URL } = environment;
  const siteProblem = SITE_URL ? siteAddressProblem(SITE_URL) : undefined;
  if (siteProblem !== undefined) problems.push(siteProblem);
  if (REPOSITORY_URL && !URL.canParse(REPOSITORY_URL))
    problems.push(
      `REPOSITORY_URL is "${REPOSITORY_URL}", which is not an address. Set it to the page of the repository, for example REPOSITORY_URL=https://github.com/OWNER/NAME`,
    );
  if (problems.length > 0)
    throw new ArgumentError(
      `The deployment cannot start:\n${problems.map((line) => `  ${line}`).join('\n')}`,
    );

  const given = [...optional, 'OIDC_ISSUER', 'OIDC_CLIENT_ID'].flatMap((name) => {
    const value = environment[name];
    return value ? [[name, value] as const] : [];
  });
  const proxied = proxies.flatMap((name) => {
    const value = environment[`FUNCTIONS_${name}`];
    return value ? [[name, value] as const] : [];
  });
  return {
    cluster: eks ? { kind: 'eks', name: eks } : { kind: 'kubeconfig' },
    settings: Object.fromEntries([...given, ...proxied]),
    heartbeatSeconds: heartbeatOf(fleet),
    ...(privateSubnets.length > 0 && { vpc: { privateSubnets, securityGroups } }),
    concurrency: {
      ...(sweepConcurrency !== undefined && { sweep: sweepConcurrency }),
      ...(apiConcurrency !== undefined && { api: apiConcurrency }),
    },
    ...(environment['ALARM_EMAIL'] && { alarmEmail: environment['ALARM_EMAIL'] }),
    ...(hasSite && {
      site: defined({
        SITE_URL: SITE_URL || undefined,
        REPOSITORY_URL: REPOSITORY_URL || undefined,
      }),
    }),
  };
}

// All variables of a Lambda together may have 4 KB; the others need less than 1.
const mostKubeconfigBytes = 3000;

// Far more than any fleet needs: a typo is found here and not by AWS after some minutes.
const mostReserved = 10_000;

const mostHeartbeatsASecond = 5;
const shortestHeartbeatSeconds = 300;

/**
 * Five minutes, or as long as it takes for the heartbeats of a large fleet to stay under five
 * writes a second.
 */
export const heartbeatOf = (fleet: number): number =>
  Math.max(shortestHeartbeatSeconds, Math.ceil(fleet / mostHeartbeatsASecond / 60) * 60);
