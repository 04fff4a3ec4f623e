import * as oauth from 'oauth4webapi';
import type { McpServer } from '../../model/mcpserver.ts';
import type { Grant, Tokens, ExchangeResult } from '../../sessions/grant.ts';
import type { RefreshResult } from '../../sessions/refresh.ts';
import type { AuthorizationAnswer, AuthorizationRequest } from '../../sessions/pending-sign-in.ts';
import type { AuthorizeResult, WantedSignIn } from '../../sessions/signin.ts';
import { findIssuer, findSignInTarget } from './metadata.ts';
import type { DiscoveryOptions } from './resource-discovery.ts';
import { authorizationUrl, scopesFor } from './authorization-url.ts';
import { signInErrorFor } from './issuer-refusal.ts';
import {
  clientAt,
  forgetClient,
  knownClient,
  namesItself,
  type RegistrationOptions,
} from './registration.ts';
import { SignInError, type SignInFailure } from './signin-error.ts';
import {
  obtained,
  redeemCode,
  refreshFailure,
  renewTokens,
  revokeToken,
} from './token-requests.ts';
import { isSafe } from './transport.ts';
import { type IssuerRules, noIssuerRules } from '../../model/issuer-rules.ts';
import { defined } from '../../model/defined.ts';
import type { Client } from '../../sessions/client.ts';
import { isClientCode } from '../../model/oauth-error-codes.ts';

export type OAuthOptions = RegistrationOptions & {
  readonly readChallenge: DiscoveryOptions['readChallenge'];
  /** By which names inside the cluster are recognized. */
  readonly clusterDomain?: string;
  /** What the owner knows about single issuers (ISSUERS). */
  readonly issuerRules?: IssuerRules;
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
    wanted?: WantedSignIn,
  ) => Promise<AuthorizeResult>;
  /** Exchanges a code after comparing `iss` (RFC 9207). */
  readonly exchange: (
    request: AuthorizationRequest,
    answer: AuthorizationAnswer,
  ) => Promise<ExchangeResult>;
  /** Uses a refresh token once. */
  readonly refresh: (grant: Grant, tokens: Tokens) => Promise<RefreshResult>;
  /** RFC 7009, where the issuer offers it. It never fails because of the issuer. */
  readonly revoke: (grant: Grant, tokens: Tokens) => Promise<void>;
};

export function oauthClient(all: OAuthOptions): OAuthClient {
  const { issuerRules = noIssuerRules } = all;
  return {
    authorize: (server, state, { scopes: more = [], newClient = false } = {}) =>
      orRefused(async () => {
        const options = withDeadline(all);
        const url = URL.parse(server.url ?? '');
        if (url === null) throw new SignInError({ reason: 'invalidServerUrl' });
        if (!isSafe(url, options)) throw new SignInError({ reason: 'insecureServer' });
        const target = await findSignInTarget(server, url, options);
        const { resource, scopes: named } = target;
        const metadata = target.metadata ?? (await findIssuer(target.issuer, options));
        const rule = issuerRules(metadata.issuer);
        const scopes = scopesFor(metadata, rule, [...named, ...more]);
        const client = await clientAt(metadata, scopes, { ...options, newClient });
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
          authorizationUrl: await authorizationUrl(metadata, rule, request, state),
        };
      }),

    exchange: (request, answer) =>
      orRefused(async () => {
        const options = withDeadline(all);
        const rule = issuerRules(request.issuer);
        const metadata = await findIssuer(request.issuer, options);
        const client = await rememberedClient(metadata, request, options);
        const asked = { metadata, client, rule, request, answer };
        const response = await orForgotten(client, options, () => redeemCode(asked, options));
        return defined({ kind: 'exchanged', ...obtained(response, request, options.now()) });
      }),

    refresh: async (grant, tokens) => {
      const options = withDeadline(all);
      let client: Client | undefined;
      try {
        const rule = issuerRules(grant.issuer);
        const metadata = await findIssuer(grant.issuer, options);
        const us = await rememberedClient(metadata, grant, options);
        client = us;
        const asked = { metadata, client: us, rule, grant, tokens };
        const response = await orForgotten(us, options, () => renewTokens(asked, options));
        return defined({ kind: 'refreshed', ...obtained(response, grant, options.now()) });
      } catch (error) {
        const { failure, message } = signInErrorFor(error);
        return { kind: 'failed', failure: refreshFailure(failure, client, options), message };
      }
    },

    revoke: async (grant, tokens) => {
      await orRefused(async () => {
        // The grant is removed already: no sign-out waits long for an issuer that is gone.
        const options = withDeadline({ ...all, patienceMs: Math.min(5_000, patienceOf(all)) });
        const metadata = await findIssuer(grant.issuer, options);
        const client = await knownClient(metadata, grant, options);
        if (metadata.revocation_endpoint === undefined || client === undefined) return;
        // Not every issuer ends the access tokens of a refresh token (RFC 7009, section 2.1: SHOULD).
        const revoked = Object.entries({
          refresh_token: tokens.refreshToken,
          access_token: tokens.accessToken,
        }).map(async ([hint, token]) =>
          token === undefined
            ? undefined
            : orForgotten(client, options, () =>
                revokeToken({ metadata, client, token, hint }, options),
              ),
        );
        const failed = (await Promise.allSettled(revoked)).find(isRejected);
        if (failed !== undefined) throw failed.reason;
      });
    },
  };
}

const isRejected = (result: PromiseSettledResult<unknown>): result is PromiseRejectedResult =>
  result.status === 'rejected';

const patienceOf = ({ patienceMs = 15_000 }: OAuthOptions): number => patienceMs;

/** The same with one deadline for all requests: a person waits, and the function is billed. */
export function withDeadline(options: OAuthOptions): OAuthOptions & DiscoveryOptions {
  const signal = AbortSignal.timeout(patienceOf(options));
  const both = (own: AbortSignal | undefined) =>
    own === undefined ? signal : AbortSignal.any([own, signal]);
  return {
    ...options,
    signal,
    fetch: (url, init) => options.fetch(url, { ...init, signal: both(init?.signal) }),
  };
}

/** An issuer that does not know our client any more gets a new one at the next sign-in. */
async function orForgotten<Answer>(
  client: Client,
  options: RegistrationOptions,
  act: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof SignInError && isUnknownClient(error.failure))
      await forgetClient(client, options);
    throw error;
  }
}

const isUnknownClient = (failure: SignInFailure) =>
  failure.reason === 'refusedByIssuer' && failure.code !== undefined && isClientCode(failure.code);

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
