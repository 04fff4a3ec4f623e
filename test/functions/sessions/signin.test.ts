import { expect, test, vi } from 'vitest';
import type { Person } from '../../../functions/sessions/person.ts';
import type { StoredGrant } from '../../../functions/sessions/grant.ts';
import {
  callBack,
  completeSignIn,
  type SignInPorts,
  startSignIn,
} from '../../../functions/sessions/signin.ts';
import { aGrant, allowed, minutes, now, protectedServer } from './build.ts';
import { aPerson } from '../../world/person.ts';
import type { PendingCode, SignIn } from '../../../functions/sessions/pending-sign-in.ts';

const request = {
  issuer: 'https://issuer.example.com',
  clientId: 'muster',
  redirectUri: 'https://muster.example.com/v1/oauth/callback/of-the-issuer',
  resource: 'https://mcp.example.com/mcp',
  scopes: ['mcp'],
  verifier: 'verifier',
  isNamed: false,
};
const signIn: SignIn = {
  starter: { issuer: 'https://login.example.com', subject: 'ada' },
  starterName: 'ada@example.com',
  serverUid: 'uid-a',
  serverName: 'default/server-a',
  serverUrl: 'https://mcp.example.com/mcp',
  headersDigest: '',
  request,
  expiresAt: minutes(10),
};

/** Ports of a sign-in that goes well; a test says what is otherwise. */
const ports = (more: Partial<SignInPorts> = {}) => ({
  policy: allowed,
  now: () => now,
  newSecret: () => 'a-secret',
  authorize: async () => ({
    kind: 'authorized' as const,
    authorizationUrl: new URL('https://issuer.example.com/auth'),
    request,
  }),
  exchange: vi.fn<SignInPorts['exchange']>(async () => ({
    kind: 'exchanged',
    tokens: { accessToken: 'token' },
    scopes: ['mcp'],
    expiresAt: minutes(60),
  })),
  takeLimit: vi.fn<SignInPorts['takeLimit']>(async () => ({ kind: 'allowed' })),
  markAttempt: vi.fn<SignInPorts['markAttempt']>(async () => {}),
  consumeAttempt: vi.fn<SignInPorts['consumeAttempt']>(async () => false),
  markStarted: vi.fn<SignInPorts['markStarted']>(async () => {}),
  markAnswered: vi.fn<SignInPorts['markAnswered']>(async () => {}),
  saveSignIn: vi.fn<SignInPorts['saveSignIn']>(async () => {}),
  consumeSignIn: async () => signIn,
  savePendingCode: vi.fn<SignInPorts['savePendingCode']>(async () => {}),
  consumePendingCode: async (): Promise<PendingCode | undefined> => ({
    signIn,
    answer: { code: 'code' },
  }),
  getGrant: async (): Promise<StoredGrant | undefined> => undefined,
  putGrant: vi.fn<SignInPorts['putGrant']>(async () => 'generation-1'),
  replaceGrant: vi.fn<SignInPorts['replaceGrant']>(async () => true),
  verifyToken: vi.fn<SignInPorts['verifyToken']>(async () => ({ kind: 'accepted' })),
  ...more,
});

const parked = (facts: Partial<SignIn>) => ({
  consumePendingCode: async () => ({ signIn: { ...signIn, ...facts }, answer: { code: 'code' } }),
});

test('what is kept of a sign-in says who started it, for which server, and until when', async () => {
  const world = ports();
  await startSignIn(world, protectedServer(), aPerson(), 'http://127.0.0.1:1/done');
  expect(world.saveSignIn).toHaveBeenCalledExactlyOnceWith('a-secret', {
    ...signIn,
    returnTo: 'http://127.0.0.1:1/done',
  });
});

test.each<[string, Partial<Person>, string]>([
  ['a verified email', { email: 'ada@example.com', name: 'The Admin' }, 'ada@example.com'],
  ['the subject, never a free name', { name: 'admin@example.com' }, 'ada'],
  ['one line', { email: 'ada\n\u202e\u200b@example.com' }, 'ada @example.com'],
  ['at most 100 characters', { email: 'a'.repeat(5_000) }, `${'a'.repeat(99)}…`],
  ['at most 100 of a subject', { subject: 'b'.repeat(255) }, `${'b'.repeat(99)}…`],
])('the page of the callback calls the starter by %s', async (_sentence, facts, starterName) => {
  const world = ports();
  const { email: _email, name: _name, ...person } = aPerson();
  await startSignIn(world, protectedServer(), { ...person, ...facts });
  expect(world.saveSignIn).toHaveBeenCalledExactlyOnceWith(
    'a-secret',
    expect.objectContaining({ starterName }),
  );
});

test.each([
  ['another issuer', 'of-another-issuer'],
  ['the metadata document', 'document'],
  ['no issuer', ''],
])('a callback at the address of %s parks nothing', async (_sentence, place) => {
  const world = ports();
  expect(await callBack(world, place, 'state', { code: 'code' })).toEqual({ kind: 'unknown' });
  expect(world.savePendingCode).not.toHaveBeenCalled();
});

test.each([
  ['without iss, though it was announced', true, {}],
  ['with the iss of another issuer', true, { iss: 'https://evil.example' }],
  ['with an iss that nobody announced', false, { iss: 'https://evil.example' }],
])('an answer %s parks nothing', async (_sentence, isNamed, answer) => {
  const named = { ...signIn, request: { ...request, isNamed } };
  const world = ports({ consumeSignIn: async () => named });
  expect(
    await callBack(world, 'of-the-issuer', 'state', { code: 'code', ...answer }),
  ).toMatchObject({ kind: 'notNamed' });
  expect(world.savePendingCode).not.toHaveBeenCalled();
});

test('a sign-in that is started waits for an answer, and any answer at its callback is one', async () => {
  const world = ports();
  await startSignIn(world, protectedServer(), aPerson());
  expect(world.markStarted).toHaveBeenCalledExactlyOnceWith(request.issuer, now);
  expect(world.markAttempt).toHaveBeenCalledExactlyOnceWith(
    expect.objectContaining({ subject: 'ada' }),
    protectedServer().uid,
    minutes(60),
  );
  await callBack(world, 'of-the-issuer', 'state', { error: 'access_denied' });
  expect(world.markAnswered).toHaveBeenCalledExactlyOnceWith(request.issuer);
});

/** The clients that were asked for: whether each is to be a new one. */
async function newClients(more: Partial<SignInPorts>): Promise<unknown> {
  const authorize = vi.fn<SignInPorts['authorize']>(ports().authorize);
  await startSignIn(ports({ ...more, authorize }), protectedServer(), aPerson());
  return authorize.mock.calls.map(([, , { newClient }]) => newClient);
}

test('a person who did not come back from the issuer gets another client the next time', async () => {
  expect(await newClients({ consumeAttempt: async () => true })).toEqual([true]);
  expect(await newClients({ consumeAttempt: async () => false })).toEqual([false]);
});

test('one who has had as many as the limit allows goes on with the last one', async () => {
  const takeLimit = vi.fn<SignInPorts['takeLimit']>(async () => ({
    kind: 'reached',
    retryAfterMs: 1,
  }));
  expect(await newClients({ consumeAttempt: async () => true, takeLimit })).toEqual([false]);
  expect(takeLimit).toHaveBeenCalledExactlyOnceWith(expect.anything(), 'newClient');
});

test('a first sign-in counts toward no limit of new clients', async () => {
  const takeLimit = vi.fn<SignInPorts['takeLimit']>(async () => ({ kind: 'allowed' }));
  await newClients({ takeLimit });
  expect(takeLimit).not.toHaveBeenCalled();
});

test.each([
  ['an answer that the issuer gives', { code: 'code' }, 1],
  ['a refusal of the person', { error: 'access_denied' }, 1],
  ['a refusal of our client', { error: 'invalid_client' }, 0],
])('%s at the callback ends the attempt: %#', async (_sentence, answer, times) => {
  const world = ports();
  await callBack(world, 'of-the-issuer', 'state', answer);
  expect(world.consumeAttempt).toHaveBeenCalledTimes(times);
});

test('an issuer that does not know the resource is told with the setting that helps', async () => {
  const refused = await callBack(ports(), 'of-the-issuer', 'state', { error: 'invalid_target' });
  expect(refused).toMatchObject({
    message: expect.stringContaining('the owner of muster can set "noResource" for it in ISSUERS'),
  });
});

test.each([
  ['unauthorized_client', true],
  ['invalid_client', true],
  ['redirect_uri_mismatch', true],
  ['access_denied', false],
  ['made_up', false],
])(
  'after %s at the callback the client counts as one that the issuer lost: %s',
  async (error, isLost) => {
    const world = ports();
    await callBack(world, 'of-the-issuer', 'state', { error });
    const marks = isLost ? [[request.issuer, minutes(-10)]] : [];
    expect(vi.mocked(world.markStarted).mock.calls).toEqual(marks);
  },
);

test('a refusal says server, issuer, what was asked for and what the issuer says', async () => {
  const description = 'Not assigned.\u202e';
  expect(
    await callBack(ports(), 'of-the-issuer', 'state', { error: 'access_denied', description }),
  ).toMatchObject({
    kind: 'declined',
    message:
      'The issuer issuer.example.com refused the sign-in to default/server-a: access_denied. It says: Not assigned. muster requested the scopes mcp for https://mcp.example.com/mcp.',
  });
});

test('an issuer that cannot be used leaves nothing behind', async () => {
  const world = ports({ authorize: async () => ({ kind: 'refused', message: 'no PKCE' }) });
  expect(await startSignIn(world, protectedServer(), aPerson())).toEqual({
    kind: 'refused',
    message: 'no PKCE',
  });
  expect(world.saveSignIn).not.toHaveBeenCalled();
});

test('a callback parks the code and grants nothing', async () => {
  const world = ports();
  expect(await callBack(world, 'of-the-issuer', 'state', { code: 'code' })).toMatchObject({
    kind: 'parked',
    secret: 'a-secret',
  });
  expect(world.exchange).not.toHaveBeenCalled();
  expect(world.putGrant).not.toHaveBeenCalled();
});

test.each([
  ['a callback of a sign-in that is over', minutes(0)],
  ['a callback long after', minutes(-60)],
])('%s parks nothing, even if the store still has it', async (_sentence, expiresAt) => {
  const world = ports({ consumeSignIn: async () => ({ ...signIn, expiresAt }) });
  expect(await callBack(world, 'of-the-issuer', 'state', { code: 'code' })).toEqual({
    kind: 'unknown',
  });
  expect(world.savePendingCode).not.toHaveBeenCalled();
});

test.each([
  ['somebody else started', { starter: { issuer: 'https://login.example.com', subject: 'grace' } }],
  [
    'a namesake of another issuer started',
    { starter: { issuer: 'https://evil.example', subject: 'ada' } },
  ],
  ['was for another server', { serverUid: 'uid-b' }],
  ['is over', { expiresAt: now }],
])(
  'a code of a sign-in that %s is not exchanged, whatever the store says',
  async (_sentence, facts) => {
    const world = ports(parked(facts));
    expect(await completeSignIn(world, protectedServer(), aPerson(), 'secret')).toEqual({
      kind: 'unknown',
    });
    expect(world.exchange).not.toHaveBeenCalled();
  },
);

test('a code for a URL that changed is not exchanged', async () => {
  const world = ports(parked({ serverUrl: 'https://old.example.com/mcp' }));
  expect(await completeSignIn(world, protectedServer(), aPerson(), 'secret')).toEqual({
    kind: 'serverChanged',
  });
  expect(world.exchange).not.toHaveBeenCalled();
});

test('a code that the issuer refuses makes no grant', async () => {
  const world = ports({
    exchange: async () => ({ kind: 'refused', message: 'The issuer refused: invalid_grant.' }),
  });
  expect(await completeSignIn(world, protectedServer(), aPerson(), 'secret')).toMatchObject({
    kind: 'refused',
  });
  expect(world.putGrant).not.toHaveBeenCalled();
});

test('a grant remembers the server, its URL and its issuer, and cannot be refreshed without a refresh token', async () => {
  const world = ports();
  await completeSignIn(world, protectedServer(), aPerson(), 'secret');
  const grant = {
    person: signIn.starter,
    serverUid: 'uid-a',
    serverName: 'default/server-a',
    serverUrl: 'https://mcp.example.com/mcp',
    headersDigest: '',
    issuer: 'https://issuer.example.com',
    clientId: 'muster',
    resource: 'https://mcp.example.com/mcp',
    scopes: ['mcp'],
    kind: 'signIn',
    obtainedAt: now,
    expiresAt: minutes(60),
    refreshable: false,
  };
  expect(world.putGrant).toHaveBeenCalledExactlyOnceWith(grant, { accessToken: 'token' });
});

test('what the server says to the first request with the token is kept with the grant', async () => {
  const world = ports({
    verifyToken: async () => ({
      kind: 'refused',
      message: 'The server refused the token: invalid_token.',
    }),
  });
  const completed = await completeSignIn(world, protectedServer(), aPerson(), 'secret');
  expect(completed).toMatchObject({
    kind: 'completed',
    grant: { refused: { at: now, by: 'server' } },
  });
  const { replaceGrant } = world;
  expect(replaceGrant).toHaveBeenCalledExactlyOnceWith(
    expect.objectContaining({ generation: 'generation-1' }),
    'generation-1',
  );
});

test('a server that is away after the sign-in proves nothing, and ends nothing', async () => {
  const world = ports({
    verifyToken: async () => ({ kind: 'unclear', message: 'The server could not be asked.' }),
  });
  const completed = await completeSignIn(world, protectedServer(), aPerson(), 'secret');
  expect(completed).toMatchObject({ kind: 'completed', message: 'The server could not be asked.' });
  expect(completed.kind === 'completed' && completed.grant?.lastVerified).toBeUndefined();
  expect(world.replaceGrant).not.toHaveBeenCalled();
});

test('a grant that misses scopes is stepped up: they are asked for with those it has', async () => {
  const refused = { at: now, by: 'server' as const, message: 'more', missingScopes: ['admin'] };
  const authorize = vi.fn<SignInPorts['authorize']>(async () => ({
    kind: 'refused',
    message: 'enough',
  }));
  const held = (serverUid: string) => async () => ({
    grant: aGrant({ serverUid, refused }),
    generation: '1',
  });
  await startSignIn(ports({ authorize, getGrant: held('uid-a') }), protectedServer(), aPerson());
  expect(authorize).toHaveBeenLastCalledWith(expect.anything(), 'a-secret', {
    scopes: ['mcp', 'admin'],
    newClient: false,
  });
  await startSignIn(ports({ authorize, getGrant: held('uid-old') }), protectedServer(), aPerson());
  expect(authorize).toHaveBeenLastCalledWith(expect.anything(), 'a-secret', {
    scopes: [],
    newClient: false,
  });
});
