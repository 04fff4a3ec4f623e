/** The requests at an issuer about tokens: with a code, with a refresh token, and the revocation. */
import * as oauth from 'oauth4webapi';
import { defined } from '../../model/defined.ts';
import type { IssuerRule } from '../../model/issuer-rules.ts';
import { isClientCode, passesByItself } from '../../model/oauth-error-codes.ts';
import { expiryAfter } from '../../model/outside-time.ts';
import { scopesIn } from '../../model/scopes.ts';
import type { Client } from '../../sessions/client.ts';
import type { Grant, Tokens } from '../../sessions/grant.ts';
import type { RefreshFailure } from '../../sessions/grant-end.ts';
import type { AuthorizationAnswer, AuthorizationRequest } from '../../sessions/pending-sign-in.ts';
import { judged } from './issuer-refusal.ts';
import { authenticationOf, clientOrigin, type RegistrationOptions } from './registration.ts';
import { SignInError, type SignInFailure } from './signin-error.ts';
import { idTokenIn, tidyAnswer } from './tidy-answer.ts';
import { transport, type TransportOptions } from './transport.ts';

type TokenRequest = {
  readonly metadata: oauth.AuthorizationServer;
  readonly client: Client;
  readonly rule: IssuerRule;
};

type CodeRequest = TokenRequest & {
  readonly request: Pick<AuthorizationRequest, 'redirectUri' | 'resource' | 'verifier'>;
  readonly answer: AuthorizationAnswer;
};

/**
 * Exchanges the code, after comparing `iss` (RFC 9207). An issuer that only now refuses `resource`
 * is asked again without: the code stays bound to the resource of the authorization. Throws
 * `SignInError`.
 */
export const redeemCode = async (
  asked: CodeRequest,
  options: TransportOptions,
): Promise<oauth.TokenEndpointResponse> => (await redeemOpenIdCode(asked, options)).granted;

/** The same, with the ID token as it came: it is not verified. */
export async function redeemOpenIdCode(
  { metadata, client, rule, request, answer }: CodeRequest,
  options: TransportOptions,
): Promise<{ readonly granted: oauth.TokenEndpointResponse; readonly idToken?: string }> {
  const us = { client_id: client.id };
  const callback = cameFrom(metadata, us, new URLSearchParams(answer));
  const { redirectUri, verifier } = request;
  const secrets = [answer.code, verifier, client.secret ?? ''];
  const send = async (additionalParameters: Readonly<Record<string, string>>) => {
    const response = await oauth.authorizationCodeGrantRequest(
      metadata,
      us,
      authenticationOf(client),
      callback,
      redirectUri,
      verifier,
      { ...transport(options), additionalParameters },
    );
    const idToken = await idTokenIn(response.clone());
    const granted = await judged(
      await tidyAnswer(response, 'token'),
      { host: new URL(metadata.issuer).host, asked: 'code', secrets },
      (tidy) => oauth.processAuthorizationCodeResponse(metadata, us, tidy),
    );
    return defined({ granted, idToken });
  };
  const resource = resourceFor(request, rule);
  return send(resource).catch((error: unknown) => {
    const isTarget =
      error instanceof SignInError &&
      error.failure.reason === 'refusedByIssuer' &&
      error.failure.code === 'invalid_target';
    if (!isTarget || resource['resource'] === undefined) throw error;
    return send({});
  });
}

/**
 * Uses a refresh token once. An issuer that refuses the request, and neither the grant nor the
 * client, is asked again without `resource` and with the scopes of the grant (AADSTS9010010:
 * modelcontextprotocol/python-sdk#2578, csharp-sdk#1587). Throws `SignInError`.
 */
export async function renewTokens(
  {
    metadata,
    client,
    rule,
    grant,
    tokens,
  }: TokenRequest & { readonly grant: Grant; readonly tokens: Tokens },
  options: RegistrationOptions,
): Promise<oauth.TokenEndpointResponse> {
  const us = { client_id: client.id };
  const { accessToken, refreshToken = '' } = tokens;
  const secrets = [accessToken, refreshToken, client.secret ?? ''];
  const send = async (additionalParameters: Readonly<Record<string, string>>) =>
    judged(
      await tidyAnswer(
        await oauth.refreshTokenGrantRequest(metadata, us, authenticationOf(client), refreshToken, {
          ...transport(options),
          additionalParameters,
        }),
        'token',
      ),
      { host: new URL(metadata.issuer).host, asked: 'refresh', secrets },
      (response) => oauth.processRefreshTokenResponse(metadata, us, response),
    );
  const scopes = grant.scopes.length === 0 ? {} : { scope: grant.scopes.join(' ') };
  const resource = resourceFor(grant, rule);
  if (resource['resource'] === undefined) return send(rule.noResource === true ? scopes : {});
  return send(resource).catch((error: unknown) => {
    if (!(error instanceof SignInError && mayLackResource(error.failure))) throw error;
    return send(scopes);
  });
}

/** The issuer refuses the request, and neither the grant nor the client. */
function mayLackResource(failure: SignInFailure): boolean {
  if (failure.reason !== 'refusedByIssuer') return false;
  const { status, code, isPage } = failure;
  if (status !== 400 || isPage) return false;
  if (passesByItself(status, code)) return false;
  return code === undefined || !(isClientCode(code) || aboutGrant.has(code));
}

const aboutGrant: ReadonlySet<string> = new Set([
  'bad_refresh_token',
  'interaction_required',
  'invalid_grant',
  'invalid_refresh_token',
  'unauthorized_client',
  'unsupported_grant_type',
]);

/** RFC 7009. Throws `SignInError`. */
export async function revokeToken(
  {
    metadata,
    client,
    token,
    hint,
  }: Omit<TokenRequest, 'rule'> & { readonly token: string; readonly hint: string },
  options: TransportOptions,
): Promise<void> {
  await judged(
    await tidyAnswer(
      await oauth.revocationRequest(
        metadata,
        { client_id: client.id },
        authenticationOf(client),
        token,
        { ...transport(options), additionalParameters: { token_type_hint: hint } },
      ),
      'revocation',
    ),
    {
      host: new URL(metadata.issuer).host,
      asked: 'revocation',
      secrets: [token, client.secret ?? ''],
    },
    oauth.processRevocationResponse,
  );
}

/** What a refresh that failed says about the grant. */
export function refreshFailure(
  failure: SignInFailure,
  client: Client | undefined,
  options: RegistrationOptions,
): RefreshFailure {
  if (failure.reason === 'registrationGone') return { kind: 'noClient' };
  if (failure.reason !== 'refusedByIssuer' || client === undefined) return { kind: 'noAnswer' };
  const { status, code, isPage } = failure;
  return defined({
    kind: 'refused',
    status,
    code,
    isPage,
    client: clientOrigin(client, options),
  });
}

/** RFC 8707, unless the owner knows that the issuer refuses it. */
export const resourceFor = (
  { resource }: Pick<AuthorizationRequest, 'resource'>,
  { noResource }: IssuerRule,
): Readonly<Record<string, string>> => (noResource === true || resource === '' ? {} : { resource });

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

// Far more than any known token, far less than the limit of a row in the store.
const longestToken = 64 * 1024;

/** What is kept of an answer. Throws `SignInError`. */
export function obtained(
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
