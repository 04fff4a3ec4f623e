import { describe, expect, test } from 'vitest';
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

describe('on a terminal', () => {
  const long = aRow({ name: 'a-name-that-people-copy', type: 'streamable-http' });

  test('the last column is cut to its width, and a name never', () => {
    expect(table([long], { signedIn: false, now, width: 50 })).toBe(
      `NAME                      STATE       TYPE
a-name-that-people-copy   Connected   streamable-…
`,
    );
    expect(table([long], { signedIn: false, now, width: 20 })).toBe(
      `NAME                      STATE       TYPE
a-name-that-people-copy   Connected   streama…
`,
    );
  });

  test('STATE and SESSION have the color of what they say, and nothing else has one', () => {
    const paint = (style: string, text: string) => `<${style} ${text}>`;
    expect(table(seed, { signedIn: true, now, paint })).toBe(
      `NAME       STATE       SESSION         TYPE
server-a   <good Connected>   <good Authenticated>   streamable-http
server-b   <good Connected>   <warn Pending Auth>    streamable-http
server-c   <bad Failed>      -               streamable-http
`,
    );
    const rows = [
      aRow({ name: 'a', state: 'Connecting', session: aSession({ status: 'Expired' }) }),
    ];
    expect(table(rows, { signedIn: true, now, paint, headers: false })).toBe(
      'a   <warn Connecting>   <bad Expired>   streamable-http\n',
    );
  });
});
