/** When a session was last used, and what of it a sign-out cannot take back. */
import { expect, test } from 'vitest';
import { inUseAt, lastUses, withLastUses } from '../../../functions/sessions/last-use.ts';
import type { TokenRelease } from '../../../functions/sessions/ports.ts';
import { minutes, now } from './build.ts';

const person = { issuer: 'https://login.example.com', subject: 'ada' };
const release = (facts: Partial<TokenRelease> = {}): TokenRelease => ({
  serverUid: 'uid-a',
  thumbprint: 'laptop',
  at: now,
  ...facts,
});

test('the last of all machines counts, and only registered machines are counted', async () => {
  const ports = {
    listReleases: async () => [
      release({ at: minutes(-9) }),
      release({ thumbprint: 'desktop', at: minutes(-3) }),
      release({ thumbprint: 'removed', at: minutes(-1) }),
      release({ serverUid: 'uid-b', at: minutes(-5) }),
    ],
    listKeys: async () =>
      ['laptop', 'desktop', 'never used'].map((thumbprint) => ({
        thumbprint,
        createdAt: now,
        lastUsedAt: now,
      })),
  };
  expect(await lastUses(ports, person)).toEqual(
    new Map([
      ['uid-a', { at: minutes(-1).toISOString(), machines: 2 }],
      ['uid-b', { at: minutes(-5).toISOString(), machines: 1 }],
    ]),
  );
});

test('a session that was never used, or that does not exist, has no last use', () => {
  const used = { at: now.toISOString(), machines: 1 };
  const sessions = new Map([
    ['uid-a', { status: 'Authenticated' as const }],
    ['uid-b', { status: 'Authenticated' as const }],
    ['uid-c', { status: '-' as const }],
  ]);
  const all = new Map([
    ['uid-a', used],
    ['uid-c', used],
    ['uid of a server that is not listed', used],
  ]);
  expect(withLastUses(sessions, all)).toEqual(
    new Map<string, object>([
      ['uid-a', { status: 'Authenticated', lastUsed: used }],
      ['uid-b', { status: 'Authenticated' }],
      ['uid-c', { status: '-' }],
    ]),
  );
  expect(withLastUses(sessions, undefined)).toEqual(sessions);
});

test('what is in use ends with the last of the tokens, and at no known time where one has none', () => {
  const ends = (...all: readonly (number | undefined)[]) =>
    inUseAt(
      all.map((end) => (end === undefined ? release() : release({ endsAt: minutes(end) }))),
      now,
    );
  expect(ends()).toBeUndefined();
  expect(ends(-1, 0)).toBeUndefined();
  expect(ends(-1, 5, 3)).toEqual({ until: minutes(5).toISOString() });
  expect(ends(5, undefined)).toEqual({});
});
