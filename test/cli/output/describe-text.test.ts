/** `muster describe`: what it prints about servers in every condition. */
import { afterAll, expect, test, vi } from 'vitest';
import { type Description, describeText } from '../../../cli/output/describe-text.ts';
import { painter } from '../../../cli/output/paint.ts';
import type { ExplainedRow } from '../../../functions/model/wire/server-wire.ts';
import { aRow, aSession, now } from '../rows.ts';
import { defined } from '../../../functions/model/defined.ts';
import { explainRow } from '../../../functions/model/reason-facts.ts';

const site = new URL('https://docs.example.com');

vi.stubEnv('TZ', 'Europe/Berlin');
afterAll(() => vi.unstubAllEnvs());

/** As the endpoint answers: with the sentences of the glossary. */
const text = (row: ExplainedRow, more: Partial<Description> = {}): string =>
  describeText({
    row: defined({ ...row, explained: row.explained ?? explainRow(row, site) }),
    signedIn: true,
    now,
    paint: painter(false),
    ...more,
  });

const reachable = (status: 'True' | 'False' | 'Unknown', reason: string, message: string) => ({
  type: 'Reachable',
  status,
  reason,
  message,
  lastTransitionTime: '2026-11-22T11:55:30Z',
});

const down = aRow({
  name: 'server-c',
  url: 'https://c.example.com/mcp',
  state: 'Failed',
  reason: 'ConnectionRefused',
  lastError: 'Connection refused.',
  consecutiveFailures: 5,
  lastAttempt: '2026-11-22T11:58:00Z',
  lastConnected: '2026-11-22T10:00:00Z',
  conditions: [reachable('False', 'ConnectionRefused', 'Connection refused.')],
  session: aSession({ status: '-' }),
});
const changes = [
  { at: '2026-11-22T11:55:30Z', from: 'Connecting', to: 'Failed', reason: 'ConnectionRefused' },
  { at: '2026-11-21T22:54:29Z', to: 'Connecting', reason: 'ConnectionRefused' },
];

test('a server that is down, in the order of the questions', () => {
  expect(text(down, { changes })).toBe(
    `Server:    default/server-c
Type:      streamable-http
URL:       https://c.example.com/mcp
State:     Failed for 4 minutes
Reason:    ConnectionRefused
Means:     The machine is up, and nothing listens on this port.
Message:   Connection refused.
Last OK:   2 hours ago
As of:     2 minutes ago
Next look: in the next sweep
Sign-in:   unknown
MCP:       unknown
Session:   - (your sign-in, if you have one, is kept)
Changes:   12:55:30              Connecting -> Failed   ConnectionRefused
           2026-11-21 23:54:29   - -> Connecting        ConnectionRefused
Next:      Start the server, or fix the port in spec.url.
More:      https://docs.example.com/reasons/connection-refused/
`,
  );
});

test('a server that requires a sign-in ends with the command', () => {
  const row = aRow({
    name: 'server-b',
    reason: 'AuthenticationRequired',
    authRequired: 'True',
    speaksMcp: 'True',
    lastConnected: '2026-11-22T11:58:00Z',
    lastAttempt: '2026-11-22T11:58:00Z',
    conditions: [reachable('True', 'AuthenticationRequired', 'HTTP 401.')],
    session: aSession({ status: 'Pending Auth', hint: 'muster auth login --server server-b' }),
  });
  expect(text(row)).toBe(
    `Server:    default/server-b
Type:      streamable-http
State:     Connected for 4 minutes
Reason:    AuthenticationRequired
Means:     The server answered 401, or 403 with a Bearer challenge. It is up and requires a sign-in.
Message:   HTTP 401.
Last OK:   2 minutes ago
As of:     2 minutes ago
Next look: in the next sweep
Sign-in:   required
MCP:       yes
Session:   Pending Auth
Issuer:    the server names it: muster check default/server-b --sign-in
Next:      muster auth login --server server-b
More:      https://docs.example.com/reasons/authentication-required/
`,
  );
});

test('my session: issuer, scopes, expiry, verification and problem', () => {
  const session = aSession({
    sso: 'Exchanged',
    issuer: 'https://login.example.com',
    scopes: ['read', 'write'],
    expiresAt: '2026-11-22T12:23:00Z',
    refreshable: true,
    lastVerified: '2026-11-22T11:00:00Z',
    message: 'It could not be refreshed.',
  });
  const shown = text(aRow({ authRequired: 'True', singleSignOn: 'exchange', session }));
  expect(shown).toContain(`Sign-in:   required, by single sign-on (exchange)
MCP:       unknown
Session:   Authenticated [SSO: Exchanged]
Issuer:    https://login.example.com
Scopes:    read write
Expires:   in 23 minutes (refreshes itself)
Verified:  1 hour ago
Problem:   It could not be refreshed.
`);
  expect(shown).not.toContain('Next:');
});

test('signed out of muster, SESSION is not known and the next step is to sign in', () => {
  const shown = text(aRow({ authRequired: 'True' }), { signedIn: false });
  expect(shown).toContain('Session:   unknown: you are not signed in to muster\n');
  expect(shown).toMatch(/\nNext: {6}muster auth login\nMore:/);
});

test.each([
  [
    'a stdio server',
    { type: 'stdio' },
    /State: {5}- \(never probed\)\nMeans: {5}A stdio server runs/,
  ],
  ['a suspended server', { reason: 'Suspended' }, /Reason: {4}Suspended\n[^]*Next look: never\n/],
  [
    'a server before its first sweep',
    {},
    /State: {5}- \(never probed\)\nNext look: in the next sweep\n/,
  ],
] as const)('%s', (_, facts, shown) => {
  const { state: _none, reason: _no, ...never } = aRow();
  expect(text({ ...never, ...facts, session: aSession({ status: '-' }) })).toMatch(shown);
});

test('a failing server: how many failures make it Failed, and when it is probed again', () => {
  const row = { ...down, state: 'Connecting', reason: 'Timeout', consecutiveFailures: 2 };
  const shown = text({ ...row, nextRetryAfter: '2026-11-22T12:02:10Z' });
  expect(shown).toContain('Failures:  2 of 3 in a row\n');
  expect(shown).toContain('Next look: in 2 minutes\n');
});

test('a STATE that the sweep could not confirm, and a status that is stale', () => {
  const conditions = [reachable('Unknown', 'ProberOffline', 'The prober is offline.')];
  const shown = text(aRow({ reason: 'ProberOffline', conditions, stale: true }));
  expect(shown).toContain('State:     Connected, not confirmed for 4 minutes\n');
  expect(shown).toContain('none has updated this status for two heartbeats');
});

test('what answers and is no MCP server gets its own next step', () => {
  const speaks = {
    type: 'SpeaksMCP',
    status: 'False' as const,
    reason: 'NoMCPResponse',
    lastTransitionTime: '2026-11-22T11:55:30Z',
  };
  const shown = text(
    aRow({ reason: 'EndpointNotFound', speaksMcp: 'False', conditions: [speaks] }),
  );
  expect(shown).toContain('MCP:       no\n');
  expect(shown).toMatch(
    /Next: {6}Compare the path of spec\.url .*\n {11}Compare spec\.url and spec\.type with the documentation of the server\.\n/,
  );
});

test('more than five changes name the command that lists them', () => {
  const many = Array.from({ length: 8 }, () => changes[0] ?? { at: '', to: '', reason: '' });
  const shown = text(down, { changes: many });
  expect(shown.match(/Connecting -> Failed/g)).toHaveLength(5);
  expect(shown).toContain('\n           3 more: muster events default/server-c\n');
});

test('an older endpoint sends no sentences, and a site is not everywhere', () => {
  const { explained: _none, ...row } = { ...down, explained: undefined };
  const shown = describeText({ row, signedIn: true, now, paint: painter(false) });
  expect(shown).not.toMatch(/Means|Next:|More/);
});

test('no changes, no block', () => {
  expect(text(down, { changes: [] })).not.toContain('Changes');
  expect(text(down)).not.toContain('Changes');
});

test('colors mark STATE and SESSION, and nothing else', () => {
  const shown = text(down, { paint: painter(true) });
  expect(shown.split('\u001b')).toHaveLength(3);
  expect(shown).toContain('State:     \u001b[31mFailed for 4 minutes\u001b[39m\n');
});

test('no text of the endpoint can forge a line or steer the terminal', () => {
  const evil = 'x\nNext:      muster auth logout\u001b[31m\u202e';
  const session = aSession({ status: 'Expired', issuer: evil, message: evil, hint: evil });
  const row = aRow({
    description: evil,
    url: evil,
    state: evil,
    reason: evil,
    lastError: evil,
    session,
  });
  const explained = { means: evil, hints: [evil], page: evil };
  const shown = text(
    { ...row, explained },
    { changes: [{ at: '2026-11-22T11:55:30Z', to: evil, reason: evil }] },
  );
  expect(shown.match(/^Next:/gm)).toHaveLength(1);
  expect(shown).not.toMatch(/\p{Cf}|(?!\n)\p{Cc}/u);
});
