import { expect, test } from 'vitest';
import { rowOf } from '../../../functions/sessions/row.ts';
import { rowSchema } from '../../../functions/model/wire/server-wire.ts';
import { aCondition, aServer, aStatus, connected } from '../../world/server.ts';

const now = new Date('2026-11-22T12:00:00Z');
const heartbeatMs = 300_000;
const ago = (ms: number): Date => new Date(now.getTime() - ms);
const mine = { anonymous: false, now, heartbeatMs, session: { status: 'Authenticated' } } as const;
const anybodys = { anonymous: true, now, heartbeatMs };

const failed = aServer({
  url: 'https://mcp.example.com/mcp',
  headers: { 'x-api-key': 'the key' },
  description: 'Tickets',
  status: aStatus({
    state: 'Failed',
    lastError: 'what another writer says',
    consecutiveFailures: 4,
    lastAttempt: new Date('2026-11-22T11:59:00Z'),
    nextRetryAfter: new Date('2026-11-22T12:03:00Z'),
    conditions: [
      aCondition({
        status: 'False',
        reason: 'ConnectionRefused',
        message: 'refused by mcp.example.com',
      }),
    ],
  }),
});

test('a row for somebody who is signed in', () => {
  expect(rowOf(failed, mine)).toEqual({
    namespace: 'default',
    name: 'server-a',
    uid: 'uid-of-server-a',
    type: 'streamable-http',
    url: 'https://mcp.example.com/mcp',
    description: 'Tickets',
    autoStart: false,
    timeoutSeconds: 30,
    state: 'Failed',
    reason: 'ConnectionRefused',
    authRequired: 'Unknown',
    speaksMcp: 'Unknown',
    conditions: [
      {
        type: 'Reachable',
        status: 'False',
        reason: 'ConnectionRefused',
        message: 'refused by mcp.example.com',
        lastTransitionTime: '2026-01-01T00:00:00.000Z',
        observedGeneration: 1,
      },
    ],
    lastError: 'refused by mcp.example.com',
    consecutiveFailures: 4,
    lastAttempt: '2026-11-22T11:59:00.000Z',
    nextRetryAfter: '2026-11-22T12:03:00.000Z',
    stale: false,
    session: { status: 'Authenticated' },
  });
});

test('a row for a stranger has no session, URL, error text or condition message, whatever is there', () => {
  const row = rowOf(failed, { ...anybodys, session: mine.session });
  expect(JSON.stringify(row)).not.toContain('mcp.example.com');
  expect(row).not.toHaveProperty('session');
  expect(row).toMatchObject({
    state: 'Failed',
    reason: 'ConnectionRefused',
    description: 'Tickets',
    consecutiveFailures: 4,
  });
});

test('headers never cross the wire, nor does a password or a query in the URL', () => {
  const row = rowOf({ ...failed, url: 'https://ada:secret@mcp.example.com/mcp?key=secret' }, mine);
  expect(JSON.stringify(row)).not.toMatch(/the key|secret/);
  expect(row.url).toBe('https://mcp.example.com/mcp');
});

test('what is no URL is shown as it is', () => {
  expect(rowOf({ ...failed, url: 'not a url' }, mine).url).toBe('not a url');
});

test('every row is what the wire says a row is', () => {
  for (const server of [
    failed,
    aServer(),
    aServer({ type: 'stdio' }),
    aServer({ status: connected('True') }),
  ]) {
    expect(rowSchema.parse(rowOf(server, mine))).toEqual(rowOf(server, mine));
  }
});

const { url: _, ...withoutUrl } = aServer({
  type: 'stdio',
  status: aStatus({ state: 'Connected', lastAttempt: ago(10 * heartbeatMs) }),
});
test.each([
  [
    'observed just now',
    aServer({ status: aStatus({ state: 'Connected', lastAttempt: ago(0) }) }),
    false,
  ],
  [
    'observed two heartbeats ago',
    aServer({ status: aStatus({ state: 'Connected', lastAttempt: ago(2 * heartbeatMs) }) }),
    false,
  ],
  [
    'observed before that',
    aServer({ status: aStatus({ state: 'Connected', lastAttempt: ago(2 * heartbeatMs + 1) }) }),
    true,
  ],
  [
    'connected lately, by another writer',
    aServer({ status: aStatus({ lastConnected: ago(5), lastAttempt: ago(3 * heartbeatMs) }) }),
    false,
  ],
  [
    'connected lately, by another writer, beside an old verdict of ours',
    aServer({
      status: aStatus({
        lastConnected: ago(5),
        lastAttempt: ago(3 * heartbeatMs),
        conditions: [aCondition()],
      }),
    }),
    true,
  ],
  ['never observed', aServer(), false],
  [
    'suspended',
    aServer({ suspended: true, status: { ...connected(), lastAttempt: ago(10 * heartbeatMs) } }),
    false,
  ],
  ['stdio', withoutUrl, false],
])('%s: stale or not', (_, server, stale) => {
  expect(rowOf(server, mine).stale).toBe(stale);
});

test('a suspended server has no STATE, whatever was there when it was suspended', () => {
  const suspended = aServer({ suspended: true, status: { ...connected(), state: 'Disconnected' } });
  const row = rowOf(suspended, mine);
  expect(row.reason).toBe('Suspended');
  expect(row).not.toHaveProperty('state');
});

// giantswarm/muster#1300, and what it wrote beside us on 2026-11-25: `Connected` for a dead server.
test.each(['Connected', 'Auth Required', 'Awaiting Session', 'Disconnected', 'Failed', 'Stopped'])(
  'STATE of a row is the verdict of the sweep beside the word %s',
  (state) => {
    const lastError = 'authentication required';
    const up = rowOf(aServer({ status: { ...connected(), state, lastError } }), mine);
    expect(up).toMatchObject({ state: 'Connected', reason: 'Responded' });
    expect(up).not.toHaveProperty('lastError');
    const { status } = failed;
    expect(rowOf({ ...failed, status: { ...status, state, lastError } }, mine)).toMatchObject({
      state: 'Failed',
      lastError: 'refused by mcp.example.com',
    });
  },
);

test('a row without its conditions keeps since when the server can be reached', () => {
  const { conditions, since } = rowOf(failed, { ...mine, withoutConditions: true });
  expect({ conditions, since }).toEqual({ conditions: [], since: '2026-01-01T00:00:00.000Z' });
  expect(rowOf(failed, mine)).not.toHaveProperty('since');
  expect(rowOf(aServer(), { ...mine, withoutConditions: true })).not.toHaveProperty('since');
});
