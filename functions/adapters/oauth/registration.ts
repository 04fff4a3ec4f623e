/**
 * Who we are at the issuers of MCP servers: a client registered by hand, our metadata document, or
 * a registration of our own.
 */
import { createHash } from 'node:crypto';
import * as oauth from 'oauth4webapi';
import * as z from 'zod/mini';
import { sameIssuer } from '../../model/issuer-identifier.ts';
import { signInMs } from '../../model/sign-in-window.ts';
import { mayBeReplaced, servesSignIn } from './client-lifetime.ts';
import type { Client, ClientAuthentication } from '../../sessions/client.ts';
import type { ClientOrigin } from '../../sessions/grant-end.ts';
import type { ClientStore } from '../../sessions/ports.ts';
import { judged } from './issuer-refusal.ts';
import { SignInError } from './signin-error.ts';
import { tidyAnswer } from './tidy-answer.ts';
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

type ClientOptions = RegistrationOptions & {
  /** A person who signs in had no answer with the last client. */
  readonly newClient?: boolean;
};

/**
 * Our client at this issuer for a sign-in with these scopes: a configured one, our metadata document
 * where the issuer reads it and names itself in its answers, or else a registration, remembered or
 * new. An issuer that no browser came back from gets another client than the last time. Throws
 * `SignInError`.
 */
export async function clientAt(
  metadata: oauth.AuthorizationServer,
  scopes: readonly string[],
  options: ClientOptions,
): Promise<Client> {
  const { publicUrl, configured = [] } = options;
  const given = configured.find(({ issuer }) => sameIssuer(issuer, metadata.issuer));
  if (given !== undefined) return configuredClient(given, metadata, publicUrl);
  if (!readsDocument(metadata) || !publicUrl.startsWith('https:'))
    return registeredClient(metadata, scopes, options);
  const document = documentClient(metadata.issuer, publicUrl);
  if (metadata.registration_endpoint === undefined || !(await isRefused(document, options)))
    return document;
  try {
    return await registeredClient(metadata, scopes, options);
  } catch (error) {
    // What was taken for a refusal may have been a person who gave up.
    if (error instanceof SignInError) return document;
    throw error;
  }
}

/** The issuer refused our document, or no browser came back since it was offered. */
async function isRefused({ issuer }: Client, { clients, now, newClient }: ClientOptions) {
  if (await clients.isDocumentRefused(issuer)) return true;
  if (newClient !== true && !(await clients.consumeUnanswered(issuer, startedBy(now()))))
    return false;
  await clients.markDocumentRefused(issuer);
  return true;
}

/** Sign-ins that were started before then can no longer be completed. */
const startedBy = (now: Date): Date => new Date(now.getTime() - signInMs);

async function registeredClient(
  metadata: oauth.AuthorizationServer,
  scopes: readonly string[],
  options: ClientOptions,
): Promise<Client> {
  const { publicUrl, clients, now } = options;
  const { issuer } = metadata;
  const known = await clients.getClient(issuer, callbackUrl(publicUrl, issuer));
  if (known === undefined) return clients.saveClient(await register(metadata, scopes, options));
  const all = [...new Set([...(known.scopes ?? []), ...scopes])];
  if (!servesSignIn(known, scopes, now())) return replaced(known, metadata, all, options);
  const isLost =
    options.newClient === true ||
    (mayBeReplaced(known, now()) && (await clients.consumeUnanswered(issuer, startedBy(now()))));
  if (!isLost) return known;
  try {
    return await replaced(known, metadata, all, options);
  } catch (error) {
    // The old one may still be good: a person may just have given up.
    if (error instanceof SignInError) return known;
    throw error;
  }
}

/** Grants that were made with the old one keep it, by its id. */
async function replaced(
  old: Client,
  metadata: oauth.AuthorizationServer,
  scopes: readonly string[],
  options: RegistrationOptions,
): Promise<Client> {
  const client = await register(metadata, scopes, options);
  await options.clients.deleteClient(old);
  return options.clients.saveClient(client);
}

/** The issuer does not know this client any more: the next sign-in takes another one. */
export const forgetClient = (client: Client, options: RegistrationOptions): Promise<void> => {
  switch (clientOrigin(client, options)) {
    case 'configured':
      return Promise.resolve();
    case 'document':
      return options.clients.markDocumentRefused(client.issuer);
    case 'registered':
      return options.clients.deleteClient(client);
  }
};

export function clientOrigin(
  { issuer, id }: Client,
  { publicUrl, configured = [] }: RegistrationOptions,
): ClientOrigin {
  if (id === documentUrl(publicUrl)) return 'document';
  const isGiven = configured.some((given) => given.id === id && sameIssuer(given.issuer, issuer));
  return isGiven ? 'configured' : 'registered';
}

/** The client that the grant or the sign-in was made for; undefined: we no longer have it. */
export async function knownClient(
  metadata: oauth.AuthorizationServer,
  { clientId }: { readonly clientId: string },
  { publicUrl, clients, configured = [] }: RegistrationOptions,
): Promise<Client | undefined> {
  const { issuer } = metadata;
  if (clientId === documentUrl(publicUrl)) return documentClient(issuer, publicUrl);
  const given = configured.find(
    (client) => sameIssuer(client.issuer, issuer) && client.id === clientId,
  );
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
 * in the answer (RFC 9207) a mix-up could not be seen. The document has no secret, so an issuer that
 * lists its methods has to list `none` (opencode#47743); one without a list announces documents, for
 * which the draft rules out shared secrets.
 */
export const readsDocument = (metadata: oauth.AuthorizationServer) =>
  metadata.client_id_metadata_document_supported === true &&
  (metadata.token_endpoint_auth_methods_supported?.includes('none') ?? true) &&
  namesItself(metadata);

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

/**
 * Dynamic client registration (RFC 7591). An issuer that refuses the scopes is asked again
 * without: it then knows no limit, or gives what it gives. Throws `SignInError`.
 */
async function register(
  metadata: oauth.AuthorizationServer,
  scopes: readonly string[],
  options: RegistrationOptions,
): Promise<Client> {
  const { host } = new URL(metadata.issuer);
  const callback = callbackUrl(options.publicUrl, metadata.issuer);
  if (metadata.registration_endpoint === undefined)
    throw new SignInError({
      reason: 'noRegistration',
      host,
      issuer: metadata.issuer,
      callback,
    });
  if (scopes.length === 0) return registerFor(metadata, undefined, options);
  return registerFor(metadata, scopes, options).catch((error: unknown) => {
    const isRefused =
      error instanceof SignInError &&
      error.failure.reason === 'refusedByIssuer' &&
      error.failure.status < 500;
    if (!isRefused) throw error;
    return registerFor(metadata, undefined, options);
  });
}

async function registerFor(
  metadata: oauth.AuthorizationServer,
  scopes: readonly string[] | undefined,
  options: RegistrationOptions,
): Promise<Client> {
  const { issuer } = metadata;
  const { host } = new URL(issuer);
  const redirectUri = callbackUrl(options.publicUrl, issuer);
  const wanted = preferredAuthentication(metadata);
  const response = await oauth.dynamicClientRegistrationRequest(
    metadata,
    defined({
      ...registration(options.publicUrl, redirectUri, wanted),
      scope: scopes?.join(' '),
    }),
    transport(options),
  );
  const registered = registeredSchema.safeParse(
    await judged(
      await tidyAnswer(response, 'registration'),
      { host, asked: 'registration', secrets: [], issuer, callback: redirectUri },
      oauth.processDynamicClientRegistrationResponse,
    ),
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
    issuer,
    id,
    redirectUri,
    authentication,
    secret,
    // RFC 7591, section 3.2.1: zero is never.
    expiresAt: end === 0 ? undefined : momentFromOutside(end, options.now()),
    registeredAt: options.now(),
    scopes,
  });
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
