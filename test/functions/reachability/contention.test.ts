import { expect, test } from 'vitest';
import type { Verdict } from '../../../functions/reachability/classify.ts';
import { isDue } from '../../../functions/reachability/due.ts';
import { eventsFor } from '../../../functions/reachability/event-records.ts';
import { nextStatus, reasonToWrite } from '../../../functions/reachability/status.ts';
import {
  conditionOf,
  type McpServer,
  displayState,
  type Status,
} from '../../../functions/model/mcpserver.ts';
import { aServer, connected } from '../../world/server.ts';

const signInWanted: Verdict = {
  kind: 'connected',
  reason: 'AuthenticationRequired',
  message: 'asks',
  authRequired: 'True',
};
const refused: Verdict = {
  kind: 'failing',
  reason: 'ConnectionRefused',
  message: 'Connection refused.',
};
// Longer than any of these tests.
const heartbeatMs = 24 * 60 * 60_000;
const start = new Date('2026-01-01T00:00:00Z');
const minutes = (count: number): Date => new Date(start.getTime() + count * 60_000);

/** Upstream muster's write: its word, its error text, nothing of ours. */
const byMuster = (status: Status, word = 'Auth Required'): Status => ({
  ...status,
  state: word,
  lastError: 'authentication required',
});

/** One sweep: what it leaves, and whether that was worth a write. */
function sweep(
  server: McpServer,
  verdict: Verdict,
  now: Date,
): { readonly server: McpServer; readonly written: boolean } {
  const next = nextStatus(server, verdict, now);
  const written = reasonToWrite(server, next, now, heartbeatMs) !== undefined;
  return { server: written ? { ...server, status: next } : server, written };
}

const observed = (verdict: Verdict): McpServer => sweep(aServer(), verdict, start).server;

test('the first observation writes our word, whatever stands there', () => {
  const { server } = sweep(
    aServer({ status: { ...aServer().status, state: 'Disconnected' } }),
    signInWanted,
    start,
  );
  expect(server.status.state).toBe('Connected');
  expect(conditionOf(server.status, 'StateContended')).toBeUndefined();
});

test("another writer's word stays, and a condition says once that it is not ours", () => {
  const first = observed(signInWanted);
  const noticed = sweep({ ...first, status: byMuster(first.status) }, signInWanted, minutes(1));
  expect(noticed.written).toBe(true);
  expect(noticed.server.status).toMatchObject({
    state: 'Auth Required',
    lastError: 'authentication required',
  });
  expect(conditionOf(noticed.server.status, 'StateContended')).toMatchObject({
    status: 'True',
    reason: 'OtherWriter',
  });
  expect(sweep(noticed.server, signInWanted, minutes(2)).written).toBe(false);
});

test('people see the verdict of the sweep, not the word that replaced it', () => {
  const first = observed(signInWanted);
  const { server } = sweep(
    { ...first, status: byMuster(first.status, 'Failed') },
    signInWanted,
    minutes(1),
  );
  expect([server.status.state, displayState(server.status)]).toEqual(['Failed', 'Connected']);
});

test('nobody fights: beside a writer that writes after each of our writes, an hour has our word in it once', () => {
  let server = observed(signInWanted);
  let ours = 0;
  for (let minute = 1; minute <= 240; minute += 1) {
    const { server: after, written } = sweep(
      { ...server, status: byMuster(server.status) },
      signInWanted,
      minutes(minute),
    );
    if (written && after.status.state === 'Connected') ours += 1;
    server = after;
  }
  expect(ours).toBe(4);
});

test('our own change writes our word at once', () => {
  const first = observed(signInWanted);
  const contended = sweep(
    { ...first, status: byMuster(first.status) },
    signInWanted,
    minutes(1),
  ).server;
  expect(sweep(contended, refused, minutes(2)).server.status.state).toBe('Connecting');
});

test("a failing server counts on beside another writer's word, and is Failed at the third", () => {
  let server = sweep(observed(signInWanted), refused, minutes(1)).server;
  for (const minute of [2, 3]) {
    server = sweep(
      { ...server, status: { ...server.status, state: 'Disconnected' } },
      refused,
      minutes(minute),
    ).server;
  }
  expect(server.status).toMatchObject({ state: 'Failed', consecutiveFailures: 3 });
});

test('contention is over when our word stood for two minutes', () => {
  const first = observed(signInWanted);
  const contended = sweep(
    { ...first, status: byMuster(first.status) },
    signInWanted,
    minutes(1),
  ).server;
  const alone = {
    ...contended,
    status: { ...contended.status, state: 'Connected', lastError: '' },
  };
  expect(
    conditionOf(sweep(alone, signInWanted, minutes(2)).server.status, 'StateContended'),
  ).toMatchObject({ status: 'True' });
  const settled = sweep(alone, signInWanted, minutes(3)).server;
  expect(conditionOf(settled.status, 'StateContended')).toMatchObject({
    status: 'False',
    reason: 'OnlyWriter',
  });
  expect(sweep(settled, signInWanted, minutes(4)).written).toBe(false);
});

test("another writer's backoff does not keep us from looking", () => {
  const first = observed(signInWanted);
  const status = { ...byMuster(first.status, 'Failed'), nextRetryAfter: minutes(20) };
  expect(isDue({ ...first, status }, minutes(1), 60_000)).toBe(true);
});

test('a server whose owner took it out is never due', () => {
  expect(isDue(aServer({ optedOut: true }), start, 60_000)).toBe(false);
});

test('an Event tells of our own changes and of contention, and of nothing else', () => {
  const first = observed(signInWanted);
  const told = (server: McpServer, next: Status) =>
    eventsFor(server, next, start).map(({ type, reason }) => `${type} ${reason}`);
  expect(told(aServer(), first.status)).toEqual(['Normal AuthenticationRequired']);
  const replaced = { ...first, status: byMuster(first.status) };
  const contended = sweep(replaced, signInWanted, minutes(1)).server;
  expect(told(replaced, contended.status)).toEqual(['Warning OtherWriter']);
  expect(told(contended, { ...contended.status, lastAttempt: minutes(2) })).toEqual([]);
  const failing = sweep({ ...first, status: connected() }, refused, minutes(1)).server;
  expect(told({ ...first, status: connected() }, failing.status)).toEqual([
    'Warning ConnectionRefused',
  ]);
});
