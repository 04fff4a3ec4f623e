import { expect, test } from 'vitest';
import type { Verdict } from '../../../functions/reachability/classify.ts';
import { isDue } from '../../../functions/reachability/due.ts';
import { eventsFor } from '../../../functions/reachability/event-records.ts';
import { statusToWrite } from '../../../functions/reachability/status.ts';
import type { ContendedStateRule } from '../../../functions/reachability/contention.ts';
import {
  conditionOf,
  type McpServer,
  displayState,
  isReachable,
  ownState,
  states,
  type Status,
  upstreamStates,
} from '../../../functions/model/mcpserver.ts';
import { aCondition, aServer, aStatus, connected } from '../../world/server.ts';

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
  contendedState: ContendedStateRule = 'yield',
): { readonly server: McpServer; readonly written: boolean } {
  const next = statusToWrite(server, verdict, now, { heartbeatMs, contendedState });
  return {
    server: next === undefined ? server : { ...server, status: next },
    written: next !== undefined,
  };
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

test('contention is over when our word stood for three minutes', () => {
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
    conditionOf(sweep(alone, signInWanted, minutes(3)).server.status, 'StateContended'),
  ).toMatchObject({ status: 'True' });
  const settled = sweep(alone, signInWanted, minutes(4)).server;
  expect(conditionOf(settled.status, 'StateContended')).toMatchObject({
    status: 'False',
    reason: 'OnlyWriter',
  });
  expect(sweep(settled, signInWanted, minutes(5)).written).toBe(false);
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

const dnsFailure: Verdict = { kind: 'failed', reason: 'DNSFailure', message: 'No such name.' };
const contention = ({ status }: McpServer) => conditionOf(status, 'StateContended')?.status;

/** Down for good, as three sweeps leave it. */
const dead = (): McpServer =>
  [1, 2].reduce(
    (server, minute) => sweep(server, refused, minutes(minute)).server,
    observed(refused),
  );

// giantswarm/muster#1301: its retry of a dead server reads `Connecting` for as long as it runs.
test('the Connecting of a retry of another writer is contention, and STATE stays Failed', () => {
  const retried = { ...dead(), status: { ...dead().status, state: 'Connecting' } };
  expect(displayState(retried.status)).toBe('Failed');
  const { server } = sweep(retried, refused, minutes(3));
  expect(contention(server)).toBe('True');
});

test("another writer's Failed at our first failure is contention, and STATE is Connecting", () => {
  const failing = observed(refused);
  const { server } = sweep(
    { ...failing, status: byMuster(failing.status, 'Failed') },
    refused,
    minutes(1),
  );
  expect(contention(server)).toBe('True');
  expect(displayState(server.status)).toBe('Connecting');
});

test("the same value with another writer's error text is its value: nothing says that it is ours", () => {
  const first = dead();
  const contended = sweep(
    { ...first, status: { ...first.status, state: 'Disconnected' } },
    refused,
    minutes(3),
  ).server;
  expect(contention(contended)).toBe('True');
  const alike = { ...contended, status: byMuster(contended.status, 'Failed') };
  const { server } = sweep(alike, refused, minutes(10));
  expect(contention(server)).toBe('True');
  expect(eventsFor(alike, server.status, minutes(10))).toEqual([]);
});

// giantswarm/muster writes `Connected` every 30 s, each time with a new lastConnected.
test("another writer's Connected does not pass for ours, however long it is there", () => {
  const first = observed(signInWanted);
  let { server } = sweep({ ...first, status: byMuster(first.status) }, signInWanted, minutes(1));
  for (let minute = 2; minute < 30; minute += 1) {
    const status = {
      ...server.status,
      state: 'Connected',
      lastError: '',
      lastConnected: new Date(minutes(minute).getTime() - 5_000),
    };
    server = sweep({ ...server, status }, signInWanted, minutes(minute)).server;
    expect(contention(server)).toBe('True');
  }
});

test('contention that is over is announced once, also of a server that fails', () => {
  const first = dead();
  const contended = sweep({ ...first, status: byMuster(first.status) }, refused, minutes(3)).server;
  const records: string[] = [];
  let server = { ...contended, status: { ...dead().status, ...contended.status } };
  // The hour of this server comes, our value goes in, and nobody replaces it.
  for (let minute = 4; minute < 90; minute += 3) {
    const { server: after } = sweep(server, refused, minutes(minute));
    records.push(...eventsFor(server, after.status, minutes(minute)).map(({ reason }) => reason));
    server = after;
  }
  expect(server.status.state).toBe('Failed');
  expect(records).toEqual(['OnlyWriter']);
});

test('Failed stays Failed in our word and counter, whatever another writer leaves in state', () => {
  let server = sweep(observed(dnsFailure), refused, minutes(1)).server;
  expect(ownState(server.status)).toBe('Failed');
  for (const minute of [2, 3, 4]) {
    const status = { ...byMuster(server.status, 'Connecting'), lastError: 'retrying' };
    server = sweep({ ...server, status }, refused, minutes(minute)).server;
    expect(ownState(server.status)).toBe('Failed');
  }
});

test("another writer's Failed does not make our first failure one", () => {
  const { server } = sweep(
    aServer({ status: aStatus({ state: 'Failed', lastError: 'dial tcp' }) }),
    refused,
    start,
  );
  expect([server.status.state, ownState(server.status)]).toEqual(['Connecting', 'Connecting']);
});

test('our word depends on our condition and counter, never on state, error text or times', () => {
  const ours = [
    connected(),
    aStatus({
      consecutiveFailures: 2,
      conditions: [aCondition({ status: 'False', reason: 'Timeout' })],
    }),
    aStatus({
      consecutiveFailures: 3,
      conditions: [aCondition({ status: 'False', reason: 'Timeout' })],
    }),
    aStatus({
      consecutiveFailures: 1,
      conditions: [aCondition({ status: 'False', reason: 'DNSFailure' })],
    }),
  ];
  for (const status of ours)
    for (const state of [...states, ...upstreamStates])
      for (const lastError of ['', 'Connection refused.', 'theirs'])
        expect(ownState({ ...status, state, lastError, lastConnected: start })).toBe(
          ownState(status),
        );
});

test.each([
  ['Connected', true],
  ['Auth Required', true],
  ['Awaiting Session', true],
  ['Connecting', false],
  ['Disconnected', false],
  ['Starting', false],
  ['Failed', false],
])(
  'before our first sweep, the word %s of another writer says whether the server is up',
  (state, up) => {
    expect(isReachable(aStatus({ state }))).toBe(up);
  },
);

test('beside a writer that restores its word after each of our writes, a dead server costs a bounded number of writes', () => {
  const count = (rule: ContendedStateRule): { writes: number; ours: number } => {
    let server = dead();
    const seen = { writes: 0, ours: 0 };
    for (let minute = 3; minute < 63; minute += 1) {
      const status = byMuster(server.status, 'Connecting');
      if (!isDue({ ...server, status }, minutes(minute), 60_000)) continue;
      const { server: after, written } = sweep(
        { ...server, status },
        refused,
        minutes(minute),
        rule,
      );
      seen.writes += Number(written);
      seen.ours += Number(written && after.status.state === 'Failed');
      server = after;
    }
    return seen;
  };
  const [yielding, asserting] = [count('yield'), count('assert')];
  expect(yielding.ours).toBe(1);
  expect(yielding.writes).toBeLessThanOrEqual(60);
  expect(asserting.writes).toBeLessThanOrEqual(60);
  expect(asserting.ours).toBe(asserting.writes);
});

test('with assert a server that answers gets our word at each write, and no write of its own', () => {
  const first = observed(signInWanted);
  const noticed = sweep(
    { ...first, status: byMuster(first.status) },
    signInWanted,
    minutes(1),
    'assert',
  );
  expect([noticed.written, noticed.server.status.state]).toEqual([true, 'Connected']);
  const again = { ...noticed.server, status: byMuster(noticed.server.status) };
  expect(sweep(again, signInWanted, minutes(2), 'assert').written).toBe(false);
  const beat = statusToWrite(again, signInWanted, minutes(10), {
    heartbeatMs: 5 * 60_000,
    contendedState: 'assert',
  });
  expect(beat?.state).toBe('Connected');
});

test('a suspended server is never due', () => {
  expect(isDue(aServer({ suspended: true }), start, 60_000)).toBe(false);
});
