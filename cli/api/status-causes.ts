import type { IncomingHttpHeaders } from 'node:http';
import { defined } from '../../functions/model/defined.ts';
import { oneLine } from '../../functions/model/outside-text.ts';
import { webAddress } from '../endpoint/web-address.ts';

/** What a status without an explanation means, and what the person can do about it. */
export type StatusCause = { readonly what: string; readonly hint?: string };

/** What a response says beside its body. */
export type ResponseFacts = {
  readonly location?: string;
  /** How long to wait, by `Retry-After` (RFC 9110, section 10.2.3). */
  readonly retryAfterMs?: number;
  /** What its owner needs to find the request. */
  readonly requestId?: string;
  /** A page for people, and no JSON. */
  readonly isPage?: true;
};

export function factsOf(headers: IncomingHttpHeaders, body: Buffer, now: Date): ResponseFacts {
  const isHtml = headers['content-type']?.startsWith('text/html') === true;
  return defined({
    location: headers.location,
    retryAfterMs: spanOf(headers['retry-after'], now),
    requestId: requestIdHeaders
      .map((name) => headers[name])
      .find((id) => typeof id === 'string' && /^[\w.:=/+-]{1,128}$/.test(id))
      ?.toString(),
    isPage: isHtml || /^\s*</.test(body.toString('utf8', 0, 100)) ? (true as const) : undefined,
  });
}

/** Of reverse proxies, of Lambda function URLs, of API Gateway and of Cloudflare. */
const requestIdHeaders = ['x-request-id', 'x-amzn-requestid', 'apigw-requestid', 'cf-ray'] as const;

const dayMs = 86_400_000;

function spanOf(text: string | undefined, now: Date): number | undefined {
  if (text === undefined) return undefined;
  const spanMs = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now.getTime();
  return spanMs > 0 && spanMs <= dayMs ? spanMs : undefined;
}

/** Whose response it is: people can change the address of the endpoint, not that of its issuer. */
export type Peer = 'endpoint' | 'issuer';

/** A response that is no success, or a page. Its texts are safe to show. */
export type Refused = ResponseFacts & {
  readonly url: URL;
  readonly status: number;
  readonly peer: Peer;
  readonly hasBearer: boolean;
  /** Of a problem document (RFC 9457). */
  readonly title?: string;
  readonly detail?: string;
  readonly hint?: string;
  /** By the clock of the other side. */
  readonly date?: Date;
};

/** Why a response is of no use. Without a problem document the status has to say it. */
export function refusalOf(refused: Refused, now: Date): StatusCause {
  const { url, status, peer, title, isPage } = refused;
  const isUnexplained = title === undefined;
  const isNoRoute = status === 404 && (isUnexplained || title === 'No such route');
  const mayBeElsewhere = isNoRoute || (isUnexplained && status >= 400 && status < 500);
  const elsewhere = peer === 'endpoint' && (mayBeElsewhere || isPage) ? wrongPath(url) : undefined;
  if (elsewhere !== undefined) return elsewhere;
  if (isUnexplained) return causeOfStatus(refused, now);
  return isNoRoute ? tooOld(url) : explained(refused, title, now);
}

function explained(refused: Refused, title: string, now: Date): StatusCause {
  const { url, status, detail, hint, requestId } = refused;
  const what = detail === undefined ? title : `${title}: ${detail}`;
  if (status === 401) return { what, hint: signInHint(refused, now, hint) };
  if (status < 500)
    return hint === undefined ? { ...causeOfStatus(refused, now), what } : { what, hint };
  if (hint === undefined) return { what, hint: ownTrouble(refused) };
  return {
    what,
    hint: requestId === undefined ? hint : `${hint} Request ID at ${url.host}: ${requestId}`,
  };
}

export const signIn = 'Run: muster auth login';

/** Another sign-in does not help while the clock is wrong. */
function signInHint({ url, date }: Refused, now: Date, hint: string = signIn): string {
  const skew = clockSkew(url.origin, date, now);
  return skew === undefined ? hint : `${skew} Set it, then run: muster auth login`;
}

/** For a response that says nothing itself. */
function causeOfStatus(refused: Refused, now: Date): StatusCause {
  const { url, status, peer, hasBearer, isPage } = refused;
  const { origin } = url;
  if (status === 304)
    return {
      what: `${origin} responded "not modified" (HTTP 304) to a request for everything`,
      hint: `Try again. If it fails again, check whether a cache between here and ${url.host} responds in its place.`,
    };
  if (status >= 300 && status < 400 && refused.location !== undefined)
    return redirected(refused, refused.location);
  if (status === 403)
    return {
      what: `${origin} refused the request (HTTP 403)`,
      hint: `Ask its owner for access.${hasBearer ? ' To see who you are, run: muster auth whoami' : ''}`,
    };
  if (status === 407)
    return {
      what: `A proxy before ${origin} requires a user name and a password (HTTP 407)`,
      hint: 'Put them into HTTPS_PROXY, for example: http://USER:PASSWORD@proxy.example.com:3128',
    };
  if (status === 429)
    return {
      what: `${origin} received too many requests (HTTP 429)`,
      hint: `${tryAgain(refused)}.`,
    };
  if (status >= 500)
    return { what: `${origin} responded with HTTP ${String(status)}`, hint: ownTrouble(refused) };
  if (isPage === true) return { what: pageInstead(refused), hint: checkAddress(peer) };
  const what = `${origin} responded with HTTP ${String(status)}`;
  if (status === 401) return { what, hint: signInHint(refused, now) };
  return status === 404 || status === 405 ? { what, hint: checkAddress(peer) } : { what };
}

/** A page of another service, or of a network that asks to sign in. */
const pageInstead = ({ url, status, peer }: Refused): string =>
  peer === 'issuer'
    ? `Unexpected response from the issuer ${url.origin}: a web page (HTTP ${String(status)})`
    : `Unexpected response from ${endpointIn(url)}: a web page (HTTP ${String(status)}). Is it the muster endpoint?`;

export const checkAddress = (peer: Peer = 'endpoint'): string => {
  switch (peer) {
    case 'endpoint':
      return 'Check the address. To see where it comes from, run: muster context current';
    case 'issuer':
      return 'Ask the owner of the muster endpoint to check its setting OIDC_ISSUER.';
  }
};

function redirected({ url, status, peer }: Refused, location: string): StatusCause {
  const named = URL.canParse(location, url.href) ? new URL(location, url.href).href : location;
  const target = webAddress(named, url.href);
  const what = (to: string) => `${url.origin} redirects to ${to} (HTTP ${String(status)})`;
  // The query of a sign-in page is of no use to the person.
  if (target === undefined)
    return { what: what('an address that is not safe'), hint: checkAddress(peer) };
  const moved = peer === 'endpoint' ? movedTo(url, target) : undefined;
  return moved === undefined
    ? {
        what: what(`${target.origin}${oneLine(target.pathname, 200).replace(/\/$/, '')}`),
        hint: checkAddress(peer),
      }
    : {
        what: what(moved),
        hint: `If you trust that address, use it: export MUSTER_SERVERLESS_ENDPOINT=${moved}`,
      };
}

/** The endpoint of a redirect that keeps the path of the route. */
function movedTo(from: URL, { origin, pathname }: URL): string | undefined {
  const route = from.href.slice(endpointIn(from).length).split('?')[0] ?? '';
  const base = `${origin}${pathname}`;
  if (!base.endsWith(route) || !/^[\w.:/[\]-]+$/.test(base)) return undefined;
  return base.slice(0, -route.length);
}

/** The address of the endpoint in the address of a route. */
function endpointIn({ origin, pathname }: URL): string {
  const at = Math.max(pathname.lastIndexOf('/v1/'), pathname.lastIndexOf('/healthz'), 0);
  return `${origin}${pathname.slice(0, at)}`;
}

/**
 * For a route that is not there: the address of the endpoint has a path that leads elsewhere.
 * Upstream muster has its own server at `/mcp` and `/sse`, and both commands read MUSTER_ENDPOINT.
 */
function wrongPath(url: URL): StatusCause | undefined {
  const endpoint = endpointIn(url);
  const [, base = '', part = ''] = /^(.*?)(\/(?:mcp|sse|v1))(?:\/.*)?$/.exec(endpoint) ?? [];
  if (part === '') return undefined;
  const of = part === '/v1' ? '' : ', which belongs to the address of giantswarm/muster';
  return {
    what: `${endpoint} is not the address of a muster endpoint`,
    hint: `Leave out ${part}${of}: ${base}`,
  };
}

/** For a route that the endpoint does not know, although it is one of ours. */
const tooOld = (url: URL): StatusCause => ({
  what: `${endpointIn(url)} does not have the route ${oneLine(url.pathname, 200)}. It is probably older than this muster`,
  hint: 'Ask its owner to update it. To compare the versions, run: muster version',
});

/** What to do about an error of the server, with what its owner needs to find it. */
const ownTrouble = (facts: ResponseFacts): string =>
  facts.requestId === undefined
    ? `${tryAgain(facts)}.`
    : `${tryAgain(facts)}. If it fails again, give its owner this request ID: ${facts.requestId}`;

function tryAgain({ retryAfterMs }: ResponseFacts): string {
  if (retryAfterMs === undefined) return 'Try again in a minute';
  const seconds = Math.ceil(retryAfterMs / 1000);
  if (seconds === 1) return 'Try again in a second';
  return seconds <= 120
    ? `Try again in ${String(seconds)} seconds`
    : `Try again in ${String(Math.ceil(seconds / 60))} minutes`;
}

/** Half of what endpoints and issuers tolerate would be noise; this much breaks a sign-in. */
const skewMs = 120_000;

/** A sentence about a clock of this machine that is wrong; undefined where it is not. */
export function clockSkew(origin: string, there: Date | undefined, now: Date): string | undefined {
  const aheadMs = there === undefined ? 0 : now.getTime() - there.getTime();
  if (Math.abs(aheadMs) < skewMs) return undefined;
  const minutes = Math.round(Math.abs(aheadMs) / 60_000);
  const span =
    minutes < 120 ? `${String(minutes)} minutes` : `${String(Math.round(minutes / 60))} hours`;
  return `The clock of this machine is ${span} ${aheadMs > 0 ? 'ahead of' : 'behind'} that of ${origin}.`;
}
