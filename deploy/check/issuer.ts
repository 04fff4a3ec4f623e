import { randomBytes } from 'node:crypto';
import { discoverIssuer, type Issuer, knownScopes } from '../../cli/auth/oidc-client.ts';
import { CliError } from '../../cli/context.ts';
import { knownErrorCode } from '../../functions/model/oauth-error-codes.ts';
import { anyPortRedirect, loopbackRedirect } from '../../functions/model/loopback-redirect.ts';
import { SettingError } from '../../functions/model/setting-reader.ts';
import { apiSettingsOf } from './function-settings.ts';
import type { Checked } from './run-checks.ts';
import { type Finding, findingsOf } from './finding.ts';

const { ok, problem, unknown } = findingsOf('issuer');

/** Whether people could sign in: what the issuer publishes, and how it takes our client. */
export async function checkIssuer({
  environment,
}: Pick<Checked, 'environment'>): Promise<readonly Finding[]> {
  const { OIDC_ISSUER: address, OIDC_CLIENT_ID: clientId } = environment;
  // The arguments report them.
  if (!address || !clientId) return [];
  if (!URL.canParse(address))
    return [
      problem(
        `OIDC_ISSUER is "${address}", which is not an address.`,
        'Set it in .env, for example: OIDC_ISSUER=https://login.example.com',
      ),
    ];
  let issuer: Issuer;
  try {
    issuer = await discoverIssuer(address);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return [
      problem(
        error.message,
        `Compare OIDC_ISSUER in .env with the member issuer of its metadata: curl ${address.replace(/\/$/, '')}/.well-known/openid-configuration`,
      ),
    ];
  }
  const found = ok(`${address} publishes its metadata, with PKCE by S256.`);
  try {
    return [found, await checkClient(issuer, clientId, environment)];
  } catch (error) {
    // The environment of the functions is a check of its own.
    if (error instanceof SettingError) return [found];
    throw error;
  }
}

/**
 * Asks for a sign-in without a person (`prompt=none`, OpenID Connect Core 1.0, section 3.1.2.1): an
 * issuer that knows the client and the redirect address sends the browser back there with an error,
 * or shows its page. One that does not know them must not (RFC 6749, section 4.1.2.1).
 */
async function checkClient(
  issuer: Issuer,
  clientId: string,
  environment: Checked['environment'],
): Promise<Finding> {
  const { scopes, optionalScopes, redirect, parameters } = apiSettingsOf(
    onlyOidc(environment),
  ).signIn;
  const redirectUri = (loopbackRedirect(redirect) ?? loopbackRedirect(anyPortRedirect))?.addressAt(
    loopbackRedirect(redirect)?.port || portOfNobody,
  );
  const address = new URL(issuer.authorizationEndpoint);
  const request = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri ?? redirect,
    scope: [...scopes, ...knownScopes(issuer, optionalScopes)].join(' '),
    state: random(),
    nonce: random(),
    code_challenge: random(),
    code_challenge_method: 'S256',
    ...parameters,
    prompt: 'none',
  };
  for (const [name, value] of Object.entries(request)) address.searchParams.set(name, value);
  let response: Response;
  try {
    const signal = AbortSignal.timeout(15_000);
    response = await fetch(address, { redirect: 'manual', signal });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return unknown(
      `The sign-in page of ${issuer.issuer} did not answer.`,
      `Open ${new URL(issuer.authorizationEndpoint).origin} in a browser.`,
    );
  }
  return judgeSignInPage({
    issuer: issuer.issuer,
    clientId,
    redirectUri: request.redirect_uri,
    registered: redirect,
    status: response.status,
    location: locationOf(response, address),
    page: response.status < 300 || response.status >= 400 ? await response.text() : '',
  });
}

function locationOf(response: Response, from: URL): URL | undefined {
  const location = response.headers.get('location');
  return location === null ? undefined : (URL.parse(location, from.href) ?? undefined);
}

const onlyOidc = (environment: Checked['environment']): Checked['environment'] =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => name.startsWith('OIDC_')));

/** What the authorization endpoint answered. `page` is text from outside, which is only searched. */
export type SignInPage = {
  readonly issuer: string;
  readonly clientId: string;
  readonly redirectUri: string;
  /** The same as in the settings, without the port of this request. */
  readonly registered: string;
  readonly status: number;
  readonly location: URL | undefined;
  readonly page: string;
};

export function judgeSignInPage(answer: SignInPage): Finding {
  const { issuer, clientId, redirectUri, registered, status, location, page } = answer;
  const named = `the client ${clientId} and the redirect address ${registered}`;
  const register = `Register at ${issuer} a public client ${clientId} (OIDC_CLIENT_ID) with the redirect address ${registered} (OIDC_REDIRECT). See docs/single-sign-on.md#connect-your-issuer`;
  if (location?.href.startsWith(redirectUri)) {
    const error = location.searchParams.get('error');
    if (error === null || personRequired.has(error)) return ok(`${issuer} accepts ${named}.`);
    const code = knownErrorCode(error) ?? 'an error';
    return error === 'invalid_scope'
      ? problem(`${issuer} refuses the scopes of the sign-in.`, 'Correct OIDC_SCOPES in .env.')
      : problem(`${issuer} refuses the sign-in (${code}).`, register);
  }
  const said = refusedIn(location === undefined ? page : decoded(location));
  if (said !== undefined) return problem(`${issuer} refuses ${named} (${said}).`, register);
  if (status >= 500 || status === 429)
    return unknown(
      `The sign-in page of ${issuer} answered ${status}.`,
      'Run the check again in a minute.',
    );
  if (status >= 400) return problem(`${issuer} refuses ${named} (HTTP ${status}).`, register);
  return ok(
    `${issuer} shows its sign-in page for ${named}. Only a sign-in shows whether it returns there.`,
  );
}

/** Client and redirect address are known; only the person is not there (OpenID Connect Core). */
const personRequired: ReadonlySet<string> = new Set([
  'account_selection_required',
  'consent_required',
  'interaction_required',
  'login_required',
]);

/** Words with which issuers refuse on a page of their own, or on the way to it. */
const refusals = [
  // Entra ID: redirect address, application.
  'AADSTS50011',
  'AADSTS700016',
  // Cognito, Google, Auth0, Okta, Dex, Keycloak.
  'redirect_mismatch',
  'redirect_uri_mismatch',
  'invalid_redirect_uri',
  'invalid_client',
  'unauthorized_client',
  'unregistered redirect_uri',
  'invalid client_id',
  'client not found',
  'invalid parameter: redirect_uri',
  'callback url mismatch',
] as const;

function refusedIn(text: string): string | undefined {
  const lower = text.toLowerCase();
  return refusals.find((word) => lower.includes(word.toLowerCase()));
}

/** A path and a query that are not encoded as URLs are searched as they are. */
function decoded({ pathname, search }: URL): string {
  try {
    return decodeURIComponent(`${pathname}${search}`.replaceAll('+', ' '));
  } catch {
    return `${pathname}${search}`;
  }
}

/** A browser is never sent there: nobody follows the redirect of this check. */
const portOfNobody = 49_152;

const random = (): string => randomBytes(32).toString('base64url');
