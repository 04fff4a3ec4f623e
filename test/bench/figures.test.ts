import { expect, test } from 'vitest';
import { isMet, median, quantile, ratios } from '../../bench/figures.ts';

test.each([
  [[3], 3],
  [[9, 1, 5], 5],
  [[4, 1, 3, 2], 2],
])('the median of %j is %d, one of its values', (values, middle) =>
  expect(median(values)).toBe(middle),
);

test('a quantile is the value of the nearest rank', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect([0, 0.01, 0.99, 1].map((share) => quantile(hundred, share))).toEqual([1, 1, 99, 100]);
});

test('the median of nothing is not a number', () => expect(median([])).toBeNaN());

test('ratios are of values that were measured side by side', () =>
  expect(ratios({ rounds: [10, 40] }, { name: 'peer', rounds: [20, 80] })).toEqual([0.5, 0.5]));

test('a round without the peer has no ratio', () =>
  expect(ratios({ rounds: [10, 40] }, { name: 'peer', rounds: [20] })).toEqual([0.5]));

test('an aim is met at its limit', () => {
  expect([1.9, 2, 2.1].map((value) => isMet(value, { atMost: 2 }))).toEqual([true, true, false]);
  expect([1.9, 2, 2.1].map((value) => isMet(value, { atLeast: 2 }))).toEqual([false, true, true]);
});
