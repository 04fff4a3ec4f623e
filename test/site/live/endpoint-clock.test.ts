import { expect, test } from 'vitest';
import { endpointClock } from '../../../site/src/live/session/endpoint-clock.ts';

const here = new Date('2026-05-04T10:00:00Z');
const after = (seconds: number): Date => new Date(here.getTime() + seconds * 1_000);

test.each([-3_600, -31, 31, 3_600])('a clock that is %i s wrong is corrected once', (seconds) => {
  const clock = endpointClock(() => here);
  expect(clock.correct(after(seconds))).toBe(true);
  expect(clock.now()).toEqual(after(seconds));
  expect(clock.correct(after(seconds + 10))).toBe(false);
});

test.each([after(0), after(29), after(-29), undefined])('a clock that is right stays', (there) => {
  const clock = endpointClock(() => here);
  expect(clock.correct(there)).toBe(false);
  expect(clock.now()).toEqual(here);
});

test('an answer without a date leaves a corrected clock as it is', () => {
  const clock = endpointClock(() => here);
  clock.correct(after(100));
  expect(clock.correct(undefined)).toBe(false);
  expect(clock.now()).toEqual(after(100));
});
