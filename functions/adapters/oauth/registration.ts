/**
 * Who we are at the issuers of MCP servers: a client registered by hand, our metadata document, or
 * a registration of our own.
 */
import { createHash } from 'node:crypto';
import * as oauth from 'oauth4webapi';
import * as z from 'zod/mini';
import type { Client, ClientAuthentication } from '../../sessions/client.ts';
import type { ClientStore } from '../../sessions/ports.ts';
import { SignInError } from './signin-error.ts';
import { momentFromOutside } from '../../model/outside-time.ts';
import { transport, type TransportOptions } from './transport.ts';
import { defined } from '../../model/defined.ts';

export type RegistrationOptions = TransportOptions & {
  readonly now: () => Date;
  /** Address of the endpoint, without a slash at its end. */
  readonly publicUrl: string;
  /** Clients that the owner registered by hand. They come before everything else. */
  readonly configured?: readonly ConfiguredClient[];
  /**
   * Where registrations are kept: the current one for each issuer and callback, and each by its id.
   */
  readonly clients: ClientStore;
};

/** What an issuer gave the owner by hand, for `callbackUrl` of that issuer. */
export type ConfiguredClient = Pick<Client, 'issuer' | 'id' | 'secret'>;

/**
 * Our client at this issuer: a configured one, our metadata document where the issuer reads it and
 * names itself in its answers, or else a registration, remembered or new. Throws `SignInError`.
 */
export async function clientAt(
  metadata: oauth.AuthorizationServer,
  options: RegistrationOptions,
): Promise<Client> {
  const { publicUrl, clients, configured = [] } = options;
  const given = configured.find(({ issuer }) => issuer === metadata.issuer);
  if (given !== undefined) return configuredClient(given, metadata, publicUrl);
  if (readsDocument(metadata) && publicUrl.startsWith('https:'))
    return documentClient(metadata.issuer, publicUrl);
  const known = await clients.getClient(metadata.issuer, callbackUrl(publicUrl, metadata.issuer));
  return known ?? clients.saveClient(await register(metadata, options));
}

/** The client that the grant or the sign-in was made for; undefined: we no longer have it. */
export async function knownClient(
  metadata: oauth.AuthorizationServer,
  { clientId }: { readonly clientId: string },
  { publicUrl, clients, configured = [] }: RegistrationOptions,
): Promise<Client | undefined> {
  const { issuer } = metadata;
  if (clientId === documentUrl(publicUrl)) return documentClient(issuer, publicUrl);
  const given = configured.find((client) => client.issuer === issuer && client.id === clientId);
  return given === undefined
    ? clients.getClientById(issuer, clientId)
    : configuredClient(given, metadata, publicUrl);
}

/**
 * Where this issuer sends the browser back: an address of its own, so that an answer of another
 * issuer is seen by where it arrives (RFC 9700, section 4.4.2.2). The last segment is the SHA-256
 * of the issuer in base64url. It does not depend on what the issuer says about itself.
 */
export const callbackUrl = (publicUrl: string, issuer: string): string =>
  `${publicUrl}/v1/oauth/callback/${createHash('sha256').update(issuer).digest('base64url')}`;

/**
 * The callback of the metadata document. One document is for all issuers, so this address cannot
 * tell them apart: an answer that arrives here must name its issuer (RFC 9207).
 */
const documentCallbackUrl = (publicUrl: string) => `${publicUrl}/v1/oauth/callback/document`;

/**
 * Any issuer accepts our document, also one that another issuer led the browser to. Without `iss`
 * in the answer (RFC 9207) a mix-up could not be seen.
 */
const readsDocument = (metadata: oauth.AuthorizationServer) =>
  metadata.client_id_metadata_document_supported === true && namesItself(metadata);

/** The answers of its authorization endpoint have `iss` (RFC 9207). */
export const namesItself = (metadata: oauth.AuthorizationServer): boolean =>
  metadata.authorization_response_iss_parameter_supported === true;

const documentUrl = (publicUrl: string) => `${publicUrl}/.well-known/oauth-client`;

/**
 * Our client metadata document (draft-ietf-oauth-client-id-metadata-document): its own address is
 * our client id.
 */
export const clientDocument = (publicUrl: string) => ({
  client_id: documentUrl(publicUrl),
  ...registration(publicUrl, documentCallbackUrl(publicUrl), 'none'),
});

const registration = (
  publicUrl: string,
  redirectUri: string,
  authentication: ClientAuthentication,
) => ({
  client_name: 'muster',
  client_uri: publicUrl,
  redirect_uris: [redirectUri],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: authentication,
  // OpenID Connect Registration: http on loopback is for native applications only.
  application_type: publicUrl.startsWith('https:') ? 'web' : 'native',
});

function configuredClient(
  given: ConfiguredClient,
  { token_endpoint_auth_methods_supported: methods }: oauth.AuthorizationServer,
  publicUrl: string,
): Client {
  // RFC 8414, section 2: the default is client_secret_basic.
  const onlyPost =
    methods?.includes('client_secret_basic') === false && methods.includes('client_secret_post');
  const withSecret = onlyPost ? 'client_secret_post' : 'client_secret_basic';
  return {
    ...given,
    redirectUri: callbackUrl(publicUrl, given.issuer),
    authentication: given.secret === undefined ? 'none' : withSecret,
  };
}

const documentClient = (issuer: string, publicUrl: string): Client => ({
  issuer,
  id: documentUrl(publicUrl),
  redirectUri: documentCallbackUrl(publicUrl),
  authentication: 'none',
});

const registeredSchema = z.object({
  // RFC 6749, appendix A.1. A key of the table holds it, which may have 1,024 bytes.
  client_id: z.string().check(z.regex(/^[\x20-\x7E]{1,1000}$/)),
  client_secret: z.optional(z.string().check(z.minLength(1), z.maxLength(8_192))),
  client_secret_expires_at: z.optional(z.number()),
  token_endpoint_auth_method: z.optional(
    z.enum(['none', 'client_secret_basic', 'client_secret_post']),
  ),
});

/** Dynamic client registration (RFC 7591). */
async function register(
  metadata: oauth.AuthorizationServer,
  options: RegistrationOptions,
): Promise<Client> {
  const { host } = new URL(metadata.issuer);
  const redirectUri = callbackUrl(options.publicUrl, metadata.issuer);
  if (metadata.registration_endpoint === undefined)
    throw new SignInError({ reason: 'noRegistration', host, callback: redirectUri });
  const wanted = preferredAuthentication(metadata);
  const response = await oauth.dynamicClientRegistrationRequest(
    metadata,
    registration(options.publicUrl, redirectUri, wanted),
    transport(options),
  );
  const registered = registeredSchema.safeParse(
    await oauth.processDynamicClientRegistrationResponse(await withEnd(response)),
  );
  if (!registered.success) throw new SignInError({ reason: 'unsupportedRegistration', host });
  const {
    client_id: id,
    client_secret: secret,
    client_secret_expires_at: end = 0,
    token_endpoint_auth_method: authentication = wanted,
  } = registered.data;
  // A method that needs a secret, and none: no request could ever be made with it.
  if (authentication !== 'none' && secret === undefined)
    throw new SignInError({ reason: 'unsupportedRegistration', host });
  return defined({
    issuer: metadata.issuer,
    id,
    redirectUri,
    authentication,
    secret,
    // RFC 7591, section 3.2.1: zero is never.
    expiresAt: end === 0 ? undefined : momentFromOutside(end, options.now()),
  });
}

/**
 * RFC 7591 requires `client_secret_expires_at` with a secret. Some issuers leave it out, for
 * example the one of the MCP conformance suite.
 */
async function withEnd(response: Response): Promise<Response> {
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => undefined);
  const isOpen = z
    .object({ client_secret: z.string(), client_secret_expires_at: z.optional(z.undefined()) })
    .safeParse(body).success;
  if (!isOpen || typeof body !== 'object') return response;
  return Response.json({ ...body, client_secret_expires_at: 0 }, { status: response.status });
}

/**
 * Without a secret where that is possible: PKCE binds the code, and a secret that does not exist
 * cannot leak.
 */
function preferredAuthentication({
  issuer,
  token_endpoint_auth_methods_supported: supported,
}: oauth.AuthorizationServer): ClientAuthentication {
  // RFC 8414, section 2: the default is client_secret_basic.
  const methods = new Set<string>(supported ?? ['client_secret_basic']);
  const preferred = (['none', 'client_secret_basic', 'client_secret_post'] as const).find(
    (method) => methods.has(method),
  );
  if (preferred === undefined)
    throw new SignInError({ reason: 'unsupportedAuthentication', host: new URL(issuer).host });
  return preferred;
}

export function authenticationOf({ authentication, secret = '' }: Client): oauth.ClientAuth {
  switch (authentication) {
    case 'none':
      return oauth.None();
    case 'client_secret_basic':
      return secretBasic(secret);
    case 'client_secret_post':
      return oauth.ClientSecretPost(secret);
  }
}

/**
 * RFC 6749, section 2.3.1. oauth4webapi also encodes `-`, `_` and `.`, which issuers that do not
 * decode read as another name.
 */
const secretBasic =
  (secret: string): oauth.ClientAuth =>
  (_metadata, { client_id: id }, _body, headers) =>
    headers.set(
      'authorization',
      `Basic ${Buffer.from(`${formEncoded(id)}:${formEncoded(secret)}`).toString('base64')}`,
    );

const formEncoded = (text: string) =>
  new URLSearchParams({ text }).toString().slice('text='.length);
