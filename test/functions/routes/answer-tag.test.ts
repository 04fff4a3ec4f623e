import { expect, test } from 'vitest';
import { etagOf, namesTag, tagOf } from '../../../functions/routes/answer-tag.ts';

test('a tag is that of its parts, and of where each begins', () => {
  const tag = tagOf('ab', 'c');
  expect(tagOf('ab', 'c')).toBe(tag);
  for (const others of [['a', 'bc'], ['abc'], ['ab', 'c', ''], ['ab', 'd']])
    expect(tagOf(...others)).not.toBe(tag);
  expect(etagOf(tag, false)).toMatch(/^"[\w-]{43}"$/);
});

test('the plain form and the gzip form have different strong tags (RFC 9110, section 8.8.3.3)', () => {
  expect(etagOf('tag', false)).toBe('"tag"');
  expect(etagOf('tag', true)).toBe('"tag-gzip"');
});

test.each([
  ['"tag"', true],
  ['"tag-gzip"', true],
  ['W/"tag"', true],
  ['W/"tag-gzip"', true],
  ['"other", "tag"', true],
  ['"other",W/"tag"', true],
  ['"with, comma", "tag"', true],
  ['*', true],
  [' * ', true],
  [undefined, false],
  ['', false],
  ['tag', false],
  ['"other"', false],
  ['"tag', false],
  ['"tag--gzip"', false],
  ['"*"', false],
  ['"a tag"', false],
])('If-None-Match: %s names the tag: %s (RFC 9110, section 13.1.2)', (header, isNamed) => {
  expect(namesTag(header, 'tag')).toBe(isNamed);
});
