import { webAddress } from '../endpoint/web-address.ts';
import { CliError, exitCodes } from '../context.ts';
import { isRecord } from '../../functions/model/json.ts';
import { oneLine, oneLineWithoutSecrets } from '../../functions/model/outside-text.ts';
import { spanFromOutside } from '../../functions/model/outside-time.ts';
import { type HttpResponse, exchange, request } from '../api/request.ts';
import { defined } from '../../functions/model/defined.ts';

/** What the command line uses of an issuer's metadata. */
export type Issuer = {
  readonly issuer: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  /** Device authorization (RFC 8628), where it is offered. */
  readonly deviceEndpoint?: string;
  /** Whether responses of the authorization endpoint name the issuer (RFC 9207). */
  readonly namesItself: boolean;
  /** Whether it supports `prompt=consent`. */
  readonly asksForConsent: boolean;
  /** Absent: it publishes no list. */
  readonly scopes?: readonly string[];
};

/** The client of the command line at an issuer. */
export type OidcClient = {
  readonly clientId: string;
  /** Of a desktop client at an issuer without public clients. Anyone can read it. */
  readonly publicClientSecret?: string | undefined;
};

/**
 * Fetches the metadata of the issuer (OpenID Connect Discovery 1.0, section 4). Throws unless it
 * names exactly this issuer and has https endpoints (http on this machine only), or if it lists
 * PKCE methods without S256. Without a list nothing is known: OpenID discovery has no such member,
 * and Cognito and Entra ID support S256 (typescript-sdk#832). PKCE is used in any case.
 */
export async function discoverIssuer(issuer: string): Promise<Issuer> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  if (webAddress(url, url) === undefined)
    throw untrusted(`The issuer ${issuer} does not use https.`);
  const metadata = await request({ method: 'GET', url, peer: 'issuer' });
  if (!isRecord(metadata)) throw untrusted(`${issuer} returned no OpenID Connect metadata.`);
  const authorizationEndpoint = metadata['authorization_endpoint'];
  const tokenEndpoint = metadata['token_endpoint'];
  const deviceEndpoint = metadata['device_authorization_endpoint'];
  const methods = metadata['code_challenge_methods_supported'];
  if (metadata['issuer'] !== issuer) throw otherName(issuer, metadata['issuer']);
  const isEndpoint = (value: unknown): value is string =>
    typeof value === 'string' && webAddress(value, issuer) !== undefined;
  if (!isEndpoint(authorizationEndpoint) || !isEndpoint(tokenEndpoint))
    throw untrusted(`The metadata of ${issuer} has no usable endpoints.`);
  if (Array.isArray(methods) && !methods.includes('S256'))
    throw untrusted(`${issuer} does not support PKCE with S256.`);
  const prompts = metadata['prompt_values_supported'];
  const scopes = metadata['scopes_supported'];
  return defined({
    issuer,
    authorizationEndpoint,
    tokenEndpoint,
    deviceEndpoint: isEndpoint(deviceEndpoint) ? deviceEndpoint : undefined,
    namesItself: metadata['authorization_response_iss_parameter_supported'] === true,
    asksForConsent: Array.isArray(prompts) && prompts.includes('consent'),
    scopes: Array.isArray(scopes) ? scopes.filter((scope) => typeof scope === 'string') : undefined,
  });
}

/**
 * Those of the optional scopes that this issuer knows. One that publishes no list may know
 * `offline_access`, and ignores it otherwise (OpenID Connect Core 1.0, section 11).
 */
export const knownScopes = (
  { scopes: known = ['offline_access'] }: Issuer,
  optional: readonly string[],
): readonly string[] => optional.filter((scope) => known.includes(scope));

/** Entra ID names the tenant by its ID, and for `common` no tenant at all. */
function otherName(issuer: string, named: unknown): CliError {
  const name = typeof named === 'string' ? oneLine(named, 200) : 'none';
  return new CliError(`The metadata of ${issuer} names another issuer: ${name}.`, {
    exitCode: exitCodes.signInFailed,
    hint: name.includes('{')
      ? 'Ask the owner of the muster endpoint to name one tenant in its setting OIDC_ISSUER.'
      : 'Ask the owner of the muster endpoint to set OIDC_ISSUER to exactly that name.',
  });
}

const untrusted = (message: string): CliError =>
  new CliError(message, {
    exitCode: exitCodes.signInFailed,
    hint: 'Ask the owner of the muster endpoint to check its setting OIDC_ISSUER.',
  });

/** The issuer does not know a scope that was requested, or does not allow it (`invalid_scope`). */
export class ScopeRefused extends CliError {
  constructor(issuer: string) {
    super(`${issuer} refused the sign-in: it does not allow one of the requested scopes.`, {
      exitCode: exitCodes.signInFailed,
      hint: 'Ask the owner of the muster endpoint to check its setting OIDC_SCOPES.',
    });
  }
}

/** What a token endpoint returned: tokens, or a refusal. */
export type GrantResult =
  | {
      readonly kind: 'granted';
      readonly idToken: string;
      readonly accessToken?: string;
      /** Of the access token. */
      readonly lifetimeMs?: number;
      readonly refreshToken?: string;
      /** When the issuer gave them, by its own clock. */
      readonly at?: Date;
    }
  /** `error` and `error_description` of RFC 6749, section 5.2. */
  | { readonly kind: 'refused'; readonly error: string; readonly description?: string };

/**
 * Sends one form to the token endpoint. Throws when the response is neither tokens nor a
 * refusal.
 */
export async function askForTokens(
  issuer: Issuer,
  { clientId, publicClientSecret }: OidcClient,
  form: Readonly<Record<string, string>>,
): Promise<GrantResult> {
  const answer = await exchange({
    method: 'POST',
    url: issuer.tokenEndpoint,
    body: new URLSearchParams(
      defined({ ...form, client_id: clientId, client_secret: publicClientSecret }),
    ),
  });
  return grantedIn(answer, issuer);
}

/** What says nothing about the grant, whatever the status is (RFC 6749, 4.1.2.1; RFC 8628, 3.5). */
const passing: ReadonlySet<string> = new Set(['temporarily_unavailable', 'server_error']);

function grantedIn({ status, body, date }: HttpResponse, { issuer }: Issuer): GrantResult {
  const said = isRecord(body) ? body : {};
  // Some issuers refuse with 200 (simple-oauth2#459).
  if (status === 200 && typeof said['error'] !== 'string') {
    const idToken = said['id_token'];
    const refreshToken = said['refresh_token'];
    if (typeof idToken !== 'string')
      return { kind: 'refused', error: 'no_id_token', description: 'the response has no ID token' };
    const accessToken = said['access_token'];
    const seconds = said['expires_in'];
    return defined({
      kind: 'granted',
      idToken,
      accessToken: typeof accessToken === 'string' ? accessToken : undefined,
      lifetimeMs: spanFromOutside(seconds),
      refreshToken: typeof refreshToken === 'string' ? refreshToken : undefined,
      at: date,
    });
  }
  const error = said['error'];
  const description = said['error_description'];
  const isPassing = status >= 500 || status === 408 || status === 425 || status === 429;
  if (isPassing || typeof error !== 'string' || passing.has(error)) {
    throw new CliError(`The token endpoint of ${issuer} responded with HTTP ${String(status)}.`, {
      hint: 'Try again in a minute.',
    });
  }
  return defined({
    kind: 'refused',
    // A code of RFC 6749 is compared; anything else is only shown.
    error: /^[a-z_]{1,60}$/.test(error) ? error : oneLineWithoutSecrets(error, 100),
    description:
      typeof description === 'string' ? oneLineWithoutSecrets(description, 300) : undefined,
  });
}
