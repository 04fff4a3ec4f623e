import type { McpServer } from '../model/mcpserver.ts';
import { routingHeaderIn } from '../model/spec-headers.ts';

/**
 * What the owner's settings allow for people's tokens. A manifest alone must never be able to
 * collect them.
 */
export type TokenPolicy = {
  /**
   * Hosts that a forwarded or exchanged token may be sent to: `mcp.example.com`,
   * `mcp.example.com:8443`, `*.example.com`.
   */
  readonly forwardHosts: readonly string[];
  /** Issuers that may exchange a person's token; the token endpoint has to be below one of them. */
  readonly exchangeIssuers: readonly string[];
  /** Namespaces whose Secrets MCPServers of other namespaces may reference. */
  readonly secretNamespaces: readonly string[];
  /** People send ID tokens. An access token is issued for this endpoint and never sent on. */
  readonly hasIdTokens: boolean;
  /** Allows http, where loopback can be reached at all. */
  readonly allowInsecure: boolean;
};

/** The default. */
export const nothingAllowed: TokenPolicy = {
  forwardHosts: [],
  exchangeIssuers: [],
  secretNamespaces: [],
  hasIdTokens: true,
  allowInsecure: false,
};

/** Why a server gets no token of a person, whoever made the token. */
export type TokenRefusal = {
  readonly reason: 'invalidUrl' | 'clearText' | 'routingHeader';
  /** A sentence for people, with the field of the manifest and without its value. */
  readonly message: string;
};

/**
 * Why no token of a person may be sent to this server, however the person got it: by an own
 * sign-in, by forwarding or by token exchange. Undefined allows it.
 */
export function refusesTokens(
  { url: text, headers }: McpServer,
  { allowInsecure }: Pick<TokenPolicy, 'allowInsecure'>,
): TokenRefusal | undefined {
  const url = URL.parse(text ?? '');
  if (url === null) return { reason: 'invalidUrl', message: 'The URL of the server is not valid.' };
  if (url.protocol !== 'https:' && !(allowInsecure && url.protocol === 'http:'))
    return {
      reason: 'clearText',
      message: 'Tokens are sent over https only. The URL of the server does not use https.',
    };
  const routing = routingHeaderIn(headers);
  if (routing === undefined) return undefined;
  return {
    reason: 'routingHeader',
    message: `spec.headers of the server has ${routing}, which could route your token to another server. Its owner can remove it.`,
  };
}

/** Why the policy refuses this server the token of a person; undefined allows it. */
export function refusal(server: McpServer, policy: TokenPolicy): string | undefined {
  switch (server.singleSignOn) {
    case 'exchange':
      return refusesExchange(server, policy);
    case 'forwarding':
      return refusesForwarding(server, policy);
    case undefined:
      return refusesTokens(server, policy)?.message;
  }
}

/**
 * Why a person's token may not be sent to this server, with the setting that would change it;
 * undefined allows it.
 */
export function refusesForwarding(server: McpServer, policy: TokenPolicy): string | undefined {
  if (!policy.hasIdTokens)
    return 'This endpoint accepts only access tokens issued for itself (BEARER_AUDIENCE). No MCP server would accept them.';
  const refused = refusesTokens(server, policy);
  if (refused !== undefined) return refused.message;
  const url = new URL(server.url ?? '');
  const { forwardHosts } = policy;
  if (forwardHosts.some((pattern) => isHost(url, pattern))) return undefined;
  return `This endpoint is not allowed to send your token to ${url.host}. Its owner can allow that with FORWARD_HOSTS.`;
}

/**
 * `*.example.com` matches every host below example.com. A pattern without a port means the default
 * port.
 */
function isHost({ host }: URL, pattern: string): boolean {
  const wanted = pattern.toLowerCase();
  return wanted.startsWith('*.')
    ? host.endsWith(wanted.slice(1)) && host.length >= wanted.length
    : host === wanted;
}

/**
 * The audiences that a token needs before it can be forwarded to these servers: requested when
 * people sign in.
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
 * Why this server's token exchange is not allowed, with the setting that would change it; undefined
 * allows it.
 */
export function refusesExchange(server: McpServer, policy: TokenPolicy): string | undefined {
  if (!policy.hasIdTokens) return refusesForwarding(server, policy);
  const refused = refusesTokens(server, policy);
  if (refused !== undefined) return refused.message;
  const {
    dexTokenEndpoint,
    connectorId,
    clientCredentialsSecretRef: secret,
  } = server.auth?.tokenExchange ?? {};
  const endpoint = URL.parse(dexTokenEndpoint ?? '');
  if (endpoint === null)
    return 'spec.auth.tokenExchange.dexTokenEndpoint is missing or is not a valid URL.';
  if (connectorId === undefined) return 'spec.auth.tokenExchange.connectorId is missing.';
  if (endpoint.protocol !== 'https:' && !policy.allowInsecure)
    return 'Tokens are exchanged over https only. dexTokenEndpoint does not use https.';
  if (!policy.exchangeIssuers.some((issuer) => isBelow(endpoint, issuer)))
    return `This endpoint is not allowed to exchange tokens at ${endpoint.origin}. Its owner can allow that with EXCHANGE_ISSUERS.`;
  const { namespace = server.namespace } = secret ?? {};
  if (namespace !== server.namespace && !policy.secretNamespaces.includes(namespace))
    return `The Secret is in the namespace ${namespace}, not in the namespace of the server. The owner of the endpoint can allow that with SECRET_NAMESPACES.`;
  return refusesForwarding(server, policy);
}

/** URLs are normalized: no `..`, no default port, no upper case in the host. */
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
