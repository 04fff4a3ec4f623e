import type { McpServer } from '../model/mcpserver.ts';

/**
 * What the owner's settings let happen with people's tokens. A manifest alone must not be able to
 * collect any.
 */
export type TokenPolicy = {
  /**
   * Hosts that a forwarded or exchanged token may be sent to: `mcp.example.com`,
   * `mcp.example.com:8443`, `*.example.com`.
   */
  readonly forwardHosts: readonly string[];
  /** Issuers that a person's token may be exchanged at; the token endpoint lies below. */
  readonly exchangeIssuers: readonly string[];
  /** Namespaces whose Secrets the MCPServers of other namespaces may name. */
  readonly secretNamespaces: readonly string[];
  /** Bearers are ID tokens. An access token is made for us alone, and goes to nobody else. */
  readonly hasIdTokens: boolean;
  /** Lets http through: where loopback is reachable at all. */
  readonly allowInsecure: boolean;
};

/** The default: nothing. */
export const nothingAllowed: TokenPolicy = {
  forwardHosts: [],
  exchangeIssuers: [],
  secretNamespaces: [],
  hasIdTokens: true,
  allowInsecure: false,
};

/**
 * Why a person's token may not be sent to this server, with the setting that would change it;
 * undefined lets it through.
 */
export function refusesForwarding(
  { url: text }: McpServer,
  { forwardHosts, hasIdTokens, allowInsecure }: TokenPolicy,
): string | undefined {
  if (!hasIdTokens)
    return 'This endpoint takes access tokens made for itself (BEARER_AUDIENCE): no server would accept yours.';
  const url = URL.parse(text ?? '');
  if (url === null) return 'The URL of the server is no URL.';
  if (url.protocol !== 'https:' && !allowInsecure)
    return 'Tokens are sent over https only; the URL of the server is not.';
  if (forwardHosts.some((pattern) => isHost(url, pattern))) return undefined;
  return `This endpoint may not send tokens of people to ${url.host}. Its owner can allow it: FORWARD_HOSTS.`;
}

/**
 * `*.example.com` is every host below example.com. A pattern without a port is for the usual port.
 */
function isHost({ host }: URL, pattern: string): boolean {
  const wanted = pattern.toLowerCase();
  return wanted.startsWith('*.')
    ? host.endsWith(wanted.slice(1)) && host.length >= wanted.length
    : host === wanted;
}

/**
 * The audiences that people's tokens need to be forwarded to these servers: asked for when they
 * sign in.
 */
export function wantedAudiences(
  servers: readonly McpServer[],
  policy: TokenPolicy,
): readonly string[] {
  const forwarding = servers.filter(
    (server) =>
      server.singleSignOn === 'forwarding' && refusesForwarding(server, policy) === undefined,
  );
  return [...new Set(forwarding.flatMap(({ auth }) => auth?.requiredAudiences ?? []))].sort();
}

/**
 * Why this server's token exchange may not happen, with the setting that would change it; undefined
 * lets it through.
 */
export function refusesExchange(server: McpServer, policy: TokenPolicy): string | undefined {
  if (!policy.hasIdTokens) return refusesForwarding(server, policy);
  const {
    dexTokenEndpoint,
    connectorId,
    clientCredentialsSecretRef: secret,
  } = server.auth?.tokenExchange ?? {};
  const endpoint = URL.parse(dexTokenEndpoint ?? '');
  if (endpoint === null) return 'spec.auth.tokenExchange has no dexTokenEndpoint that is a URL.';
  if (connectorId === undefined) return 'spec.auth.tokenExchange has no connectorId.';
  if (endpoint.protocol !== 'https:' && !policy.allowInsecure)
    return 'Tokens are exchanged over https only; dexTokenEndpoint is not.';
  if (!policy.exchangeIssuers.some((issuer) => isBelow(endpoint, issuer)))
    return `This endpoint may not exchange tokens at ${endpoint.origin}. Its owner can allow it: EXCHANGE_ISSUERS.`;
  const { namespace = server.namespace } = secret ?? {};
  if (namespace !== server.namespace && !policy.secretNamespaces.includes(namespace))
    return `The Secret is in the namespace ${namespace}, not in that of the server. The owner can allow it: SECRET_NAMESPACES.`;
  return refusesForwarding(server, policy);
}

/** URLs come normalised: no `..`, no default port, no upper case in the host. */
function isBelow(endpoint: URL, issuer: string): boolean {
  const base = URL.parse(issuer);
  if (
    base === null ||
    base.origin !== endpoint.origin ||
    endpoint.username !== '' ||
    endpoint.password !== ''
  )
    return false;
  return endpoint.pathname.startsWith(`${base.pathname.replace(/\/$/, '')}/`);
}
