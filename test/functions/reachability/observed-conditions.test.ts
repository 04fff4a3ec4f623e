import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Verdict } from '../../../functions/reachability/classify.ts';
import { isClassificationDue } from '../../../functions/reachability/due.ts';
import { certificateEvents } from '../../../functions/reachability/event-records.ts';
import { nextStatus, reasonToWrite } from '../../../functions/reachability/status.ts';
import {
  asksForSignIn,
  conditionOf,
  type ConditionStatus,
  type ConditionType,
  connectedReasons,
  failingReasons,
  type McpServer,
} from '../../../functions/model/mcpserver.ts';
import { anAuth, aServer } from '../../world/server.ts';

type Connected = Extract<Verdict, { kind: 'connected' }>;

const now = new Date('2026-03-01T12:00:00Z');
const minutes = (count: number): Date => new Date(now.getTime() + count * 60_000);
const tickMs = 60_000;
const answered = (facts: Partial<Connected> = {}): Connected => ({
  kind: 'connected',
  reason: 'Responded',
  message: 'The server answered HTTP 405.',
  ...facts,
});
const refusedGet = answered({ reason: 'AuthenticationRequired', authRequired: 'True' });
const refusedPost = answered({
  reason: 'AuthenticationRequired',
  authRequired: 'True',
  discover: 'refused',
  speaksMcp: 'Unknown',
});
const open = answered({ authRequired: 'False', speaksMcp: 'True' });
const unclear = answered({ authRequired: 'Unknown', speaksMcp: 'True' });
const unanswered = answered({
  authRequired: 'Unknown',
  discover: 'unanswered',
  speaksMcp: 'Unknown',
});

const after = (verdicts: readonly Verdict[], server = aServer()): McpServer =>
  verdicts.reduce(
    (one, verdict, index) => ({ ...one, status: nextStatus(one, verdict, minutes(index)) }),
    server,
  );
const statusOf = (server: McpServer, type: ConditionType): ConditionStatus | undefined =>
  conditionOf(server.status, type)?.status;

describe('AuthRequired and SpeaksMCP', () => {
  const rows: readonly (readonly [string, readonly Connected[], string, string])[] = [
    ['a 401 to the GET shows a sign-in, and nothing of MCP', [refusedGet], 'True', 'Unknown'],
    ['a result shows both', [open], 'False', 'True'],
    ['a JSON-RPC error shows only MCP', [unclear], 'Unknown', 'True'],
    ['a request that hangs shows nothing', [unanswered], 'Unknown', 'Unknown'],
    ['one that hangs takes nothing back from an open server', [open, unanswered], 'False', 'True'],
    ['nor from one that asks for a sign-in', [refusedGet, unanswered], 'True', 'Unknown'],
    ['a 401 makes an open server ask', [open, refusedGet], 'True', 'True'],
    ['a GET alone changes nothing', [open, answered()], 'False', 'True'],
    ['an unclear answer is written', [refusedGet, unclear], 'Unknown', 'True'],
    [
      'a web page in place of a server is seen',
      [open, answered({ authRequired: 'Unknown', speaksMcp: 'False' })],
      'Unknown',
      'False',
    ],
  ];
  test.each(rows)('%s', (_sentence, verdicts, signIn, mcp) => {
    const server = after(verdicts);
    expect([statusOf(server, 'AuthRequired'), statusOf(server, 'SpeaksMCP')]).toEqual([
      signIn,
      mcp,
    ]);
  });

  const conditionStatus = fc.constantFrom<ConditionStatus>('True', 'False', 'Unknown');
  const answers: fc.Arbitrary<Connected> = fc
    .record(
      {
        reason: fc.constantFrom(...connectedReasons),
        authRequired: conditionStatus,
        discover: fc.constantFrom('refused' as const, 'unanswered' as const),
        speaksMcp: conditionStatus,
        certificateExpiresAt: fc.date({
          min: minutes(0),
          max: minutes(60 * 24 * 30),
          noInvalidDate: true,
        }),
      },
      { requiredKeys: ['reason'] },
    )
    .map((facts) => answered(facts));
  const failures: fc.Arbitrary<Verdict> = fc.record({
    kind: fc.constant('failing' as const),
    reason: fc.constantFrom(...failingReasons),
    message: fc.constant('no'),
    isSlow: fc.boolean(),
  });
  const histories = fc.array(fc.oneof(answers, failures), { maxLength: 8 });

  test('neither SpeaksMCP nor a certificate ever changes STATE', () => {
    fc.assert(
      fc.property(histories, answers, (history, verdict) => {
        const server = after(history);
        const { speaksMcp: _, certificateExpiresAt: __, ...without } = verdict;
        const state = (one: Verdict) => nextStatus(server, one, minutes(20)).state;
        expect(state(verdict)).toBe(state(without));
        expect(state(verdict)).toBe('Connected');
      }),
    );
  });

  test('AuthRequired becomes False only by a verdict that says so', () => {
    fc.assert(
      fc.property(histories, answers, (history, verdict) => {
        const server = after(history);
        const next = { ...server, status: nextStatus(server, verdict, minutes(20)) };
        if (statusOf(next, 'AuthRequired') !== 'False') return;
        const was = statusOf(server, 'AuthRequired') === 'False';
        expect(was || verdict.authRequired === 'False').toBe(true);
      }),
    );
  });

  test('a failure leaves both as they are', () => {
    fc.assert(
      fc.property(histories, failures, (history, verdict) => {
        const server = after(history);
        const next = { ...server, status: nextStatus(server, verdict, minutes(20)) };
        for (const type of ['AuthRequired', 'SpeaksMCP'] as const)
          expect(conditionOf(next.status, type)).toEqual(conditionOf(server.status, type));
      }),
    );
  });
});

describe('the second request is rare', () => {
  const day = 24 * 60;
  /** In how many of the sweeps of a day it is asked for. */
  const asked = (server: McpServer): number =>
    Array.from({ length: day }, (_, minute) =>
      isClassificationDue(server, minutes(minute), tickMs),
    ).filter(Boolean).length;

  test.each([
    ['what is known is looked at twice a day', [open], 2],
    ['so is a server whose answer says nothing', [unclear], 2],
    // conformance auth servers, runpod, gbrain: 404 or 405 to the GET, 401 to the POST.
    ['so is one that refuses only the POST', [refusedPost], 2],
    ['one that hangs is looked at each hour', [unanswered], 24],
    ['one that hangs where a sign-in was asked for, too', [refusedGet, unanswered], 24],
    ['one whose GET is refused: the probe itself sees when that ends', [refusedGet], day],
  ])('%s', (_sentence, verdicts, times) => {
    expect(asked(after(verdicts))).toBe(times);
  });
  test('a status from before SpeaksMCP is completed by the next sweep', () => {
    const server = after([open]);
    const conditions = server.status.conditions.filter(({ type }) => type !== 'SpeaksMCP');
    expect(asked({ ...server, status: { ...server.status, conditions } })).toBe(day);
  });
  test('a server that refuses only the POST keeps its reason, and is not written each time', () => {
    const server = after([refusedPost]);
    const next = nextStatus(server, answered({ reason: 'EndpointNotFound' }), minutes(1));
    expect(conditionOf(next, 'Reachable')?.reason).toBe('AuthenticationRequired');
    const again = { ...server, status: next };
    const later = nextStatus(again, answered(), minutes(2));
    expect(reasonToWrite(again, later, minutes(2), day * 60_000)).toBeUndefined();
  });
});

describe('lazy authentication', () => {
  // preset-io/agor#1938, upstash/context7#2958: discovery is open, tools/call is not.
  test.each([
    ['type oauth', anAuth({ type: 'oauth' }), true],
    ['forwardToken', anAuth({ forwardToken: true }), true],
    ['nothing of sign-in', anAuth(), false],
  ])('an open server whose spec.auth has %s', (_what, auth, expected) => {
    expect(asksForSignIn(after([open], aServer({ auth })))).toBe(expected);
  });
});

describe('a certificate that expires soon', () => {
  const expiresAt = minutes(5 * 24 * 60);
  const soon = { ...open, certificateExpiresAt: expiresAt };
  test('is in the message, by its day: no write a day later', () => {
    const server = after([soon]);
    expect(conditionOf(server.status, 'Reachable')?.message).toContain(
      'The certificate expires on 2026-03-06.',
    );
    const later = nextStatus(server, soon, minutes(24 * 60));
    expect(
      conditionOf(later, 'Reachable')?.message === conditionOf(server.status, 'Reachable')?.message,
    ).toBe(true);
  });
  test('is one Event a day, at a moment of its own', () => {
    const outcome = {
      kind: 'answered',
      status: 200,
      bearerChallenge: false,
      timings: {},
      certificateExpiresAt: expiresAt,
    } as const;
    const events = Array.from({ length: 3 * 24 * 60 }, (_, minute) =>
      certificateEvents(
        { server: aServer(), outcome },
        { tick: minutes(minute), tickMs, siteUrl: new URL('https://docs.example.com') },
      ),
    ).flat();
    expect(events).toHaveLength(3);
    expect(events[0]).toMatchObject({
      type: 'Warning',
      reason: 'CertificateExpiring',
      message:
        'The certificate expires on 2026-03-06. See https://docs.example.com/reasons/certificate-expiring/',
    });
  });
});
