/** `muster check NAME --verify`: whether the server takes the person's sign-in, in words. */
import { expect, test } from 'vitest';
import { painter } from '../../../cli/output/paint.ts';
import { isAccepted, verifyText } from '../../../cli/output/verify-text.ts';
import { aRow, aSession } from '../rows.ts';

const view = { paint: painter(false), label: 'server-a' };
const before = aRow({ session: aSession({ lastVerified: '2026-11-22T10:00:00Z' }) });
const nothing = aSession({ status: '-' });

test.each([
  [
    'accepted',
    before,
    aSession({ lastVerified: '2026-11-22T12:00:00Z' }),
    true,
    'server-a: Authenticated: the server accepted a request with your token\n',
  ],
  [
    'not asked: the last verification is an old one',
    before,
    aSession({ lastVerified: '2026-11-22T10:00:00Z', message: 'HTTP 503.' }),
    false,
    'server-a: Authenticated: the server could not be asked\nProblem:   HTTP 503.\n',
  ],
  [
    'refused',
    before,
    aSession({ status: 'Expired', message: 'HTTP 401.', hint: 'muster auth login --server a' }),
    false,
    'server-a: Expired: the server does not accept your sign-in\nProblem:   HTTP 401.\nNext:      muster auth login --server a\n',
  ],
  [
    'never signed in',
    before,
    aSession({ status: 'Pending Auth', hint: 'muster auth login --server a' }),
    false,
    'server-a: Pending Auth: you are not signed in to the server\nNext:      muster auth login --server a\n',
  ],
  [
    'no sign-in required',
    aRow({ session: nothing }),
    nothing,
    true,
    'server-a: the server requires no sign-in\n',
  ],
  [
    'down',
    aRow({ state: 'Failed', session: nothing }),
    nothing,
    false,
    'server-a: the server cannot be reached\n',
  ],
])('%s', (_, row, session, accepted, text) => {
  expect(isAccepted(row, session)).toBe(accepted);
  expect(verifyText(row, session, view)).toBe(text);
});
