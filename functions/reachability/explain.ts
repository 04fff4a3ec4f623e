import { conditionOf, type McpServer, ownState } from '../model/mcpserver.ts';
import { type Check, stages } from '../model/wire.ts';
import { classify } from './classify.ts';
import type { Cause, ProbeOutcome } from './outcome.ts';
import { nextStatus } from './status.ts';
import { defined } from '../model/defined.ts';

/**
 * What one probe saw, what it means, and the status that a sweep would write: the same three steps
 * as in a sweep. Writes nothing.
 */
export function explain(server: McpServer, outcome: ProbeOutcome, now: Date): Check {
  const verdict = classify(outcome);
  const next = nextStatus(server, verdict, now);
  const reachable = conditionOf(next, 'Reachable');
  const isDecided = verdict.kind !== 'undecided';
  return defined({
    namespace: server.namespace,
    name: server.name,
    observed: observed(outcome),
    stages: stages.flatMap((stage) => {
      const ms = outcome.timings[stage];
      return ms === undefined ? [] : [{ stage, ms: Math.round(ms * 10) / 10 }];
    }),
    state: isDecided ? ownState(next) : undefined,
    reason: isDecided ? (reachable?.reason ?? verdict.reason) : 'ProberOffline',
    message: isDecided
      ? verdict.message
      : `Prober error, so nothing is known about the server: ${verdict.message}.`,
    authRequired: conditionOf(next, 'AuthRequired')?.status ?? 'Unknown',
    consecutiveFailures: next.consecutiveFailures,
  });
}

/** A stdio server runs on the machine of its user: a sweep cannot reach it. */
export const notProbed = ({ namespace, name, status }: McpServer): Check => ({
  namespace,
  name,
  observed: 'nothing',
  stages: [],
  reason: 'NotProbed',
  message:
    'A stdio server runs on the machine of the person who uses it. There is nothing to probe.',
  authRequired: 'Unknown',
  consecutiveFailures: status.consecutiveFailures,
});

function observed(outcome: ProbeOutcome): string {
  switch (outcome.kind) {
    case 'answered':
      return [
        `HTTP ${outcome.status}`,
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

const classifications = {
  asksForSignIn: 'server/discover asks for a sign-in',
  asksForNothing: 'server/discover answers without a sign-in',
  unclear: 'the answer to server/discover is not MCP',
} as const;

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
  tlsProtocol: 'no common TLS version or cipher',
  notHttp: 'an answer that is not HTTP',
};
