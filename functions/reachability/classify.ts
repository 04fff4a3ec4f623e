import type { ConnectedReason, FailedReason, FailingReason } from '../model/mcpserver.ts';
import { isGatewayStatus, isProberStatus } from '../model/http-status.ts';
import type { ConditionStatus } from '../model/mcpserver.ts';
import type {
  Cause,
  Classification,
  GetEnd,
  Hop,
  ProbeOutcome,
  Redirect,
  Timings,
} from './outcome.ts';
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
      readonly authRequired?: ConditionStatus;
      /**
       * Present when only `server/discover` could show whether it asks for a sign-in: it was
       * refused, or got no answer.
       */
      readonly discover?: 'refused' | 'unanswered';
      readonly speaksMcp?: ConditionStatus;
      readonly certificateExpiresAt?: Date;
      readonly retryAfterMs?: number;
    }
  /** A retry cannot fix it: `Failed` at once. */
  | {
      readonly kind: 'failed';
      readonly reason: FailedReason;
      readonly message: string;
      /** The probe took longer than a second, and the next one waits. */
      readonly isSlow?: boolean;
    }
  /** It may be temporary: `Failed` from the third time in a row. */
  | {
      readonly kind: 'failing';
      readonly reason: FailingReason;
      readonly message: string;
      readonly isSlow?: boolean;
      readonly retryAfterMs?: number;
    }
  /** A prober error: it says nothing about the server, and nothing is written. */
  | { readonly kind: 'undecided'; readonly message: string };

/**
 * Turns what a probe saw into a verdict. Pure. It follows the table of `docs/state-and-session.md`
 * from the top.
 */
export function classify(outcome: ProbeOutcome): Verdict {
  const { hop, timings, certificateExpiresAt } = outcome;
  const verdict = verdictOn(outcome);
  const text = hop === undefined ? verdict.message : behindHop(verdict, hop);
  // Details are words of others: of resolvers, certificates, manifests.
  const message = oneLine(text, longestMessage);
  switch (verdict.kind) {
    case 'undecided':
      return { ...verdict, message };
    case 'connected':
      return defined({ ...verdict, message, certificateExpiresAt });
    case 'failed':
    case 'failing':
      return isSlow(timings) ? { ...verdict, message, isSlow: true } : { ...verdict, message };
  }
}

/** Who fails within this time is asked again by every sweep. */
const fastMs = 1000;

const isSlow = (timings: Timings): boolean =>
  Object.values(timings).reduce((sum, ms) => sum + ms, 0) > fastMs;

/** Names the address that failed, which is not the one of the spec. */
function behindHop(verdict: Verdict, { from, to }: Hop): string {
  const { kind, message } = verdict;
  if (kind === 'connected' || kind === 'undecided') return message;
  const what =
    kind === 'failing' && verdict.reason !== 'UpstreamUnavailable'
      ? failures[verdict.reason]
      : `failed: ${message.charAt(0).toLowerCase()}${message.slice(1)}`;
  return `${from} redirects to ${to}, which ${what}`;
}

const failures = {
  ConnectionRefused: 'refused the connection.',
  ConnectionReset: 'closed the connection without an answer.',
  HostUnreachable: 'cannot be reached: there is no route to the host.',
  Timeout: 'did not answer in time.',
} as const;

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

type Answered = Extract<ProbeOutcome, { kind: 'answered' }>;

function answered(outcome: Answered): Verdict {
  const { status, bearerChallenge, redirect, retryAfterMs, classification, speaksMcp } = outcome;
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  if (isProberStatus(status))
    return {
      kind: 'undecided',
      message: `a proxy in the network of the prober answered HTTP ${status}`,
    };
  if (isGatewayStatus(status)) {
    return {
      kind: 'failing',
      reason: 'UpstreamUnavailable',
      message: `The proxy or load balancer in front of the server answered HTTP ${status}.`,
      ...wait,
    };
  }
  // A server that asks who we are is up: only a session gets further.
  if (status === 401 || (status === 403 && bearerChallenge))
    return signInRequired(
      `The server answered HTTP ${status} and asks for a sign-in.`,
      outcome,
      outcome.getEnd === undefined ? {} : { discover: 'refused' },
    );
  if (classification === 'asksForSignIn')
    return signInRequired(signInByPost, outcome, { discover: 'refused' });
  const connected = (reason: ConnectedReason, message: string): Verdict =>
    defined({
      kind: 'connected',
      reason,
      message: `${message}${outcome.getEnd === undefined ? '' : ` ${ends[outcome.getEnd]}`}`,
      authRequired: classification === undefined ? undefined : authRequired[classification],
      discover: classification === 'unanswered' ? ('unanswered' as const) : undefined,
      speaksMcp,
    });
  if (redirect !== undefined) return connected('Redirected', redirects[redirect]);
  // A POST-only endpoint answers 404 to a GET.
  if (status === 404 && classification !== 'asksForNothing' && speaksMcp !== 'True')
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

/** The words for a server that lets a GET through and refuses the POST. */
export const signInByPost = 'The server asks for a sign-in before it accepts requests.';

const signInRequired = (
  message: string,
  { withoutAuthorization }: Answered,
  more: { readonly discover?: 'refused' } = {},
): Verdict => ({
  kind: 'connected',
  reason: 'AuthenticationRequired',
  message:
    withoutAuthorization === true
      ? `${message} It may accept the Authorization of spec.headers, which the service proxy of the cluster takes off.`
      : message,
  authRequired: withoutAuthorization === true ? 'Unknown' : 'True',
  ...more,
});

const authRequired = {
  asksForNothing: 'False',
  unclear: 'Unknown',
  unanswered: 'Unknown',
} as const satisfies Record<Exclude<Classification, 'asksForSignIn'>, ConditionStatus>;

const ends: Readonly<Record<GetEnd, string>> = {
  silent: 'That was the POST. The GET got no answer.',
  closed: 'That was the POST. The connection of the GET was closed without an answer.',
  gateway: 'That was the POST. A proxy or load balancer answered the GET.',
};

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
