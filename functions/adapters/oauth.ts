import * as oauth from 'oauth4webapi';
import * as z from 'zod/mini';
import type { Server } from '../server.ts';
import type { Client, ClientAuthentication } from '../sessions/client.ts';
import type { Grant, Tokens } from '../sessions/grant.ts';
import type { Refreshed } from '../sessions/refresh.ts';
import type { Authorized, AuthorizationAnswer, AuthorizationRequest, Exchanged } from '../sessions/signin.ts';
import { ask, findIssuer, findSignInPlace, SignInProblem } from './discovery.ts';
import type { GuardedFetch } from './http.ts';

export type OAuthOptions = {
  /** Guarded, bounded in time and size; it follows no redirect. */
  readonly fetch: GuardedFetch;
  /** Address of the Function URL, without a slash at its end. */
  readonly publicUrl: string;
  /** Lets http issuers through: where loopback is reachable at all. */
  readonly allowInsecure: boolean;
  readonly now: () => Date;
  /** How long the requests of one step may take together. */
  readonly patienceMs?: number;
  /** Clients that the owner registered by hand. They come before everything else. */
  readonly configured?: readonly ConfiguredClient[];
  /** Where registrations are remembered: the present one for each issuer and callback, and each by its id. */
  readonly clients: {
    readonly clientOf: (issuer: string, redirectUri: string) => Promise<Client | undefined>;
    readonly clientById: (issuer: string, id: string) => Promise<Client | undefined>;
    readonly keepClient: (client: Client) => Promise<Client>;
    readonly forgetClient: (client: Client) => Promise<void>;
  };
};

/** What an issuer gave the owner by hand. The callback registered there is `PUBLIC_URL/v1/oauth/callback`. */
export type ConfiguredClient = Pick<Client, 'issuer' | 'id' | 'secret'>;

/** Everything OAuth towards the issuers of MCP servers. What an issuer refuses or gets wrong is returned, in words without secrets. */
export type OAuthClient = {
  /** Prepares the address for the browser: PKCE with S256, `resource` (RFC 8707), and us as a client. */
  readonly authorize: (server: Server, state: string, scopes?: readonly string[]) => Promise<Authorized>;
  /** Exchanges a code after comparing `iss` (RFC 9207). */
  readonly exchange: (request: AuthorizationRequest, answer: AuthorizationAnswer) => Promise<Exchanged>;
  /** Uses a refresh token, once. Only what the issuer says about the grant itself is `refused`. */
  readonly refresh: (grant: Grant, tokens: Tokens) => Promise<Refreshed>;
  /** RFC 7009, where the issuer offers it. */
  readonly revoke: (grant: Grant, tokens: Tokens) => Promise<void>;
};

export function oauthClient(all: OAuthOptions): OAuthClient {
  const redirectUri = callbackUrl(all.publicUrl);
  return {
    authorize: (server, state, more = []) =>
      orRefused(async () => {
        const options = impatient(all);
        const url = URL.parse(server.url ?? '');
        if (url === null) throw new SignInProblem('The URL of the server is no URL.');
        const { issuer, resource, scopes: named } = await findSignInPlace(server, url, options.fetch);
        const scopes = [...new Set([...named, ...more])];
        const metadata = await findIssuer(issuer, options);
        const client = await clientAt(metadata, options);
        const verifier = oauth.generateRandomCodeVerifier();
        const request = { issuer, clientId: client.id, redirectUri, resource, scopes, verifier };
        return { kind: 'authorized', request, authorizationUrl: await authorizationUrl(metadata, request, state) };
      }),

    exchange: (request, answer) =>
      orRefused(async () => {
        const options = impatient(all);
        const metadata = await findIssuer(request.issuer, options);
        const client = await knownClient(metadata, request, options);
        if (client === undefined) throw new SignInProblem('The registration at the issuer is gone. Start again.');
        const response = await redeem({ metadata, client, request, answer }, options);
        return exchanged(response, request, options.now());
      }),

    refresh: async (grant, tokens) => {
      try {
        const options = impatient(all);
        const metadata = await findIssuer(grant.issuer, options);
        const client = await knownClient(metadata, grant, options);
        if (client === undefined) return { kind: 'refused', problem: 'The registration at the issuer is gone.' };
        const obtained = exchanged(await renew({ metadata, client, grant, tokens }, options), grant, options.now());
        return obtained.kind === 'exchanged' ? { ...obtained, kind: 'refreshed' } : { kind: 'unavailable', problem: obtained.problem };
      } catch (error) {
        const problem = problemOf(error);
        if (problem === undefined) throw error;
        return { kind: isFinal(error) ? 'refused' : 'unavailable', problem };
      }
    },

    revoke: async (grant, tokens) => {
      await orRefused(async () => {
        const options = impatient(all);
        const metadata = await findIssuer(grant.issuer, options);
        const client = await knownClient(metadata, grant, options);
        if (metadata.revocation_endpoint === undefined || client === undefined) return;
        const token = tokens.refreshToken ?? tokens.accessToken;
        const us = { client_id: client.id };
        await oauth.processRevocationResponse(
          await oauth.revocationRequest(metadata, us, authenticationOf(client), token, transport(options)),
        );
      });
    },
  };
}

/** The same, with one deadline over all requests: a person waits, and so does a function that is paid by the second. */
function impatient(options: OAuthOptions): OAuthOptions {
  const signal = AbortSignal.timeout(options.patienceMs ?? 15_000);
  return { ...options, fetch: (url, init) => options.fetch(url, { ...init, signal }) };
}

type Redemption = {
  readonly metadata: oauth.AuthorizationServer;
  readonly client: Client;
  readonly request: AuthorizationRequest;
  readonly answer: AuthorizationAnswer;
};

async function redeem({ metadata, client, request, answer }: Redemption, options: OAuthOptions): Promise<oauth.TokenEndpointResponse> {
  const us = { client_id: client.id };
  const callback = cameFrom(metadata, us, new URLSearchParams(answer));
  const more = { ...transport(options), additionalParameters: { resource: request.resource } };
  const { redirectUri, verifier } = request;
  try {
    const response = await oauth.authorizationCodeGrantRequest(
      metadata,
      us,
      authenticationOf(client),
      callback,
      redirectUri,
      verifier,
      more,
    );
    return await oauth.processAuthorizationCodeResponse(metadata, us, response);
  } catch (error) {
    // Whoever does not know us any more gets a new registration next time.
    if (isUnknownClient(error)) await options.clients.forgetClient(client);
    throw error;
  }
}

type Renewal = Pick<Redemption, 'metadata' | 'client'> & { readonly grant: Grant; readonly tokens: Tokens };

async function renew({ metadata, client, grant, tokens }: Renewal, options: OAuthOptions): Promise<oauth.TokenEndpointResponse> {
  const us = { client_id: client.id };
  const more = { ...transport(options), additionalParameters: { resource: grant.resource } };
  const response = await oauth.refreshTokenGrantRequest(metadata, us, authenticationOf(client), tokens.refreshToken ?? '', more);
  return oauth.processRefreshTokenResponse(metadata, us, response);
}

/** RFC 9207: an answer of another issuer than the one that was asked never reaches a token endpoint. */
function cameFrom(metadata: oauth.AuthorizationServer, us: oauth.Client, callback: URLSearchParams): URLSearchParams {
  try {
    return oauth.validateAuthResponse(metadata, us, callback);
  } catch (error) {
    if (!(error instanceof oauth.OperationProcessingError)) throw error;
    throw new SignInProblem(`The browser came back from another issuer than ${new URL(metadata.issuer).host} (RFC 9207).`, {
      cause: error,
    });
  }
}

/** Where issuers send the browser back. */
const callbackUrl = (publicUrl: string): string => `${publicUrl}/v1/oauth/callback`;

const documentUrl = (publicUrl: string) => `${publicUrl}/.well-known/oauth-client`;

/** Our client metadata document (draft-ietf-oauth-client-id-metadata-document): its own address is our client id. */
export const clientDocument = (publicUrl: string) => ({ client_id: documentUrl(publicUrl), ...registration(publicUrl, 'none') });

const registration = (publicUrl: string, authentication: ClientAuthentication) => ({
  client_name: 'muster',
  client_uri: publicUrl,
  redirect_uris: [callbackUrl(publicUrl)],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: authentication,
  // OpenID Connect Registration: http on loopback is for native applications only.
  application_type: publicUrl.startsWith('https:') ? 'web' : 'native',
});

/** Who we are at this issuer: our metadata document where it reads such, else what it registered us as, now or before. */
async function clientAt(metadata: oauth.AuthorizationServer, options: OAuthOptions): Promise<Client> {
  const { publicUrl, clients, configured = [] } = options;
  const given = configured.find(({ issuer }) => issuer === metadata.issuer);
  if (given !== undefined) return configuredClient(given, metadata, publicUrl);
  if (metadata.client_id_metadata_document_supported === true && publicUrl.startsWith('https:'))
    return documentClient(metadata.issuer, publicUrl);
  const known = await clients.clientOf(metadata.issuer, callbackUrl(publicUrl));
  return known ?? clients.keepClient(await register(metadata, options));
}

/** Who we were when the grant was made, or the sign-in was started. */
async function knownClient(
  metadata: oauth.AuthorizationServer,
  { clientId }: Pick<AuthorizationRequest, 'clientId'>,
  { publicUrl, clients, configured = [] }: OAuthOptions,
): Promise<Client | undefined> {
  const { issuer } = metadata;
  if (clientId === documentUrl(publicUrl)) return documentClient(issuer, publicUrl);
  const given = configured.find((client) => client.issuer === issuer && client.id === clientId);
  return given === undefined ? clients.clientById(issuer, clientId) : configuredClient(given, metadata, publicUrl);
}

function configuredClient(
  given: ConfiguredClient,
  { token_endpoint_auth_methods_supported: methods }: oauth.AuthorizationServer,
  publicUrl: string,
): Client {
  // RFC 8414, section 2: the default is client_secret_basic.
  const onlyPost = methods?.includes('client_secret_basic') === false && methods.includes('client_secret_post');
  const withSecret = onlyPost ? 'client_secret_post' : 'client_secret_basic';
  return { ...given, redirectUri: callbackUrl(publicUrl), authentication: given.secret === undefined ? 'none' : withSecret };
}

const documentClient = (issuer: string, publicUrl: string): Client => ({
  issuer,
  id: documentUrl(publicUrl),
  redirectUri: callbackUrl(publicUrl),
  authentication: 'none',
});

const registeredSchema = z.object({
  client_id: z.string(),
  client_secret: z.optional(z.string()),
  client_secret_expires_at: z.optional(z.number()),
  token_endpoint_auth_method: z.optional(z.enum(['none', 'client_secret_basic', 'client_secret_post'])),
});

/** Dynamic client registration (RFC 7591). */
async function register(metadata: oauth.AuthorizationServer, options: OAuthOptions): Promise<Client> {
  const { host } = new URL(metadata.issuer);
  if (metadata.registration_endpoint === undefined) throw new SignInProblem(`The issuer ${host} lets no client register itself.`);
  const wanted = preferredAuthentication(metadata);
  const response = await oauth.dynamicClientRegistrationRequest(metadata, registration(options.publicUrl, wanted), transport(options));
  const registered = registeredSchema.safeParse(await oauth.processDynamicClientRegistrationResponse(await withEnd(response)));
  if (!registered.success) throw new SignInProblem(`The issuer ${host} registered us in a way that we do not support.`);
  const {
    client_id: id,
    client_secret: secret,
    client_secret_expires_at: end = 0,
    token_endpoint_auth_method: authentication,
  } = registered.data;
  return {
    issuer: metadata.issuer,
    id,
    redirectUri: callbackUrl(options.publicUrl),
    authentication: authentication ?? wanted,
    ...(secret === undefined ? {} : { secret }),
    ...(end === 0 ? {} : { expiresAt: new Date(end * 1_000) }),
  };
}

/** RFC 7591 wants `client_secret_expires_at` beside a secret; issuers leave it out, that of the MCP conformance suite among them. */
async function withEnd(response: Response): Promise<Response> {
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => undefined);
  const isOpen = z.object({ client_secret: z.string(), client_secret_expires_at: z.optional(z.undefined()) }).safeParse(body).success;
  if (!isOpen || typeof body !== 'object') return response;
  return Response.json({ ...body, client_secret_expires_at: 0 }, { status: response.status });
}

/** Without a secret where that is possible: PKCE binds the code, and what we do not have cannot leak. */
function preferredAuthentication({
  issuer,
  token_endpoint_auth_methods_supported: supported,
}: oauth.AuthorizationServer): ClientAuthentication {
  // RFC 8414, section 2: the default is client_secret_basic.
  const methods = new Set<string>(supported ?? ['client_secret_basic']);
  const preferred = (['none', 'client_secret_basic', 'client_secret_post'] as const).find((method) => methods.has(method));
  if (preferred === undefined)
    throw new SignInProblem(`The issuer ${new URL(issuer).host} wants clients to prove themselves in a way that we do not support.`);
  return preferred;
}

function authenticationOf({ authentication, secret = '' }: Client): oauth.ClientAuth {
  switch (authentication) {
    case 'none':
      return oauth.None();
    case 'client_secret_basic':
      return secretBasic(secret);
    case 'client_secret_post':
      return oauth.ClientSecretPost(secret);
  }
}

/** RFC 6749, section 2.3.1. oauth4webapi encodes `-`, `_` and `.` as well, which issuers that do not decode take for other names. */
const secretBasic =
  (secret: string): oauth.ClientAuth =>
  (_metadata, { client_id: id }, _body, headers) =>
    headers.set('authorization', `Basic ${Buffer.from(`${formEncoded(id)}:${formEncoded(secret)}`).toString('base64')}`);

const formEncoded = (text: string) => new URLSearchParams({ text }).toString().slice('text='.length);

async function authorizationUrl(metadata: oauth.AuthorizationServer, request: AuthorizationRequest, state: string): Promise<URL> {
  const url = new URL(metadata.authorization_endpoint ?? '');
  const parameters = {
    response_type: 'code',
    client_id: request.clientId,
    redirect_uri: request.redirectUri,
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(request.verifier),
    code_challenge_method: 'S256',
    resource: request.resource,
    ...(request.scopes.length === 0 ? {} : { scope: request.scopes.join(' ') }),
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url;
}

// Far more than any token in the wild, far less than a row of the store may have.
const longestToken = 64 * 1024;

function exchanged(
  answer: oauth.TokenEndpointResponse,
  { issuer, scopes }: Pick<AuthorizationRequest, 'issuer' | 'scopes'>,
  now: Date,
): Exchanged {
  const { access_token: accessToken, refresh_token: refreshToken, token_type: type, expires_in: seconds, scope } = answer;
  const { host } = new URL(issuer);
  if (type !== 'bearer') return { kind: 'refused', problem: `The issuer ${host} gave a token of the type ${type}, which is no bearer.` };
  if (accessToken.length + (refreshToken?.length ?? 0) > longestToken)
    return { kind: 'refused', problem: `The tokens of the issuer ${host} are too long.` };
  return {
    kind: 'exchanged',
    tokens: { accessToken, ...(refreshToken === undefined ? {} : { refreshToken }) },
    // RFC 6749, section 5.1: unnamed means as asked.
    scopes: scope === undefined ? scopes : scope.split(' ').filter((word) => word !== ''),
    ...(seconds === undefined ? {} : { expiresAt: new Date(now.getTime() + seconds * 1_000) }),
  };
}

function transport({ fetch, allowInsecure }: OAuthOptions) {
  return {
    [oauth.allowInsecureRequests]: allowInsecure,
    [oauth.customFetch]: (
      url: string,
      { method, headers, body }: { method: string; headers: Record<string, string>; body?: string | URLSearchParams | null | undefined },
    ) => ask(fetch, new URL(url), { method, headers, ...(body ? { body } : {}) }),
  };
}

/** What an issuer may get wrong becomes a refusal in our own words: its own could carry anything, a code included. */
async function orRefused<Outcome>(act: () => Promise<Outcome>): Promise<Outcome | { kind: 'refused'; problem: string }> {
  try {
    return await act();
  } catch (error) {
    const problem = problemOf(error);
    if (problem === undefined) throw error;
    return { kind: 'refused', problem };
  }
}

function problemOf(error: unknown): string | undefined {
  if (error instanceof SignInProblem) return error.message;
  if (error instanceof oauth.ResponseBodyError) return `The issuer refused: ${errorCode(error.error)}.`;
  if (error instanceof oauth.WWWAuthenticateChallengeError) return 'The issuer refused: it does not know us.';
  if (error instanceof oauth.AuthorizationResponseError) return 'The issuer refused the sign-in.';
  if (error instanceof oauth.OperationProcessingError) return `The answer of the issuer cannot be used (${error.code ?? 'no code'}).`;
  return error instanceof oauth.UnsupportedOperationError ? 'The issuer answered in a way that we do not support.' : undefined;
}

// RFC 6749, appendix A.7, allows any text; the registered codes look like this.
const errorCode = (code: string) => (/^[a-z_]{1,40}$/.test(code) ? code : 'an error without a known code');

/** What ends a grant for good; anything else may pass. */
const finalCodes = new Set(['invalid_grant', 'invalid_client', 'unauthorized_client']);

const isFinal = (error: unknown) =>
  error instanceof oauth.WWWAuthenticateChallengeError || (error instanceof oauth.ResponseBodyError && finalCodes.has(error.error));

const isUnknownClient = (error: unknown) =>
  error instanceof oauth.WWWAuthenticateChallengeError || (error instanceof oauth.ResponseBodyError && error.error === 'invalid_client');
