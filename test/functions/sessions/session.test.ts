import { expect, test } from 'vitest';
import type { Grant } from '../../../functions/sessions/grant.ts';
import { sessionOf } from '../../../functions/sessions/session.ts';
import { sessionSchema } from '../../../functions/wire.ts';
import { aGrant, aPerson, auth, protectedServer, exchange, minutes, now, type ServerFacts } from './build.ts';

type Row = [sentence: string, server: ServerFacts, grant: Partial<Grant> | undefined, word: string, sso?: string];

const pinned = (issuer: string) => ({ auth: { ...auth, authorizationServer: { issuer } } });
const forwarding = { auth: { ...auth, forwardToken: true } };
const exchanging = { auth: { ...auth, tokenExchange: exchange } };

test.each<Row>([
  ['a stdio server has no session', { type: 'stdio' }, {}, '-'],
  ['a server that failed has no session, whatever is stored', { state: 'Failed' }, {}, '-'],
  ['a server that is connecting has no session', { state: 'Connecting' }, {}, '-'],
  ['a server that nobody probed has no session', { state: '' }, {}, '-'],
  ['a server that asks for no sign-in has no session', { authRequired: 'False' }, {}, '-'],
  ['what was seen wins over spec.auth', { authRequired: 'False', auth }, {}, '-'],
  ['a server of unknown mind without spec.auth has no session', { authRequired: 'Unknown' }, {}, '-'],
  ['a server of unknown mind whose spec.auth asks does', { authRequired: 'Unknown', auth }, undefined, 'Pending Auth'],
  ["upstream's word Auth Required means that it is up", { state: 'Auth Required' }, {}, 'Authenticated'],
  ['forwarding that nobody allowed has failed', forwarding, undefined, 'Pending Auth', 'Failed'],
  ['forwarding does not fall back to a grant of the past', forwarding, {}, 'Pending Auth', 'Failed'],
  ['exchange that nobody allowed has failed', exchanging, undefined, 'Pending Auth', 'Failed'],
  [
    'exchange wins over forwarding',
    { auth: { ...forwarding.auth, tokenExchange: exchange } },
    { kind: 'exchange' },
    'Authenticated',
    'Exchanged',
  ],
  ['without a grant a sign-in is pending', {}, undefined, 'Pending Auth'],
  ['a re-created server does not inherit the grant', { uid: 'uid-new' }, {}, 'Pending Auth'],
  ['a server whose URL changed does not inherit the grant', { url: 'https://elsewhere.example.com/mcp' }, {}, 'Pending Auth'],
  ['another way to write the same URL changes nothing', { url: 'https://MCP.example.com:443/mcp#top' }, {}, 'Authenticated'],
  ['a pinned issuer that changed ends the grant', pinned('https://other.example.com'), {}, 'Pending Auth'],
  ['the pinned issuer that made the grant keeps it', pinned('https://issuer.example.com'), {}, 'Authenticated'],
  ["another person's grant is nobody else's", {}, { person: { issuer: 'https://login.example.com', subject: 'grace' } }, 'Pending Auth'],
  [
    'the same subject of another issuer is another person',
    {},
    { person: { issuer: 'https://evil.example', subject: 'ada' } },
    'Pending Auth',
  ],
  ['a refused grant has expired', {}, { refused: { at: now, reason: 'The issuer revoked it.' } }, 'Expired'],
  ['a refused grant has expired even if it could be refreshed', {}, { refused: { at: now, reason: 'no' }, refreshable: true }, 'Expired'],
  ['past its expiry a grant has expired', {}, { expiresAt: minutes(-1) }, 'Expired'],
  ['at its expiry a grant has expired', {}, { expiresAt: now }, 'Expired'],
  ['past its expiry a refreshable grant is as good as new', {}, { expiresAt: minutes(-1), refreshable: true }, 'Authenticated'],
  ['a grant that is valid now is a session', {}, {}, 'Authenticated'],
  ['an exchanged grant says so', {}, { kind: 'exchange' }, 'Authenticated', 'Exchanged'],
])('%s', (_sentence, server, grant, word, sso) => {
  const session = sessionOf(protectedServer(server), aPerson(), grant === undefined ? undefined : aGrant(grant), now);
  expect(session).toMatchObject({ word, ...(sso === undefined ? {} : { sso }) });
  expect(session.sso).toBe(sso);
  expect(sessionSchema.parse(session)).toEqual(session);
});

test('a grant without a known end is valid', () => {
  const { expiresAt: _expiresAt, ...endless } = aGrant();
  expect(sessionOf(protectedServer(), aPerson(), endless, now).word).toBe('Authenticated');
});

test.each([
  ['a pending one', undefined, 'muster auth login --server server-a'],
  ['an expired one', aGrant({ expiresAt: minutes(-1) }), 'muster auth login --server server-a'],
  ['a valid one', aGrant(), undefined],
])('%s names the next command, or none', (_sentence, grant, next) => {
  expect(sessionOf(protectedServer(), aPerson(), grant, now).next).toBe(next);
});

test('single sign-on that failed offers no sign-in that would be refused', () => {
  const session = sessionOf(protectedServer(forwarding), aPerson(), undefined, now);
  expect(session.next).toBeUndefined();
  expect(session.problem).toContain('not allowed to forward');
});

test('what ended a grant is told', () => {
  expect(sessionOf(protectedServer({ url: 'https://new.example.com' }), aPerson(), aGrant(), now).problem).toContain('URL');
  expect(sessionOf(protectedServer(), aPerson(), aGrant({ expiresAt: minutes(-1) }), now).problem).toContain('2026-11-22T11:59:00.000Z');
});

test('a session tells issuer, scopes, end and last verification', () => {
  const session = sessionOf(protectedServer(), aPerson(), aGrant({ lastVerified: minutes(-2) }), now);
  expect(session).toEqual({
    word: 'Authenticated',
    issuer: 'https://issuer.example.com',
    scopes: ['mcp'],
    expiresAt: '2026-11-22T13:00:00.000Z',
    refreshable: false,
    lastVerified: '2026-11-22T11:58:00.000Z',
  });
});
