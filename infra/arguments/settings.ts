/** What the deployment passes on to the functions. */
import type { ArgumentReader } from './reader.ts';

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
  'LEASE_NAME',
  'LEASE_NAMESPACE',
  'LIST_SHARED_SECONDS',
  'LIVE_PAGE',
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

/** By the names that the functions read. Those that were not given are not in it. */
export function readSettings({ text, isOn }: ArgumentReader): Readonly<Record<string, string>> {
  for (const name of ['ANONYMOUS_LIST', 'RELEASE_TOKENS', 'SERVICE_PROXY']) isOn(name, 'off');
  const given = [...optional, 'OIDC_ISSUER', 'OIDC_CLIENT_ID'].map((name) => [name, text(name)]);
  const proxied = proxies.map((name) => [name, text(`FUNCTIONS_${name}`)]);
  return Object.fromEntries([...given, ...proxied].filter(([, value]) => value !== undefined));
}
