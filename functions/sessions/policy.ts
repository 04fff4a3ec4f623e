import type { McpServer } from '../model/mcpserver.ts';
import { oneLine } from '../model/outside-text.ts';
import { routingHeaderIn } from '../model/spec-headers.ts';
import type { Person } from './person.ts';

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
  /** Namespaces whose MCPServers may add audiences to everybody's sign-in. */
  readonly audienceNamespaces: readonly string[];
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
  audienceNamespaces: [],
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
  return refusesTokens(server, policy)?.message ?? refusesHost(server, policy);
}

/** Whether the owner lets tokens that people did not sign in for go to this server. */
function refusesHost(server: McpServer, { forwardHosts }: TokenPolicy): string | undefined {
  const url = new URL(server.url ?? '');
  if (forwardHosts.some((pattern) => isHost(url, pattern))) return undefined;
  return `This endpoint is not allowed to send your token to ${url.host}. Its owner can allow that with FORWARD_HOSTS.`;
}

/**
 * `*.example.com` matches every host below example.com. A pattern without a port means the default
 * port.
 */
export function isHost({ host }: URL, pattern: string): boolean {
  const wanted = pattern.toLowerCase();
  return wanted.startsWith('*.')
    ? host.endsWith(wanted.slice(1)) && host.length >= wanted.length
    : host === wanted;
}

/** Audiences of one sign-in to muster. Each adds a scope to the address that the browser opens. */
const mostAudiences = 20;

/**
 * The audiences to request when people sign in, so that their tokens can be forwarded to these
 * servers; the first 20, and how many are left out. Everybody's sign-in carries them, so they come
 * only from namespaces that the owner lists, and only in a form that cannot hold a second scope. The
 * servers take turns: one with a long list does not push out the others.
 */
export function wantedAudiences(
  servers: readonly McpServer[],
  policy: TokenPolicy,
): { readonly audiences: readonly string[]; readonly leftOut: number } {
  const ranked = servers
    .filter(
      (server) =>
        server.singleSignOn === 'forwarding' &&
        policy.audienceNamespaces.includes(server.namespace) &&
        refusesForwarding(server, policy) === undefined,
    )
    .flatMap(({ auth }) =>
      (auth?.requiredAudiences ?? [])
        .filter(isAudience)
        .map((audience, rank) => ({ audience, rank })),
    )
    .toSorted((one, other) => one.rank - other.rank);
  const wanted = [...new Set(ranked.map(({ audience }) => audience))];
  return {
    audiences: wanted.slice(0, mostAudiences).toSorted(),
    leftOut: Math.max(0, wanted.length - mostAudiences),
  };
}

/** No blank: what is behind it would be a scope of its own. */
const isAudience = (text: string): boolean => /^[\w.:/-]{1,128}$/.test(text);

/**
 * Why the person's token lacks an audience that the server requires; undefined if it has them all.
 * `canSignIn`: a new sign-in to muster requests it.
 */
export function lacksAudience(
  { namespace, auth }: McpServer,
  { audiences }: Pick<Person, 'audiences'>,
  { audienceNamespaces }: TokenPolicy,
): { readonly message: string; readonly canSignIn: boolean } | undefined {
  const missing = (auth?.requiredAudiences ?? []).filter((one) => !audiences.includes(one));
  const [first] = missing;
  if (first === undefined) return undefined;
  const invalid = missing.find((one) => !isAudience(one));
  if (invalid !== undefined)
    return {
      message: `requiredAudiences of the server contains "${oneLine(invalid, 60)}", which is not an audience: 1 to 128 letters, digits and . _ : / -`,
      canSignIn: false,
    };
  const named = missing.slice(0, 5).join(', ');
  const more = missing.length > 5 ? ` and ${String(missing.length - 5)} more` : '';
  const message = `Your token was not issued for ${named}${more} (requiredAudiences).`;
  if (!audienceNamespaces.includes(namespace))
    return {
      message: `${message} This endpoint does not request the audiences of servers in the namespace ${namespace}. Its owner can allow that with AUDIENCE_NAMESPACES.`,
      canSignIn: false,
    };
  return { message, canSignIn: true };
}

/**
 * Why this server's token exchange is not allowed, with the setting that would change it; undefined
 * allows it. An access token that was issued for this endpoint may be exchanged (RFC 8693, section
 * 2.1), although no server would accept it.
 */
export function refusesExchange(server: McpServer, policy: TokenPolicy): string | undefined {
  const refused = refusesTokens(server, policy);
  if (refused !== undefined) return refused.message;
  const {
    dexTokenEndpoint,
    connectorId,
    clientCredentialsSecretRef: secret,
  } = server.auth?.tokenExchange ?? {};
  const endpoint = URL.parse(dexTokenEndpoint ?? '');
  if (endpoint === null || dexTokenEndpoint === undefined)
    return 'spec.auth.tokenExchange.dexTokenEndpoint is missing or is not a valid URL.';
  if (connectorId === undefined) return 'spec.auth.tokenExchange.connectorId is missing.';
  if (endpoint.protocol !== 'https:' && !policy.allowInsecure)
    return 'Tokens are exchanged over https only. dexTokenEndpoint does not use https.';
  if (!isPlainPath(dexTokenEndpoint, endpoint))
    return 'The path of spec.auth.tokenExchange.dexTokenEndpoint has dot segments, encoded dots or slashes, a backslash, a semicolon or an empty segment. Write it as the issuer does.';
  if (!policy.exchangeIssuers.some((issuer) => isBelow(endpoint, issuer)))
    return `This endpoint is not allowed to exchange tokens at ${endpoint.origin}. Its owner can allow that with EXCHANGE_ISSUERS.`;
  const { namespace = server.namespace } = secret ?? {};
  if (namespace !== server.namespace && !policy.secretNamespaces.includes(namespace))
    return `The Secret is in the namespace ${namespace}, not in the namespace of the server. The owner of the endpoint can allow that with SECRET_NAMESPACES.`;
  return refusesHost(server, policy);
}

/**
 * Whether the path means the same to us, to the proxies on the way and to the issuer. On a host that
 * tenants share by path, a proxy that decodes `%2e%2e` or `%2f` once more, reads `\\` as a slash or
 * drops what follows a `;` would lead from the allowed path to that of another tenant. The text is
 * judged as well: parsing resolves dot segments and turns backslashes into slashes.
 */
function isPlainPath(text: string, { pathname }: URL): boolean {
  const [, written = ''] = /^https?:\/\/[^/\\?#]*([^?#]*)/i.exec(text) ?? [];
  // %25 is a percent sign: with it anything can be encoded twice. No ASCII: overlong forms of a dot.
  return written === pathname && !/;|\/\/|%(?![2-7][\da-f])|%(2[5ef]|3b|5c)/i.test(pathname);
}

/** At or below the path of the issuer, on its origin. */
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
