import {
  type Condition,
  conditionOf,
  conditionTypes,
  displayError,
  displayState,
  type McpServer,
  ownState,
  type Status,
  suspendedReason,
} from '../model/mcpserver.ts';
import { shownUrl } from '../model/shown-url.ts';
import type { Me } from '../model/wire/person-wire.ts';
import type { Row, Session } from '../model/wire/server-wire.ts';
import type { Person } from './person.ts';
import { defined } from '../model/defined.ts';
import { longestMessage, oneLine } from '../model/outside-text.ts';

/** What a row contains besides its server. */
export type RowView = RowForm & {
  /** The caller's session with this server. Absent: the caller is not signed in. */
  readonly session?: Session;
  readonly now: Date;
  readonly heartbeatMs: number;
};

/** Which facts of a server a row has. */
export type RowForm = {
  /** The caller is not signed in: no URL, error text or condition messages. */
  readonly anonymous: boolean;
  /** For a caller that shows none of them: they are most of a row. */
  readonly withoutConditions?: boolean;
};

/** What of a row neither the person nor the time changes. */
export type SharedRow = Omit<Row, 'stale' | 'session'>;

/**
 * One MCPServer in the API: only what is named here, so never `headers`, `env`, `args` or
 * `command`.
 */
export const rowOf = (server: McpServer, view: RowView): Row =>
  defined({
    ...sharedRowOf(server, view),
    stale: view.now.getTime() > staleAfter(server, view.heartbeatMs),
    session: view.session === undefined || view.anonymous ? undefined : view.session,
  });

/** The part of `rowOf` that is the same for everyone of that form, at any time. */
export function sharedRowOf(server: McpServer, view: RowForm): SharedRow {
  const { status } = server;
  const isSuspended = server.suspended === true;
  const state = isSuspended ? undefined : displayState(status);
  const reachable = conditionOf(status, 'Reachable');
  const reason = isSuspended ? suspendedReason : reachable?.reason;
  const error = displayError(status);
  return defined({
    namespace: server.namespace,
    name: server.name,
    uid: server.uid,
    type: server.type,
    url: server.url === undefined || view.anonymous ? undefined : shownUrl(server.url),
    description: server.description,
    toolPrefix: server.toolPrefix,
    autoStart: server.autoStart,
    timeoutSeconds: server.timeoutMs / 1000,
    state: state === undefined ? undefined : oneLine(state, longestWord),
    reason: reason === undefined ? undefined : oneLine(reason, longestWord),
    authRequired: conditionOf(status, 'AuthRequired')?.status ?? 'Unknown',
    speaksMcp: conditionOf(status, 'SpeaksMCP')?.status ?? 'Unknown',
    singleSignOn: server.singleSignOn,
    conditions:
      view.withoutConditions === true
        ? []
        : shownConditions(status).map((condition) => wireCondition(condition, view.anonymous)),
    since:
      view.withoutConditions === true ? reachable?.lastTransitionTime.toISOString() : undefined,
    lastError: error === undefined || view.anonymous ? undefined : oneLine(error, longestMessage),
    consecutiveFailures: status.consecutiveFailures,
    lastAttempt: status.lastAttempt?.toISOString(),
    lastConnected: status.lastConnected?.toISOString(),
    nextRetryAfter: status.nextRetryAfter?.toISOString(),
  });
}

const longestWord = 316; // the longest type of a condition, as metav1.Condition has it
const mostConditions = 50;

/** Other writers may leave any number of conditions. Our own are always shown. */
const shownConditions = (status: Status): readonly Condition[] =>
  status.conditions.filter(
    (condition, index) =>
      index < mostConditions ||
      conditionTypes.some((type) => conditionOf(status, type) === condition),
  );

function wireCondition(condition: Condition, anonymous: boolean): Row['conditions'][number] {
  return defined({
    type: oneLine(condition.type, longestWord),
    status: condition.status,
    reason: oneLine(condition.reason, longestWord),
    message: anonymous ? undefined : oneLine(condition.message, longestMessage),
    lastTransitionTime: condition.lastTransitionTime.toISOString(),
    observedGeneration: condition.observedGeneration,
  });
}

/**
 * The time after which the STATE is stale, in milliseconds: never for a stdio server, which is not
 * observed, for a suspended one, which no longer is, and for one that was never observed. One that
 * the sweep could not judge for long keeps a STATE of before: it is stale at any time.
 */
export function staleAfter(server: McpServer, heartbeatMs: number): number {
  const { lastAttempt, lastConnected } = server.status;
  if (server.type === 'stdio' || server.suspended === true) return Infinity;
  if (lastAttempt === undefined && lastConnected === undefined) return Infinity;
  if (conditionOf(server.status, 'Reachable')?.reason === 'ProberOffline') return -Infinity;
  // giantswarm/muster also writes lastConnected: it says nothing about the age of our verdict.
  const isOurs = ownState(server.status) !== undefined && lastAttempt !== undefined;
  const theirs = isOurs ? 0 : (lastConnected?.getTime() ?? 0);
  return Math.max(lastAttempt?.getTime() ?? 0, theirs) + 2 * heartbeatMs;
}

/** The person in the API. */
export const meOf = (person: Person): Me =>
  defined({
    subject: person.subject,
    issuer: person.issuer,
    email: person.email,
    name: person.name,
    expiresAt: person.expiresAt.toISOString(),
  });
