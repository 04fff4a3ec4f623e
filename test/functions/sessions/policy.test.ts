import { expect, test } from 'vitest';
import type { McpServer } from '../../../functions/model/mcpserver.ts';
import {
  refusesExchange,
  type TokenPolicy,
  wantedAudiences,
} from '../../../functions/sessions/policy.ts';
import { sessionOf } from '../../../functions/sessions/session.ts';
import { aPerson } from '../../world/person.ts';
import { anAuth } from '../../world/server.ts';
import { allowed, exchange, now, protectedServer } from './build.ts';

const tenant: TokenPolicy = {
  ...allowed,
  exchangeIssuers: [
    'https://dex.example.com/team-a',
    'https://login.example.com/realms/my%20realm',
  ],
};
const exchangingAt = (dexTokenEndpoint: string) =>
  protectedServer({
    singleSignOn: 'exchange',
    auth: anAuth({ tokenExchange: { ...exchange, dexTokenEndpoint } }),
  });

test.each([
  'https://dex.example.com/team-a/token',
  'https://DEX.example.com:443/team-a/token?x=1',
  'https://dex.example.com/team-a/protocol/openid-connect/token',
  'https://login.example.com/realms/my%20realm/token',
])('%s is below an issuer that is allowed', (endpoint) => {
  expect(refusesExchange(exchangingAt(endpoint), tenant)).toBeUndefined();
});

const hidden = [
  '/team-a/../team-b/token',
  '/team-a/..%2fteam-b/token',
  '/team-a/..%2Fteam-b/token',
  '/team-a/%2e%2e/team-b/token',
  '/team-a/%2E%2e/team-b/token',
  '/team-a/.%2e/team-b/token',
  '/team-a/%2e%2e%2fteam-b/token',
  '/team-a/%252e%252e/team-b/token',
  '/team-a/%25252e%25252e%25252fteam-b/token',
  '/team-a/%2525%32e/team-b/token',
  '/team-a/..;/team-b/token',
  '/team-a/..;a=b/team-b/token',
  '/team-a/..%3b/team-b/token',
  '/team-a/;/../team-b/token',
  '/team-a\\..\\team-b\\token',
  '/team-a\\token',
  '/team-a/..\\team-b/token',
  '/team-a/..%5cteam-b/token',
  '/team-a/..%5Cteam-b/token',
  '/team-a/%c0%ae%c0%ae/team-b/token',
  '/team-a/%e0%80%ae%e0%80%ae/team-b/token',
  '/team-a/%00/../team-b/token',
  '/team-a/..%00/team-b/token',
  '/team-a/.\t./team-b/token',
  '/team-a/.\n./team-b/token',
  '/team-a//../team-b/token',
  '/team-a/./token',
  '/team-a/x/%2e%2e/token',
  '//team-a/token',
];

test.each([...hidden, '/team-b/token', '/team-a', '/team-ab/token', '/TEAM-A/token'])(
  'a token endpoint at %j of a host that tenants share by path is refused',
  (path) => {
    const refused = refusesExchange(exchangingAt(`https://dex.example.com${path}`), tenant);
    expect(refused).toMatch(/EXCHANGE_ISSUERS|Write it as the issuer does/);
  },
);

test.each(hidden)('%j is refused also where the whole host is allowed', (path) => {
  const policy = { ...tenant, exchangeIssuers: ['https://dex.example.com'] };
  expect(refusesExchange(exchangingAt(`https://dex.example.com${path}`), policy)).toMatch(
    /Write it as the issuer does/,
  );
});

test.each([
  ' https://dex.example.com/team-a/token',
  'https:/\\dex.example.com/team-a/token',
  'https://dex.example.com@evil.example/team-a/token',
  'https://dex.example.com\\@evil.example/team-a/token',
  'https://ada:pw@dex.example.com/team-a/token',
])('the token endpoint %j is refused', (endpoint) => {
  expect(refusesExchange(exchangingAt(endpoint), tenant)).toBeDefined();
});

const forwardingTo = (requiredAudiences: readonly string[], facts: Partial<McpServer> = {}) =>
  protectedServer({
    singleSignOn: 'forwarding',
    auth: anAuth({ forwardToken: true, requiredAudiences }),
    ...facts,
  });
const numbered = (count: number, prefix = 'audience') =>
  Array.from({ length: count }, (_, index) => `${prefix}-${String(index)}`);

test('without AUDIENCE_NAMESPACES no server adds an audience to the sign-in of everyone', () => {
  const policy = { ...allowed, audienceNamespaces: [] };
  expect(wantedAudiences([forwardingTo(['kubernetes'])], policy)).toEqual({
    audiences: [],
    leftOut: 0,
  });
});

test('audiences come only from namespaces that the owner lists', () => {
  const servers = [
    forwardingTo(['kubernetes']),
    forwardingTo(['of-a-stranger'], { namespace: 'team-a', uid: 'a' }),
    forwardingTo(['of-a-closed-host'], { url: 'https://closed.example.com/mcp', uid: 'b' }),
  ];
  expect(wantedAudiences(servers, allowed).audiences).toEqual(['kubernetes']);
});

test.each([
  'kubernetes offline_access',
  'kubernetes\toffline_access',
  'kubernetes\noffline_access',
  'kubernetes\u00a0x',
  'kubernetes+x',
  'kubernetes%20x',
  'kubernetes&prompt=none',
  '"',
  '\\',
  '',
  ' ',
  'é',
  'kuber\u202enetes',
  'a'.repeat(129),
])('%j is not an audience: it is not requested, and SESSION says so to its people only', (one) => {
  const server = forwardingTo(['kubernetes', one]);
  expect(wantedAudiences([server], allowed).audiences).toEqual(['kubernetes']);
  const session = sessionOf(server, aPerson({ audiences: ['kubernetes'] }), undefined, now, {
    policy: allowed,
  });
  expect(session).toMatchObject({ status: 'Pending Auth', sso: 'Failed' });
  expect(session.message).toMatch(/^requiredAudiences of the server contains ".*", which is not/);
  expect(session.message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(session.hint).toBeUndefined();
});

test('one server with 600 audiences adds 20 at most, and pushes out no other server', () => {
  const greedy = forwardingTo(numbered(600));
  const others = numbered(5, 'of-server').map((audience) =>
    forwardingTo([audience], { name: audience, uid: audience }),
  );
  const { audiences, leftOut } = wantedAudiences([greedy, ...others], allowed);
  expect(audiences).toHaveLength(20);
  expect(audiences).toEqual(expect.arrayContaining(numbered(5, 'of-server')));
  expect(leftOut).toBe(585);
});

test('an audience that nobody requests leads to its setting, not to another sign-in', () => {
  const person = aPerson({ audiences: [] });
  const server = forwardingTo(['kubernetes']);
  const closed = { policy: { ...allowed, audienceNamespaces: [] } };
  const session = sessionOf(server, person, undefined, now, closed);
  expect(session.message).toMatch(/not issued for kubernetes.*AUDIENCE_NAMESPACES/);
  expect(session.hint).toBeUndefined();
  expect(sessionOf(server, person, undefined, now, { policy: allowed })).toMatchObject({
    message: 'Your token was not issued for kubernetes (requiredAudiences).',
    hint: 'muster auth login',
  });
});

test('the message about 600 missing audiences is short', () => {
  const session = sessionOf(forwardingTo(numbered(600)), aPerson(), undefined, now, {
    policy: allowed,
  });
  expect(session.message).toContain('audience-4 and 595 more (requiredAudiences)');
});
