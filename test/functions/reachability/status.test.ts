import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { shortStatus } from '../../../functions/adapters/cluster/mcpserver-object.ts';
import { retryDelayMs } from '../../../functions/reachability/backoff.ts';
import type { Verdict } from '../../../functions/reachability/classify.ts';
import { nextStatus, reasonToWrite } from '../../../functions/reachability/status.ts';
import {
  connectedReasons,
  conditionOf,
  failedReasons,
  failingReasons,
  type McpServer,
  type Status,
  states,
} from '../../../functions/model/mcpserver.ts';
import { aCondition, aServer, aStatus } from '../../world/server.ts';

const now = new Date('2026-03-01T12:00:00Z');
const minutes = (count: number): Date => new Date(now.getTime() + count * 60_000);
const refused: Verdict = {
  kind: 'failing',
  reason: 'ConnectionRefused',
  message: 'Connection refused.',
};
const nameless: Verdict = {
  kind: 'failed',
  reason: 'DNSFailure',
  message: 'The host name does not exist.',
};
const signIn: Verdict = {
  kind: 'connected',
  reason: 'AuthenticationRequired',
  message: '',
  authRequired: 'True',
};
const open: Verdict = {
  kind: 'connected',
  reason: 'Responded',
  message: 'The server answered HTTP 200.',
  authRequired: 'False',
};

/** The status after these verdicts, a minute apart. */
const after = (verdicts: readonly Verdict[], server: McpServer = aServer()): Status =>
  verdicts.reduce(
    (status, verdict, index) => nextStatus({ ...server, status }, verdict, minutes(index)),
    server.status,
  );

describe('STATE', () => {
  const rows: readonly (readonly [string, readonly Verdict[], string | undefined])[] = [
    ['a 401 is Connected', [signIn], 'Connected'],
    ['refused once is Connecting', [refused], 'Connecting'],
    ['refused twice is Connecting', [refused, refused], 'Connecting'],
    ['refused three times is Failed', [refused, refused, refused], 'Failed'],
    [
      'an answer in between starts the count anew',
      [refused, refused, open, refused, refused],
      'Connecting',
    ],
    ['a name that does not exist is Failed at once', [nameless], 'Failed'],
    ['Failed never goes back to Connecting', [nameless, refused], 'Failed'],
    ['a good answer ends Failed at once', [refused, refused, refused, signIn], 'Connected'],
    [
      'our own trouble changes nothing',
      [open, { kind: 'undecided', message: 'EMFILE' }],
      'Connected',
    ],
    [
      'our own trouble at first leaves it never probed',
      [{ kind: 'undecided', message: 'EMFILE' }],
      undefined,
    ],
  ];
  test.each(rows)('%s', (_sentence, verdicts, state) => expect(after(verdicts).state).toBe(state));
});

describe('a new spec', () => {
  test('resets the counter', () => {
    const failing = after([refused, refused]);
    expect(
      nextStatus(aServer({ generation: 2, status: failing }), refused, minutes(2)),
    ).toMatchObject({
      consecutiveFailures: 1,
      state: 'Connecting',
    });
  });
});

describe('Retry-After', () => {
  test('of a failing front door goes into nextRetryAfter', () => {
    expect(
      after([{ ...refused, reason: 'UpstreamUnavailable', retryAfterMs: 600_000 }]).nextRetryAfter,
    ).toEqual(minutes(10));
  });
  test('of a 429 goes there, too', () =>
    expect(
      after([{ ...open, reason: 'RateLimited', retryAfterMs: 120_000 }]).nextRetryAfter,
    ).toEqual(minutes(2)));
  test('is capped at an hour', () =>
    expect(after([{ ...open, reason: 'RateLimited', retryAfterMs: 1e12 }]).nextRetryAfter).toEqual(
      minutes(60),
    ));
});

test('a POST-only endpoint that answered MCP is not reported as not found by the next GET', () => {
  const known = after([open]);
  expect(
    conditionOf(
      nextStatus(
        aServer({ status: known }),
        { kind: 'connected', reason: 'EndpointNotFound', message: '' },
        minutes(1),
      ),
      'Reachable',
    )?.reason,
  ).toBe('Responded');
});

describe('writing', () => {
  const heartbeatMs = 300_000;
  const why = (server: McpServer, verdict: Verdict, at: Date): string | undefined =>
    reasonToWrite(server, nextStatus(server, verdict, at), at, heartbeatMs);
  test('the first observation is a change', () => expect(why(aServer(), open, now)).toBe('change'));
  test('the same answer a minute later is nothing', () => {
    const status = after([open]);
    const silent = Array.from({ length: 10 }, (_, index) =>
      why(aServer({ uid: `uid-${index}`, status }), open, minutes(1)),
    );
    expect(silent.filter((reason) => reason === undefined).length).toBeGreaterThan(5);
  });
  test('a heartbeat comes exactly once in five minutes, each server at its own moment', () => {
    const moments = Array.from({ length: 50 }, (_, index) => {
      let server = aServer({ uid: `uid-${index}`, status: after([open]) });
      const beats: number[] = [];
      for (let minute = 1; minute <= 30; minute += 1) {
        if (why(server, open, minutes(minute)) !== 'heartbeat') continue;
        beats.push(minute);
        server = { ...server, status: nextStatus(server, open, minutes(minute)) };
      }
      expect(beats).toHaveLength(6);
      return (beats[0] ?? 0) % 5;
    });
    expect(new Set(moments).size).toBe(5);
  });
  test('a heartbeat comes once also where its moment is within the second of a write', () => {
    const at = (minute: number): Date => new Date(minutes(minute).getTime() + 900);
    for (let index = 0; index < 1000; index += 1) {
      let server = aServer({ uid: `uid-${index}`, status: after([open]) });
      let beats = 0;
      for (let minute = 1; minute <= 30; minute += 1) {
        if (why(server, open, at(minute)) !== 'heartbeat') continue;
        beats += 1;
        server = { ...server, status: nextStatus(server, open, at(minute)) };
      }
      expect([index, beats]).toEqual([index, 6]);
    }
  });
  test('what the cluster takes only without its full message is not tried again in every sweep', () => {
    let status = shortStatus(after([open]));
    const reasons = [open, open, open, open, open, refused].map((verdict, index) => {
      const at = minutes(index + 1);
      const server = aServer({ status });
      const reason = why(server, verdict, at);
      if (reason !== undefined) status = shortStatus(nextStatus(server, verdict, at));
      return reason;
    });
    expect(reasons.at(-1)).toBe('change');
    expect(reasons.slice(0, 5).filter((reason) => reason !== undefined)).toEqual(['heartbeat']);
  });
  test('a failing attempt writes its counter', () =>
    expect(why(aServer({ status: after([refused]) }), refused, minutes(1))).toBe('change'));
  test('our own trouble writes nothing', () =>
    expect(why(aServer(), { kind: 'undecided', message: '' }, now)).toBeUndefined());
});

describe('always', () => {
  const message = fc.constantFrom('', 'one', 'two');
  const verdicts: fc.Arbitrary<Verdict> = fc.oneof(
    fc.record({
      kind: fc.constant('failed' as const),
      reason: fc.constantFrom(...failedReasons),
      message,
    }),
    fc.record({
      kind: fc.constant('failing' as const),
      reason: fc.constantFrom(...failingReasons),
      message,
    }),
    fc.record({
      kind: fc.constant('connected' as const),
      reason: fc.constantFrom(...connectedReasons),
      message,
    }),
    fc.record({
      kind: fc.constant('connected' as const),
      reason: fc.constantFrom(...connectedReasons),
      message,
      authRequired: fc.constantFrom('True' as const, 'False' as const, 'Unknown' as const),
    }),
  );
  const foreign = fc.uniqueArray(
    fc.record({
      type: fc.constantFrom('Ready', 'Synced', 'example.com/Healthy'),
      status: fc.constantFrom('True' as const, 'False' as const),
      reason: fc.constant('Theirs'),
      message: fc.string(),
      lastTransitionTime: fc.constant(new Date('2025-01-01T00:00:00Z')),
    }),
    { selector: ({ type }) => type },
  );
  const histories = fc.record({
    past: fc.array(verdicts, { maxLength: 6 }),
    verdict: verdicts,
    foreign,
    uid: fc.uuid(),
  });
  const serverAfter = ({
    past,
    foreign,
    uid,
  }: {
    past: readonly Verdict[];
    foreign: Status['conditions'];
    uid: string;
  }): McpServer => {
    const server = aServer({ uid, status: aStatus({ conditions: foreign }) });
    return { ...server, status: after(past, server) };
  };

  test('a server that hangs is left alone for 2 minutes, 10 % more or less, however often', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.uuid(), (failures, uid) => {
        const waits = retryDelayMs({ isSlow: true }, uid, failures);
        expect(waits).toBeGreaterThanOrEqual(108_000);
        expect(waits).toBeLessThanOrEqual(132_000);
        expect(retryDelayMs({}, uid, failures)).toBeUndefined();
      }),
    );
  });

  test('Connecting lasts for two failures in a row at most, and only from other than Failed', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const server = serverAfter(history);
        const next = nextStatus(server, history.verdict, minutes(10));
        expect(states).toContain(next.state);
        if (next.state === 'Connecting') {
          expect(next.consecutiveFailures).toBeLessThan(3);
          expect(server.status.state).not.toBe('Failed');
        }
        expect(next.state === 'Connected').toBe(history.verdict.kind === 'connected');
        expect(next.consecutiveFailures === 0).toBe(history.verdict.kind === 'connected');
      }),
    );
  });

  test('the same outcome twice never changes more than counters and times', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const server = serverAfter(history);
        const once = nextStatus(server, history.verdict, minutes(10));
        const twice = nextStatus({ ...server, status: once }, history.verdict, minutes(11));
        const rest = ({ state, lastError, conditions }: Status) => ({
          isUp: state === 'Connected',
          lastError,
          conditions,
        });
        expect(rest(twice)).toEqual(rest(once));
      }),
    );
  });

  test('a transition time moves only when the status of its condition does', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const server = serverAfter(history);
        const next = nextStatus(server, history.verdict, minutes(10));
        for (const condition of next.conditions) {
          const before = server.status.conditions.find(({ type }) => type === condition.type);
          const moved =
            before?.lastTransitionTime.getTime() !== condition.lastTransitionTime.getTime();
          expect(moved).toBe(before?.status !== condition.status);
        }
      }),
    );
  });

  test("other writers' conditions survive untouched, and ours are there once", () => {
    fc.assert(
      fc.property(histories, (history) => {
        const next = nextStatus(serverAfter(history), history.verdict, minutes(10));
        expect(next.conditions.filter(({ reason }) => reason === 'Theirs')).toEqual(
          history.foreign,
        );
        expect(next.conditions.filter(({ type }) => type === 'Reachable')).toHaveLength(1);
        for (const condition of next.conditions)
          if (condition.reason !== 'Theirs') expect(condition.observedGeneration).toBe(1);
      }),
    );
  });

  test('a list that holds one type twice (the atomic list of upstream) ends with one of ours', () => {
    const server = aServer({
      status: aStatus({
        conditions: [aCondition({ status: 'False' }), aCondition({ type: 'Ready' }), aCondition()],
      }),
    });
    expect(nextStatus(server, open, now).conditions.map(({ type }) => type)).toEqual([
      'Reachable',
      'Ready',
      'AuthRequired',
    ]);
  });

  test('every stored time has whole seconds', () => {
    const hung: Verdict = { ...refused, reason: 'Timeout', isSlow: true };
    const next = nextStatus(aServer(), hung, new Date('2026-03-01T12:00:00.789Z'));
    expect([next.lastAttempt?.getMilliseconds(), next.nextRetryAfter?.getMilliseconds()]).toEqual([
      0, 0,
    ]);
  });
});
