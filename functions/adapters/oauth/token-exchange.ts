import { decodeJwt, errors } from 'jose';
import * as z from 'zod/mini';
import { exchangeIssuer, type McpServer } from '../../model/mcpserver.ts';
import type { TokenExchangeResult } from '../../sessions/verify.ts';
import { SignInError } from './signin-error.ts';
import { ask } from './transport.ts';
import type { GuardedFetch } from '../network/http.ts';
import { defined } from '../../model/defined.ts';
import { qualifiedName } from '../../model/mcpserver.ts';
import { knownErrorCode } from '../../model/oauth-error-codes.ts';
import { oneLine } from '../../model/outside-text.ts';
import { expiryAfter } from '../../model/outside-time.ts';
import { scopesIn } from '../../model/scopes.ts';
import type { SecretReference, Credentials } from '../../sessions/ports.ts';

export type ExchangeOptions = {
  readonly fetch: GuardedFetch;
  readonly now: () => Date;
  /**
   * The two values of the Secret with our client credentials. The caller has checked that the
   * namespace may be read.
   */
  readonly readCredentials: (secret: SecretReference) => Promise<Credentials | undefined>;
};

/**
 * OAuth 2.0 Token Exchange (RFC 8693) with the parameters that Dex documents (dexidp.io, "Token
 * Exchange"): the person's ID token for an access token of the issuer that the server trusts.
 * `refusesExchange` decides beforehand whether it may happen at all.
 */
export function tokenExchanger({ fetch, now, readCredentials }: ExchangeOptions) {
  return async (server: McpServer, token: string): Promise<TokenExchangeResult> => {
    const exchange = server.auth?.tokenExchange;
    const issuer = exchangeIssuer(server);
    const endpoint = URL.parse(exchange?.dexTokenEndpoint ?? '');
    if (exchange?.connectorId === undefined || issuer === undefined || endpoint === null)
      return {
        kind: 'refused',
        message:
          'spec.auth.tokenExchange is incomplete: it needs dexTokenEndpoint and connectorId.',
      };
    const { clientCredentialsSecretRef: reference, connectorId } = exchange;
    const scopes = scopesIn(exchange.scopes).join(' ');
    const secret = reference && {
      ...reference,
      namespace: reference.namespace ?? server.namespace,
    };
    const credentials = secret && (await readCredentials(secret));
    if (secret !== undefined && credentials === undefined)
      return {
        kind: 'refused',
        message: `The Secret ${qualifiedName(secret)} with ${secret.clientIdKey} and ${secret.clientSecretKey} cannot be read.`,
      };
    const form = new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      connector_id: connectorId,
      scope: scopes,
      requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      subject_token: token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
    });
    try {
      const response = await ask(fetch, endpoint, {
        method: 'POST',
        headers: defined({
          'content-type': 'application/x-www-form-urlencoded',
          accept: 'application/json',
          authorization: credentials === undefined ? undefined : basic(credentials),
        }),
        body: form,
      });
      return await judged(response, { issuer, endpoint, scopes, now: now() });
    } catch (error) {
      if (error instanceof SignInError) return { kind: 'unavailable', message: error.message };
      throw error;
    }
  };
}

/** RFC 6749, section 2.3.1: both are form-encoded first. */
const basic = ({ clientId, clientSecret }: Credentials) =>
  `Basic ${Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString('base64')}`;

const answerSchema = z.object({
  access_token: z.string().check(z.minLength(1), z.maxLength(64 * 1024)),
  // RFC 8693, section 2.2.1. `N_A` is for tokens that are not bearer tokens.
  token_type: z.string(),
  expires_in: z.optional(z.unknown()),
  scope: z.optional(z.string()),
});

const errorSchema = z.object({ error: z.string() });

type Asked = {
  readonly issuer: string;
  readonly endpoint: URL;
  readonly scopes: string;
  readonly now: Date;
};

async function judged(
  response: Response,
  { issuer, endpoint, scopes, now }: Asked,
): Promise<TokenExchangeResult> {
  const { host } = endpoint;
  if (response.status === 429 || response.status >= 500)
    return {
      kind: 'unavailable',
      message: `${host} answered HTTP ${response.status} to the token exchange.`,
    };
  const body: unknown = await response.json().catch(() => undefined);
  if (response.status !== 200) {
    const said = errorSchema.safeParse(body).data?.error;
    const code = knownErrorCode(said) ?? `HTTP ${response.status}`;
    return { kind: 'refused', message: `${host} refused the token exchange: ${code}.` };
  }
  const answer = answerSchema.safeParse(body);
  if (!answer.success || answer.data.token_type.toLowerCase() !== 'bearer')
    return {
      kind: 'refused',
      message: `${host} answered the token exchange without a bearer token.`,
    };
  const { access_token: accessToken, expires_in: seconds, scope } = answer.data;
  if (issuerOf(accessToken) !== issuer)
    return {
      kind: 'refused',
      message: `${host} gave a token of another issuer than ${oneLine(issuer, 200)}.`,
    };
  return defined({
    kind: 'exchanged',
    tokens: { accessToken },
    scopes: scopesIn(scope ?? scopes),
    expiresAt: expiryAfter(seconds, now),
  });
}

/**
 * The issuer that the token names. The token came from its own token endpoint, and the server
 * checks the signature.
 */
function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch (error) {
    if (error instanceof errors.JWTInvalid) return undefined;
    throw error;
  }
}
