/** The limits of each person with a scripted table: who is counted apart, and for how long. */
import { expect, test } from 'vitest';
import { limits } from '../../../functions/model/limits.ts';
import { rateLimits } from '../../../functions/sessions/rate-limits.ts';

const ada = { issuer: 'https://login.example.com', subject: 'ada' };
const start = new Date('2026-03-01T12:00:00Z');

/** A table that says `isAllowed`, or does not answer. */
function world(isAllowed: (() => boolean) | undefined) {
  const clock = { now: start };
  const events: unknown[] = [];
  const lines: unknown[] = [];
  const { takeLimit: take } = rateLimits({
    now: () => clock.now,
    countUse: async () => {
      if (isAllowed === undefined) throw new Error('away '.repeat(80));
      return isAllowed();
    },
    audit: (event) => {
      events.push(event);
    },
    log: (line) => {
      lines.push(line);
    },
  });
  return { clock, events, lines, take };
}

test('a limit that is reached is one event, also for uses at the same time, until its window ends', async () => {
  const { clock, events, take } = world(() => false);
  const results = await Promise.all([take(ada, 'check'), take(ada, 'check')]);
  expect(results).toEqual([
    { kind: 'reached', retryAfterMs: 60_000 },
    { kind: 'reached', retryAfterMs: 60_000 },
  ]);
  expect(events).toEqual([{ kind: 'limitReached', person: ada, limit: 'check' }]);
  clock.now = new Date(start.getTime() + 59_999);
  expect(await take(ada, 'check')).toEqual({ kind: 'reached', retryAfterMs: 1 });
  clock.now = new Date(start.getTime() + 60_000);
  await take(ada, 'check');
  expect(events).toHaveLength(2);
});

test('each limit, issuer and subject is counted apart, in the process alone as well', async () => {
  const { clock, lines, take } = world(undefined);
  const used = async (person: typeof ada) => (await take(person, 'check')).kind;
  for (let count = 0; count < limits.check.count; count += 1)
    expect(await used(ada)).toBe('allowed');
  expect(await used(ada)).toBe('reached');
  expect(await used({ ...ada, subject: 'bob' })).toBe('allowed');
  expect(await used({ ...ada, issuer: 'https://other.example.com' })).toBe('allowed');
  expect((await take(ada, 'accessReview')).kind).toBe('allowed');
  expect((await take(ada, 'signInStart')).kind).toBe('uncounted');
  clock.now = new Date(start.getTime() + 60_000);
  expect(await used(ada)).toBe('allowed');
  expect(lines[0]).toEqual({
    level: 'error',
    message: 'limits cannot be counted',
    limit: 'check',
    detail: expect.stringMatching(/^.{199,200}$/),
  });
});
