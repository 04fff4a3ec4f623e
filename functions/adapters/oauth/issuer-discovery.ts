import * as oauth from 'oauth4webapi';
import { sameIssuer } from '../../model/issuer-identifier.ts';
import { oneLine } from '../../model/outside-text.ts';
import type { IssuerReport, Place, PlaceAnswer, PlaceOf } from '../../model/discovery-report.ts';
import { placeOf, readDocument } from './document.ts';
import { isSafe, type TransportOptions } from './transport.ts';

export type IssuerOptions = TransportOptions & {
  /** What the owner knows about an issuer (ISSUERS): it has PKCE, although it lists none. */
  readonly issuerRules?: (issuer: string) => { readonly noPkceList?: boolean };
};

export type IssuerDiscovery = IssuerReport & {
  /** Absent: no place has metadata that a safe sign-in could use. */
  readonly metadata?: oauth.AuthorizationServer;
};

/**
 * Asks an issuer for its metadata at every place until one has a document that can be used, in the
 * order of the MCP authorization specification, and at last where Okta documents it. The document
 * must name the issuer and support PKCE with S256. One without a list of PKCE methods waits for
 * what the others say: OpenID Connect Discovery has no such member. `issuer` is a safe address.
 */
export async function discoverIssuer(
  issuer: URL | string,
  options: IssuerOptions,
): Promise<IssuerDiscovery> {
  const identifier = String(issuer);
  const places: Place[] = [];
  const report = { issuer: identifier, places };
  const needsList = options.issuerRules?.(identifier).noPkceList !== true;
  let unlisted: oauth.AuthorizationServer | undefined;
  for (const address of metadataAddresses(new URL(identifier))) {
    const { place, metadata } = await readMetadata('issuer', address, identifier, options);
    const isOpen =
      metadata !== undefined && metadata.code_challenge_methods_supported === undefined;
    places.push(isOpen && needsList ? { ...place, answer: { kind: 'noPkceList' } } : place);
    if (metadata === undefined) continue;
    // The other document of the same issuer says the rest.
    const whole = { ...unlisted, ...metadata };
    if (!isOpen || !needsList) return { ...report, metadata: whole };
    unlisted = whole;
  }
  return report;
}

/** The well-known places of an issuer. */
export function metadataAddresses({ origin, pathname }: URL): readonly URL[] {
  const path = pathname.replace(/\/$/, '');
  const inserted = [
    `/.well-known/oauth-authorization-server${path}`,
    `/.well-known/openid-configuration${path}`,
  ];
  const appended = [
    `${path}/.well-known/openid-configuration`,
    // developer.okta.com, "Authorization servers"; no specification has it.
    `${path}/.well-known/oauth-authorization-server`,
  ];
  return [...inserted, ...(path === '' ? [] : appended)].map((place) => new URL(place, origin));
}

/** One document, judged: its metadata is there only where nothing but the list of PKCE may lack. */
async function readMetadata(
  of: PlaceOf,
  address: URL,
  issuer: string,
  options: TransportOptions,
): Promise<{ place: Place; metadata?: oauth.AuthorizationServer }> {
  const found = await readDocument(address, 'issuerMetadata', options);
  const say = (answer: PlaceAnswer) => placeOf(of, address, answer, found.redirectedTo);
  if (found.kind === 'none') return { place: say(found.answer) };
  const named = found.body['issuer'];
  if (typeof named !== 'string' || !URL.canParse(named))
    return { place: say({ kind: 'lacks', member: 'issuer' }) };
  if (!sameIssuer(named, issuer))
    return { place: say({ kind: 'otherIssuer', named: oneLine(named, 300) }) };
  const metadata = await oauth.processDiscoveryResponse(new URL(issuer), found.response);
  const problem = problemWith(metadata, options);
  return problem === undefined
    ? { place: say({ kind: 'usable' }), metadata: withSafeEndpoints(metadata, options) }
    : { place: say(problem) };
}

function problemWith(
  metadata: oauth.AuthorizationServer,
  options: TransportOptions,
): PlaceAnswer | undefined {
  for (const endpoint of ['authorization', 'token'] as const) {
    const address = metadata[`${endpoint}_endpoint`];
    if (address === undefined) return { kind: 'lacks', member: `${endpoint}_endpoint` };
    if (!isSafeText(address, options)) return { kind: 'insecureEndpoint', endpoint };
  }
  const listed = metadata.code_challenge_methods_supported;
  if (listed === undefined || listed.includes('S256')) return undefined;
  return { kind: 'noS256', listed: listed.slice(0, 5).map((method) => oneLine(method, 30)) };
}

/** A sign-in can do without these two: one that is not safe counts as absent. */
function withSafeEndpoints(
  {
    registration_endpoint: registration,
    revocation_endpoint: revocation,
    ...metadata
  }: oauth.AuthorizationServer,
  options: TransportOptions,
): oauth.AuthorizationServer {
  return {
    ...metadata,
    ...(registration !== undefined &&
      isSafeText(registration, options) && { registration_endpoint: registration }),
    ...(revocation !== undefined &&
      isSafeText(revocation, options) && { revocation_endpoint: revocation }),
  };
}

function isSafeText(text: string, options: TransportOptions): boolean {
  const url = URL.parse(text);
  return url !== null && isSafe(url, options);
}

/**
 * Which issuer the server's own origin names, at the two places where MCP 2025-03-26 has its
 * metadata. What is there is only a pointer: the metadata is read at that issuer.
 */
export async function issuersOfOrigin(
  { origin }: URL,
  options: TransportOptions,
): Promise<{ readonly places: readonly Place[]; readonly issuer?: string }> {
  const places: Place[] = [];
  for (const address of metadataAddresses(new URL(origin))) {
    const found = await readDocument(address, 'issuerMetadata', options);
    const named = found.kind === 'document' ? found.body['issuer'] : undefined;
    const isNamed = typeof named === 'string' && URL.canParse(named);
    const answer: PlaceAnswer =
      found.kind === 'none'
        ? found.answer
        : isNamed
          ? { kind: 'usable' }
          : { kind: 'lacks', member: 'issuer' };
    places.push(placeOf('origin', address, answer, found.redirectedTo));
    if (isNamed) return { places, issuer: named };
  }
  return { places };
}
