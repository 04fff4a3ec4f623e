import { expect, test } from 'vitest';
import { serverText, statusText } from '../../../cli/output/status-text.ts';
import { aRow, aSession, now } from '../rows.ts';

const endpoint = 'https://muster.example.com';
const me = {
  who: 'ada@example.com',
  expiresAt: new Date('2026-11-22T12:23:59Z'),
  refreshable: true,
};
const down = aRow({
  name: 'server-c',
  state: 'Failed',
  reason: 'ConnectionRefused',
  session: aSession({ status: '-' }),
  conditions: [
    {
      type: 'Reachable',
      status: 'False',
      reason: 'ConnectionRefused',
      lastTransitionTime: '2026-11-22T11:55:30Z',
    },
  ],
});

test('auth status as the design shows it, letter for letter', () => {
  const servers = [
    down,
    aRow({ session: aSession({ sso: 'Forwarded' }) }),
    aRow({
      name: 'server-b',
      session: aSession({ status: 'Pending Auth', hint: 'muster auth login --server server-b' }),
    }),
  ];
  expect(statusText({ endpoint, me, servers, now })).toBe(
    `Muster
  Endpoint:  https://muster.example.com
  Status:    Authenticated as ada@example.com
  Expires:   in 23 minutes (refreshes itself)

MCP Servers  (1 pending authentication)
  server-a   Authenticated [SSO: Forwarded]
  server-b   Pending Auth     Run: muster auth login --server server-b
  server-c   -                unreachable: connection refused, 4 minutes
`,
  );
});

// giantswarm/muster#266
test('servers that cannot be reached come last, and none is hidden', () => {
  const named = (row: typeof down, name: string) => ({ ...row, name, uid: name });
  const never = aRow({ session: aSession({ status: '-' }) });
  const servers = [
    named(down, 'a-down'),
    named({ ...down, state: 'Connecting' }, 'b-connecting'),
    named({ ...down, reason: 'Suspended' }, 'c-suspended'),
    named(never, 'd-never-probed'),
    named(aRow({ session: aSession() }), 'z-up'),
  ];
  const names = statusText({ endpoint, me, servers, now })
    .split('MCP Servers\n')[1]
    ?.match(/^ {2}\S+/gm);
  expect(names?.map((name) => name.trim())).toEqual([
    'd-never-probed',
    'z-up',
    'a-down',
    'b-connecting',
    'c-suspended',
  ]);
});

test('a suspended server is no outage: its line says who took it out', () => {
  const suspended = { ...down, reason: 'Suspended' };
  expect(statusText({ endpoint, me, servers: [suspended], now })).toContain(
    'server-c   -                suspended by its owner\n',
  );
});

// A session that an administrator ended, at a real Keycloak: `Expires: less than a minute ago (refreshes itself)` beside an ended session.
test.each(['Expired', 'Pending Auth'] as const)(
  'a session that is %s does not refresh itself, whatever it could do before',
  (status) => {
    const session = aSession({ status, expiresAt: '2026-11-22T11:59:30Z', refreshable: true });
    expect(serverText(aRow({ session }), now)).toContain('Expires:   less than a minute ago\n');
  },
);

test('a sign-in that could not be refreshed says why, and does not ask for another one', () => {
  const problem = 'Sign-in could not be refreshed: issuer unreachable (login.example.com)';
  const expiresAt = new Date('2026-11-22T11:56:00Z');
  expect(statusText({ endpoint, me: { ...me, expiresAt, problem }, now })).toBe(
    `Muster
  Endpoint:  https://muster.example.com
  Status:    Sign-in could not be refreshed: issuer unreachable (login.example.com)
  Person:    ada@example.com
  Expires:   4 minutes ago
`,
  );
});

test('signed out it names the command to run', () => {
  expect(statusText({ endpoint, now })).toBe(
    `Muster
  Endpoint:  https://muster.example.com
  Status:    Not authenticated   Run: muster auth login
`,
  );
});

test('a session that needs the owner, not the person, tells why instead of a command', () => {
  const session = aSession({
    status: 'Pending Auth',
    sso: 'Failed',
    message: 'forwarding to mcp.example.com is not allowed',
  });
  expect(statusText({ endpoint, me, servers: [aRow({ session })], now })).toContain(
    '  server-a   Pending Auth [SSO: Failed]    forwarding to mcp.example.com is not allowed\n',
  );
});

test('only what the person can change counts as pending', () => {
  const owners = aSession({ status: 'Pending Auth', sso: 'Failed', message: 'not allowed' });
  const mine = aSession({ status: 'Expired', hint: 'muster auth login --server server-b' });
  const servers = [aRow({ session: owners }), aRow({ name: 'server-b', session: mine })];
  expect(statusText({ endpoint, me, servers, now })).toContain('(1 pending authentication)');
});

test('an expired session names the command and the reason', () => {
  const session = aSession({
    status: 'Expired',
    message: 'the issuer refused it',
    hint: 'muster auth login --server server-a',
  });
  expect(statusText({ endpoint, me, servers: [aRow({ session })], now })).toContain(
    '  server-a   Expired          Run: muster auth login --server server-a   (the issuer refused it)\n',
  );
});

test('without servers it says none', () => {
  expect(statusText({ endpoint, me, servers: [], now })).toMatch(/\n\nMCP Servers\n {2}none\n$/);
});

test.each([
  ['DNSFailure', 'DNS failure'],
  ['TLSExpired', 'TLS expired'],
  ['NotHTTP', 'not HTTP'],
  ['HostUnreachable', 'host unreachable'],
  ['Timeout', 'timeout'],
])('the reason %s reads "%s"', (reason, words) => {
  const conditions = down.conditions.map((condition) => ({ ...condition, reason }));
  expect(serverText({ ...down, conditions }, now)).toContain(
    `Problem:   unreachable: ${words}, 4 minutes\n`,
  );
});
