import { expect, test } from 'vitest';
import { rateLimiter } from '../../../functions/routes/rate-limiter.ts';

const at = (second: number): Date => new Date(Date.UTC(2026, 10, 22, 12, 0, second));

test('so many in a window, then a time to wait, then again', () => {
  const allowance = rateLimiter({ count: 2, windowMs: 10_000 });
  expect(allowance('ada', at(0))).toEqual({ kind: 'allowed' });
  expect(allowance('ada', at(4))).toEqual({ kind: 'allowed' });
  expect(allowance('ada', at(5))).toEqual({ kind: 'limited', retryAfterMs: 5_000 });
  expect(allowance('ada', at(10))).toEqual({ kind: 'allowed' });
  expect(allowance('ada', at(11))).toEqual({ kind: 'limited', retryAfterMs: 3_000 });
});

test('one person spends nothing of another', () => {
  const allowance = rateLimiter({ count: 1, windowMs: 10_000 });
  allowance('ada', at(0));
  expect(allowance('grace', at(0))).toEqual({ kind: 'allowed' });
});
