import { expect, test } from 'vitest';
import { scopesIn, validScopes } from '../../../functions/model/scopes.ts';

test('scopes are what RFC 6749 calls so', () => {
  expect(scopesIn('mcp:read  https://www.example.com/auth/x.y openid mcp:read')).toEqual([
    'mcp:read',
    'https://www.example.com/auth/x.y',
    'openid',
  ]);
});

test.each([
  ['a line break', 'mcp\nserver-z   Connected   Authenticated'],
  ['a carriage return', 'mcp\rx'],
  ['a tab', 'mcp\tx'],
  ['an escape sequence', 'mcp\u001b[31m'],
  ['a direction character', 'mcp\u202ex'],
  ['a zero-width character', 'mcp\u200bx'],
  ['a line separator', 'mcp\u2028x'],
  ['a quote', 'mcp"x'],
  ['a backslash', 'mcp\\x'],
  ['a letter outside ASCII', 'mcpé'],
  ['more than 256 characters', 'm'.repeat(257)],
])('a scope with %s is left out', (_sentence, scope) => {
  expect(validScopes(['mcp', scope])).toEqual(['mcp']);
  for (const kept of scopesIn(`mcp ${scope}`)) expect(kept).toMatch(/^[\x21-\x7e]+$/);
});

test('an entry of a list with a blank is not two scopes', () => {
  expect(validScopes(['mcp', 'mcp offline_access admin'])).toEqual(['mcp']);
});

test('the first 100 scopes are kept, also of a megabyte', () => {
  const many = Array.from({ length: 100_000 }, (_, index) => `scope-${String(index)}`);
  expect(scopesIn(many.join(' '))).toEqual(many.slice(0, 100));
});
