import { expect, test } from 'vitest';
import { notATimeSpan, timeSpan } from '../../cli/time-span.ts';

test.each([
  ['500ms', 500],
  ['30s', 30_000],
  ['2m', 120_000],
  ['1h30m', 5_400_000],
  ['90', 90_000],
  ['0', 0],
])('%s is a time', (text, spanMs) => {
  expect(timeSpan(text)).toBe(spanMs);
});

test.each(['', 's', '1d', '-5s', '1.5s', '5 s', '25h', '1e3', '99999999'])(
  '"%s" is refused with an example',
  (text) => {
    expect(timeSpan(text)).toBeUndefined();
    expect(notATimeSpan(text)).toBe(`"${text}" is not a time, such as 30s, 2m or 1h30m.`);
  },
);
