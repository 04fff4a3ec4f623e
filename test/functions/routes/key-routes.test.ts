import { randomBytes } from 'node:crypto';
import { Hono } from 'hono';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { bearerVerifier } from '../../../functions/adapters/oauth/bearer-verifier.ts';
import { problemSchema } from '../../../functions/model/wire/endpoint-wire.ts';
import { keysSchema } from '../../../functions/model/wire/person-wire.ts';
import { bearer, type Variables } from '../../../functions/routes/bearer.ts';
import { keyRoutes } from '../../../functions/routes/key-routes.ts';
import { ada, grace, type Issuer, type Persona, startIssuer } from '../../../local/issuer.ts';
import { bearerFor } from '../../world/bearer.ts';
import { aMachine, type Machine } from '../../world/machine.ts';
import { type SignInWorld, startSignInWorld } from '../../world/signin.ts';

let world: SignInWorld;
let people: Issuer;
let api: Hono<{ Variables: Variables }>;
/** The limits that were counted, and whether they are reached. */
const taken: string[] = [];
let isReached = false;
beforeAll(async () => {
  [world, people] = await Promise.all([startSignInWorld(), startIssuer()]);
  const verify = bearerVerifier({ issuer: people.url, audience: 'muster-cli', fetch: world.fetch });
  api = new Hono<{ Variables: Variables }>();
  api.use('/v1/*', bearer({ verify, publicUrl: world.publicUrl, log: () => {} }));
  api.route(
    '/',
    keyRoutes(async () => ({
      ...world.ports,
      ...world.store,
      verifyIdToken: verify,
      takeLimit: async (_person, limit) => {
        taken.push(limit);
        return isReached ? { kind: 'reached', retryAfterMs: 6_500 } : { kind: 'allowed' };
      },
    })),
  );
});
afterAll(async () => void (await Promise.all([world.close(), people.close()])));
beforeEach(() => {
  world.clock.now = new Date();
  world.audited.length = 0;
  taken.length = 0;
  isReached = false;
});

/** A person at a new machine, signed in for its key. */
async function signedIn(persona: Persona = ada): Promise<{ machine: Machine; token: string }> {
  const machine = await aMachine();
  return { machine, token: await bearerFor(people, persona, machine.thumbprint) };
}

async function ask(method: string, path: string, machine: Machine, token: string, body?: object) {
  const url = world.publicUrl + path;
  const dpop = await machine.proof({ method, url, token, at: world.clock.now });
  return api.request(path, {
    method,
    headers: { authorization: `Bearer ${token}`, dpop },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

const enroll = (machine: Machine, token: string, idToken: unknown = token) =>
  ask('POST', '/v1/me/key', machine, token, { idToken });
const listed = async (token: string) => {
  const answer = await api.request('/v1/me/keys', {
    headers: { authorization: `Bearer ${token}` },
  });
  return keysSchema.parse(await answer.json()).items;
};
const detailOf = async (answer: Response) => problemSchema.parse(await answer.json()).detail;

test('the key of a sign-in is registered once, however often it is sent', async () => {
  const { machine, token } = await signedIn();
  expect((await enroll(machine, token)).status).toBe(204);
  const [first] = await listed(token);
  expect(first).toMatchObject({ thumbprint: machine.thumbprint });
  world.clock.now = new Date(Date.now() + 60_000);
  expect((await enroll(machine, token)).status).toBe(204);
  expect(await listed(token)).toContainEqual(first);
});

test("a key that is not the sign-in's is refused: its nonce names another one, or none", async () => {
  const { token } = await signedIn();
  const answer = await enroll(await aMachine(), token);
  expect(answer.status).toBe(403);
  expect(await detailOf(answer)).toBe('The ID token was not issued for this key.');
  const machine = await aMachine();
  // A device authorization has no nonce.
  expect((await enroll(machine, await bearerFor(people, ada))).status).toBe(403);
});

test('a foreign endpoint that was given a sign-in, its proof and all, cannot register the key here', async () => {
  const { machine, token } = await signedIn();
  const dpop = await machine.proof({
    method: 'POST',
    url: 'https://foreign.example.com/v1/me/key',
    token,
  });
  const answer = await api.request('/v1/me/key', {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, dpop },
    body: JSON.stringify({ idToken: token }),
  });
  expect(answer.status).toBe(401);
});

test("the ID token has to be the caller's own", async () => {
  const hers = await signedIn(ada);
  const his = await signedIn(grace);
  const answer = await enroll(his.machine, hers.token, his.token);
  expect(answer.status).toBe(403);
  expect(await detailOf(answer)).toBe('The ID token belongs to another person.');
});

test('a key is registered within ten minutes of its sign-in', async () => {
  const { machine, token } = await signedIn();
  world.clock.now = new Date(Date.now() + 10 * 60_000 + 2_000);
  const answer = await enroll(machine, token);
  expect(answer.status).toBe(403);
  expect(await detailOf(answer)).toBe('The ID token was not issued within the last ten minutes.');
  world.clock.now = new Date(Date.now() - 2 * 60_000);
  expect((await enroll(machine, token)).status).toBe(403);
  world.clock.now = new Date(Date.now() + 9 * 60_000);
  expect((await enroll(machine, token)).status).toBe(204);
});

test.each([
  ['nonsense', 'nonsense'],
  ['a token with another signature', undefined],
])('%s in place of the ID token is refused', async (_, given) => {
  const { machine, token } = await signedIn();
  const idToken = given ?? token.replace(/.{6}$/, 'AAAAAA');
  expect((await enroll(machine, token, idToken)).status).toBe(403);
});

test.each([undefined, 7, '', 'x'.repeat(40_000)].map((idToken) => ({ idToken })))(
  'a body that holds no ID token is no error of ours',
  async (body) => {
    const { machine, token } = await signedIn();
    const { status } = await ask('POST', '/v1/me/key', machine, token, body);
    expect([400, 403, 413]).toContain(status);
  },
);

test('a removed key cannot be registered again, not even by its own sign-in', async () => {
  const [stolen, home] = [await signedIn(), await signedIn()];
  await enroll(stolen.machine, stolen.token);
  await enroll(home.machine, home.token);
  const path = `/v1/me/keys/${stolen.machine.thumbprint}`;
  expect((await ask('DELETE', path, home.machine, home.token)).status).toBe(204);
  expect((await ask('DELETE', path, home.machine, home.token)).status).toBe(404);
  const answer = await enroll(stolen.machine, stolen.token);
  expect(answer.status).toBe(403);
  expect(await detailOf(answer)).toBe('This key was removed.');
});

test('people remove their own keys only', async () => {
  const [hers, his] = [await signedIn(ada), await signedIn(grace)];
  await enroll(hers.machine, hers.token);
  await enroll(his.machine, his.token);
  const path = `/v1/me/keys/${hers.machine.thumbprint}`;
  expect((await ask('DELETE', path, his.machine, his.token)).status).toBe(404);
  expect((await listed(hers.token)).map(({ thumbprint }) => thumbprint)).toContain(
    hers.machine.thumbprint,
  );
});

test.each(['x', 'x'.repeat(44), '..%2f..%2fgrant', encodeURIComponent('grant \n uid'), '%00'])(
  'a thumbprint that is none is a 404: %s',
  async (text) => {
    const { machine, token } = await signedIn();
    await enroll(machine, token);
    const { status } = await ask('DELETE', `/v1/me/keys/${text}`, machine, token);
    expect(status).toBe(404);
  },
);

test('a person who signs in at a 21st machine gets in; the machine that rested longest is dropped', async () => {
  const first = await signedIn();
  for (let count = 0; count < 20; count += 1) {
    world.clock.now = new Date(world.clock.now.getTime() + 1_000);
    await world.store.enrollKey(
      { issuer: people.url, subject: ada.subject },
      randomBytes(32).toString('base64url'),
    );
  }
  world.clock.now = new Date(world.clock.now.getTime() + 1_000);
  expect((await enroll(first.machine, first.token)).status).toBe(204);
  const keys = await listed(first.token);
  expect(keys).toHaveLength(20);
  expect(keys.map(({ thumbprint }) => thumbprint)).toContain(first.machine.thumbprint);
});

test("registering and removing a key are security events, and so is a key that is not the sign-in's", async () => {
  const { machine, token } = await signedIn(grace);
  const person = { issuer: people.url, subject: grace.subject };
  const { thumbprint } = machine;
  await enroll(machine, token);
  await enroll(await aMachine(), token);
  await ask('DELETE', `/v1/me/keys/${thumbprint}`, machine, token);
  expect(world.audited).toEqual([
    { kind: 'keyEnrolled', person, thumbprint },
    { kind: 'proofRefused', person, reason: 'notEnrolled' },
    { kind: 'keyRemoved', person, thumbprint },
  ]);
});

test('a token that was seen cannot use up the limit of its person: only real sign-ins count', async () => {
  const { machine, token } = await signedIn();
  for (let count = 0; count < 3; count += 1)
    expect((await enroll(await aMachine(), token)).status).toBe(403);
  expect(taken).toEqual([]);
  isReached = true;
  const answer = await enroll(machine, token);
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '7']);
  expect(taken).toEqual(['keyEnrollment']);
});
