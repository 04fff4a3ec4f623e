/** Whatever an object of the cluster says, it costs only itself: no sweep and no list fails by it. */
import { array, constantFrom, dictionary, integer, oneof } from 'fast-check';
import { expect } from 'vitest';
import { readItem, statusPatch } from '../../../functions/adapters/cluster/mcpserver-object.ts';
import type { McpServer } from '../../../functions/model/mcpserver.ts';
import { rowSchema } from '../../../functions/model/wire/server-wire.ts';
import { classify } from '../../../functions/reachability/classify.ts';
import { isClassificationDue, isDue, isSwept } from '../../../functions/reachability/due.ts';
import { eventsFor } from '../../../functions/reachability/event-records.ts';
import { explain } from '../../../functions/reachability/explain.ts';
import { nextStatus, reasonToWrite } from '../../../functions/reachability/status.ts';
import { changeOf } from '../../../functions/reachability/state-changes.ts';
import type { ProbeOutcome } from '../../../functions/reachability/outcome.ts';
import { sessionOf } from '../../../functions/sessions/session.ts';
import { rowOf } from '../../../functions/sessions/row.ts';
import { aGrant } from '../../functions/sessions/build.ts';
import { aPerson } from '../../world/person.ts';
import { fuzz } from './runs.ts';
import { nearly, oddAnything, oddJson, oddText } from './odd-values.ts';

const time = constantFrom(
  '2026-11-25T11:59:00Z',
  '2026-11-25T11:59:00.123456Z',
  '0001-01-01T00:00:00Z',
  '9999-12-31T23:59:59Z',
  '+275760-09-13T00:00:00Z',
  '2026-11-25',
  'yesterday',
  '0',
  '',
);
const number = oneof({ weight: 3, arbitrary: integer() }, constantFrom(0, 1e21, -1, 0.5));

const item = nearly({
  metadata: nearly({
    namespace: constantFrom('default', 'team-a'),
    name: oneof({ weight: 4, arbitrary: constantFrom('server-a') }, oddText),
    uid: oneof({ weight: 4, arbitrary: constantFrom('uid-a') }, oddText),
    generation: number,
    resourceVersion: constantFrom('1', '', '-1'),
    labels: dictionary(oddText, oddText, { maxKeys: 3 }),
  }),
  spec: nearly({
    type: constantFrom('streamable-http', 'sse', 'stdio', 'grpc'),
    url: oneof(
      constantFrom('https://mcp.example.com/mcp?key=1', 'http://a:b@c/', 'x', ''),
      oddText,
    ),
    headers: dictionary(oddText, oddText, { maxKeys: 3 }),
    timeout: number,
    autoStart: constantFrom(true, false),
    description: oddText,
    toolPrefix: oddText,
    auth: nearly({
      type: oneof(constantFrom('oauth', 'none', 'teleport'), oddText),
      forwardToken: constantFrom(true, false),
      requiredAudiences: array(oddText, { maxLength: 4 }),
      tokenExchange: nearly({
        enabled: constantFrom(true, false),
        dexTokenEndpoint: oneof(constantFrom('https://dex.example.com/token', 'x'), oddText),
        connectorId: oddText,
        scopes: oddText,
      }),
      authorizationServer: nearly({ issuer: oddText, scopes: oddText }),
    }),
  }),
  status: nearly({
    state: oneof(constantFrom('Connected', 'Connecting', 'Failed', 'Auth Required'), oddText),
    lastError: oddText,
    lastConnected: time,
    consecutiveFailures: number,
    lastAttempt: time,
    nextRetryAfter: time,
    conditions: array(
      nearly({
        type: constantFrom('Reachable', 'AuthRequired', 'StateContended', 'Ready'),
        status: constantFrom('True', 'False', 'Unknown'),
        reason: oneof(constantFrom('Responded', 'Timeout'), oddText),
        message: oddText,
        lastTransitionTime: time,
        observedGeneration: number,
      }),
      { maxLength: 4 },
    ),
  }),
});

const outcomes: readonly ProbeOutcome[] = [
  { kind: 'answered', status: 401, bearerChallenge: true, timings: {} },
  { kind: 'answered', status: 429, bearerChallenge: false, retryAfterMs: 1e300, timings: {} },
  { kind: 'unreachable', stage: 'tcp', cause: 'refused', detail: 'ECONNREFUSED', timings: {} },
  { kind: 'unreachable', stage: 'dns', cause: 'nameNotFound', detail: 'x', timings: {} },
  { kind: 'proberTrouble', detail: 'EMFILE', timings: {} },
];
const now = new Date('2026-11-25T12:00:00Z');

fuzz('any object is an MCPServer that can be swept and shown, or malformed', item, (object) => {
  hold(JSON.parse(JSON.stringify(object)));
});
fuzz('any value is an MCPServer or malformed', oneof(oddJson, oddAnything), hold, { share: 0.5 });

function hold(object: unknown): void {
  const read = readItem(object);
  if (read.kind === 'malformed') expect(typeof read.malformed.message).toBe('string');
  else canBeUsed(read.server);
}

function canBeUsed(server: McpServer): void {
  isSwept(server);
  isDue(server, now, 60_000);
  isClassificationDue(server, now, 60_000);
  for (const outcome of outcomes) {
    const next = nextStatus(server, classify(outcome), now);
    reasonToWrite(server, next, now, 300_000);
    JSON.stringify(statusPatch(next));
    eventsFor(server, next, now);
    changeOf(server, next, now);
    explain(server, outcome, now);
  }
  for (const grant of [undefined, aGrant({ serverUid: server.uid })])
    for (const anonymous of [true, false]) {
      const session = sessionOf(server, aPerson(), grant, now);
      const row = rowOf(server, { session, anonymous, now, heartbeatMs: 300_000 });
      const sent: unknown = JSON.parse(JSON.stringify(row));
      expect(rowSchema.safeParse(sent).error?.issues).toBeUndefined();
    }
}
