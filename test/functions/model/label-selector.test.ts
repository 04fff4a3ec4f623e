import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { longestSelector, readSelector } from '../../../functions/model/label-selector.ts';

test('a key that every object of JavaScript has is no label', () => {
  expect(readSelector('constructor')?.({})).toBe(false);
  expect(readSelector('!toString')?.({})).toBe(true);
  expect(readSelector('constructor!=a')?.({})).toBe(true);
});

test('a selector is long only as far as an address can carry it', () => {
  expect(readSelector(`a=b,${'b,'.repeat(longestSelector)}c`)).toBeUndefined();
});

test('whatever a caller writes is read at once, and never selects more than one of its parts', () => {
  const part = fc.constantFrom(
    'a=b',
    'a!=b',
    'a',
    '!a',
    'a in (b,c)',
    'a>1',
    '(',
    ')',
    ',',
    '=',
    ' ',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 60 }), (parts) => {
      const startedAt = performance.now();
      const selects = readSelector(parts.join(''));
      expect(performance.now() - startedAt).toBeLessThan(250);
      if (selects?.({ a: 'b' }) === true)
        for (const one of parts.join('').split(/,(?![^(]*\))/))
          expect(readSelector(one)?.({ a: 'b' })).toBe(true);
    }),
  );
});
