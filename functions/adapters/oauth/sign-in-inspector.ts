import type * as oauth from 'oauth4webapi';
import { defined } from '../../model/defined.ts';
import { sameIssuer } from '../../model/issuer-identifier.ts';
import type { McpServer } from '../../model/mcpserver.ts';
import type { FindingId } from '../../model/sign-in-findings.ts';
import type { ClientOutlook, SignInObservation } from '../../sessions/sign-in-observation.ts';
import { clientOutlook } from './client-outlook.ts';
import { discoverIssuer } from './issuer-discovery.ts';
import { findSignInTarget, issuerFailure, type SignInTarget, unusableIssuer } from './metadata.ts';
import { authorizationUrl, scopesFor } from './authorization-url.ts';
import { type OAuthOptions, withDeadline } from './oauth-client.ts';
import { type IssuerRule, noIssuerRules } from '../../model/issuer-rules.ts';
import { SignInError, type SignInFailure } from './signin-error.ts';

/**
 * Gives the function that goes the way of a sign-in to a server up to the address that the browser
 * would open. One request without a token to the server, GETs of metadata, one read of the table:
 * nothing is registered and nothing is written. What is wrong is in the result. Throws the errors
 * of the table.
 */
export const signInInspector =
  (all: OAuthOptions) =>
  async (server: McpServer, url: URL): Promise<SignInObservation> => {
    const options = withDeadline(all);
    let target: SignInTarget;
    try {
      target = await findSignInTarget(server, url, options);
    } catch (error) {
      if (!(error instanceof SignInError)) throw error;
      return defined({ ...error.report, failure: failureOf(error.failure, error.message) });
    }
    const seen = defined({
      resource: target.report,
      target: { ...target, from: originOf(server, target) },
    });
    const { issuer } = target;
    const unusable = unusableIssuer(issuer, options);
    if (unusable !== undefined) return { ...seen, failure: failureOf(unusable) };
    const { metadata, ...report } = await discoverIssuer(issuer, options);
    if (metadata === undefined)
      return { ...seen, issuer: report, failure: failureOf(issuerFailure(report)) };
    const client = await clientOutlook(metadata, options);
    return defined({
      ...seen,
      issuer: {
        ...report,
        named: metadata.issuer,
        pkce:
          metadata.code_challenge_methods_supported === undefined
            ? ('bySetting' as const)
            : ('listed' as const),
      },
      client,
      authorizationRequest: await requestFor(
        metadata,
        (options.issuerRules ?? noIssuerRules)(metadata.issuer),
        client,
        target,
      ),
    });
  };

function originOf(
  server: McpServer,
  { issuer, report }: SignInTarget,
): 'pin' | 'server' | 'origin' {
  if (server.auth?.authorizationServer !== undefined) return 'pin';
  const named = report?.metadata?.issuers ?? [];
  return named.some((one) => sameIssuer(one, issuer)) ? 'server' : 'origin';
}

/** As a sign-in builds it, without what belongs to one sign-in only. */
async function requestFor(
  metadata: oauth.AuthorizationServer,
  rule: IssuerRule,
  client: ClientOutlook,
  { resource, scopes }: SignInTarget,
): Promise<string | undefined> {
  if (client.kind === 'missing' || client.kind === 'unsupported') return undefined;
  const url = await authorizationUrl(
    metadata,
    rule,
    {
      issuer: metadata.issuer,
      clientId: client.kind === 'registrable' ? '' : client.clientId,
      redirectUri: client.callback,
      resource,
      scopes: scopesFor(metadata, rule, scopes),
      verifier: 'x',
      isNamed: false,
    },
    '',
  );
  for (const name of ['state', 'code_challenge']) url.searchParams.delete(name);
  if (client.kind === 'registrable') url.searchParams.delete('client_id');
  return url.href;
}

const failureOf = (
  failure: SignInFailure,
  message: string = new SignInError(failure).message,
): NonNullable<SignInObservation['failure']> => ({ finding: findingFor(failure), message });

/** What ends discovery. The rest of the failures belong to requests that the check does not send. */
function findingFor(failure: SignInFailure): FindingId {
  switch (failure.reason) {
    case 'invalidServerUrl':
    case 'insecureServer':
      return 'server-url-unusable';
    case 'requestFailed':
      return 'server-unavailable';
    case 'serverUnavailable':
      return 'resource-metadata-unavailable';
    case 'insideCluster':
      return 'issuer-inside-cluster';
    case 'noIssuerNamed':
      return 'no-issuer-named';
    case 'issuerNotPinned':
      return 'issuer-contradicted';
    case 'otherResource':
      return 'resource-mismatch';
    case 'insecureIssuer':
    case 'issuerTooLong':
      return 'issuer-unusable';
    case 'insecureEndpoint':
      return 'issuer-endpoint-insecure';
    case 'noIssuerMetadata':
      return 'issuer-metadata-missing';
    case 'issuerUnavailable':
      return 'issuer-unavailable';
    case 'issuerMismatch':
      return 'issuer-mismatch';
    case 'noPkce':
      return failure.listed === undefined ? 'pkce-not-listed' : 'pkce-unsupported';
    case 'noRegistration':
      return 'client-missing';
    case 'unsupportedAuthentication':
      return 'client-authentication-unsupported';
    case 'unsupportedRegistration':
    case 'registrationGone':
    case 'callbackMismatch':
    case 'notBearer':
    case 'tokensTooLong':
    case 'signInRefused':
    case 'refusedByIssuer':
    case 'unusableAnswer':
    case 'unsupportedAnswer':
      return 'issuer-unavailable';
  }
}
