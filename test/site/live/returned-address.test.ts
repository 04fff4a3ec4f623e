import { expect, test } from 'vitest';
import { returnedIn, safeAddress } from '../../../site/src/live/session/returned-address.ts';

test.each([
  ['', { kind: 'nothing' }],
  ['?ns=default', { kind: 'nothing' }],
  ['?code=c&state=s', { kind: 'muster', state: 's', outcome: { kind: 'code', code: 'c' } }],
  [
    '?code=c&state=s&iss=https%3A%2F%2Fa.example',
    {
      kind: 'muster',
      state: 's',
      outcome: { kind: 'code', code: 'c', iss: 'https://a.example' },
    },
  ],
  ['?q=server&state=Connected', { kind: 'nothing' }],
  ['?code=c', { kind: 'muster', state: '', outcome: { kind: 'code', code: 'c' } }],
  [
    '?state=s&error=access_denied&error_description=No%0AEntry',
    {
      kind: 'muster',
      state: 's',
      outcome: { kind: 'refused', error: 'access_denied', description: 'No Entry' },
    },
  ],
  // An error counts more than a code.
  [
    '?state=s&code=c&error=server_error',
    { kind: 'muster', state: 's', outcome: { kind: 'refused', error: 'server_error' } },
  ],
  ['?secret=x', { kind: 'server', outcome: { kind: 'secret', secret: 'x' } }],
  [
    '?error=access_denied',
    { kind: 'server', outcome: { kind: 'refused', error: 'access_denied' } },
  ],
])('%s says where the browser came back from', (search, returned) => {
  expect(returnedIn(search)).toEqual(returned);
});

test('a text of an address has no secret, no line break, and an end', () => {
  const text = `${'a'.repeat(40)} ‮ ${'word '.repeat(200)}`;
  const { outcome } = returnedIn(
    `?state=s&error=e&error_description=${encodeURIComponent(text)}`,
  ) as {
    outcome: { description: string };
  };
  expect(outcome.description).toMatch(/^\[left out\] word/);
  expect(outcome.description).toHaveLength(300);
});

test.each([
  ['https://issuer.example.com/authorize?a=b', true],
  ['http://127.0.0.1:8080/authorize', true],
  ['http://[::1]:8080/authorize', true],
  ['http://localhost/authorize', true],
  ['http://issuer.example.com/authorize', false],
  ['http://127.0.0.1.example.com/', false],
  ['javascript:alert(1)', false],
  ['data:text/html,x', false],
  ['blob:https://issuer.example.com/1', false],
  ['//issuer.example.com', false],
  ['', false],
  [undefined, false],
])('%s is opened: %s', (address, isOpened) => {
  expect(safeAddress(address) !== undefined).toBe(isOpened);
});
