import { expect, test } from 'vitest';
import {
  columnNamed,
  columnNames,
  columnOf,
  shortAge,
  wideColumns,
} from '../../../cli/output/columns.ts';
import { table } from '../../../cli/output/table.ts';
import { rowSchema, sessionSchema } from '../../../functions/model/wire/server-wire.ts';
import type { Row } from '../../../functions/model/wire/server-wire.ts';
import { aRow, aSession, now } from '../rows.ts';

const reachable = (lastTransitionTime: string): Row['conditions'] => [
  { type: 'Reachable', status: 'True', reason: 'Responded', lastTransitionTime },
];

const rows = [
  aRow({
    name: 'server-a',
    url: 'https://a.example.com/mcp',
    reason: 'AuthenticationRequired',
    conditions: reachable('2026-11-19T11:00:00Z'),
    session: aSession({ expiresAt: '2026-11-22T12:59:30Z', refreshable: true }),
  }),
  aRow({
    name: 'server-b',
    url: 'https://b.example.com/mcp',
    reason: 'AuthenticationRequired',
    conditions: reachable('2026-11-22T11:55:30Z'),
    session: aSession({ status: 'Pending Auth' }),
  }),
  aRow({
    name: 'server-c',
    url: 'https://c.example.com/mcp',
    state: 'Failed',
    reason: 'ClientCertificateRequired',
    session: aSession({ status: '-' }),
  }),
];

const wide = (width?: number, signedIn = true) => {
  const view = { signedIn, now, ...(width === undefined ? {} : { width }) };
  return table(rows, { ...view, columns: wideColumns(rows, view) });
};

test('wide says since when and why, when a session ends, and in a pipe where the server is', () => {
  expect(wide()).toBe(
    `NAME       STATE       SESSION         TYPE              SINCE   EXPIRES   REASON                      URL
server-a   Connected   Authenticated   streamable-http   3d      59m       AuthenticationRequired      https://a.example.com/mcp
server-b   Connected   Pending Auth    streamable-http   4m      -         AuthenticationRequired      https://b.example.com/mcp
server-c   Failed      -               streamable-http   -       -         ClientCertificateRequired   https://c.example.com/mcp
`,
  );
});

test('wide fits 120 characters, and has the URL where a terminal has room for it', () => {
  const longest = (text: string) => Math.max(...text.split('\n').map((line) => line.length));
  expect(wide(120)).not.toContain('URL');
  expect(longest(wide(120))).toBeLessThanOrEqual(120);
  expect(wide(130)).toContain('URL');
  expect(longest(wide(130))).toBeLessThanOrEqual(130);
  expect(longest(wide(90))).toBeLessThanOrEqual(90);
});

test('wide of somebody who is signed out has nothing of a session, and no URL', () => {
  expect(wide(undefined, false).split('\n')[0]).toBe(
    'NAME       STATE       TYPE              SINCE   REASON',
  );
});

test.each([
  [0, '0s'],
  [59_999, '59s'],
  [60_000, '1m'],
  [3_599_999, '59m'],
  [47 * 3_600_000, '47h'],
  [48 * 3_600_000, '2d'],
  [400 * 86_400_000, '400d'],
  [Number.NaN, '-'],
])('a span of %d ms is %s', (spanMs, text) => {
  expect(shortAge(spanMs)).toBe(text);
});

test('every field of a row has its column, and of a session all but what only programs need', () => {
  const fields = Object.keys(rowSchema.shape);
  expect(fields.filter((field) => !columnNames.includes(field))).toEqual([]);
  expect(Object.keys(sessionSchema.shape)).toEqual(
    expect.arrayContaining(['issuer', 'scopes', 'expiresAt', 'lastVerified', 'message', 'hint']),
  );
});

test.each(['lastError', 'last-error', 'LASTERROR', 'last_error'])(
  'a column is found as %s',
  (text) => {
    expect(columnNamed(text)).toBe('lastError');
  },
);

test('a column says nothing by a dash, and the time by how long ago that is', () => {
  const row = aRow({
    lastAttempt: '2026-11-22T11:59:48Z',
    nextRetryAfter: '2026-11-22T12:02:00Z',
    conditions: reachable('2026-11-22T11:59:00Z'),
  });
  const cell = (name: string) => {
    const known = columnNamed(name);
    return known === undefined ? undefined : columnOf(known, now).cell(row);
  };
  expect(
    ['lastAttempt', 'nextRetryAfter', 'lastConnected', 'stale', 'conditions'].map(cell),
  ).toEqual(['12s ago', 'in 2m', '-', 'false', 'Reachable=True']);
  expect(columnOf('nextRetryAfter', now).header).toBe('NEXT RETRY AFTER');
});
