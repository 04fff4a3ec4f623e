/**
 * Token exchange (RFC 8693) on a local issuer, with the parameters and the answer that Dex
 * documents. No Dex is involved.
 */
import {
  createRemoteJWKSet,
  errors as joseErrors,
  importJWK,
  type JWK,
  jwtVerify,
  SignJWT,
} from 'jose';
import { type ClientMetadata, errors, type KoaContextWithOIDC, type Provider } from 'oidc-provider';

export type Exchange = {
  /**
   * Issuer of the ID tokens that are taken, and the client they were made for: a Dex connector has
   * both in its configuration.
   */
  readonly trusts: string;
  readonly audience: string;
  readonly connectorId: string;
  readonly tokenSeconds?: number;
  /** Another issuer in the tokens than the one that makes them: how a test plays a mix-up. */
  readonly claimedIssuer?: string;
};

const grantType = 'urn:ietf:params:oauth:grant-type:token-exchange';

/** A confidential client that may only exchange tokens. */
export const exchangeClient: ClientMetadata = {
  client_id: 'muster-exchange',
  client_secret: 'the-client-secret-of-muster-exchange',
  grant_types: [grantType],
  response_types: [],
  redirect_uris: [],
  token_endpoint_auth_method: 'client_secret_basic',
};

const tokenTypes = [
  'urn:ietf:params:oauth:token-type:access_token',
  'urn:ietf:params:oauth:token-type:id_token',
];
const parameters = [
  'connector_id',
  'scope',
  'requested_token_type',
  'subject_token',
  'subject_token_type',
];

export function offerExchange(provider: Provider, exchange: Exchange, key: JWK): void {
  const keys = createRemoteJWKSet(new URL(`${exchange.trusts}/jwks`));
  provider.registerGrantType(
    grantType,
    async (context) => {
      const asked = readParameters(context, exchange);
      const subject = await subjectOf(asked.token, keys, exchange);
      const { tokenSeconds = 3_600, claimedIssuer = provider.issuer } = exchange;
      const token = await new SignJWT({ email: `${subject}@example.com` })
        .setProtectedHeader({ alg: 'ES256' })
        .setIssuer(claimedIssuer)
        .setAudience(context.oidc.client?.clientId ?? '')
        .setSubject(subject)
        .setIssuedAt()
        .setExpirationTime(`${String(tokenSeconds)}s`)
        .sign(await importJWK(key, 'ES256'));
      context.body = {
        access_token: token,
        issued_token_type: asked.wanted,
        token_type: 'bearer',
        expires_in: tokenSeconds,
      };
    },
    parameters,
  );
}

function readParameters({ oidc }: KoaContextWithOIDC, { connectorId }: Exchange) {
  const [connector, , wanted, token, type] = parameters.map((name) => oidc.params?.[name]);
  if (typeof token !== 'string' || typeof wanted !== 'string' || !tokenTypes.includes(wanted))
    throw new errors.InvalidRequest('subject_token or requested_token_type is missing');
  if (type !== tokenTypes[1])
    throw new errors.InvalidRequest('subject_token_type is not supported');
  if (connector !== connectorId) throw new errors.InvalidRequest('no such connector');
  return { token, wanted };
}

async function subjectOf(
  token: string,
  keys: ReturnType<typeof createRemoteJWKSet>,
  { trusts, audience }: Exchange,
): Promise<string> {
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer: trusts,
      audience,
      requiredClaims: ['sub'],
    });
    return payload.sub ?? '';
  } catch (error) {
    if (error instanceof joseErrors.JOSEError)
      throw new errors.InvalidGrant('the subject token is not accepted');
    throw error;
  }
}
