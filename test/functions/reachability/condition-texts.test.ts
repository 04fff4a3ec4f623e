/** The conditions that a server which answered gets, in the words that people read. */
import { describe, expect, test } from 'vitest';
import {
  conditionOf,
  type ConditionType,
  type McpServer,
} from '../../../functions/model/mcpserver.ts';
import type { Verdict } from '../../../functions/reachability/classify.ts';
import { withStateRule } from '../../../functions/reachability/contention.ts';
import { eventsFor } from '../../../functions/reachability/event-records.ts';
import { nextStatus, reasonToWrite } from '../../../functions/reachability/status.ts';
import { aCondition, aServer, aStatus } from '../../world/server.ts';

const now = new Date('2026-03-01T12:00:00Z');
const answered = (facts: Partial<Extract<Verdict, { kind: 'connected' }>> = {}): Verdict => ({
  kind: 'connected',
  reason: 'Responded',
  message: 'It answered.',
  ...facts,
});
const failing = (facts: Partial<Extract<Verdict, { kind: 'failing' }>> = {}): Verdict => ({
  kind: 'failing',
  reason: 'Timeout',
  message: 'No answer.',
  ...facts,
});
const after = (verdicts: readonly Verdict[], server = aServer()): McpServer =>
  verdicts.reduce((one, verdict) => ({ ...one, status: nextStatus(one, verdict, now) }), server);
const told = (verdicts: readonly Verdict[], type: ConditionType) => {
  const { status, reason, message } = conditionOf(after(verdicts).status, type) ?? {};
  return [status, reason, message];
};

describe('AuthRequired says', () => {
  const asked = answered({ authRequired: 'True' });
  test.each<[readonly Verdict[], string, string, string]>([
    [[asked], 'True', 'AuthenticationRequired', 'Each person has to sign in.'],
    [
      [answered({ authRequired: 'True', discover: 'refused' })],
      'True',
      'AuthenticationRequired',
      'Each person has to sign in: the server refuses MCP requests without a token.',
    ],
    [
      [asked, answered({ authRequired: 'Unknown', discover: 'unanswered' })],
      'True',
      'AuthenticationRequired',
      'Each person has to sign in. The last MCP request got no answer.',
    ],
    [
      [answered({ authRequired: 'False' })],
      'False',
      'AuthenticationNotRequired',
      'The server answers without a sign-in.',
    ],
    [
      [answered({ authRequired: 'Unknown' })],
      'Unknown',
      'NotDetermined',
      'The server did not say whether it requires a sign-in.',
    ],
    [
      [answered({ authRequired: 'Unknown', discover: 'unanswered' })],
      'Unknown',
      'NotDetermined',
      'The MCP request that shows whether a sign-in is required got no answer.',
    ],
  ])('after %j', (verdicts, status, reason, message) => {
    expect(told(verdicts, 'AuthRequired')).toEqual([status, reason, message]);
  });
  test('nothing new after an answer that does not show it', () => {
    expect(told([answered()], 'AuthRequired')).toEqual([undefined, undefined, undefined]);
  });
});

describe('SpeaksMCP says', () => {
  const silent = answered({
    speaksMcp: 'Unknown',
    discover: 'unanswered',
    authRequired: 'Unknown',
  });
  test.each<[readonly Verdict[], string, string, string]>([
    [
      [answered({ speaksMcp: 'True' })],
      'True',
      'MCPResponse',
      'The server answered an MCP request.',
    ],
    [
      [answered({ speaksMcp: 'False' })],
      'False',
      'NoMCPResponse',
      'Something answers, and it is not an MCP server.',
    ],
    [
      [answered({ speaksMcp: 'Unknown' })],
      'Unknown',
      'MCPNotDetermined',
      'No answer showed whether this is an MCP server.',
    ],
  ])('after %j', (verdicts, status, reason, message) => {
    expect(told(verdicts, 'SpeaksMCP')).toEqual([status, reason, message]);
  });
  test('what it said before, when the request got no answer', () => {
    expect(told([answered({ speaksMcp: 'True' }), silent], 'SpeaksMCP')[0]).toBe('True');
    expect(told([answered({ speaksMcp: 'False' }), silent], 'SpeaksMCP')[0]).toBe('False');
    const refused = answered({ authRequired: 'True' });
    expect(told([answered({ speaksMcp: 'True' }), refused], 'SpeaksMCP')[0]).toBe('True');
    expect(told([answered({ speaksMcp: 'False' }), refused], 'SpeaksMCP')[0]).toBe('Unknown');
    expect(
      told([answered({ speaksMcp: 'True' }), answered({ speaksMcp: 'Unknown' })], 'SpeaksMCP')[0],
    ).toBe('Unknown');
  });
});

describe('Reachable says', () => {
  const missing = { reason: 'EndpointNotFound', message: 'No such path.' } as const;
  test.each<[readonly Verdict[], string, string]>([
    [[answered(missing)], 'EndpointNotFound', 'No such path.'],
    [
      [answered({ reason: 'ServerError', message: 'HTTP 500.', authRequired: 'True' })],
      'ServerError',
      'HTTP 500.',
    ],
    [[answered({ speaksMcp: 'True' }), answered(missing)], 'Responded', 'No such path.'],
    [[answered({ authRequired: 'False' }), answered(missing)], 'Responded', 'No such path.'],
    [[answered({ speaksMcp: 'False' }), answered(missing)], 'EndpointNotFound', 'No such path.'],
    [
      [answered({ authRequired: 'True' }), answered()],
      'AuthenticationRequired',
      'The server asks for a sign-in before it accepts requests.',
    ],
  ])('after %j', (verdicts, reason, message) => {
    expect(told(verdicts, 'Reachable')).toEqual(['True', reason, message]);
  });
  test('False with the reason of a failure', () => {
    expect(told([failing()], 'Reachable')).toEqual(['False', 'Timeout', 'No answer.']);
  });
});

describe('StateContended says', () => {
  const mine = after([answered()]);
  const theirs: McpServer = {
    ...mine,
    generation: 4,
    status: { ...mine.status, state: 'Disconnected', consecutiveFailures: 7, nextRetryAfter: now },
  };
  const at = (ms: number) => new Date(now.getTime() + ms);
  test('that another writer is there, and later that it is gone, each an Event', () => {
    const next = withStateRule(theirs, mine.status, at(1000), 'assert');
    const contended = {
      type: 'StateContended',
      status: 'True',
      reason: 'OtherWriter',
      message:
        'Another writer sets status.state to its own value. The verdict of the sweep is in the condition Reachable.',
      lastTransitionTime: at(1000),
      observedGeneration: 4,
    };
    expect(conditionOf(next, 'StateContended')).toEqual(contended);
    expect(eventsFor(theirs, next, at(1000))).toEqual([
      {
        server: {
          namespace: 'default',
          name: 'server-a',
          uid: 'uid-of-server-a',
          resourceVersion: '1',
        },
        at: at(1000),
        type: 'Warning',
        reason: 'OtherWriter',
        message: contended.message,
      },
    ]);
    const ours: McpServer = { ...theirs, status: { ...next, state: 'Connected' } };
    expect(
      conditionOf(withStateRule(ours, mine.status, at(179_999), 'assert'), 'StateContended')
        ?.message,
    ).toBeUndefined();
    const settled = withStateRule(ours, mine.status, at(180_000), 'assert');
    expect(conditionOf(settled, 'StateContended')).toEqual({
      ...contended,
      status: 'False',
      reason: 'OnlyWriter',
      message: 'status.state holds the value that the sweep wrote.',
      lastTransitionTime: at(180_000),
    });
    expect(eventsFor(ours, settled, at(180_000))).toMatchObject([
      { type: 'Normal', reason: 'OnlyWriter' },
    ]);
  });
  test('nothing while the value of another writer stays, and once an hour ours is written', () => {
    const state = (atMs: number) => {
      const status = { ...theirs.status, lastAttempt: at(atMs - 60_000) };
      return withStateRule({ ...theirs, status }, mine.status, at(atMs), 'yield').state;
    };
    const minutes = Array.from({ length: 60 }, (_, minute) => minute * 60_000);
    const ours = minutes.filter((ms) => state(ms) === 'Connected');
    expect(ours).toHaveLength(1);
    // Ten years later it is the same minute: the period is an hour to the millisecond.
    expect(state((ours[0] ?? 0) + 87_600 * 3_600_000)).toBe('Connected');
  });
  test('since when, however often it is seen', () => {
    const known = aCondition({ type: 'StateContended', status: 'True', reason: 'OtherWriter' });
    const seen: McpServer = {
      ...theirs,
      status: { ...theirs.status, conditions: [...theirs.status.conditions, known] },
    };
    const next = withStateRule(seen, mine.status, at(1000), 'assert');
    expect(conditionOf(next, 'StateContended')?.lastTransitionTime).toEqual(
      known.lastTransitionTime,
    );
  });
  test('nothing of their counter and time while a server is up: they stay as they are', () => {
    const up = { ...mine.status, nextRetryAfter: at(60_000) };
    expect(withStateRule(theirs, up, at(1000), 'yield')).toMatchObject({
      state: 'Disconnected',
      consecutiveFailures: 7,
      nextRetryAfter: now,
    });
  });
});

describe('a server that stays Failed and is asked in every sweep', () => {
  const day = 86_400_000;
  const failed = after([failing(), failing(), failing()]);
  const write = (verdict: Verdict, server = failed) =>
    reasonToWrite(server, nextStatus(server, verdict, now), now, day);
  test('is not written for one more failure, whatever its text', () => {
    expect(write(failing({ message: 'No answer from 192.0.2.7.' }))).toBeUndefined();
  });
  test('is written when the reason changes, or the time of the next try', () => {
    expect(write(failing({ reason: 'ConnectionRefused' }))).toBe('change');
    expect(write(failing({ isSlow: true }))).toBe('change');
  });
  test('is written on each failure before that', () => {
    expect(write(failing(), after([failing()]))).toBe('change');
    expect(write(failing(), after([answered()]))).toBe('change');
    expect(write(answered())).toBe('change');
  });
  test('is written for another text while the sweep waits between its tries', () => {
    const slow = after([1, 2, 3].map(() => failing({ isSlow: true })));
    const { nextRetryAfter: _, ...status } = slow.status;
    expect(write(failing({ isSlow: true }), { ...slow, status })).toBe('change');
  });
});

test('an error text, or the time of the next try, that changes is written', () => {
  const server = after([failing()]);
  const write = (facts: Partial<McpServer['status']>) =>
    reasonToWrite(server, { ...server.status, ...facts }, now, 86_400_000);
  expect([write({}), write({ lastError: 'Another.' }), write({ nextRetryAfter: now })]).toEqual([
    undefined,
    'change',
    'change',
  ]);
});

test('a condition of another writer is no change of ours, and the time of the last answer stays', () => {
  const server = after([answered({ authRequired: 'False' })]);
  const other = aCondition({ type: 'Ready', reason: 'Theirs' });
  const next = { ...server.status, conditions: [...server.status.conditions, other] };
  expect(reasonToWrite(server, next, now, 86_400_000)).toBeUndefined();
  expect(after([failing()], server).status.lastConnected).toEqual(now);
  const ahead = (ms: number) =>
    reasonToWrite(
      { ...server, status: { ...server.status, lastAttempt: new Date(now.getTime() + ms) } },
      { ...server.status },
      now,
      300_000,
    );
  expect([ahead(300_000), ahead(300_001)]).toEqual([undefined, 'heartbeat']);
  expect(aStatus().conditions).toEqual([]);
});
