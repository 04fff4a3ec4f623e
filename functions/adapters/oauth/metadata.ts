import * as oauth from 'oauth4webapi';
import * as z from 'zod/mini';
import type { McpServer } from '../../model/mcpserver.ts';
import { resourceOf } from '../../model/canonical-resource.ts';
import type { GuardedFetch } from '../network/http.ts';
import { scopesIn, validScopes } from '../../model/scopes.ts';
import type { BearerChallenge } from '../network/challenges.ts';
import { SignInError } from './signin-error.ts';
import { tidyAnswer } from './tidy-answer.ts';
import { ask, isSafe, reach, type TransportOptions } from './transport.ts';

/** Where to sign in to a server, and what for. */
export type SignInTarget = {
  readonly issuer: string;
  /** RFC 8707: the audience of the token. */
  readonly resource: string;
  readonly scopes: readonly string[];
};

export type DiscoveryOptions = TransportOptions & {
  /** Reads the challenge that the server answers to a request without a token; may be empty. */
  readonly readChallenge: (
    server: McpServer,
    url: URL,
    signal: AbortSignal,
  ) => Promise<BearerChallenge>;
  readonly signal: AbortSignal;
};

/**
 * Finds the issuer of a server in the order of the MCP authorization specification: its challenge,
 * then the well-known document with its path, then without (RFC 9728).
 * `spec.auth.authorizationServer` stands in for a server that has neither and pins the issuer of
 * one that has. Throws `SignInError`.
 */
export async function findSignInTarget(
  server: McpServer,
  url: URL,
  options: DiscoveryOptions,
): Promise<SignInTarget> {
  const { readChallenge, signal } = options;
  const challenge = await reach(url, () => readChallenge(server, url, signal));
  const metadata = await resourceMetadata(url, challenge, options);
  const pin = server.auth?.authorizationServer;
  const issuer = metadata === undefined ? pin?.issuer : chosenIssuer(metadata, pin?.issuer);
  if (issuer === undefined) throw new SignInError({ reason: 'noIssuerNamed' });
  const scopes =
    listed(challenge.scope) ?? listed(pin?.scopes) ?? validScopes(metadata?.scopes_supported ?? []);
  return { issuer, resource: metadata?.resource ?? resourceOf(url), scopes };
}

const listed = (text: string | undefined) => (text === undefined ? undefined : scopesIn(text));

function chosenIssuer(
  { authorization_servers: issuers }: ResourceMetadata,
  pin: string | undefined,
): string | undefined {
  if (pin === undefined) return issuers[0];
  if (issuers.includes(pin)) return pin;
  throw new SignInError({ reason: 'issuerNotPinned' });
}

const resourceMetadataSchema = z.object({
  // A row of the table holds both.
  resource: z.url().check(z.maxLength(2_048)),
  authorization_servers: z.array(z.url()).check(z.minLength(1)),
  scopes_supported: z.optional(z.array(z.string())),
});
type ResourceMetadata = z.infer<typeof resourceMetadataSchema>;

async function resourceMetadata(
  url: URL,
  { resourceMetadata: named }: BearerChallenge,
  options: TransportOptions,
): Promise<ResourceMetadata | undefined> {
  const wellKnown = '/.well-known/oauth-protected-resource';
  const path = url.pathname.replace(/\/$/, '');
  const places = named === undefined ? [wellKnown + path, wellKnown] : [named];
  for (const place of new Set(places)) {
    const address = URL.parse(place, url.origin);
    if (address === null) throw new SignInError({ reason: 'invalidResourceMetadataUrl' });
    if (!isSafe(address, options)) throw new SignInError({ reason: 'insecureResourceMetadata' });
    const document = await json(options.fetch, address);
    if (document === undefined) continue;
    const metadata = resourceMetadataSchema.safeParse(document);
    if (!metadata.success) throw new SignInError({ reason: 'incompleteResourceMetadata' });
    if (!covers(metadata.data.resource, url)) throw new SignInError({ reason: 'otherResource' });
    return metadata.data;
  }
  if (named !== undefined) throw new SignInError({ reason: 'noResourceMetadata' });
  return undefined;
}

/**
 * RFC 9728, section 3.3, in the reading of the MCP SDKs: the same origin, and a path at or above
 * the server's.
 */
function covers(resource: string, url: URL): boolean {
  const { origin, pathname } = new URL(resource);
  const above = pathname.endsWith('/') ? pathname : `${pathname}/`;
  return origin === url.origin && (url.pathname === pathname || url.pathname.startsWith(above));
}

/**
 * The metadata of an issuer (RFC 8414, OpenID Connect Discovery), in the order of the MCP
 * authorization specification. It must match the issuer exactly and support PKCE with S256. Throws
 * `SignInError`.
 */
export async function findIssuer(
  issuer: string,
  options: TransportOptions,
): Promise<oauth.AuthorizationServer> {
  const url = URL.parse(issuer);
  if (url === null || !isSafe(url, options)) throw new SignInError({ reason: 'insecureIssuer' });
  if (Buffer.byteLength(issuer) > longestIssuer)
    throw new SignInError({ reason: 'issuerTooLong', host: url.host });
  for (const address of metadataAddresses(url)) {
    const response = await ask(options.fetch, address, { headers: { accept: 'application/json' } });
    if (response.status !== 200) continue;
    const tidy = await tidyAnswer(response, 'issuerMetadata');
    const { issuer: named } =
      issuerSchema.safeParse(
        await tidy
          .clone()
          .json()
          .catch(() => undefined),
      ).data ?? {};
    if (named === undefined) throw new SignInError({ reason: 'notMetadata', host: address.host });
    const metadata = await oauth.processDiscoveryResponse(url, tidy).catch((error: unknown) => {
      if (error instanceof oauth.OperationProcessingError)
        throw new SignInError({ reason: 'issuerMismatch', host: address.host });
      throw error;
    });
    return checked(metadata, issuer, options);
  }
  throw new SignInError({ reason: 'noIssuerMetadata', host: url.host });
}

const issuerSchema = z.object({ issuer: z.url() });

// It is in the key of our registration, which may have 2,048 bytes.
const longestIssuer = 1_024;

function metadataAddresses({ origin, pathname }: URL): readonly URL[] {
  const path = pathname.replace(/\/$/, '');
  const inserted = [
    `/.well-known/oauth-authorization-server${path}`,
    `/.well-known/openid-configuration${path}`,
  ];
  return [...inserted, ...(path === '' ? [] : [`${path}/.well-known/openid-configuration`])].map(
    (place) => new URL(place, origin),
  );
}

function checked(
  metadata: oauth.AuthorizationServer,
  issuer: string,
  options: TransportOptions,
): oauth.AuthorizationServer {
  const { host } = new URL(issuer);
  if (metadata.issuer !== issuer) throw new SignInError({ reason: 'issuerMismatch', host });
  if (metadata.code_challenge_methods_supported?.includes('S256') !== true)
    throw new SignInError({ reason: 'noPkce', host });
  const {
    authorization_endpoint: authorization = '',
    token_endpoint: token = '',
    registration_endpoint: registration,
    revocation_endpoint: revocation,
  } = metadata;
  for (const [endpoint, text] of Object.entries({ authorization, token, registration, revocation }))
    if (text !== undefined && !isSafeText(text, options))
      throw new SignInError({ reason: 'insecureEndpoint', host, endpoint });
  return metadata;
}

function isSafeText(text: string, options: TransportOptions): boolean {
  const url = URL.parse(text);
  return url !== null && isSafe(url, options);
}

async function json(fetch: GuardedFetch, url: URL): Promise<unknown> {
  const response = await ask(fetch, url, { headers: { accept: 'application/json' } });
  if (response.status !== 200) return undefined;
  return response.json().catch(() => {
    throw new SignInError({ reason: 'notJson', host: url.host });
  });
}
