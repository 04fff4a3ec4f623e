import type { Config } from '../../functions/model/wire.ts';
import { oneLine } from '../../functions/model/outside-text.ts';
import { isConfig } from '../api/guards.ts';
import { notOurs } from '../api/mcpservers.ts';
import { request } from '../api/request.ts';
import { CliError, exitCodes } from '../context.ts';
import { webAddress } from './web-address.ts';

/** What the endpoint says about signing in to it, vetted. Throws as `vettedConfig`. */
export async function readConfig(endpoint: string): Promise<Config> {
  const config = await request({ method: 'GET', url: `${endpoint}/v1/config` });
  if (!isConfig(config)) throw notOurs(endpoint);
  return vettedConfig(config, endpoint);
}

/**
 * The configuration, if a sign-in may begin with it. Throws with exit code 3 and the reason where
 * the endpoint names
 * - an issuer that is no safe address, or has a query or a fragment (OpenID Connect Discovery 1.0,
 *   section 2);
 * - a client id or a scope with characters that neither may have (RFC 6749, appendix A), or more
 *   than 100 scopes;
 * - a resource (RFC 8707) that is not the endpoint itself: the access token of this sign-in would
 *   be valid elsewhere, and the endpoint could use it there.
 */
export function vettedConfig(config: Config, endpoint: string): Config {
  const { issuer, clientId, scopes, resource } = config;
  const issuerUrl = webAddress(issuer, endpoint);
  if (issuerUrl === undefined || issuerUrl.search !== '' || issuerUrl.hash !== '')
    throw refused(
      endpoint,
      `the issuer ${oneLine(issuer, 200)}, which is not a safe https address`,
    );
  if (!/^[\x20-\x7e]{1,256}$/.test(clientId))
    throw refused(endpoint, 'a client ID that is too long or has unusual characters');
  if (scopes.length > 100 || !scopes.every((scope) => scopeToken.test(scope)))
    throw refused(endpoint, 'scopes that are too many, too long, or have unusual characters');
  if (resource !== undefined && !isOwn(resource, endpoint))
    throw new CliError(
      `${endpoint} asks for an access token for ${oneLine(resource, 200)}. That is another address, so the sign-in was refused.`,
      {
        exitCode: exitCodes.signInFailed,
        hint: `Ask its owner: BEARER_AUDIENCE must be ${new URL(endpoint).origin}, or an address below it.`,
      },
    );
  return config;
}

/** RFC 6749, section 3.3. */
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/;

/** The endpoint's own address, or one below it. */
function isOwn(resource: string, endpoint: string): boolean {
  const named = webAddress(resource, endpoint);
  if (named === undefined || named.search !== '' || named.hash !== '') return false;
  const own = new URL(endpoint);
  const below = own.pathname.replace(/\/*$/, '/');
  return named.origin === own.origin && `${named.pathname.replace(/\/*$/, '')}/`.startsWith(below);
}

const refused = (endpoint: string, what: string): CliError =>
  new CliError(`${endpoint} names ${what}. The sign-in was refused.`, {
    exitCode: exitCodes.signInFailed,
    hint: 'Ask the owner of the endpoint.',
  });
