import { webAddress } from './web-address.ts';
import { CliError, exitCodes } from '../context.ts';
import { isRecord } from '../../functions/model/json.ts';
import { oneLineWithoutSecrets } from '../../functions/model/outside-text.ts';
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
};

/**
 * Fetches the metadata of the issuer (OpenID Connect Discovery 1.0, section 4). Throws unless it
 * names exactly this issuer, supports PKCE with S256, and has https endpoints (http on this machine
 * only).
 */
export async function discoverIssuer(issuer: string): Promise<Issuer> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  if (webAddress(url, url) === undefined)
    throw untrusted(`The issuer ${issuer} does not use https.`);
  const metadata = await request({ method: 'GET', url });
  if (!isRecord(metadata)) throw untrusted(`${issuer} returned no OpenID Connect metadata.`);
  const authorizationEndpoint = metadata['authorization_endpoint'];
  const tokenEndpoint = metadata['token_endpoint'];
  const deviceEndpoint = metadata['device_authorization_endpoint'];
  const methods = metadata['code_challenge_methods_supported'];
  if (metadata['issuer'] !== issuer)
    throw untrusted(`The metadata of ${issuer} names another issuer.`);
  const isEndpoint = (value: unknown): value is string =>
    typeof value === 'string' && webAddress(value, issuer) !== undefined;
  if (!isEndpoint(authorizationEndpoint) || !isEndpoint(tokenEndpoint))
    throw untrusted(`The metadata of ${issuer} has no usable endpoints.`);
  if (!Array.isArray(methods) || !methods.includes('S256'))
    throw untrusted(`${issuer} does not support PKCE with S256.`);
  const prompts = metadata['prompt_values_supported'];
  return defined({
    issuer,
    authorizationEndpoint,
    tokenEndpoint,
    deviceEndpoint: isEndpoint(deviceEndpoint) ? deviceEndpoint : undefined,
    namesItself: metadata['authorization_response_iss_parameter_supported'] === true,
    asksForConsent: Array.isArray(prompts) && prompts.includes('consent'),
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
    }
  /** `error` and `error_description` of RFC 6749, section 5.2. */
  | { readonly kind: 'refused'; readonly error: string; readonly description?: string };

/**
 * Sends one form to the token endpoint. Throws when the response is neither tokens nor a refusal.
 */
export async function askForTokens(
  issuer: Issuer,
  form: Readonly<Record<string, string>>,
): Promise<GrantResult> {
  const answer = await exchange({
    method: 'POST',
    url: issuer.tokenEndpoint,
    body: new URLSearchParams(form),
  });
  return grantedIn(answer, issuer);
}

function grantedIn({ status, body }: HttpResponse, { issuer }: Issuer): GrantResult {
  const said = isRecord(body) ? body : {};
  if (status === 200) {
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
    });
  }
  const error = said['error'];
  const description = said['error_description'];
  if (status >= 500 || typeof error !== 'string') {
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
