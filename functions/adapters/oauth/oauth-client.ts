import * as oauth from 'oauth4webapi';
import type { McpServer } from '../../model/mcpserver.ts';
import type { Client } from '../../sessions/client.ts';
import type { Grant, Tokens, ExchangeResult } from '../../sessions/grant.ts';
import type { RefreshResult } from '../../sessions/refresh.ts';
import type { AuthorizationAnswer, AuthorizationRequest } from '../../sessions/pending-sign-in.ts';
import type { AuthorizeResult } from '../../sessions/signin.ts';
import { findIssuer, findSignInTarget } from './metadata.ts';
import type { DiscoveryOptions } from './resource-discovery.ts';
import {
  authenticationOf,
  clientAt,
  knownClient,
  namesItself,
  type RegistrationOptions,
} from './registration.ts';
import { SignInError, type SignInFailure } from './signin-error.ts';
import { isSafe, transport } from './transport.ts';
import { defined } from '../../model/defined.ts';
import { knownErrorCode } from '../../model/oauth-error-codes.ts';
import { expiryAfter } from '../../model/outside-time.ts';
import { scopesIn, validScopes } from '../../model/scopes.ts';

export type OAuthOptions = RegistrationOptions & {
  readonly readChallenge: DiscoveryOptions['readChallenge'];
  /** How long the requests of one step may take together. */
  readonly patienceMs?: number;
};

/**
 * OAuth with the issuers of MCP servers. What an issuer refuses or gets wrong is returned, in a
 * message without secrets.
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
  /** Uses a refresh token once. Only what the issuer says about the grant itself is `refused`. */
  readonly refresh: (grant: Grant, tokens: Tokens) => Promise<RefreshResult>;
  /** RFC 7009, where the issuer offers it. */
  readonly revoke: (grant: Grant, tokens: Tokens) => Promise<void>;
};

export function oauthClient(all: OAuthOptions): OAuthClient {
  return {
    authorize: (server, state, more = []) =>
      orRefused(async () => {
        const options = withDeadline(all);
        const url = URL.parse(server.url ?? '');
        if (url === null) throw new SignInError({ reason: 'invalidServerUrl' });
        if (!isSafe(url, options)) throw new SignInError({ reason: 'insecureServer' });
        const target = await findSignInTarget(server, url, options);
        const { resource, scopes: named } = target;
        const scopes = validScopes([...named, ...more]);
        const metadata = target.metadata ?? (await findIssuer(target.issuer, options));
        const client = await clientAt(metadata, options);
        const verifier = oauth.generateRandomCodeVerifier();
        const request = {
          issuer: metadata.issuer,
          clientId: client.id,
          redirectUri: client.redirectUri,
          resource,
          scopes,
          verifier,
          // Kept, because a hostile issuer can change what it announces before the code arrives.
          isNamed: namesItself(metadata),
        };
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
        const client = await rememberedClient(metadata, request, options);
        const response = await redeem({ metadata, client, request, answer }, options);
        return defined({ kind: 'exchanged', ...obtained(response, request, options.now()) });
      }),

    refresh: async (grant, tokens) => {
      try {
        const options = withDeadline(all);
        const metadata = await findIssuer(grant.issuer, options);
        const client = await rememberedClient(metadata, grant, options);
        const response = await renew({ metadata, client, grant, tokens }, options);
        return defined({ kind: 'refreshed', ...obtained(response, grant, options.now()) });
      } catch (error) {
        const { failure, message } = signInErrorFor(error);
        return { kind: isFinal(failure) ? 'refused' : 'unavailable', message };
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

/** The same with one deadline for all requests: a person waits, and the function is billed. */
export function withDeadline(options: OAuthOptions): OAuthOptions & DiscoveryOptions {
  const signal = AbortSignal.timeout(options.patienceMs ?? 15_000);
  const both = (own: AbortSignal | undefined) =>
    own === undefined ? signal : AbortSignal.any([own, signal]);
  return {
    ...options,
    signal,
    fetch: (url, init) => options.fetch(url, { ...init, signal: both(init?.signal) }),
  };
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
    const refused = signInErrorFor(error);
    // An issuer that has forgotten our client gets a new registration next time.
    if (isUnknownClient(refused.failure)) await options.clients.deleteClient(client);
    throw refused;
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
 * RFC 9207: a code from another issuer than the one that was asked never reaches a token endpoint.
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
    const { host } = new URL(metadata.issuer);
    throw new SignInError({ reason: 'callbackMismatch', host }, { cause: error });
  }
}

/** Where the browser goes. */
export async function authorizationUrl(
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

// Far more than any known token, far less than the limit of a row in the store.
const longestToken = 64 * 1024;

function obtained(
  answer: oauth.TokenEndpointResponse,
  { issuer, scopes }: Pick<AuthorizationRequest, 'issuer' | 'scopes'>,
  now: Date,
) {
  const {
    access_token: accessToken,
    refresh_token: refreshToken,
    token_type: type,
    expires_in: seconds,
    scope,
  } = answer;
  const { host } = new URL(issuer);
  if (type !== 'bearer') throw new SignInError({ reason: 'notBearer', host });
  if (accessToken.length + (refreshToken?.length ?? 0) > longestToken)
    throw new SignInError({ reason: 'tokensTooLong', host });
  return {
    tokens: defined({ accessToken, refreshToken }),
    // RFC 6749, section 5.1: a missing scope means the scope that was asked for.
    scopes: scope === undefined ? scopes : scopesIn(scope),
    expiresAt: expiryAfter(seconds, now),
  };
}

/** Gives the client that the grant or the sign-in was made for. Throws `SignInError`. */
async function rememberedClient(
  metadata: oauth.AuthorizationServer,
  made: { readonly clientId: string },
  options: RegistrationOptions,
): Promise<Client> {
  const client = await knownClient(metadata, made, options);
  if (client !== undefined) return client;
  throw new SignInError({ reason: 'registrationGone', host: new URL(metadata.issuer).host });
}

/** What a server or an issuer gets wrong becomes a refusal. */
async function orRefused<Outcome>(
  act: () => Promise<Outcome>,
): Promise<Outcome | { kind: 'refused'; message: string }> {
  try {
    return await act();
  } catch (error) {
    return { kind: 'refused', message: signInErrorFor(error).message };
  }
}

/**
 * The error in our own sentence and without its cause: an issuer's text may quote anything, even
 * the code. Rethrows what it cannot name.
 */
function signInErrorFor(error: unknown): SignInError {
  if (error instanceof SignInError) return error;
  if (error instanceof oauth.ResponseBodyError)
    return new SignInError({ reason: 'refusedByIssuer', code: errorCode(error.error) });
  if (error instanceof oauth.WWWAuthenticateChallengeError)
    return new SignInError({ reason: 'clientRefused' });
  if (error instanceof oauth.AuthorizationResponseError)
    return new SignInError({ reason: 'signInRefused' });
  if (error instanceof oauth.OperationProcessingError)
    return new SignInError({ reason: 'unusableAnswer', code: error.code ?? 'no code' });
  if (error instanceof oauth.UnsupportedOperationError)
    return new SignInError({ reason: 'unsupportedAnswer' });
  throw error;
}

const errorCode = (code: string) => knownErrorCode(code) ?? 'an error without a known code';

/** What ends a grant for good; anything else may pass. */
const finalCodes = new Set(['invalid_grant', 'invalid_client', 'unauthorized_client']);

const isFinal = (failure: SignInFailure) =>
  failure.reason === 'registrationGone' ||
  failure.reason === 'clientRefused' ||
  (failure.reason === 'refusedByIssuer' && finalCodes.has(failure.code));

const isUnknownClient = (failure: SignInFailure) =>
  failure.reason === 'clientRefused' ||
  (failure.reason === 'refusedByIssuer' && failure.code === 'invalid_client');
