import { expect, test } from 'vitest';
import { table } from '../../../cli/output/table.ts';
import { aRow, aSession, now, seed } from '../rows.ts';

test('the table of the seed, letter for letter', () => {
  expect(table(seed, { signedIn: true, now })).toBe(
    `NAME       STATE       SESSION         TYPE
server-a   Connected   Authenticated   streamable-http
server-b   Connected   Pending Auth    streamable-http
server-c   Failed      -               streamable-http
`,
  );
});

test('signed out there is no SESSION column, whatever the data says', () => {
  expect(table(seed, { signedIn: false, now })).toBe(
    `NAME       STATE       TYPE
server-a   Connected   streamable-http
server-b   Connected   streamable-http
server-c   Failed      streamable-http
`,
  );
});

test('signed in there is a SESSION column, even when no row has a session', () => {
  expect(table([aRow()], { signedIn: true, now })).toBe(
    `NAME       STATE       SESSION   TYPE
server-a   Connected   -         streamable-http
`,
  );
});

test('a server nobody ever probed has the STATE -', () => {
  const { state: _, ...neverProbed } = aRow({ type: 'stdio' });
  expect(table([neverProbed], { signedIn: false, now })).toBe(
    'NAME       STATE   TYPE\nserver-a   -       stdio\n',
  );
});

test('how single sign-on supplied a session stands in its cell', () => {
  const rows = [
    aRow({ name: 'a', session: aSession({ sso: 'Forwarded' }) }),
    aRow({ name: 'b', session: aSession({ status: 'Pending Auth', sso: 'Failed' }) }),
  ];
  expect(table(rows, { signedIn: true, now })).toBe(
    `NAME   STATE       SESSION                          TYPE
a      Connected   Authenticated [SSO: Forwarded]   streamable-http
b      Connected   Pending Auth [SSO: Failed]       streamable-http
`,
  );
});

const twins = [
  aRow({ namespace: 'team-b' }),
  aRow({ namespace: 'team-a' }),
  aRow({ namespace: 'team-b', name: 'only-here' }),
];

test('a name that occurs twice is printed with its namespace; rows are sorted by namespace and name', () => {
  expect(table(twins, { signedIn: false, now, headers: false })).toBe(
    `team-a/server-a   Connected   streamable-http
only-here         Connected   streamable-http
team-b/server-a   Connected   streamable-http
`,
  );
});

test('-A puts the namespace first and leaves names alone', () => {
  expect(table(twins, { signedIn: false, now, namespaceColumn: true })).toBe(
    `NAMESPACE   NAME        STATE       TYPE
team-a      server-a    Connected   streamable-http
team-b      only-here   Connected   streamable-http
team-b      server-a    Connected   streamable-http
`,
  );
});

test('wide tells the reason, what is known of the session, and the next command', () => {
  const rows = [
    aRow({
      session: aSession({
        issuer: 'https://login.example.com',
        scopes: ['mcp', 'admin'],
        expiresAt: '2026-11-22T12:23:30Z',
        refreshable: true,
        lastVerified: '2026-11-22T11:58:00Z',
      }),
      reason: 'AuthenticationRequired',
      speaksMcp: 'True',
    }),
    aRow({
      name: 'server-b',
      session: aSession({
        status: 'Pending Auth',
        message: 'The URL has changed.',
        hint: 'muster auth login --server server-b',
      }),
    }),
  ];
  const cells = (line: string | undefined) => line?.split(/ {3,}/);
  const [header, first, second] = table(rows, { signedIn: true, wide: true, now }).split('\n');
  expect(cells(header)?.slice(4)).toEqual([
    'REASON',
    'MCP',
    'ISSUER',
    'SCOPES',
    'EXPIRES',
    'VERIFIED',
    'PROBLEM',
    'NEXT',
  ]);
  expect(cells(first)?.slice(4)).toEqual([
    'AuthenticationRequired',
    'yes',
    'https://login.example.com',
    'mcp admin',
    'in 23 minutes (refreshes itself)',
    '2 minutes ago',
    '-',
    '-',
  ]);
  expect(cells(second)?.slice(4)).toEqual([
    'Responded',
    '-',
    '-',
    '-',
    '-',
    '-',
    'The URL has changed.',
    'muster auth login --server server-b',
  ]);
});

test('wide has no session details for somebody who is signed out', () => {
  expect(table(seed.slice(0, 1), { signedIn: false, wide: true, now })).toBe(
    'NAME       STATE    TYPE              REASON              MCP\nserver-c   Failed   streamable-http   ConnectionRefused   -\n',
  );
});
