import type { ConnectedReason, FailedReason, FailingReason } from '../model/mcpserver.ts';
import type { Cause, ProbeOutcome, Redirect } from './outcome.ts';
import { defined } from '../model/defined.ts';
import { longestMessage, oneLine } from '../model/outside-text.ts';

/**
 * What an outcome means for one server. Without `authRequired` the probe learned nothing new about
 * sign-in.
 */
export type Verdict =
  | {
      readonly kind: 'connected';
      readonly reason: ConnectedReason;
      readonly message: string;
      readonly authRequired?: 'True' | 'False' | 'Unknown';
      readonly retryAfterMs?: number;
    }
  /** A retry cannot fix it: `Failed` at once. */
  | { readonly kind: 'failed'; readonly reason: FailedReason; readonly message: string }
  /** It may be temporary: `Failed` from the third time in a row. */
  | {
      readonly kind: 'failing';
      readonly reason: FailingReason;
      readonly message: string;
      readonly retryAfterMs?: number;
    }
  /** A prober error: it says nothing about the server, and nothing is written. */
  | { readonly kind: 'undecided'; readonly message: string };

/**
 * Turns what a probe saw into a verdict. Pure. It follows the table of `docs/state-and-session.md`
 * from the top.
 */
export function classify(outcome: ProbeOutcome): Verdict {
  const verdict = verdictOn(outcome);
  // Details are words of others: of resolvers, certificates, manifests.
  return { ...verdict, message: oneLine(verdict.message, longestMessage) };
}

function verdictOn(outcome: ProbeOutcome): Verdict {
  switch (outcome.kind) {
    case 'answered':
      return answered(outcome);
    case 'headersTooLarge':
      return {
        kind: 'connected',
        reason: 'Responded',
        message: 'The server answered with headers that are too large to read.',
      };
    case 'unreachable':
      return unreachable(outcome.cause, outcome.detail);
    case 'refusedByPolicy':
      return {
        kind: 'failed',
        reason: 'BlockedByPolicy',
        message: `Not contacted: ${outcome.message}.`,
      };
    case 'unusable':
      return {
        kind: 'failed',
        reason: 'InvalidSpec',
        message: `Not contacted: ${outcome.message}.`,
      };
    case 'proberTrouble':
      return { kind: 'undecided', message: outcome.detail };
  }
}

// What a reverse proxy or load balancer answers while the server behind it is down: RFC 9110, and
// Cloudflare's 52x and 530.
const upstreamUnavailable: ReadonlySet<number> = new Set([
  502, 503, 504, 521, 522, 523, 525, 526, 530,
]);
// An egress proxy and a captive portal (RFC 6585) answer these: both are on our side.
const proberErrors: ReadonlySet<number> = new Set([407, 511]);

type Answered = Extract<ProbeOutcome, { kind: 'answered' }>;

function answered(outcome: Answered): Verdict {
  const { status, bearerChallenge, redirect, retryAfterMs, classification } = outcome;
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  if (proberErrors.has(status))
    return {
      kind: 'undecided',
      message: `a proxy in the network of the prober answered HTTP ${status}`,
    };
  if (upstreamUnavailable.has(status)) {
    return {
      kind: 'failing',
      reason: 'UpstreamUnavailable',
      message: `The proxy or load balancer in front of the server answered HTTP ${status}.`,
      ...wait,
    };
  }
  // A server that asks who we are is up: only a session gets further.
  if (status === 401 || (status === 403 && bearerChallenge))
    return signInRequired(`The server answered HTTP ${status} and asks for a sign-in.`);
  if (classification === 'asksForSignIn')
    return signInRequired('The server asks for a sign-in before it accepts requests.');
  const connected = (reason: ConnectedReason, message: string): Verdict =>
    defined({
      kind: 'connected',
      reason,
      message,
      authRequired: classification
        ? classification === 'asksForNothing'
          ? 'False'
          : 'Unknown'
        : undefined,
    });
  if (redirect !== undefined) return connected('Redirected', redirects[redirect]);
  if (status === 404 && classification !== 'asksForNothing')
    return connected(
      'EndpointNotFound',
      'The server reports that this path does not exist (HTTP 404).',
    );
  if (status === 410)
    return connected(
      'EndpointGone',
      'The server reports that this path was removed permanently (HTTP 410).',
    );
  if (status === 429)
    return {
      ...connected('RateLimited', 'The server limits the rate of requests (HTTP 429).'),
      ...wait,
    };
  if (status >= 500) return connected('ServerError', `The server answered HTTP ${status}.`);
  return connected('Responded', `The server answered HTTP ${status}.`);
}

const signInRequired = (message: string): Verdict => ({
  kind: 'connected',
  reason: 'AuthenticationRequired',
  message,
  authRequired: 'True',
});

const redirects: Readonly<Record<Redirect, string>> = {
  otherHost: 'The server redirects to another host. The probe does not follow that.',
  downgrade: 'The server redirects from https to http. The probe does not follow that.',
  tooMany: 'The server redirects more than three times.',
  unusable: 'The server redirects to an address that cannot be used.',
};

// A code such as CERT_UNTRUSTED; what has none is a sentence of OpenSSL.
const isWord = /^[A-Z\d_/]+$/;

function unreachable(cause: Cause, detail: string): Verdict {
  switch (cause) {
    case 'nameNotFound':
      return {
        kind: 'failed',
        reason: 'DNSFailure',
        message: `The host name does not exist (${detail}).`,
      };
    case 'resolverFailed':
      return {
        kind: 'failed',
        reason: 'DNSFailure',
        message: `The host name could not be resolved (${detail}).`,
      };
    case 'tlsExpired':
      return {
        kind: 'failed',
        reason: 'TLSExpired',
        message: `The certificate has expired (${detail}).`,
      };
    case 'tlsNotYetValid':
      return {
        kind: 'failed',
        reason: 'TLSNotYetValid',
        message: `The certificate is not valid yet (${detail}).`,
      };
    case 'tlsUntrusted':
      return {
        kind: 'failed',
        reason: 'TLSUntrusted',
        message: isWord.test(detail)
          ? `The certificate is not signed by a trusted authority (${detail}).`
          : `The certificate cannot be trusted: ${detail}.`,
      };
    case 'tlsHostname':
      return {
        kind: 'failed',
        reason: 'TLSHostname',
        message: `The certificate is for another host (${detail}).`,
      };
    case 'tlsProtocol':
      return {
        kind: 'failed',
        reason: 'TLSProtocol',
        message: `The TLS handshake failed (${detail}).`,
      };
    case 'clientCertificateRequired':
      return {
        kind: 'failed',
        reason: 'ClientCertificateRequired',
        message: 'The server requires a client certificate, and the prober has none.',
      };
    case 'notHttp':
      return { kind: 'failed', reason: 'NotHTTP', message: 'The answer is not HTTP.' };
    case 'refused':
      return { kind: 'failing', reason: 'ConnectionRefused', message: 'Connection refused.' };
    case 'reset':
      return {
        kind: 'failing',
        reason: 'ConnectionReset',
        message: 'The connection was closed without an answer.',
      };
    case 'unreachable':
      return {
        kind: 'failing',
        reason: 'HostUnreachable',
        message: `No route to the host (${detail}).`,
      };
    case 'timeout':
      return { kind: 'failing', reason: 'Timeout', message: 'The server did not answer in time.' };
  }
}
