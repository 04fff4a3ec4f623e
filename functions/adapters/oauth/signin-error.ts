import { oneLine } from '../../model/outside-text.ts';
import { byHand, keycloakAdvice } from './registration-advice.ts';
import type { IssuerReport, ResourceReport } from '../../model/discovery-report.ts';

/** Hosts of manifests and issuers can be long, and errors of the network quote certificates. */
const longestMessage = 1_024;

/**
 * A server or its issuer does not do what the MCP authorization specification asks. The message is
 * for people: it says which host, what was asked, what it answered and whose turn it is. It holds
 * no secret: what is quoted of an issuer went through `tidyAnswer` and repeats nothing that it was
 * sent. `report` is what discovery saw.
 */
export class SignInError extends Error {
  override readonly name = 'SignInError';
  readonly failure: SignInFailure;
  readonly report: { readonly resource?: ResourceReport; readonly issuer?: IssuerReport };
  constructor(failure: SignInFailure, { report = {}, ...options }: SignInErrorOptions = {}) {
    super(oneLine(messageFor(failure), longestMessage), options);
    this.failure = failure;
    this.report = report;
  }
}

/** What an issuer was asked for. */
export type IssuerRequest = 'registration' | 'code' | 'refresh' | 'tokenExchange' | 'revocation';

type SignInErrorOptions = ErrorOptions & { readonly report?: SignInError['report'] };

/**
 * `host` is the server's or the issuer's; `detail` is the cause in our own text or a code; `tried`
 * are places and their answers.
 */
export type SignInFailure =
  | { readonly reason: 'invalidServerUrl' }
  | { readonly reason: 'requestFailed'; readonly host: string; readonly detail: string }
  /** Nothing outside the cluster can ask the server for its issuer. */
  | { readonly reason: 'insideCluster'; readonly host: string }
  | { readonly reason: 'noIssuerNamed'; readonly host: string; readonly tried: string }
  | {
      readonly reason: 'issuerNotPinned';
      readonly host: string;
      readonly named: readonly string[];
      readonly pinned: string;
    }
  | {
      readonly reason: 'otherResource';
      readonly address: string;
      readonly named: string;
      readonly url: string;
    }
  | { readonly reason: 'serverUnavailable'; readonly host: string; readonly tried: string }
  | { readonly reason: 'insecureServer' }
  | { readonly reason: 'insecureIssuer'; readonly issuer?: string }
  /** `endpoint` is a word of ours: `token`. */
  | { readonly reason: 'insecureEndpoint'; readonly host: string; readonly endpoint: string }
  | { readonly reason: 'noIssuerMetadata'; readonly host: string; readonly tried: string }
  | { readonly reason: 'issuerUnavailable'; readonly host: string; readonly tried: string }
  | { readonly reason: 'issuerTooLong'; readonly host: string }
  | {
      readonly reason: 'issuerMismatch';
      readonly host: string;
      readonly named: string;
      readonly issuer: string;
    }
  /** `listed` is absent where the issuer has no such list. */
  | { readonly reason: 'noPkce'; readonly host: string; readonly listed?: readonly string[] }
  | {
      readonly reason: 'noRegistration';
      readonly host: string;
      readonly issuer: string;
      readonly callback: string;
    }
  | { readonly reason: 'unsupportedRegistration'; readonly host: string }
  | { readonly reason: 'unsupportedAuthentication'; readonly host: string }
  | { readonly reason: 'registrationGone'; readonly host: string }
  | { readonly reason: 'callbackMismatch'; readonly host: string }
  | { readonly reason: 'notBearer'; readonly host: string }
  | { readonly reason: 'tokensTooLong'; readonly host: string }
  | { readonly reason: 'signInRefused'; readonly host?: string }
  | {
      readonly reason: 'refusedByIssuer';
      /** Absent: the answer names no error. */
      readonly code?: string;
      readonly host: string;
      readonly asked: IssuerRequest;
      readonly status: number;
      /** `error_description` after `tidyAnswer`, without pieces of what the issuer was sent. */
      readonly description?: string;
      /** HTML: something in front of the issuer answered. */
      readonly isPage: boolean;
      /** Of a registration: the callback that a client registered by hand needs. */
      readonly callback?: string;
      readonly issuer?: string;
    }
  | { readonly reason: 'unusableAnswer'; readonly code: string; readonly host?: string }
  | { readonly reason: 'unsupportedAnswer'; readonly host?: string };

function messageFor(failure: SignInFailure): string {
  switch (failure.reason) {
    case 'invalidServerUrl':
      return 'spec.url of the server is not a URL.';
    case 'requestFailed':
      return `The request to ${failure.host} failed: ${failure.detail}.`;
    case 'noIssuerNamed':
      return `The server ${failure.host} does not name its issuer (RFC 9728). Its owner can publish it, or the owner of the MCPServer can set spec.auth.authorizationServer. Tried ${failure.tried}.`;
    case 'insideCluster':
      return `${failure.host} is a name inside the cluster, so the server cannot be asked for its issuer. The owner of the MCPServer can set spec.auth.authorizationServer.`;
    case 'issuerNotPinned':
      return `The server ${failure.host} names the issuer ${failure.named.join(', ')}, and spec.auth.authorizationServer names ${failure.pinned}. The owner of the MCPServer can correct it.`;
    case 'otherResource':
      return `The resource metadata at ${failure.address} is about another resource, ${failure.named}, than spec.url, ${failure.url}. The owner of the server can correct "resource", or the owner of the MCPServer can correct spec.url.`;
    case 'serverUnavailable':
      return `The server ${failure.host} could not be asked for its issuer. Try again in a minute. Tried ${failure.tried}.`;
    case 'insecureServer':
      return 'spec.url of the server is not an https address. A sign-in needs one.';
    case 'insecureIssuer':
      return failure.issuer === undefined
        ? 'The issuer of the server is not an https address.'
        : `The issuer of the server, ${failure.issuer}, is not an https address.`;
    case 'insecureEndpoint':
      return `The ${failure.endpoint} endpoint of the issuer ${failure.host} is not an https address.`;
    case 'noIssuerMetadata':
      return `The issuer ${failure.host} publishes no metadata that can be used (RFC 8414). Its owner can publish it. Tried ${failure.tried}.`;
    case 'issuerUnavailable':
      return `The metadata of the issuer ${failure.host} could not be read. Try again in a minute. Tried ${failure.tried}.`;
    case 'issuerTooLong':
      return `The address of the issuer at ${failure.host} is longer than 1,024 bytes.`;
    case 'issuerMismatch':
      return `The metadata of ${failure.issuer} belongs to another issuer: it names ${failure.named}. The owner of the issuer or of the server can correct one of the two.`;
    case 'noPkce':
      return failure.listed === undefined
        ? `The issuer ${failure.host} does not say that it supports PKCE with S256, which a safe sign-in needs: code_challenge_methods_supported is missing. If it does, the owner of muster can set noPkceList in ISSUERS.`
        : `The issuer ${failure.host} does not support PKCE with S256, which a safe sign-in needs. It lists ${failure.listed.join(', ') || 'no method'}.`;
    case 'noRegistration':
      return `The issuer ${failure.host} does not let clients register themselves. ${byHand(failure.issuer, failure.callback)}`;
    case 'unsupportedRegistration':
      return `The issuer ${failure.host} registered us with settings that we do not support.`;
    case 'unsupportedAuthentication':
      return `The issuer ${failure.host} requires a client authentication that we do not support.`;
    case 'registrationGone':
      return `Our registration at the issuer ${failure.host} no longer exists. Sign in again.`;
    case 'callbackMismatch':
      return `The browser came back from another issuer than ${failure.host} (RFC 9207).`;
    case 'notBearer':
      return `The issuer ${failure.host} gave a token that is not a bearer token.`;
    case 'tokensTooLong':
      return `The tokens of the issuer ${failure.host} are too long.`;
    case 'signInRefused':
      return `${issuerText(failure.host)} refused the sign-in.`;
    case 'refusedByIssuer':
      return refusalText(failure);
    case 'unusableAnswer':
      return failure.host === undefined
        ? `The answer of the issuer cannot be used (${failure.code}).`
        : `The answer of the issuer ${failure.host} cannot be used (${failure.code}).`;
    case 'unsupportedAnswer':
      return `${issuerText(failure.host)} answered in a way that we do not support.`;
  }
}

const issuerText = (host: string | undefined): string =>
  host === undefined ? 'The issuer' : `The issuer ${host}`;

function refusalText({
  code,
  host,
  asked,
  status,
  description,
  callback,
  issuer,
}: SignInFailure & { reason: 'refusedByIssuer' }): string {
  const http = `HTTP ${String(status)}`;
  const answer = code === undefined ? http : `${code}, ${http}`;
  const said = description === undefined ? [] : [`It says: ${description.replace(/\.$/, '')}.`];
  const next =
    callback === undefined || issuer === undefined
      ? []
      : [keycloakAdvice(description ?? '', callback), byHand(issuer, callback)];
  return [`${issuerText(host)} refused ${requestNames[asked]}: ${answer}.`, ...said, ...next]
    .filter((sentence) => sentence !== undefined)
    .join(' ');
}

const requestNames = {
  registration: 'to register muster as a client',
  code: 'to exchange the code of the sign-in',
  refresh: 'to refresh the sign-in',
  tokenExchange: 'to exchange your token',
  revocation: 'to revoke the sign-in',
} as const satisfies Record<IssuerRequest, string>;
