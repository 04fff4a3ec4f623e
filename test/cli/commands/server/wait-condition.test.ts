/** `muster wait`: what `--for` may name, when it is met, and what is said when the time is over. */
import { expect, test } from 'vitest';
import {
  type Condition,
  hopeless,
  isMet,
  readCondition,
  type Seen,
  spanText,
  timedOut,
} from '../../../../cli/commands/server/wait-condition.ts';
import { serverCommands } from '../../../../cli/commands/server-commands.ts';
import { aRow, aSession } from '../../rows.ts';

const connected: Condition = { kind: 'state', wanted: 'Connected' };
const session: Condition = { kind: 'session' };
const deleted: Condition = { kind: 'deleted' };
const there = (facts: Partial<Extract<Seen, { kind: 'there' }>>): Seen => ({
  kind: 'there',
  uid: 'uid-1',
  ...facts,
});
const gone: Seen = { kind: 'gone' };
const failed = there({ state: 'Failed', reason: 'ConnectionRefused' });
const pendingAuth = aSession({
  status: 'Pending Auth',
  hint: 'muster auth login --server server-b',
});

test('each value of --for is a condition of its own, and the first one is the default', () => {
  const { values = [] } =
    serverCommands
      .find(({ words }) => words[0] === 'wait')
      ?.flags.find(({ name }) => name === 'for') ?? {};
  expect(values.map((value) => readCondition(value))).toEqual([
    connected,
    { kind: 'state', wanted: 'Connecting' },
    { kind: 'state', wanted: 'Failed' },
    session,
    deleted,
  ]);
  expect(readCondition(undefined)).toEqual(connected);
});

test.each([
  ['a server that is Connected', connected, there({ state: 'Connected' }), true],
  ['a server that is Failed', connected, failed, false],
  ['a server that was deleted', connected, gone, false],
  ['a session', session, there({ session: aSession() }), true],
  ['a session that is pending', session, there({ session: pendingAuth }), false],
  ['a server that was deleted, and that is wanted', deleted, gone, true],
  ['a server that is there', deleted, there({}), false],
  ['a server that was created again', deleted, there({ uid: 'uid-2' }), true],
] as const)('%s', (_, condition, seen, met) => {
  expect(isMet(condition, seen, 'uid-1')).toBe(met);
});

const c = { namespace: 'default', name: 'server-c' };
const b = { namespace: 'default', name: 'server-b' };

test.each([
  [
    'one server',
    connected,
    [{ server: c, seen: failed }],
    60_000,
    'default/server-c is still Failed after 60 seconds (ConnectionRefused). To see why, run: muster check default/server-c --explain',
  ],
  [
    'one look',
    connected,
    [{ server: c, seen: failed }],
    0,
    'default/server-c is Failed (ConnectionRefused). To see why, run: muster check default/server-c --explain',
  ],
  [
    'a server that no sweep has seen',
    connected,
    [{ server: c, seen: there({}) }],
    120_000,
    'default/server-c is still not probed yet after 2 minutes. To see why, run: muster check default/server-c --explain',
  ],
  [
    'several servers',
    connected,
    [
      { server: b, seen: there({ state: 'Connecting', reason: 'Timeout' }) },
      { server: c, seen: failed },
    ],
    90_000,
    '2 servers are not Connected after 90 seconds: default/server-b (Connecting, Timeout), default/server-c (Failed, ConnectionRefused). To see why, run: muster check default/server-b default/server-c --explain',
  ],
  [
    'a sign-in that did not come',
    session,
    [{ server: b, seen: there({ state: 'Connected', session: pendingAuth }) }],
    60_000,
    'default/server-b is still Pending Auth after 60 seconds. Run: muster auth login --server server-b',
  ],
  [
    'a session with a server that is down',
    session,
    [{ server: c, seen: { ...failed, session: aSession({ status: '-' }) } }],
    60_000,
    'default/server-c is still without a session, and Failed after 60 seconds (ConnectionRefused). To see why, run: muster describe default/server-c',
  ],
  [
    'a server that someone keeps',
    deleted,
    [{ server: c, seen: failed }],
    60_000,
    'default/server-c is still there after 60 seconds. To see what keeps it, run: kubectl get mcpserver server-c -n default -o yaml',
  ],
  [
    'a server that was deleted meanwhile',
    connected,
    [{ server: c, seen: gone }],
    60_000,
    'default/server-c was deleted. Run: muster list mcpserver',
  ],
] as const)('the time is over for %s', (_, condition, pending, timeoutMs, text) => {
  const { message, hint } = timedOut(condition, pending, timeoutMs);
  expect(`${message} ${hint ?? ''}`).toBe(text);
});

test('what no time can bring about', () => {
  const stdio = aRow({ type: 'stdio' });
  expect(hopeless(connected, stdio)).toMatch(/^is of type stdio/);
  expect(hopeless(deleted, stdio)).toBeUndefined();
  const open = aRow({ session: aSession({ status: '-' }) });
  expect(hopeless(session, open)).toMatch(/^asks for no sign-in/);
  expect(hopeless(connected, open)).toBeUndefined();
  expect(hopeless(session, { ...open, state: 'Failed' })).toBeUndefined();
});

test.each([
  [1_000, '1 second'],
  [60_000, '60 seconds'],
  [120_000, '2 minutes'],
  [150_000, '150 seconds'],
])('%i ms are %s', (ms, text) => {
  expect(spanText(ms)).toBe(text);
});
