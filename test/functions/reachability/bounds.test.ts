/** The numbers of the sweep: each bound, on both sides. */
import { describe, expect, test } from 'vitest';
import { longestRetryAfterMs, retryDelayMs } from '../../../functions/reachability/backoff.ts';
import {
  certificateWarning,
  isCertificateEventDue,
  isExpiring,
} from '../../../functions/reachability/certificate.ts';
import { isClassificationDue, isDue, missedTicks } from '../../../functions/reachability/due.ts';
import {
  mostHops,
  pagesBeforeFanOut,
  planNext,
  reasonToDrop,
  shardPages,
} from '../../../functions/reachability/fanout.ts';
import { aServer, aStatus, connected } from '../../world/server.ts';

const now = new Date('2026-03-01T12:00:00Z');
const later = (ms: number): Date => new Date(now.getTime() + ms);
const tickMs = 60_000;
const dayMs = 86_400_000;

test('a certificate is told about from less than 14 days before its end', () => {
  expect(isExpiring(later(14 * dayMs), now)).toBe(false);
  expect(isExpiring(later(14 * dayMs - 1), now)).toBe(true);
  expect(certificateWarning(later(14 * dayMs), now)).toBeUndefined();
  expect([certificateWarning(undefined, now), certificateWarning(now, undefined)]).toEqual([
    undefined,
    undefined,
  ]);
});

test('the Event about a certificate comes once in 24 hours, at another minute for each server', () => {
  const minutes = (uid: string) =>
    Array.from({ length: 48 * 60 }, (_, minute) => minute).filter((minute) =>
      isCertificateEventDue(uid, later(minute * tickMs), tickMs),
    );
  const [one, other] = [minutes('uid-a'), minutes('uid-b')];
  expect(one).toHaveLength(2);
  expect((one[1] ?? 0) - (one[0] ?? 0)).toBe(24 * 60);
  expect(one).not.toEqual(other);
  // In ten years there are as many as days: the period is a day to the millisecond.
  const year = 365 * dayMs;
  const own = later((one[0] ?? 0) * tickMs);
  expect(isCertificateEventDue('uid-a', new Date(own.getTime() + 10 * year), tickMs)).toBe(true);
});

describe('how long a server is left alone', () => {
  test('is 2 minutes, 10 % more or less, for one that hangs, another span each time', () => {
    const spans = Array.from({ length: 500 }, (_, failures) =>
      retryDelayMs({ isSlow: true }, 'uid-a', failures),
    ).map((ms) => ms ?? 0);
    expect(Math.min(...spans)).toBeGreaterThanOrEqual(108_000);
    expect(Math.min(...spans)).toBeLessThan(109_000);
    expect(Math.max(...spans)).toBeGreaterThan(131_000);
    expect(Math.max(...spans)).toBeLessThanOrEqual(132_000);
    expect(new Set(spans).size).toBe(500);
    expect(retryDelayMs({ isSlow: true }, 'uid-a', 1)).not.toBe(
      retryDelayMs({ isSlow: true }, 'uid-b', 1),
    );
  });
  test('is what it asks for, from half a minute to an hour', () => {
    expect(longestRetryAfterMs).toBe(3_600_000);
    const asked = (retryAfterMs: number) => retryDelayMs({ retryAfterMs }, 'uid-a', 1);
    expect([29_999, 30_000, 3_600_000, 3_600_001].map(asked)).toEqual([
      undefined,
      30_000,
      3_600_000,
      3_600_000,
    ]);
    expect(retryDelayMs({}, 'uid-a', 1)).toBeUndefined();
  });
});

test('a retry is believed up to an hour ahead, written by a clock that is at most three ticks ahead', () => {
  const due = (waitMs: number, aheadMs?: number) =>
    isDue(
      aServer({
        status: aStatus({
          nextRetryAfter: later(waitMs),
          ...(aheadMs !== undefined && { lastAttempt: later(aheadMs) }),
        }),
      }),
      now,
      tickMs,
    );
  expect([due(3_600_000), due(3_600_001)]).toEqual([false, true]);
  expect(missedTicks).toBe(3);
  expect([due(120_000, 180_000), due(120_000, 180_001)]).toEqual([false, true]);
});

test('sign-in is looked at once in 12 hours to the millisecond, and when either answer is missing', () => {
  const server = aServer({ status: connected() });
  const due = (at: Date) => isClassificationDue(server, at, tickMs);
  const minute = Array.from({ length: 12 * 60 }, (_, index) => index).find((index) =>
    due(later(index * tickMs)),
  );
  const own = later((minute ?? 0) * tickMs);
  // Ten years are 7,300 periods: one that is a second off is somewhere else by then.
  for (const periods of [1, 7_300])
    expect(due(new Date(own.getTime() + periods * 12 * 3_600_000))).toBe(true);
  for (const lost of ['AuthRequired', 'SpeaksMCP']) {
    const conditions = server.status.conditions.filter(({ type }) => type !== lost);
    const without = { ...server, status: { ...server.status, conditions } };
    expect(isClassificationDue(without, later(-tickMs), tickMs)).toBe(true);
  }
});

test('sign-in is looked at again when what is known of it is about an older spec', () => {
  const server = aServer({ generation: 2, status: connected() });
  const conditions = server.status.conditions.map((one) =>
    one.type === 'AuthRequired' ? one : Object.assign(one, { observedGeneration: 2 }),
  );
  const older = { ...server, status: { ...server.status, conditions } };
  expect(
    [0, 1, 2].map((minute) => isClassificationDue(older, later(minute * tickMs), tickMs)),
  ).toEqual([true, true, true]);
});

test('a shard goes on while one of its servers is left', () => {
  const cursor = { tick: now.toISOString(), hop: 11, everything: false, servers: 3 };
  const plan = (count: number) => planNext(cursor, { continue: 'next', count }, 500).kind;
  expect([plan(2), plan(3)]).toEqual(['chain', 'done']);
});

test('an invocation that is too old, too far ahead or in a circle does nothing', () => {
  expect([pagesBeforeFanOut, shardPages, mostHops]).toEqual([10, 10, 1000]);
  const drop = (ageMs: number, facts: { hop?: number; beganMs?: number } = {}) => {
    const { hop = 0, beganMs } = facts;
    const began = beganMs === undefined ? {} : { began: later(-beganMs).toISOString() };
    const cursor = { tick: later(-ageMs).toISOString(), hop, everything: false, ...began };
    return reasonToDrop(cursor, now, tickMs);
  };
  expect([drop(-60_000), drop(-60_001)]).toEqual([
    undefined,
    'dropped: its time is more than one tick ahead',
  ]);
  expect([drop(180_000), drop(180_001)]).toEqual([
    undefined,
    'dropped: the tick is older than 3 ticks',
  ]);
  const page = { hop: 1, beganMs: 60_000 };
  expect([drop(240_000, page), drop(240_001, page)]).toEqual([
    undefined,
    'dropped: the tick is older than 4 ticks',
  ]);
  expect(drop(100_000, { hop: 1, beganMs: 60_001 })).toBe(
    'dropped: the page message is older than one tick',
  );
  expect([drop(0, { hop: 1000 }), drop(0, { hop: 1001 })]).toEqual([
    undefined,
    'dropped: more than 1000 hops',
  ]);
});
