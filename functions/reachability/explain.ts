import { conditionOf, type McpServer, ownState, qualifiedName } from '../model/mcpserver.ts';
import type { FailedPart } from '../model/failed-parts.ts';
import { failedPartOf, reasonHint, reasonPage } from '../model/reason-facts.ts';
import { type Check, stages } from '../model/wire/check-wire.ts';
import { certificateWarning } from './certificate.ts';
import { classify } from './classify.ts';
import type { Cause, Classification, ProbeOutcome } from './outcome.ts';
import { nextStatus } from './status.ts';
import { defined } from '../model/defined.ts';

/**
 * What one probe saw, what it means, and the status that a sweep would write: the same three steps
 * as in a sweep. Writes nothing. `site` has a page about each reason.
 */
export function explain(server: McpServer, outcome: ProbeOutcome, now: Date, site?: URL): Check {
  const verdict = classify(outcome);
  const next = nextStatus(server, verdict, now);
  const reachable = conditionOf(next, 'Reachable');
  const isDecided = verdict.kind !== 'undecided';
  const reason = isDecided ? (reachable?.reason ?? verdict.reason) : 'ProberOffline';
  const isFailure = verdict.kind === 'failed' || verdict.kind === 'failing';
  return defined({
    namespace: server.namespace,
    name: server.name,
    observed: observed(outcome),
    via: outcome.via,
    stages: stages.flatMap((stage) => {
      const ms = outcome.timings[stage];
      return ms === undefined ? [] : [{ stage, ms: Math.round(ms * 10) / 10 }];
    }),
    state: isDecided ? ownState(next) : undefined,
    reason,
    message: isDecided
      ? (reachable?.message ?? verdict.message)
      : `Prober error, so nothing is known about the server: ${verdict.message}.`,
    bearerChallenge: challengeOf(outcome),
    authRequired: conditionOf(next, 'AuthRequired')?.status ?? 'Unknown',
    speaksMcp: conditionOf(next, 'SpeaksMCP')?.status ?? 'Unknown',
    consecutiveFailures: next.consecutiveFailures,
    failedPart: partOf(reason, outcome),
    since: isDecided ? reachable?.lastTransitionTime.toISOString() : undefined,
    lastConnected: server.status.lastConnected?.toISOString(),
    hop: outcome.hop,
    certificateExpiresAt: outcome.certificateExpiresAt?.toISOString(),
    warning: certificateWarning(outcome.certificateExpiresAt, now),
    hint:
      isFailure && outcome.hop !== undefined
        ? `Fix the redirect at ${outcome.hop.from}, or what runs at ${outcome.hop.to}.`
        : reasonHint(reason, qualifiedName(server)),
    page: reasonPage(site, reason),
  });
}

/** Only these statuses carry a challenge that a client would follow. */
const challengeOf = (outcome: ProbeOutcome): boolean | undefined =>
  outcome.kind === 'answered' && (outcome.status === 401 || outcome.status === 403)
    ? outcome.bearerChallenge
    : undefined;

/** A stdio server runs on the machine of its user: a sweep cannot reach it. */
export const notProbed = (server: McpServer, site?: URL): Check =>
  defined({
    namespace: server.namespace,
    name: server.name,
    observed: 'nothing',
    stages: [],
    reason: 'NotProbed',
    message:
      'A stdio server runs on the machine of the person who uses it. There is nothing to probe.',
    authRequired: 'Unknown',
    speaksMcp: 'Unknown',
    consecutiveFailures: server.status.consecutiveFailures,
    hint: reasonHint('NotProbed', qualifiedName(server)),
    page: reasonPage(site, 'NotProbed'),
  });

/** A connection that does not come is a matter of the network; one that is silent, of the server. */
function partOf(reason: string, outcome: ProbeOutcome): FailedPart | undefined {
  if (outcome.kind === 'unreachable' && outcome.cause === 'timeout') {
    if (outcome.stage === 'tcp') return 'network';
    if (outcome.stage === 'tls') return 'tls';
  }
  return failedPartOf(reason);
}

function observed(outcome: ProbeOutcome): string {
  switch (outcome.kind) {
    case 'answered':
      return [
        `HTTP ${outcome.status}${outcome.getEnd === undefined ? '' : ` to the POST, ${ends[outcome.getEnd]}`}`,
        ...(outcome.redirect === undefined ? [] : ['a redirect that is not followed']),
        ...(outcome.classification === undefined ? [] : [classifications[outcome.classification]]),
      ].join(', ');
    case 'headersTooLarge':
      return 'HTTP headers too large to read';
    case 'unreachable':
      return `${causes[outcome.cause]} (stage ${outcome.stage})`;
    case 'refusedByPolicy':
      return 'an address that may not be contacted';
    case 'unusable':
      return 'a spec that cannot be used';
    case 'proberTrouble':
      return 'a prober error';
  }
}

const ends = {
  silent: 'no answer to the GET',
  closed: 'no answer to the GET, which was closed',
  gateway: 'a gateway error to the GET',
} as const;

const classifications = {
  asksForSignIn: 'server/discover asks for a sign-in',
  asksForNothing: 'server/discover answers without a sign-in',
  unclear: 'server/discover does not say whether it requires a sign-in',
  unanswered: 'server/discover got no answer',
} as const satisfies Record<Classification, string>;

const causes: Readonly<Record<Cause, string>> = {
  nameNotFound: 'no such host name',
  resolverFailed: 'no answer from the resolver',
  refused: 'connection refused',
  reset: 'connection closed without an answer',
  unreachable: 'no route to the host',
  timeout: 'no answer in time',
  tlsExpired: 'an expired certificate',
  tlsNotYetValid: 'a certificate that is not valid yet',
  tlsUntrusted: 'a certificate of an untrusted authority',
  tlsHostname: 'a certificate for another host',
  tlsProtocol: 'a TLS handshake that failed',
  clientCertificateRequired: 'a demand for a client certificate',
  notHttp: 'an answer that is not HTTP',
};
