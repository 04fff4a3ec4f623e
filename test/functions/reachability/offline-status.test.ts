import { expect, test } from 'vitest';
import { conditionOf, hasNewSpec, isReachable } from '../../../functions/model/mcpserver.ts';
import { eventsFor } from '../../../functions/reachability/event-records.ts';
import { offlineStatus } from '../../../functions/reachability/offline-status.ts';
import { changeOf } from '../../../functions/reachability/state-changes.ts';
import { nextStatus, reasonToWrite } from '../../../functions/reachability/status.ts';
import { rowOf } from '../../../functions/sessions/row.ts';
import { aCondition, aServer, aStatus, connected } from '../../world/server.ts';

const now = new Date('2026-01-01T00:08:00.700Z');
const heartbeatMs = 300_000;
const before = aServer({ status: connected('True') });
const offline = offlineStatus(before, 'no connection', now);
const after = aServer({ status: offline });

test('the condition is Unknown, and everything else stays, also the time of the last observation', () => {
  expect(offline).toEqual({
    ...before.status,
    conditions: [
      aCondition({
        status: 'Unknown',
        reason: 'ProberOffline',
        message: 'The prober is offline: no connection.',
        lastTransitionTime: new Date('2026-01-01T00:08:00Z'),
      }),
      ...before.status.conditions.slice(1),
    ],
  });
  expect(isReachable(offline)).toBe(true);
});

test('it is written once, and is neither a change of STATE nor an Event', () => {
  expect(reasonToWrite(before, offline, now, heartbeatMs)).toBe('change');
  expect(changeOf(before, offline, now)).toBeUndefined();
  expect(eventsFor(before, offline, now)).toEqual([]);
  const next = offlineStatus(after, 'another reason', new Date(now.getTime() + 600_000));
  expect(reasonToWrite(after, next, now, heartbeatMs)).toBeUndefined();
});

test('the first answer ends it, without a change of STATE and without an Event', () => {
  const verdict = { kind: 'connected', reason: 'Responded', message: '' } as const;
  const next = nextStatus(after, verdict, now);
  expect(conditionOf(next, 'Reachable')).toMatchObject({
    status: 'True',
    reason: 'AuthenticationRequired',
  });
  expect(changeOf(after, next, now)).toBeUndefined();
  expect(eventsFor(after, next, now)).toEqual([]);
});

test('a failure afterwards is a change of STATE', () => {
  const verdict = { kind: 'failed', reason: 'DNSFailure', message: 'x' } as const;
  const next = nextStatus(after, verdict, now);
  expect(changeOf(after, next, now)).toMatchObject({ from: 'Connected', to: 'Failed' });
  expect(eventsFor(after, next, now)).toHaveLength(1);
});

test('a spec that was never probed stays new', () => {
  const changed = aServer({ generation: 2, status: connected() });
  const status = offlineStatus(changed, 'no connection', now);
  expect(hasNewSpec(aServer({ generation: 2, status }))).toBe(true);
});

test('a server that was never probed gets no STATE by it', () => {
  const status = offlineStatus(aServer(), 'no connection', now);
  expect(status).toEqual(
    aStatus({
      conditions: [
        {
          type: 'Reachable',
          status: 'Unknown',
          reason: 'ProberOffline',
          message: 'The prober is offline: no connection.',
          lastTransitionTime: new Date('2026-01-01T00:08:00Z'),
        },
      ],
    }),
  );
});

test('the row is told as stale', () => {
  const view = { anonymous: false, now, heartbeatMs };
  expect(rowOf(before, view)).toMatchObject({ state: 'Connected', stale: false });
  expect(rowOf(after, view)).toMatchObject({
    state: 'Connected',
    reason: 'ProberOffline',
    stale: true,
  });
});
