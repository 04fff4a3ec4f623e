import type * as oauth from 'oauth4webapi';
import { resourceOf } from '../../model/canonical-resource.ts';
import { defined } from '../../model/defined.ts';
import { sameIssuer } from '../../model/issuer-identifier.ts';
import type { McpServer } from '../../model/mcpserver.ts';
import { oneLine } from '../../model/outside-text.ts';
import { scopesIn } from '../../model/scopes.ts';
import { inClusterName } from '../../model/service-name.ts';
import { shownUrl } from '../../model/shown-url.ts';
import {
  type IssuerReport,
  mayPass,
  type ResourceReport,
  triedText,
} from '../../model/discovery-report.ts';
import { discoverIssuer, type IssuerOptions, issuersOfOrigin } from './issuer-discovery.ts';
import { discoverResource, type DiscoveryOptions } from './resource-discovery.ts';
import { SignInError, type SignInFailure } from './signin-error.ts';
import { isSafe, type TransportOptions } from './transport.ts';

/** Where to sign in to a server, and what for. */
export type SignInTarget = {
  /** As the server or its owner names it; the metadata has the form of the issuer itself. */
  readonly issuer: string;
  /** There where finding the target took the issuer's metadata. */
  readonly metadata?: oauth.AuthorizationServer;
  /** RFC 8707: the audience of the token. */
  readonly resource: string;
  readonly scopes: readonly string[];
  /** Absent where the server could not be asked: it has a name inside the cluster. */
  readonly report?: ResourceReport;
};

export type TargetOptions = DiscoveryOptions &
  IssuerOptions & {
    /** Issuers where the owner registered a client by hand: they come before the others. */
    readonly configured?: readonly { readonly issuer: string }[];
    /** By which names inside the cluster are recognized. */
    readonly clusterDomain?: string;
  };

/**
 * Finds the issuer of a server. `spec.auth.authorizationServer` decides where it is there: it
 * stands in for a server that names none, and a server must not contradict it. Else the server's
 * own metadata decides (RFC 9728), and for a server without any its own origin, as in MCP
 * 2025-03-26 and the MCP SDKs: the server that answers there also gets the token. Of several
 * issuers the first one whose metadata can be used is taken (RFC 9728, section 7.6, leaves it to
 * the client). Throws `SignInError` with everything that was tried.
 */
export async function findSignInTarget(
  server: McpServer,
  url: URL,
  options: TargetOptions,
): Promise<SignInTarget> {
  const { clusterDomain = 'cluster.local' } = options;
  const pin = server.auth?.authorizationServer;
  // Nothing of a person's sign-in goes through the API server: only its owner can name the issuer.
  if (inClusterName(url.href, clusterDomain) !== undefined) {
    if (pin === undefined) throw new SignInError({ reason: 'insideCluster', host: url.host });
    const scopes = listed(pin.scopes) ?? [];
    return { issuer: pin.issuer, resource: resourceOf(url), scopes };
  }
  const report = await discoverResource(server, url, options);
  const found = await issuersFor(report, url, pin?.issuer, options);
  const { challengeScope, metadata } = found.report;
  return defined({
    ...(await firstUsable(found.issuers, found.report, options)),
    resource: metadata?.resource ?? resourceOf(url),
    scopes: listed(challengeScope) ?? listed(pin?.scopes) ?? metadata?.scopes ?? [],
    report: found.report,
  });
}

const listed = (text: string | undefined) => (text === undefined ? undefined : scopesIn(text));

type Seen = Awaited<ReturnType<typeof discoverResource>>;

async function issuersFor(
  report: Seen,
  url: URL,
  pinned: string | undefined,
  options: TargetOptions,
): Promise<{ readonly issuers: readonly string[]; readonly report: Seen }> {
  const named = report.metadata?.issuers ?? [];
  const { host } = url;
  const refused = (failure: SignInFailure, resource: ResourceReport = report) =>
    new SignInError(failure, { report: { resource } });
  if (pinned !== undefined) {
    if (named.length > 0 && !named.some((one) => sameIssuer(one, pinned)))
      throw refused({
        reason: 'issuerNotPinned',
        host,
        named: named.slice(0, 3).map((one) => oneLine(one, 200)),
        pinned: oneLine(pinned, 200),
      });
    return { issuers: [pinned], report };
  }
  if (named.length > 0) return { issuers: preferred(named, options), report };
  for (const { address, answer } of report.places)
    if (answer.kind === 'otherResource')
      throw refused({
        reason: 'otherResource',
        address,
        named: answer.named,
        url: shownUrl(url.href),
      });
  const tried = triedText(report.places);
  // What it would name is not known: its own origin must not stand in for that.
  if (report.places.some((place) => place.of === 'server' && mayPass(place)))
    throw refused({ reason: 'serverUnavailable', host, tried });
  const origin = await issuersOfOrigin(url, options);
  const whole = { ...report, places: [...report.places, ...origin.places] };
  if (origin.issuer === undefined)
    throw refused({ reason: 'noIssuerNamed', host, tried: triedText(whole.places) }, whole);
  return { issuers: [origin.issuer], report: whole };
}

/** Ten are more than anyone lists. */
const mostIssuers = 10;

const preferred = (
  named: readonly string[],
  { configured = [] }: TargetOptions,
): readonly string[] => {
  const isConfigured = (issuer: string) =>
    configured.some((client) => sameIssuer(client.issuer, issuer));
  const all = [...new Set(named)];
  return [...all.filter(isConfigured), ...all.filter((one) => !isConfigured(one))].slice(
    0,
    mostIssuers,
  );
};

/** The only one is not asked here: the caller that wants its metadata asks it next. */
async function firstUsable(
  issuers: readonly string[],
  resource: ResourceReport,
  options: TargetOptions,
): Promise<{ readonly issuer: string; readonly metadata?: oauth.AuthorizationServer }> {
  const [first = '', ...others] = issuers;
  if (others.length === 0) return { issuer: first };
  let failure: SignInError | undefined;
  for (const issuer of issuers)
    try {
      return { issuer, metadata: await findIssuer(issuer, options) };
    } catch (error) {
      if (!(error instanceof SignInError)) throw error;
      failure ??= new SignInError(error.failure, { report: { ...error.report, resource } });
    }
  throw failure ?? new SignInError({ reason: 'insecureIssuer' });
}

/**
 * The metadata of an issuer (RFC 8414, OpenID Connect Discovery). It names that issuer and supports
 * PKCE with S256; `issuer` in it is the form that the issuer itself uses. Throws `SignInError` with
 * everything that was tried.
 */
export async function findIssuer(
  issuer: string,
  options: IssuerOptions,
): Promise<oauth.AuthorizationServer> {
  const unusable = unusableIssuer(issuer, options);
  if (unusable !== undefined) throw new SignInError(unusable);
  const { metadata, ...report } = await discoverIssuer(issuer, options);
  if (metadata !== undefined) return metadata;
  throw new SignInError(issuerFailure(report), { report: { issuer: report } });
}

// It is in the key of our registration, which may have 2,048 bytes.
const longestIssuer = 1_024;

/** Why an issuer is not even asked; undefined for one that may be. */
export function unusableIssuer(
  issuer: string,
  options: TransportOptions,
): SignInFailure | undefined {
  const url = URL.parse(issuer);
  if (url === null || !isSafe(url, options))
    return { reason: 'insecureIssuer', issuer: oneLine(shownUrl(issuer), 200) };
  return Buffer.byteLength(issuer) > longestIssuer
    ? { reason: 'issuerTooLong', host: url.host }
    : undefined;
}

/** What is certain comes first, then what may pass. */
export function issuerFailure({ issuer, places }: IssuerReport): SignInFailure {
  const { host } = new URL(issuer);
  const answers = places.map(({ answer }) => answer);
  for (const answer of answers) {
    if (answer.kind === 'noS256') return { reason: 'noPkce', host, listed: answer.listed };
    if (answer.kind === 'insecureEndpoint')
      return { reason: 'insecureEndpoint', host, endpoint: answer.endpoint };
  }
  const tried = triedText(places);
  if (places.some(mayPass)) return { reason: 'issuerUnavailable', host, tried };
  if (answers.some(({ kind }) => kind === 'noPkceList')) return { reason: 'noPkce', host };
  for (const answer of answers)
    if (answer.kind === 'otherIssuer')
      return { reason: 'issuerMismatch', host, named: answer.named, issuer: oneLine(issuer, 300) };
  return { reason: 'noIssuerMetadata', host, tried };
}
