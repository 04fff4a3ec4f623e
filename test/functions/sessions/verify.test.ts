/** Verification with a real issuer and a real MCP server. */
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { McpServer } from '../../../functions/model/mcpserver.ts';
import { sessionOf } from '../../../functions/sessions/session.ts';
import { forgetDeleted } from '../../../functions/sessions/signout.ts';
import type { VerificationResult } from '../../../functions/sessions/verification.ts';
import { verifySession } from '../../../functions/sessions/verify.ts';
import { connected, unreachable } from '../../world/server.ts';
import { grantOf, serverOf } from '../../world/grant.ts';
import { aCaller, aPerson } from '../../world/person.ts';
import { type SignInWorld, startSignInWorld } from '../../world/signin.ts';
import { defined } from '../../../functions/model/defined.ts';

let world: SignInWorld;
beforeAll(async () => {
  world = await startSignInWorld({ issuer: { scopes: ['mcp', 'admin'] } });
});
afterAll(() => world.close());

let server: McpServer;
const person = aPerson();
const caller = aCaller(person);
beforeEach(() => {
  server = serverOf(world, { uid: `uid-${String(Math.random())}` });
  world.sent.length = 0;
});

const refreshes = () =>
  world.sent.filter(({ form }) => form.get('grant_type') === 'refresh_token').length;
const stored = async () => (await world.store.getGrant(person, server.uid))?.grant;
const saying = (...results: readonly VerificationResult[]) => {
  const left = [...results];
  return {
    ...world.ports,
    verifyToken: async (): Promise<VerificationResult> => left.shift() ?? { kind: 'accepted' },
  };
};

test('after a sign-in the server has been asked, and said yes', async () => {
  const { grant } = await grantOf(world, server);
  expect(grant.lastVerified).toEqual(world.clock.now);
  expect(sessionOf(server, person, grant, world.clock.now, world.ports)).toMatchObject({
    status: 'Authenticated',
    lastVerified: expect.any(String),
  });
});

test('a grant that is due is refreshed before the server is asked', async () => {
  const { grant, tokens, generation } = await grantOf(world, server);
  await world.store.replaceGrant(
    defined({
      grant: { ...grant, expiresAt: new Date(0) },
      tokens,
      generation,
    }),
    generation,
  );
  expect(await verifySession(world.ports, server, caller)).toMatchObject({
    grant: { lastVerified: world.clock.now },
  });
  expect(refreshes()).toBe(1);
});

test('a server that forgot a token gets a fresh one before it is believed', async () => {
  await grantOf(world, server);
  const verified = await verifySession(
    saying({ kind: 'refused', message: 'no' }, { kind: 'accepted' }),
    server,
    caller,
  );
  expect(verified.grant?.refused).toBeUndefined();
  expect(refreshes()).toBe(1);
});

test('a server that refuses the fresh one, too, ends the grant with its reason', async () => {
  await grantOf(world, server);
  const no: VerificationResult = {
    kind: 'refused',
    message: 'The server refused the token: invalid_token.',
  };
  await verifySession(saying(no, no), server, caller);
  expect(sessionOf(server, person, await stored(), world.clock.now, world.ports)).toMatchObject({
    status: 'Expired',
    message: 'The server refused the token: invalid_token.',
    hint: 'muster auth login --server server-a',
  });
});

// Class: a server that reads new keys of its issuer answers 401 for a moment.
test('a server that refused a good token once is asked again by the next verification', async () => {
  const { grant, tokens, generation } = await grantOf(world, server);
  const refused = { at: world.clock.now, by: 'server' as const, message: 'no' };
  await world.store.replaceGrant(
    {
      grant: { ...grant, refreshable: false, refused },
      tokens: { accessToken: tokens?.accessToken ?? '' },
      generation,
    },
    generation,
  );
  expect((await stored())?.refused).toBeDefined();
  const { grant: verified } = await verifySession(world.ports, server, caller);
  expect(sessionOf(server, person, verified, world.clock.now, world.ports).status).toBe(
    'Authenticated',
  );
  expect((await stored())?.refused).toBeUndefined();
});

test('what the issuer has ended is not asked for again', async () => {
  const { grant, tokens, generation } = await grantOf(world, server);
  const refused = { at: world.clock.now, by: 'issuer' as const, message: 'no' };
  await world.store.replaceGrant(
    defined({ grant: { ...grant, refused }, tokens, generation }),
    generation,
  );
  const ports = { ...world.ports, verifyToken: () => Promise.reject(new Error('it was asked')) };
  expect(await verifySession(ports, server, caller)).toMatchObject({ grant: { refused } });
});

test('a server that is away says nothing about the grant', async () => {
  const { grant } = await grantOf(world, server);
  const verified = await verifySession(
    saying({ kind: 'unclear', message: 'HTTP 503' }),
    server,
    caller,
  );
  expect(verified).toEqual({ grant, message: 'HTTP 503' });
  expect(await stored()).toEqual(grant);
});

test.each([
  ['that asks for no sign-in', { status: connected('False') }],
  ['that cannot be reached', { status: unreachable('Failed', 'True') }],
])('a server %s is not asked', async (_sentence, facts) => {
  await grantOf(world, server);
  const ports = { ...world.ports, verifyToken: () => Promise.reject(new Error('it was asked')) };
  await expect(verifySession(ports, { ...server, ...facts }, caller)).resolves.toBeDefined();
});

test('scopes that a server misses are asked for by the next sign-in, which ends it', async () => {
  const { grant } = await grantOf(world, server);
  expect(grant.scopes).toEqual(['mcp']);
  await verifySession(
    saying({ kind: 'insufficientScope', scopes: ['mcp', 'admin'] }),
    server,
    caller,
  );
  expect(sessionOf(server, person, await stored(), world.clock.now, world.ports)).toMatchObject({
    status: 'Expired',
    missingScopes: ['admin'],
  });
  const stepped = await grantOf(world, server);
  expect(stepped.grant.scopes).toEqual(['mcp', 'admin']);
  expect(stepped.grant.refused).toBeUndefined();
});

test('a server that keeps asking for what the grant has sends nobody in circles', async () => {
  await grantOf(world, server);
  await verifySession(saying({ kind: 'insufficientScope', scopes: ['mcp'] }), server, caller);
  expect((await stored())?.refused?.missingScopes).toBeUndefined();
});

test('grants of servers that are gone or were created again are cleaned up and revoked', async () => {
  world.servers.clear();
  await grantOf(world, server);
  const gone = serverOf(world, { uid: 'uid-gone', name: 'gone' });
  const reborn = serverOf(world, { uid: 'uid-before', name: 'reborn' });
  await grantOf(world, gone);
  await grantOf(world, reborn);
  const before = (await world.store.listGrants(person)).length;
  world.servers.set('server-a', server);
  world.servers.set('reborn', { ...reborn, uid: 'uid-after' });
  await forgetDeleted(
    { ...world.ports, readServer: () => Promise.reject(new Error('the cluster is away')) },
    person,
  );
  expect(await world.store.listGrants(person)).toHaveLength(before);
  await forgetDeleted(world.ports, person);
  expect((await world.store.listGrants(person)).map(({ serverUid }) => serverUid)).toEqual([
    server.uid,
  ]);
  expect(
    world.sent.filter(({ url }) => url.pathname === '/token/revocation').length,
  ).toBeGreaterThanOrEqual(2);
});

describe('an issuer whose tokens live two seconds', () => {
  let hasty: SignInWorld;
  beforeAll(async () => {
    hasty = await startSignInWorld({ issuer: { accessTokenSeconds: 2, refreshTokenSeconds: 4 } });
  });
  afterAll(() => hasty.close());

  test('is refreshed at each use, until the refresh token itself is over', async () => {
    const one = serverOf(hasty, { uid: 'uid-hasty' });
    const { tokens } = await grantOf(hasty, one);
    await wait(2_100);
    const ask = async (token = '') =>
      (await fetch(hasty.mcp.url, { headers: { authorization: `Bearer ${token}` } })).status;
    expect(await ask(tokens?.accessToken)).toBe(401);
    hasty.clock.now = new Date();
    expect(await verifySession(hasty.ports, one, caller)).toMatchObject({
      grant: { lastVerified: hasty.clock.now },
    });
    expect(await ask((await hasty.store.getGrant(person, one.uid))?.tokens?.accessToken)).not.toBe(
      401,
    );

    await wait(4_500);
    hasty.clock.now = new Date();
    const { grant } = await verifySession(hasty.ports, one, caller);
    expect(sessionOf(one, person, grant, hasty.clock.now, hasty.ports)).toMatchObject({
      status: 'Expired',
      message: expect.stringMatching(/refused to refresh the sign-in: invalid_grant, HTTP 400/),
      hint: 'muster auth login --server server-a',
    });
  });
});
