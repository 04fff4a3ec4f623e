import { expect, test } from 'vitest';
import type { Grant } from '../../../functions/sessions/grant.ts';
import { sessionOf } from '../../../functions/sessions/session.ts';
import { sessionSchema } from '../../../functions/model/wire/server-wire.ts';
import {
  aGrant,
  allowed,
  auth,
  exchange,
  minutes,
  now,
  protectedServer,
  type ServerFacts,
} from './build.ts';
import { aPerson } from '../../world/person.ts';
import { defined } from '../../../functions/model/defined.ts';

type Row = [
  sentence: string,
  server: ServerFacts,
  grant: Partial<Grant> | undefined,
  word: string,
  sso?: string,
];

const pinned = (issuer: string) => ({ auth: { ...auth, authorizationServer: { issuer } } });
const forwarding = { auth: { ...auth, forwardToken: true } };
const lacking = { auth: { ...forwarding.auth, requiredAudiences: ['kubernetes'] } };
const exchanging = { auth: { ...auth, tokenExchange: exchange } };
const expecting = {
  auth: { ...auth, tokenExchange: { ...exchange, expectedIssuer: 'https://another.example.com' } },
};

test.each<Row>([
  ['a stdio server has no session', { type: 'stdio' }, {}, '-'],
  ['a server that failed has no session, whatever is stored', { state: 'Failed' }, {}, '-'],
  ['a server that is connecting has no session', { state: 'Connecting' }, {}, '-'],
  ['a suspended server has no session', { suspended: true }, {}, '-'],
  ['a server that nobody probed has no session', { state: '' }, {}, '-'],
  ['a server that asks for no sign-in has no session', { authRequired: 'False' }, {}, '-'],
  // preset-io/agor#1938, upstash/context7#2958: discovery is open, the use of a tool is not.
  [
    'an open server whose spec.auth declares a sign-in has one',
    { authRequired: 'False', auth },
    undefined,
    'Pending Auth',
  ],
  [
    'a server of unknown mind without spec.auth has no session',
    { authRequired: 'Unknown' },
    {},
    '-',
  ],
  [
    'a server of unknown mind whose spec.auth asks does',
    { authRequired: 'Unknown', auth },
    undefined,
    'Pending Auth',
  ],
  [
    "upstream's word Auth Required means that it is up",
    { state: 'Auth Required' },
    {},
    'Authenticated',
  ],
  ['a token that fits is forwarded', forwarding, undefined, 'Authenticated', 'Forwarded'],
  [
    'a forwarded token that the server refused has failed',
    forwarding,
    { kind: 'forwarding', refused: { at: now, by: 'server', message: 'no' } },
    'Pending Auth',
    'Failed',
  ],
  [
    'a grant of the past does not fail forwarding',
    forwarding,
    { refused: { at: now, by: 'server', message: 'no' } },
    'Authenticated',
    'Forwarded',
  ],
  ['an audience that the token lacks has failed', lacking, undefined, 'Pending Auth', 'Failed'],
  ['exchange that never ran is pending', exchanging, undefined, 'Pending Auth'],
  [
    'exchange that the issuer refused has failed',
    exchanging,
    { kind: 'exchange', refused: { at: now, by: 'issuer', message: 'no' } },
    'Pending Auth',
    'Failed',
  ],
  [
    'an exchanged token that the server refused has expired',
    exchanging,
    { kind: 'exchange', refused: { at: now, by: 'server', message: 'no' } },
    'Expired',
  ],
  // giantswarm/muster and a real Dex: exchanged tokens end after 10 to 30 minutes.
  [
    'an exchanged token that has expired is exchanged again',
    exchanging,
    { kind: 'exchange', expiresAt: minutes(-30) },
    'Authenticated',
    'Exchanged',
  ],
  ['an own sign-in is worth nothing where tokens are exchanged', exchanging, {}, 'Pending Auth'],
  [
    'an exchanged token is worth nothing where people sign in themselves',
    {},
    { kind: 'exchange' },
    'Pending Auth',
  ],
  [
    'another issuer than the exchange expects ends the grant',
    expecting,
    { kind: 'exchange' },
    'Pending Auth',
  ],
  [
    'exchange wins over forwarding',
    { auth: { ...forwarding.auth, tokenExchange: exchange } },
    { kind: 'exchange' },
    'Authenticated',
    'Exchanged',
  ],
  ['without a grant a sign-in is pending', {}, undefined, 'Pending Auth'],
  ['a re-created server does not inherit the grant', { uid: 'uid-new' }, {}, 'Pending Auth'],
  [
    'a server whose URL changed does not inherit the grant',
    { url: 'https://elsewhere.example.com/mcp' },
    {},
    'Pending Auth',
  ],
  [
    'another way to write the same URL changes nothing',
    { url: 'https://MCP.example.com:443/mcp#top' },
    {},
    'Authenticated',
  ],
  [
    'a pinned issuer that changed ends the grant',
    pinned('https://other.example.com'),
    {},
    'Pending Auth',
  ],
  [
    'the pinned issuer that made the grant keeps it',
    pinned('https://issuer.example.com'),
    {},
    'Authenticated',
  ],
  [
    "another person's grant is nobody else's",
    {},
    { person: { issuer: 'https://login.example.com', subject: 'grace' } },
    'Pending Auth',
  ],
  [
    'the same subject of another issuer is another person',
    {},
    { person: { issuer: 'https://evil.example', subject: 'ada' } },
    'Pending Auth',
  ],
  [
    'a refused grant has expired',
    {},
    { refused: { at: now, by: 'issuer', message: 'The issuer revoked it.' } },
    'Expired',
  ],
  [
    'a refused grant has expired even if it could be refreshed',
    {},
    { refused: { at: now, by: 'server', message: 'no' }, refreshable: true },
    'Expired',
  ],
  ['past its expiry a grant has expired', {}, { expiresAt: minutes(-1) }, 'Expired'],
  ['at its expiry a grant has expired', {}, { expiresAt: now }, 'Expired'],
  [
    'past its expiry a refreshable grant is as good as new',
    {},
    { expiresAt: minutes(-1), refreshable: true },
    'Authenticated',
  ],
  ['a grant that is valid now is a session', {}, {}, 'Authenticated'],
  ['an exchanged grant says so', exchanging, { kind: 'exchange' }, 'Authenticated', 'Exchanged'],
])('%s', (_sentence, server, grant, word, sso) => {
  const session = sessionOf(
    protectedServer(server),
    aPerson(),
    grant === undefined ? undefined : aGrant(grant),
    now,
    {
      policy: allowed,
    },
  );
  expect(session).toMatchObject(
    defined({
      status: word,
      sso,
    }),
  );
  expect(session.sso).toBe(sso);
  expect(sessionSchema.parse(session)).toEqual(session);
});

test('a grant without a known end is valid', () => {
  const { expiresAt: _expiresAt, ...endless } = aGrant();
  expect(sessionOf(protectedServer(), aPerson(), endless, now).status).toBe('Authenticated');
});

test.each([
  ['a pending one', undefined, 'muster auth login --server server-a'],
  ['an expired one', aGrant({ expiresAt: minutes(-1) }), 'muster auth login --server server-a'],
  ['a valid one', aGrant(), undefined],
])('%s names the next command, or none', (_sentence, grant, next) => {
  expect(sessionOf(protectedServer(), aPerson(), grant, now).hint).toBe(next);
});

test.each([
  ['forwarding', forwarding, 'FORWARD_HOSTS'],
  ['exchange', exchanging, 'EXCHANGE_ISSUERS'],
])(
  '%s that nobody allowed has failed, names the setting and offers no sign-in',
  (_sentence, facts, setting) => {
    const session = sessionOf(protectedServer(facts), aPerson(), aGrant({ kind: 'exchange' }), now);
    expect(session).toEqual({
      status: 'Pending Auth',
      sso: 'Failed',
      message: expect.stringContaining(setting),
    });
  },
);

test('a bearer that ended is forwarded to nobody', () => {
  const session = sessionOf(
    protectedServer(forwarding),
    aPerson({ expiresAt: now }),
    undefined,
    now,
    { policy: allowed },
  );
  expect(session).toMatchObject({
    status: 'Pending Auth',
    sso: 'Failed',
    hint: 'muster auth login',
  });
});

test.each([
  ['in under five minutes', { expiresAt: minutes(4) }, true],
  ['in five minutes', { expiresAt: minutes(5) }, false],
  ['soon, but it can be refreshed', { expiresAt: minutes(4), refreshable: true }, false],
])('a grant that ends %s is still a session; whether it says so: %s', (_sentence, facts, tells) => {
  const session = sessionOf(protectedServer(), aPerson(), aGrant(facts), now);
  expect([session.status, session.message?.includes('less than 5 minutes') ?? false]).toEqual([
    'Authenticated',
    tells,
  ]);
  expect(session.hint).toBe(tells ? 'muster auth login --server server-a' : undefined);
});

test('the short life of an exchanged token is no news', () => {
  const grant = aGrant({ kind: 'exchange', expiresAt: minutes(4) });
  const session = sessionOf(protectedServer(exchanging), aPerson(), grant, now, {
    policy: allowed,
  });
  expect(session).toMatchObject({ status: 'Authenticated', refreshable: true });
  expect(session).not.toHaveProperty('message');
  expect(session).not.toHaveProperty('hint');
});

test('where the own token has ended, nothing is exchanged any more', () => {
  const grant = aGrant({ kind: 'exchange' });
  const person = aPerson({ expiresAt: now });
  expect(
    sessionOf(protectedServer(exchanging), person, grant, now, { policy: allowed }),
  ).toMatchObject({ status: 'Pending Auth', sso: 'Failed', hint: 'muster auth login' });
});

test.each([
  [
    'forwarding',
    forwarding,
    { kind: 'forwarding', refused: { at: now, by: 'server', message: 'no' } },
  ],
  ['exchange', exchanging, { kind: 'exchange', refused: { at: now, by: 'issuer', message: 'no' } }],
] as const)('no command is advised where %s was refused: none helps', (_sentence, facts, grant) => {
  const session = sessionOf(protectedServer(facts), aPerson(), aGrant(grant), now, {
    policy: allowed,
  });
  expect(session).toMatchObject({ sso: 'Failed', message: 'no' });
  expect(session).not.toHaveProperty('hint');
});

const failed = (retryAt: Date) => ({
  refreshable: true,
  refreshFailed: { at: minutes(-1), message: 'issuer.example.com is down.', failures: 2, retryAt },
});

test.each<[sentence: string, facts: Partial<Grant>, message: string | undefined]>([
  [
    'until when it is tried again',
    { expiresAt: minutes(-1), ...failed(minutes(1)) },
    'The sign-in has not ended, but could not be refreshed: issuer.example.com is down. It is tried again after 2026-11-22T12:01:00.000Z.',
  ],
  [
    'that the next use tries it again',
    { expiresAt: minutes(-1), ...failed(minutes(-1)) },
    'The sign-in has not ended, but could not be refreshed: issuer.example.com is down. It is tried again when you use or verify it.',
  ],
  ['nothing while the token is good', { expiresAt: minutes(1), ...failed(minutes(1)) }, undefined],
])('a refresh that failed ends no session, which says %s', (_sentence, facts, message) => {
  const session = sessionOf(protectedServer(), aPerson(), aGrant(facts), now);
  expect([session.status, session.message]).toEqual(['Authenticated', message]);
});

// A real Keycloak 26.7.3: `Expired` stood beside `less than a minute ago (refreshes itself)`.
test('a grant that its issuer has ended does not refresh itself', () => {
  const refused = { at: now, by: 'issuer' as const, message: 'no' };
  expect(
    sessionOf(protectedServer(), aPerson(), aGrant({ refused, refreshable: true }), now),
  ).toMatchObject({ status: 'Expired', refreshable: false });
});

test('scopes that the server misses are told', () => {
  const refused = {
    at: now,
    by: 'server' as const,
    message: 'The server requires more scopes: admin.',
    missingScopes: ['admin'],
  };
  expect(sessionOf(protectedServer(), aPerson(), aGrant({ refused }), now)).toMatchObject({
    status: 'Expired',
    missingScopes: ['admin'],
  });
});

test('a sign-in whose key was removed has ended, and its own refusal counts for more', () => {
  const person = aPerson();
  const see = (facts: Partial<Grant>) =>
    sessionOf(protectedServer(), person, aGrant({ isKeyMissing: true, ...facts }), now);
  expect(see({ refreshable: true })).toMatchObject({
    status: 'Expired',
    refreshable: false,
    message: expect.stringContaining('their key is missing from TOKEN_KEYS'),
    hint: 'muster auth login --server server-a',
  });
  const refused = { at: now, by: 'server', message: 'gone', missingScopes: ['admin'] } as const;
  expect(see({ refused })).toMatchObject({
    status: 'Expired',
    message: 'gone',
    missingScopes: ['admin'],
  });
});

test('what was exchanged needs no key: it is exchanged again', () =>
  expect(
    sessionOf(
      protectedServer(exchanging),
      aPerson(),
      aGrant({ kind: 'exchange', isKeyMissing: true }),
      now,
      { policy: allowed },
    ),
  ).toMatchObject({ status: 'Authenticated', sso: 'Exchanged' }));

test('what ended a grant is told', () => {
  expect(
    sessionOf(protectedServer({ url: 'https://new.example.com' }), aPerson(), aGrant(), now)
      .message,
  ).toContain('URL');
  expect(
    sessionOf(protectedServer(), aPerson(), aGrant({ expiresAt: minutes(-1) }), now).message,
  ).toContain('2026-11-22T11:59:00.000Z');
});

test('a session tells issuer, scopes, end and last verification', () => {
  const session = sessionOf(
    protectedServer(),
    aPerson(),
    aGrant({ lastVerified: minutes(-2) }),
    now,
  );
  expect(session).toEqual({
    status: 'Authenticated',
    issuer: 'https://issuer.example.com',
    scopes: ['mcp'],
    expiresAt: '2026-11-22T13:00:00.000Z',
    refreshable: false,
    lastVerified: '2026-11-22T11:58:00.000Z',
  });
});

// giantswarm/muster#1300: until our next sweep this read `-`.
test.each(['Awaiting Session', 'Disconnected', 'Auth Required', 'Failed'])(
  'the word %s of another writer in state does not hide a session',
  (state) => {
    const { status, ...server } = protectedServer();
    const theirs = { ...server, status: { ...status, state, lastError: 'no session' } };
    expect(sessionOf(theirs, aPerson(), aGrant(), now).status).toBe('Authenticated');
  },
);
