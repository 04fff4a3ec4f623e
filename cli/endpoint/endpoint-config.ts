import type { Config } from '../../functions/model/wire/person-wire.ts';
import { isAddedParameter } from '../../functions/model/authorization-parameters.ts';
import { anyPortRedirect, loopbackRedirect } from '../../functions/model/loopback-redirect.ts';
import { oneLine } from '../../functions/model/outside-text.ts';
import { isConfig } from '../api/guards.ts';
import { notOurs } from '../api/mcpservers.ts';
import { request, RequestFailure } from '../api/request.ts';
import { CliError, exitCodes } from '../context.ts';
import { webAddress } from './web-address.ts';

/** What the endpoint says about signing in to it, vetted. Throws as `vettedConfig`. */
export async function readConfig(endpoint: string): Promise<Config> {
  const config = await request({ method: 'GET', url: `${endpoint}/v1/config` }).catch(notSignIn);
  if (!isConfig(config)) throw notOurs(endpoint);
  return vettedConfig(config, endpoint);
}

/** Every endpoint answers this to everyone: what asks for a sign-in here is something else. */
function notSignIn(error: unknown): undefined {
  if (!(error instanceof RequestFailure && error.status === 401)) throw error;
}

/**
 * The configuration, if a sign-in may begin with it. Throws with exit code 3 and the reason where
 * the endpoint names
 * - an issuer that is no safe address, or has a query or a fragment (OpenID Connect Discovery 1.0,
 *   section 2);
 * - a client id or a scope with characters that neither may have (RFC 6749, appendix A), or more
 *   than 100 scopes;
 * - a redirect that is no loopback address, a parameter that carries the sign-in itself, or an
 *   audience beside the resource;
 * - a resource (RFC 8707) that is not the endpoint itself: the access token of this sign-in would
 *   be valid elsewhere, and the endpoint could use it there.
 */
export function vettedConfig(config: Config, endpoint: string): Config {
  const { issuer, clientId, scopes, optionalScopes = [], resource } = config;
  const issuerUrl = webAddress(issuer, endpoint);
  if (issuerUrl === undefined || issuerUrl.search !== '' || issuerUrl.hash !== '')
    throw refused(
      endpoint,
      `the issuer ${oneLine(issuer, 200)}, which is not a safe https address`,
    );
  if (!/^[\x20-\x7e]{1,256}$/.test(clientId))
    throw refused(endpoint, 'a client ID that is too long or has unusual characters');
  const all = [...scopes, ...optionalScopes];
  if (all.length > 100 || !all.every((scope) => scopeToken.test(scope)))
    throw refused(endpoint, 'scopes that are too many, too long, or have unusual characters');
  const { redirect = anyPortRedirect, publicClientSecret = '-' } = config;
  if (loopbackRedirect(redirect) === undefined)
    throw refused(endpoint, `the redirect ${oneLine(redirect, 200)}, which is not on this machine`);
  if (!/^[\x21-\x7e]{1,256}$/.test(publicClientSecret))
    throw refused(endpoint, 'a client secret that is too long or has unusual characters');
  const odd = oddParameter(config);
  if (odd !== undefined)
    throw refused(endpoint, `the parameter ${oneLine(odd, 60)}, which it may not set`);
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

/**
 * The first parameter that an endpoint may not add. An access token for another audience would go
 * to the endpoint, which could use it there.
 */
function oddParameter({ parameters = {}, resource }: Config): string | undefined {
  const given = Object.entries(parameters);
  const isOdd = ([name, value]: readonly [string, string]) =>
    !isAddedParameter(name) ||
    !/^[\x20-\x7e]{0,500}$/.test(value) ||
    (name === 'audience' && resource !== undefined && value !== resource);
  return given.length > 20 ? 'number 21' : given.find(isOdd)?.[0];
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
