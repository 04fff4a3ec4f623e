import { expect, test } from 'vitest';
import { rowChanges } from '../../../../cli/commands/list/row-changes.ts';
import type { Row } from '../../../../functions/model/wire/server-wire.ts';
import { aRow, aSession } from '../../rows.ts';

const lines = (before: readonly Row[], after: readonly Row[], matches?: (row: Row) => boolean) =>
  rowChanges(before, after, matches).map(({ type, name, text }) => `${type} ${name}: ${text}`);

const pending = aSession({ status: 'Pending Auth' });
const down = { state: 'Failed', reason: 'ConnectionRefused' };

test.each<[string, Partial<Row>, Partial<Row>, string[]]>([
  ['nothing', {}, {}, []],
  ['what a list does not show', {}, { lastAttempt: '2026-11-22T12:00:00Z' }, []],
  ['a recovery', down, {}, ['changed server-a: Failed -> Connected']],
  [
    'a failure, with its reason',
    {},
    down,
    ['changed server-a: Connected -> Failed (ConnectionRefused)'],
  ],
  [
    'a failure of a server that one is signed in to',
    { session: aSession() },
    { ...down, session: aSession({ status: '-' }) },
    ['changed server-a: Connected -> Failed (ConnectionRefused)'],
  ],
  [
    'a sign-in',
    { session: pending },
    { session: aSession({ sso: 'Exchanged' }) },
    ['changed server-a: Pending Auth -> Authenticated [SSO: Exchanged]'],
  ],
  [
    'another reason, type and address',
    { url: 'https://a.example.com' },
    { reason: 'Redirected', type: 'sse', url: 'https://b.example.com' },
    [
      'changed server-a: REASON Responded -> Redirected, TYPE streamable-http -> sse, URL https://a.example.com -> https://b.example.com',
    ],
  ],
  ['what has grown old', {}, { stale: true }, ['changed server-a: stale']],
])('%s', (_title, before, after, told) => {
  expect(lines([aRow(before)], [aRow(after)])).toEqual(told);
});

test('servers that come and go, in the order of a list', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((name) => aRow({ name }));
  expect(
    lines(
      [a, b].flatMap((row) => row ?? []),
      [b, c].flatMap((row) => row ?? []),
    ),
  ).toEqual(['removed a: removed', 'added c: added, Connected']);
});

test('a server that was created again was removed and added', () => {
  expect(lines([aRow({ uid: 'old' })], [aRow({ uid: 'new' })]).sort()).toEqual([
    'added default/server-a: added, Connected',
    'removed default/server-a: removed',
  ]);
});

test('a change into what was asked for adds, one out of it removes, and others are not told', () => {
  const isFailed = ({ state }: Row): boolean => state === 'Failed';
  expect(lines([aRow()], [aRow(down)], isFailed)).toEqual([
    'added server-a: Connected -> Failed (ConnectionRefused)',
  ]);
  expect(lines([aRow(down)], [aRow()], isFailed)).toEqual([
    'removed server-a: Failed -> Connected',
  ]);
  expect(lines([aRow()], [aRow({ state: 'Connecting' })], isFailed)).toEqual([]);
  expect(lines([], [aRow()], isFailed)).toEqual([]);
});
