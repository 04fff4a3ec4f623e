import { type Condition, conditionOf, type McpServer, displayState } from '../model/mcpserver.ts';
import { shownUrl } from '../model/shown-url.ts';
import type { Me, Row, Session } from '../model/wire.ts';
import type { Person } from './person.ts';
import { defined } from '../model/defined.ts';

/** What a row contains besides its server. */
export type RowView = {
  /** The caller's session with this server. Absent: the caller is not signed in. */
  readonly session?: Session;
  /** The caller is not signed in: no URL, error text or condition messages. */
  readonly anonymous: boolean;
  readonly now: Date;
  readonly heartbeatMs: number;
};

/**
 * One MCPServer in the API: only what is named here, so never `headers`, `env`, `args` or
 * `command`.
 */
export function rowOf(server: McpServer, view: RowView): Row {
  const { status } = server;
  const state = displayState(status);
  const reachable = conditionOf(status, 'Reachable');
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
    state,
    reason: reachable?.reason,
    authRequired: conditionOf(status, 'AuthRequired')?.status ?? 'Unknown',
    singleSignOn: server.singleSignOn,
    conditions: status.conditions.map((condition) => wireCondition(condition, view.anonymous)),
    lastError: status.lastError === undefined || view.anonymous ? undefined : status.lastError,
    consecutiveFailures: status.consecutiveFailures,
    lastAttempt: status.lastAttempt?.toISOString(),
    lastConnected: status.lastConnected?.toISOString(),
    nextRetryAfter: status.nextRetryAfter?.toISOString(),
    stale: isStale(server, view),
    session: view.session === undefined || view.anonymous ? undefined : view.session,
  });
}

function wireCondition(condition: Condition, anonymous: boolean): Row['conditions'][number] {
  return defined({
    type: condition.type,
    status: condition.status,
    reason: condition.reason,
    message: anonymous ? undefined : condition.message,
    lastTransitionTime: condition.lastTransitionTime.toISOString(),
    observedGeneration: condition.observedGeneration,
  });
}

/** A stdio server is never observed; a server never observed has no STATE that could be stale. */
function isStale(server: McpServer, { now, heartbeatMs }: RowView): boolean {
  const { lastAttempt, lastConnected } = server.status;
  if (server.type === 'stdio' || (lastAttempt === undefined && lastConnected === undefined))
    return false;
  const observed = Math.max(lastAttempt?.getTime() ?? 0, lastConnected?.getTime() ?? 0);
  return now.getTime() - observed > 2 * heartbeatMs;
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
