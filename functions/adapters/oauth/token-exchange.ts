import { decodeJwt, errors } from 'jose';
import * as z from 'zod/mini';
import { defined } from '../../model/defined.ts';
import { sameIssuer } from '../../model/issuer-identifier.ts';
import { type ExchangeRule, type IssuerRules, noIssuerRules } from '../../model/issuer-rules.ts';
import { exchangeIssuer, type McpServer, qualifiedName } from '../../model/mcpserver.ts';
import { knownErrorCode, passesByItself } from '../../model/oauth-error-codes.ts';
import { oneLine, oneLineWithoutSecrets } from '../../model/outside-text.ts';
import { expiryAfter } from '../../model/outside-time.ts';
import { scopesIn, validScopes } from '../../model/scopes.ts';
import { sentenceRepeats } from '../../model/secret-pieces.ts';
import type { Credentials, SecretReference } from '../../sessions/ports.ts';
import type { TokenExchangeResult } from '../../sessions/exchanged-grant.ts';
import type { GuardedFetch } from '../network/guarded-fetch.ts';
import { SignInError } from './signin-error.ts';
import { tidyAnswer } from './tidy-answer.ts';
import { ask } from './transport.ts';

export type ExchangeOptions = {
  readonly fetch: GuardedFetch;
  readonly now: () => Date;
  /** What the owner knows about single issuers (ISSUERS). */
  readonly issuerRules?: IssuerRules;
  /** What people sign in to muster with: ID tokens (default), or access tokens. */
  readonly hasIdTokens?: boolean;
  /**
   * The two values of the Secret with our client credentials. The caller has checked that the
   * namespace may be read.
   */
  readonly readCredentials: (secret: SecretReference) => Promise<Credentials | undefined>;
};

/**
 * OAuth 2.0 Token Exchange (RFC 8693) with the parameters that Dex documents (dexidp.io, "Token
 * Exchange"), unless a rule for the issuer says otherwise: the person's token for an access token of
 * the issuer that the server trusts. `refusesExchange` decides beforehand whether it may happen at
 * all.
 */
export function tokenExchanger({
  fetch,
  now,
  issuerRules = noIssuerRules,
  hasIdTokens = true,
  readCredentials,
}: ExchangeOptions) {
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
    const { clientCredentialsSecretRef: reference } = exchange;
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
    const { form, scopes } = formFor(server, token, {
      subjectTokenType: hasIdTokens ? 'id_token' : 'access_token',
      ...issuerRules(issuer).exchange,
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
      const secrets = [token, credentials?.clientSecret ?? ''];
      return await judged(response, { issuer, endpoint, scopes, now: now(), secrets });
    } catch (error) {
      if (error instanceof SignInError) return { kind: 'unavailable', message: error.message };
      throw error;
    }
  };
}

/** Of a scope that requests an audience (dexidp.io, "Custom Scopes, Claims and Client Features"). */
const dexAudience = 'audience:server:client_id:';

type TypedExchangeRule = ExchangeRule & Required<Pick<ExchangeRule, 'subjectTokenType'>>;

/**
 * `requiredAudiences` become scopes, as at Dex (and in upstream), or the `audience` of RFC 8693,
 * section 2.1, which Keycloak's standard token exchange wants.
 */
function formFor(
  { auth }: McpServer,
  token: string,
  { audience = 'scope', subjectTokenType, noConnector = false }: TypedExchangeRule,
) {
  const audiences = auth?.requiredAudiences ?? [];
  const wanted = audience === 'scope' ? audiences.map((one) => `${dexAudience}${one}`) : [];
  const scopes = validScopes([...scopesIn(auth?.tokenExchange?.scopes ?? ''), ...wanted]).join(' ');
  const form = new URLSearchParams(
    defined({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      connector_id: noConnector ? undefined : auth?.tokenExchange?.connectorId,
      scope: scopes === '' ? undefined : scopes,
      requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      subject_token: token,
      subject_token_type: `urn:ietf:params:oauth:token-type:${subjectTokenType}`,
    }),
  );
  if (audience === 'parameter') for (const one of audiences) form.append('audience', one);
  return { form, scopes };
}

/** RFC 6749, section 2.3.1: both are form-encoded first. */
const basic = ({ clientId, clientSecret }: Credentials) =>
  `Basic ${Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString('base64')}`;

/** After the tidy step. RFC 8693, section 2.2.1. `N_A` is for tokens that are not bearer tokens. */
const answerSchema = z.object({
  access_token: z.string().check(z.minLength(1), z.maxLength(64 * 1024)),
  token_type: z.string(),
  expires_in: z.optional(z.unknown()),
  scope: z.optional(z.string()),
});

const errorSchema = z.object({ error: z.string(), error_description: z.optional(z.string()) });

type Asked = {
  readonly issuer: string;
  readonly endpoint: URL;
  readonly scopes: string;
  readonly now: Date;
  /** What the issuer was sent, and may repeat. */
  readonly secrets: readonly string[];
};

async function judged(
  answered: Response,
  { issuer, endpoint, scopes, now, secrets }: Asked,
): Promise<TokenExchangeResult> {
  const { host } = endpoint;
  const response = await tidyAnswer(answered, 'token');
  const { status } = response;
  const body: unknown = await response.json().catch(() => undefined);
  if (status !== 200) return refusalOf(status, body, { host, secrets });
  const answer = answerSchema.safeParse(body);
  if (!answer.success || answer.data.token_type.toLowerCase() !== 'bearer')
    return {
      kind: 'refused',
      message: `${host} answered the token exchange without a bearer token.`,
    };
  const { access_token: accessToken, expires_in: seconds, scope } = answer.data;
  const named = issuerOf(accessToken) ?? 'none';
  if (!sameIssuer(named, issuer)) {
    // It chose this text knowing the person's token.
    const theirs = sentenceRepeats(named, secrets) ? 'another issuer' : oneLine(named, 200);
    return {
      kind: 'refused',
      message: `${host} gave a token that names ${theirs} as its issuer, not ${oneLine(issuer, 200)} (spec.auth.tokenExchange).`,
    };
  }
  return defined({
    kind: 'exchanged',
    tokens: { accessToken },
    scopes: scopesIn(scope ?? scopes),
    expiresAt: expiryAfter(seconds, now),
  });
}

/** What passes by itself ends nothing, as at a refresh. */
function refusalOf(
  status: number,
  body: unknown,
  { host, secrets }: { readonly host: string; readonly secrets: readonly string[] },
): TokenExchangeResult {
  const { error, error_description: words = '' } = errorSchema.safeParse(body).data ?? {};
  if (passesByItself(status, error))
    return {
      kind: 'unavailable',
      message: `${host} answered HTTP ${String(status)} to the token exchange.`,
    };
  const known = knownErrorCode(error);
  const code = known === undefined ? `HTTP ${String(status)}` : `${known}, HTTP ${String(status)}`;
  const description = sentenceRepeats(words, secrets)
    ? ''
    : oneLineWithoutSecrets(words, 300).replace(/\.$/, '');
  const said = description === '' ? '' : ` It says: ${description}.`;
  return { kind: 'refused', message: `${host} refused the token exchange: ${code}.${said}` };
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
