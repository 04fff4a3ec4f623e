/** What a server's answer makes of a grant, and the facts that a session and a row show of it. */
import { describe, expect, test } from 'vitest';
import { mismatch, canonicalUrl } from '../../../functions/sessions/grant.ts';
import { meOf, rowOf } from '../../../functions/sessions/row.ts';
import { sessionOf } from '../../../functions/sessions/session.ts';
import {
  applyVerification,
  recordVerification,
  saveVerified,
} from '../../../functions/sessions/verification.ts';
import { aCondition, anAuth, aServer, aStatus, connected } from '../../world/server.ts';
import { aPerson } from '../../world/person.ts';
import { aGrant, allowed, exchange, minutes, now, protectedServer } from './build.ts';

describe('a server that requires more scopes', () => {
  const refused = { at: minutes(-5), by: 'server' as const, message: 'before' };
  const grant = aGrant({ scopes: ['mcp'], refused });
  const { refused: _refused, ...rest } = grant;
  test('refuses the grant, and names those that are missing for the next sign-in', () => {
    const result = { kind: 'insufficientScope', scopes: ['mcp', 'read', 'write'] } as const;
    expect(applyVerification(grant, result, now)).toEqual({
      ...rest,
      refused: {
        at: now,
        by: 'server',
        message: 'The server requires more scopes: read write.',
        missingScopes: ['read', 'write'],
      },
    });
  });
  test('of which one is missing names that one', () => {
    const result = { kind: 'insufficientScope', scopes: ['mcp', 'read'] } as const;
    expect(applyVerification(grant, result, now).refused).toMatchObject({
      message: 'The server requires more scopes: read.',
      missingScopes: ['read'],
    });
  });
  test('and names none that is missing leads nobody in circles', () => {
    expect(applyVerification(grant, { kind: 'insufficientScope', scopes: ['mcp'] }, now)).toEqual({
      ...rest,
      refused: {
        at: now,
        by: 'server',
        message: 'The server reports missing scopes, but names none that the grant lacks.',
      },
    });
  });
});

test('an answer is stored beside the tokens it is about; an unclear one changes nothing', async () => {
  const grant = aGrant();
  const tokens = { accessToken: 'access-1' };
  const stored: unknown[] = [];
  const ports = {
    now: () => now,
    putGrant: async () => 'generation-1',
    replaceGrant: async (next: unknown, expected: string) => {
      stored.push([next, expected]);
      return true;
    },
    verifyToken: async () => ({ kind: 'accepted' }) as const,
  };
  const verified = { ...grant, lastVerified: now };
  expect(await saveVerified(ports, protectedServer(), grant, tokens)).toEqual({ grant: verified });
  expect(stored).toEqual([
    [{ grant: verified, tokens, generation: 'generation-1' }, 'generation-1'],
  ]);
  const held = { grant, tokens, generation: 'generation-1' };
  expect(await recordVerification(ports, held, { kind: 'unclear', message: 'busy' })).toEqual({
    grant,
    message: 'busy',
  });
  expect(stored).toHaveLength(1);
});

describe('a grant no longer fits', () => {
  const server = protectedServer();
  const grant = aGrant({ headersDigest: server.headersDigest });
  test('a server that is another one, or was changed by its owner', () => {
    expect(mismatch(grant, server)).toBeUndefined();
    expect(mismatch({ ...grant, serverUid: 'uid-of-before' }, server)).toBe(
      'The server was deleted and created again after you signed in.',
    );
    const { url: _url, ...without } = server;
    expect(mismatch(grant, { ...server, url: 'https://new.example.com/mcp?key=hidden' })).toBe(
      'The URL of the server changed after you signed in: it was https://mcp.example.com/mcp, and is https://new.example.com/mcp now.',
    );
    expect(mismatch(grant, without)).toContain('and is  now.');
    expect(mismatch({ ...grant, headersDigest: 'another' }, server)).toBe(
      'The headers of the server changed after you signed in.',
    );
    expect(mismatch({ ...grant, kind: 'exchange' }, server)).toBe(
      'The sign-in method of the server changed after you signed in.',
    );
    const auth = anAuth({ authorizationServer: { issuer: 'https://new.example.com' } });
    expect(mismatch(grant, protectedServer({ auth }))).toBe(
      'The issuer of the server changed after you signed in: it was https://issuer.example.com/, and is https://new.example.com/ now.',
    );
  });
  test('but the URL counts without fragment and credentials', () => {
    expect(canonicalUrl('https://user:secret@mcp.example.com/mcp#part')).toBe(
      'https://mcp.example.com/mcp',
    );
    expect([canonicalUrl('no URL'), canonicalUrl(undefined)]).toEqual([undefined, undefined]);
  });
});

describe('a session of single sign-on has its facts', () => {
  const person = aPerson({
    issuer: 'https://login.example.com',
    subject: 'ada',
    expiresAt: minutes(30),
  });
  const at = { at: now, by: 'server' as const, message: 'no' };
  const exchanging = protectedServer({ auth: anAuth({ tokenExchange: exchange }) });
  const grant = aGrant({
    kind: 'exchange',
    headersDigest: exchanging.headersDigest,
    lastVerified: minutes(-1),
  });
  const facts = {
    issuer: 'https://issuer.example.com',
    scopes: ['mcp'],
    expiresAt: minutes(60).toISOString(),
    refreshable: false,
    lastVerified: minutes(-1).toISOString(),
  };
  const view = { policy: allowed };
  const ended = { message: 'Your sign-in to muster has expired.', hint: 'muster auth login' };
  const failed = { status: 'Pending Auth', sso: 'Failed' };
  test('when it is exchanged', () => {
    const session = (more: object = {}, who = person) =>
      sessionOf(exchanging, who, { ...grant, ...more }, now, view);
    expect(session()).toEqual({
      status: 'Authenticated',
      sso: 'Exchanged',
      ...facts,
      refreshable: true,
    });
    expect(session({ refused: { ...at, missingScopes: ['read'] } })).toEqual({
      status: 'Expired',
      ...facts,
      message: 'no',
      missingScopes: ['read'],
      hint: 'muster auth login --server server-a',
    });
    expect(session({ refused: { ...at, by: 'issuer' } })).toEqual({
      ...failed,
      ...facts,
      message: 'no',
    });
    expect(session({}, { ...person, expiresAt: now })).toEqual({ ...failed, ...facts, ...ended });
  });
  test('when it is forwarded', () => {
    const auth = anAuth({ forwardToken: true });
    const forwarding = protectedServer({ auth });
    const answer = { ...grant, kind: 'forwarding' as const };
    const own = {
      issuer: 'https://login.example.com',
      expiresAt: minutes(30).toISOString(),
      lastVerified: minutes(-1).toISOString(),
    };
    const session = (more: object = {}, who = person, of = forwarding) =>
      sessionOf(of, who, { ...answer, ...more }, now, view);
    expect(session()).toEqual({ status: 'Authenticated', sso: 'Forwarded', ...own });
    expect(session({ refused: at })).toEqual({ ...failed, ...own, message: 'no' });
    expect(session({}, { ...person, expiresAt: now })).toEqual({
      ...failed,
      ...own,
      expiresAt: now.toISOString(),
      ...ended,
    });
    const demanding = protectedServer({ auth: { ...auth, requiredAudiences: ['other'] } });
    expect(session({}, person, demanding)).toEqual({
      ...failed,
      ...own,
      message: 'Your token was not issued for other (requiredAudiences).',
      hint: 'muster auth login',
    });
  });
  test('and one that ended tells the way to a new one', () => {
    const server = protectedServer();
    const own = aGrant({ headersDigest: server.headersDigest, refused: at });
    expect(sessionOf(server, person, own, now)).toMatchObject({
      status: 'Expired',
      message: 'no',
      hint: 'muster auth login --server server-a',
    });
  });
});

describe('a session is warned about', () => {
  const server = protectedServer();
  const person = aPerson({ issuer: 'https://login.example.com', subject: 'ada' });
  const message = (facts: object) =>
    sessionOf(server, person, aGrant({ headersDigest: server.headersDigest, ...facts }), now)
      .message;
  const later = (ms: number) => new Date(now.getTime() + ms);
  test('from less than 5 minutes before its end', () => {
    expect(message({ expiresAt: later(300_000) })).toBeUndefined();
    expect(message({ expiresAt: later(299_999) })).toContain('less than 5 minutes');
  });
  test('when it could not be refreshed and its token is over, with when that is tried again', () => {
    const facts = (retryAt: Date) => ({
      refreshable: true,
      expiresAt: now,
      refreshFailed: { at: now, message: 'It is down.', failures: 1, retryAt },
    });
    expect(message(facts(later(1)))).toContain(`again after ${later(1).toISOString()}.`);
    expect(message(facts(now))).toContain('again when you use or verify it.');
    expect(message({ ...facts(now), expiresAt: later(1) })).toBeUndefined();
  });
});

describe('a row', () => {
  const view = { anonymous: false, now, heartbeatMs: 300_000 };
  test('has every fact of the server that people may see', () => {
    const server = aServer({
      toolPrefix: 'tickets',
      singleSignOn: 'forwarding',
      status: connected('True'),
    });
    expect(rowOf(server, view)).toMatchObject({
      toolPrefix: 'tickets',
      singleSignOn: 'forwarding',
      authRequired: 'True',
      speaksMcp: 'True',
      lastConnected: '2026-01-01T00:00:00.000Z',
    });
  });
  test('shows 50 conditions, and our own wherever they are', () => {
    const theirs = (count: number) =>
      Array.from({ length: count }, (_, index) => aCondition({ type: `Other${String(index)}` }));
    const conditions = [...theirs(60), aCondition({ type: 'SpeaksMCP' }), aCondition()];
    const shown = rowOf(aServer({ status: aStatus({ conditions }) }), view).conditions;
    expect(shown.map(({ type }) => type)).toEqual([
      ...theirs(50).map(({ type }) => type),
      'SpeaksMCP',
      'Reachable',
    ]);
  });
  test('cuts words of others at 316 characters', () => {
    const conditions = [aCondition({ reason: 'r'.repeat(400) })];
    const { reason } = rowOf(aServer({ status: aStatus({ conditions }) }), view);
    expect(reason).toHaveLength(316);
  });
  test('is stale when the prober is offline, however new it is', () => {
    const offline = aCondition({ status: 'Unknown', reason: 'ProberOffline' });
    const stale = (reachable: typeof offline) =>
      rowOf(aServer({ status: aStatus({ lastAttempt: now, conditions: [reachable] }) }), view)
        .stale;
    expect([stale(offline), stale(aCondition())]).toEqual([true, false]);
  });
  test('of the person has the identity, the name and the end of the token', () => {
    const person = { ...aPerson(), email: 'ada@example.com', name: 'Ada', expiresAt: now };
    expect(meOf(person)).toEqual({
      subject: person.subject,
      issuer: person.issuer,
      email: 'ada@example.com',
      name: 'Ada',
      expiresAt: now.toISOString(),
    });
  });
});
