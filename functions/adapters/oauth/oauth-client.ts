import * as oauth from 'oauth4webapi';
import type { McpServer } from '../../model/mcpserver.ts';
import type { Client } from '../../sessions/client.ts';
import type { Grant, Tokens, ExchangeResult } from '../../sessions/grant.ts';
import type { RefreshResult } from '../../sessions/refresh.ts';
import type {
  AuthorizeResult,
  AuthorizationAnswer,
  AuthorizationRequest,
} from '../../sessions/signin.ts';
import { type DiscoveryOptions, findIssuer, findSignInTarget } from './metadata.ts';
import {
  authenticationOf,
  callbackUrl,
  clientAt,
  knownClient,
  type RegistrationOptions,
} from './registration.ts';
import { SignInError, transport } from './transport.ts';
import { defined } from '../../model/defined.ts';
import { scopesIn } from '../../model/scopes.ts';

export type OAuthOptions = RegistrationOptions & {
  readonly readChallenge: DiscoveryOptions['readChallenge'];
  readonly now: () => Date;
  /** How long the requests of one step may take together. */
  readonly patienceMs?: number;
};

/**
 * Everything OAuth towards the issuers of MCP servers. What an issuer refuses or gets wrong is
 * returned, in words without secrets.
 */
export type OAuthClient = {
  /**
   * Prepares the address for the browser: PKCE with S256, `resource` (RFC 8707), and us as a
   * client.
   */
  readonly authorize: (
    server: McpServer,
    state: string,
    scopes?: readonly string[],
  ) => Promise<AuthorizeResult>;
  /** Exchanges a code after comparing `iss` (RFC 9207). */
  readonly exchange: (
    request: AuthorizationRequest,
    answer: AuthorizationAnswer,
  ) => Promise<ExchangeResult>;
  /** Uses a refresh token, once. Only what the issuer says about the grant itself is `refused`. */
  readonly refresh: (grant: Grant, tokens: Tokens) => Promise<RefreshResult>;
  /** RFC 7009, where the issuer offers it. */
  readonly revoke: (grant: Grant, tokens: Tokens) => Promise<void>;
};

export function oauthClient(all: OAuthOptions): OAuthClient {
  const redirectUri = callbackUrl(all.publicUrl);
  return {
    authorize: (server, state, more = []) =>
      orRefused(async () => {
        const options = withDeadline(all);
        const url = URL.parse(server.url ?? '');
        if (url === null) throw new SignInError('The URL of the server is no URL.');
        const { issuer, resource, scopes: named } = await findSignInTarget(server, url, options);
        const scopes = [...new Set([...named, ...more])];
        const metadata = await findIssuer(issuer, options);
        const client = await clientAt(metadata, options);
        const verifier = oauth.generateRandomCodeVerifier();
        const request = { issuer, clientId: client.id, redirectUri, resource, scopes, verifier };
        return {
          kind: 'authorized',
          request,
          authorizationUrl: await authorizationUrl(metadata, request, state),
        };
      }),

    exchange: (request, answer) =>
      orRefused(async () => {
        const options = withDeadline(all);
        const metadata = await findIssuer(request.issuer, options);
        const client = await knownClient(metadata, request, options);
        if (client === undefined)
          throw new SignInError('The registration at the issuer is gone. Start again.');
        const response = await redeem({ metadata, client, request, answer }, options);
        return exchanged(response, request, options.now());
      }),

    refresh: async (grant, tokens) => {
      try {
        const options = withDeadline(all);
        const metadata = await findIssuer(grant.issuer, options);
        const client = await knownClient(metadata, grant, options);
        if (client === undefined)
          return { kind: 'refused', message: 'The registration at the issuer is gone.' };
        const obtained = exchanged(
          await renew({ metadata, client, grant, tokens }, options),
          grant,
          options.now(),
        );
        return obtained.kind === 'exchanged'
          ? { ...obtained, kind: 'refreshed' }
          : { kind: 'unavailable', message: obtained.message };
      } catch (error) {
        const message = problemOf(error);
        if (message === undefined) throw error;
        return { kind: isFinal(error) ? 'refused' : 'unavailable', message };
      }
    },

    revoke: async (grant, tokens) => {
      await orRefused(async () => {
        const options = withDeadline(all);
        const metadata = await findIssuer(grant.issuer, options);
        const client = await knownClient(metadata, grant, options);
        if (metadata.revocation_endpoint === undefined || client === undefined) return;
        const token = tokens.refreshToken ?? tokens.accessToken;
        const us = { client_id: client.id };
        await oauth.processRevocationResponse(
          await oauth.revocationRequest(
            metadata,
            us,
            authenticationOf(client),
            token,
            transport(options),
          ),
        );
      });
    },
  };
}

/**
 * The same, with one deadline over all requests: a person waits, and so does a function that is
 * paid by the second.
 */
function withDeadline(options: OAuthOptions): OAuthOptions & DiscoveryOptions {
  const signal = AbortSignal.timeout(options.patienceMs ?? 15_000);
  return { ...options, signal, fetch: (url, init) => options.fetch(url, { ...init, signal }) };
}

type Redemption = {
  readonly metadata: oauth.AuthorizationServer;
  readonly client: Client;
  readonly request: AuthorizationRequest;
  readonly answer: AuthorizationAnswer;
};

async function redeem(
  { metadata, client, request, answer }: Redemption,
  options: OAuthOptions,
): Promise<oauth.TokenEndpointResponse> {
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
    if (isUnknownClient(error)) await options.clients.deleteClient(client);
    throw error;
  }
}

type Renewal = Pick<Redemption, 'metadata' | 'client'> & {
  readonly grant: Grant;
  readonly tokens: Tokens;
};

async function renew(
  { metadata, client, grant, tokens }: Renewal,
  options: OAuthOptions,
): Promise<oauth.TokenEndpointResponse> {
  const us = { client_id: client.id };
  const more = { ...transport(options), additionalParameters: { resource: grant.resource } };
  const response = await oauth.refreshTokenGrantRequest(
    metadata,
    us,
    authenticationOf(client),
    tokens.refreshToken ?? '',
    more,
  );
  return oauth.processRefreshTokenResponse(metadata, us, response);
}

/**
 * RFC 9207: an answer of another issuer than the one that was asked never reaches a token endpoint.
 */
function cameFrom(
  metadata: oauth.AuthorizationServer,
  us: oauth.Client,
  callback: URLSearchParams,
): URLSearchParams {
  try {
    return oauth.validateAuthResponse(metadata, us, callback);
  } catch (error) {
    if (!(error instanceof oauth.OperationProcessingError)) throw error;
    throw new SignInError(
      `The browser came back from another issuer than ${new URL(metadata.issuer).host} (RFC 9207).`,
      {
        cause: error,
      },
    );
  }
}

async function authorizationUrl(
  metadata: oauth.AuthorizationServer,
  request: AuthorizationRequest,
  state: string,
): Promise<URL> {
  const url = new URL(metadata.authorization_endpoint ?? '');
  const parameters = defined({
    response_type: 'code',
    client_id: request.clientId,
    redirect_uri: request.redirectUri,
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(request.verifier),
    code_challenge_method: 'S256',
    resource: request.resource,
    scope: request.scopes.length === 0 ? undefined : request.scopes.join(' '),
  });
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url;
}

// Far more than any token in the wild, far less than a row of the store may have.
const longestToken = 64 * 1024;

function exchanged(
  answer: oauth.TokenEndpointResponse,
  { issuer, scopes }: Pick<AuthorizationRequest, 'issuer' | 'scopes'>,
  now: Date,
): ExchangeResult {
  const {
    access_token: accessToken,
    refresh_token: refreshToken,
    token_type: type,
    expires_in: seconds,
    scope,
  } = answer;
  const { host } = new URL(issuer);
  if (type !== 'bearer')
    return {
      kind: 'refused',
      message: `The issuer ${host} gave a token of the type ${type}, which is no bearer.`,
    };
  if (accessToken.length + (refreshToken?.length ?? 0) > longestToken)
    return { kind: 'refused', message: `The tokens of the issuer ${host} are too long.` };
  return defined({
    kind: 'exchanged',
    tokens: defined({
      accessToken,
      refreshToken,
    }),
    // RFC 6749, section 5.1: unnamed means as asked.
    scopes: scope === undefined ? scopes : scopesIn(scope),
    expiresAt: seconds === undefined ? undefined : new Date(now.getTime() + seconds * 1_000),
  });
}

/**
 * What an issuer may get wrong becomes a refusal in our own words: its own could carry anything, a
 * code included.
 */
async function orRefused<Outcome>(
  act: () => Promise<Outcome>,
): Promise<Outcome | { kind: 'refused'; message: string }> {
  try {
    return await act();
  } catch (error) {
    const message = problemOf(error);
    if (message === undefined) throw error;
    return { kind: 'refused', message };
  }
}

function problemOf(error: unknown): string | undefined {
  if (error instanceof SignInError) return error.message;
  if (error instanceof oauth.ResponseBodyError)
    return `The issuer refused: ${errorCode(error.error)}.`;
  if (error instanceof oauth.WWWAuthenticateChallengeError)
    return 'The issuer refused: it does not know us.';
  if (error instanceof oauth.AuthorizationResponseError) return 'The issuer refused the sign-in.';
  if (error instanceof oauth.OperationProcessingError)
    return `The answer of the issuer cannot be used (${error.code ?? 'no code'}).`;
  return error instanceof oauth.UnsupportedOperationError
    ? 'The issuer answered in a way that we do not support.'
    : undefined;
}

// RFC 6749, appendix A.7, allows any text; the registered codes look like this.
const errorCode = (code: string) =>
  /^[a-z_]{1,40}$/.test(code) ? code : 'an error without a known code';

/** What ends a grant for good; anything else may pass. */
const finalCodes = new Set(['invalid_grant', 'invalid_client', 'unauthorized_client']);

const isFinal = (error: unknown) =>
  error instanceof oauth.WWWAuthenticateChallengeError ||
  (error instanceof oauth.ResponseBodyError && finalCodes.has(error.error));

const isUnknownClient = (error: unknown) =>
  error instanceof oauth.WWWAuthenticateChallengeError ||
  (error instanceof oauth.ResponseBodyError && error.error === 'invalid_client');
