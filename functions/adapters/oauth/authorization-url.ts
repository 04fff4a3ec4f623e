import * as oauth from 'oauth4webapi';
import { defined } from '../../model/defined.ts';
import type { IssuerRule } from '../../model/issuer-rules.ts';
import { validScopes } from '../../model/scopes.ts';
import type { AuthorizationRequest } from '../../sessions/pending-sign-in.ts';
import { resourceFor } from './token-requests.ts';

/**
 * The scopes of a sign-in: what the server names, what the owner adds, and `offline_access` where
 * the issuer lists it. Without that, some issuers give no refresh token (SEP-2207, oh-my-pi#9909,
 * medplum#9183, Dex). Where no scope is named, the issuer's default ones stay what is asked for.
 */
export function scopesFor(
  { scopes_supported: listed = [] }: oauth.AuthorizationServer,
  { scopes = [] }: IssuerRule,
  named: readonly string[],
): readonly string[] {
  const all = validScopes([...named, ...scopes]);
  return all.length > 0 && listed.includes(offline) ? [...new Set([...all, offline])] : all;
}

const offline = 'offline_access';

/**
 * Where the browser goes: PKCE with S256, `resource` (RFC 8707), and the parameters that the owner
 * adds for this issuer.
 */
export async function authorizationUrl(
  metadata: oauth.AuthorizationServer,
  rule: IssuerRule,
  request: AuthorizationRequest,
  state: string,
): Promise<URL> {
  const { scopes } = request;
  const url = new URL(metadata.authorization_endpoint ?? '');
  const parameters = {
    // OpenID Connect Core, section 11: without consent, offline_access is ignored.
    ...(scopes.includes('openid') && scopes.includes(offline) ? { prompt: 'consent' } : {}),
    ...rule.parameters,
    ...defined({
      response_type: 'code',
      client_id: request.clientId,
      redirect_uri: request.redirectUri,
      state,
      code_challenge: await oauth.calculatePKCECodeChallenge(request.verifier),
      code_challenge_method: 'S256',
      scope: scopes.length === 0 ? undefined : scopes.join(' '),
    }),
    ...resourceFor(request, rule),
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url;
}
