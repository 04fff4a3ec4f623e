import { expect, test } from 'vitest';
import { inUseText } from '../../../cli/output/in-use-text.ts';

/** In the time of this machine, wherever that is. */
const at = (day: number, hours: number, minutes: number) => new Date(2026, 10, day, hours, minutes);

test.each([
  [at(26, 14, 5), 'An access token that is in use ends at 14:05.'],
  [at(26, 9, 0), 'An access token that is in use ends at 09:00.'],
  [at(27, 0, 30), 'An access token that is in use ends at 00:30 on Fri Nov 27 2026.'],
])('a token that is out ends at a time of today, or of a day', (end, text) => {
  expect(inUseText({ until: end.toISOString() }, at(26, 8, 0))).toBe(text);
});

test('a token without a known end says so', () => {
  expect(inUseText({}, at(26, 8, 0))).toBe(
    'An access token that is in use stays valid until its issuer ends it.',
  );
});
