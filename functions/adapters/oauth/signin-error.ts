import { oneLine } from '../../model/outside-text.ts';
import { byHand, keycloakAdvice } from './registration-advice.ts';

/** Hosts of manifests and issuers can be long, and errors of the network quote certificates. */
const longestMessage = 1_024;

/**
 * A server or its issuer does not do what the MCP authorization specification asks. The message is
 * for people and holds no secret: what is quoted of an issuer went through `tidyAnswer`, and repeats
 * nothing that the issuer was sent.
 */
export class SignInError extends Error {
  override readonly name = 'SignInError';
  readonly failure: SignInFailure;
  constructor(failure: SignInFailure, options?: ErrorOptions) {
    super(oneLine(messageFor(failure), longestMessage), options);
    this.failure = failure;
  }
}

/** What an issuer was asked for. */
export type IssuerRequest = 'registration' | 'code' | 'refresh' | 'tokenExchange' | 'revocation';

/** `host` is the server's or the issuer's; `detail` is the cause in our own text or a code. */
export type SignInFailure =
  | { readonly reason: 'invalidServerUrl' }
  | { readonly reason: 'requestFailed'; readonly host: string; readonly detail: string }
  | { readonly reason: 'notJson'; readonly host: string }
  | { readonly reason: 'noIssuerNamed' }
  | { readonly reason: 'issuerNotPinned' }
  | { readonly reason: 'invalidResourceMetadataUrl' }
  | { readonly reason: 'noResourceMetadata' }
  | { readonly reason: 'incompleteResourceMetadata' }
  | { readonly reason: 'otherResource' }
  | { readonly reason: 'insecureServer' }
  | { readonly reason: 'insecureResourceMetadata' }
  | { readonly reason: 'insecureIssuer' }
  /** `endpoint` is a word of ours: `token`. */
  | { readonly reason: 'insecureEndpoint'; readonly host: string; readonly endpoint: string }
  | { readonly reason: 'noIssuerMetadata'; readonly host: string }
  | { readonly reason: 'notMetadata'; readonly host: string }
  | { readonly reason: 'issuerTooLong'; readonly host: string }
  | { readonly reason: 'issuerMismatch'; readonly host: string }
  | { readonly reason: 'noPkce'; readonly host: string }
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
    case 'notJson':
      return `${failure.host} answered with something that is not JSON.`;
    case 'noIssuerNamed':
      return 'The server does not name its issuer (RFC 9728). Its owner can set spec.auth.authorizationServer.';
    case 'issuerNotPinned':
      return 'The server names another issuer than spec.auth.authorizationServer. Its owner can correct one of the two.';
    case 'invalidResourceMetadataUrl':
      return 'The challenge of the server has a resource_metadata that is not a URL.';
    case 'noResourceMetadata':
      return 'The challenge of the server names resource metadata that does not exist.';
    case 'incompleteResourceMetadata':
      return 'The resource metadata of the server lacks resource or authorization_servers (RFC 9728).';
    case 'otherResource':
      return 'The resource metadata of the server is about another resource.';
    case 'insecureServer':
      return 'spec.url of the server is not an https address. A sign-in needs one.';
    case 'insecureResourceMetadata':
      return 'The challenge of the server has a resource_metadata that is not an https address.';
    case 'insecureIssuer':
      return 'The issuer of the server is not an https address.';
    case 'insecureEndpoint':
      return `The ${failure.endpoint} endpoint of the issuer ${failure.host} is not an https address.`;
    case 'noIssuerMetadata':
      return `The issuer ${failure.host} publishes no metadata (RFC 8414).`;
    case 'notMetadata':
      return `The metadata of ${failure.host} is not a JSON document that names an issuer (RFC 8414).`;
    case 'issuerTooLong':
      return `The address of the issuer at ${failure.host} is longer than 1,024 bytes.`;
    case 'issuerMismatch':
      return `The metadata at ${failure.host} belongs to another issuer.`;
    case 'noPkce':
      return `The issuer ${failure.host} does not support PKCE with S256, which a safe sign-in needs.`;
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
