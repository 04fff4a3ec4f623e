import { assert, integer, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { oneLine, oneLineWithoutSecrets } from '../../../functions/model/outside-text.ts';
import { momentFromOutside, spanFromOutside } from '../../../functions/model/outside-time.ts';

const anything = string({ unit: 'binary', maxLength: 400 });

describe('text from outside', () => {
  test.each([
    ['line breaks', 'a\r\nb\nc', 'a b c'],
    ['terminal sequences', 'red \u001b[31m now', 'red [31m now'],
    ['direction overrides', 'abc\u202edcba', 'abc dcba'],
    ['zero-width characters', 'ad\u200bmin', 'ad min'],
    ['line separators', 'a\u2028b\u2029c', 'a b c'],
    ['lone surrogates', 'a\ud800b', 'a b'],
    ['tag characters', `a${String.fromCodePoint(0xe0041)}b`, 'a b'],
    ['words', 'Zugriff verweigert: naïve café 東京', 'Zugriff verweigert: naïve café 東京'],
  ])('%s', (_kind, text, wanted) => expect(oneLine(text, 100)).toBe(wanted));

  test('is cut, never inside a character', () => {
    expect(oneLine('x'.repeat(30), 10)).toBe(`${'x'.repeat(9)}…`);
    expect(oneLine('😀'.repeat(10), 6)).toBe('😀😀…');
  });

  test('is one bounded line without invisible characters, whatever it was', () => {
    assert(
      property(anything, integer({ min: 1, max: 200 }), (text, most) => {
        const line = oneLine(text, most);
        expect(line.length).toBeLessThanOrEqual(most);
        expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
        expect(oneLine(line, most)).toBe(line);
      }),
    );
  });

  test('holds no token, whole or in the shape of one', () => {
    const part = (text: string) => Buffer.from(text).toString('base64url');
    const token = ['{"alg":"ES256"}', '{"sub":"ada"}', 'signature'].map(part).join('.');
    for (const text of [
      token,
      `error="invalid", Bearer ${token}`,
      `Authorization: Bearer abc`,
      `see https://issuer.example.com/cb?code=abc&state=x#y`,
      `DPoP q.w.e`,
    ]) {
      const line = oneLineWithoutSecrets(text, 300);
      for (const secret of [token, 'Bearer abc', 'code=abc', 'q.w.e'])
        expect(line).not.toContain(secret);
      expect(line).toContain('[left out]');
    }
  });
});

describe('times from outside', () => {
  test.each([
    ['an hour', 3600, 3_600_000],
    ['a number in text', '3600', 3_600_000],
    ["Java's never", 2 ** 63, undefined],
    ['infinity', Number.POSITIVE_INFINITY, undefined],
    ['zero', 0, undefined],
    ['below zero', -1, undefined],
    ['no number', 'soon', undefined],
    ['null', null, undefined],
    ['more than ten years', 400_000_000, undefined],
  ])('a span: %s', (_kind, given, wanted) => expect(spanFromOutside(given)).toBe(wanted));

  test.each([
    ['now', 1_700_000_000, new Date(1_700_000_000_000)],
    ['the year 300000', 9_999_999_999_999, undefined],
    ['not a number', Number.NaN, undefined],
    ['text', '1700000000', undefined],
  ])('a moment: %s', (_kind, given, wanted) =>
    expect(momentFromOutside(given, new Date(1_700_000_000_000))).toEqual(wanted),
  );
});
