import { generateKeyPairSync } from 'node:crypto';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resolver } from '../../../../functions/adapters/network/dns.ts';
import { trustStore } from '../../../../functions/adapters/network/connect.ts';
import { addressGuard } from '../../../../functions/adapters/network/guard.ts';
import { guardedFetch } from '../../../../functions/adapters/network/http.ts';
import { bearerVerifier } from '../../../../functions/adapters/oauth/bearer-verifier.ts';
import { ada, type Issuer, startIssuer } from '../../../../local/issuer.ts';
import { bearerFor } from '../../../world/bearer.ts';

const fetch = guardedFetch({
  guard: addressGuard({ allowLocal: true }),
  resolve: resolver(),
  secureContext: trustStore(),
});
const audience = 'muster-cli';

let issuer: Issuer;
let token: string;
beforeAll(async () => {
  issuer = await startIssuer();
  token = await bearerFor(issuer, ada);
});
afterAll(() => issuer.close());

const verify = (bearer: string, more: { issuer?: string; audience?: string } = {}) =>
  bearerVerifier({ issuer: issuer.url, audience, fetch, ...more })(bearer);

test('an ID token of the issuer is a person', async () => {
  const verdict = await verify(token);
  expect(verdict).toMatchObject({
    kind: 'valid',
    caller: {
      person: {
        issuer: issuer.url,
        subject: 'ada',
        email: 'ada@example.com',
        name: 'Ada Lovelace',
        audiences: [audience],
      },
      token,
      claims: { iss: issuer.url, sub: 'ada' },
    },
  });
  expect(verdict.kind === 'valid' && verdict.caller.person.expiresAt.getTime()).toBeGreaterThan(
    Date.now(),
  );
});

test('one made for another audience is not', async () => {
  expect(await verify(token, { audience: 'another-client' })).toEqual({
    kind: 'invalid',
    message: 'The token is for another audience.',
  });
});

test('one that has expired is not', async () => {
  const hasty = await startIssuer({ idTokenSeconds: 1 });
  const short = await bearerFor(hasty, ada);
  await new Promise((resolve) => {
    setTimeout(resolve, 1_500);
  });
  expect(await verify(short, { issuer: hasty.url })).toEqual({
    kind: 'invalid',
    message: 'The token has expired.',
  });
  await hasty.close();
});

test('one of another issuer is not', async () => {
  const other = await startIssuer();
  expect(await verify(await bearerFor(other, ada))).toMatchObject({ kind: 'invalid' });
  await other.close();
});

const forged = (header: Record<string, string>, key: Parameters<SignJWT['sign']>[0]) =>
  new SignJWT({ email: 'ada@example.com' })
    .setProtectedHeader({ alg: 'ES256', ...header })
    .setIssuer(issuer.url)
    .setSubject('ada')
    .setAudience(audience)
    .setExpirationTime('1h')
    .sign(key);

test.each([
  [
    'one signed with a key that the issuer does not publish',
    () => forged({ kid: 'mine' }, generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey),
  ],
  [
    'one signed with a shared secret',
    () => forged({ alg: 'HS256' }, new TextEncoder().encode('a secret of thirty-two bytes....')),
  ],
  ['one that is not signed', () => `${btoa('{"alg":"none"}')}.${btoa('{"sub":"ada"}')}.`],
  [
    'one whose words were changed',
    () => token.replace(/\.[^.]+\./, `.${Buffer.from('{"sub":"grace"}').toString('base64url')}.`),
  ],
  ['text that is no token', () => 'letmein'],
])('%s is invalid, and the problem does not repeat it', async (_sentence, make) => {
  const bad = await make();
  const verdict = await verify(bad);
  expect(verdict.kind).toBe('invalid');
  expect(JSON.stringify(verdict)).not.toContain(bad);
});

test('an issuer that is down is told apart: that is no word about the bearer', async () => {
  const down = await startIssuer();
  const good = await bearerFor(down, ada);
  let now = new Date();
  const verifier = bearerVerifier({ issuer: down.url, audience, fetch, now: () => now });
  await down.close();
  expect(await verifier(good)).toMatchObject({ kind: 'issuerUnavailable' });
  await expect(verifier('letmein')).resolves.toMatchObject({ kind: 'invalid' });
  const up = await startIssuer({ port: Number(new URL(down.url).port) });
  now = new Date(now.getTime() + 10_000);
  expect(await verifier(await bearerFor(up, ada))).toMatchObject({ kind: 'valid' });
  await up.close();
});

test('the keys are fetched once', async () => {
  const asked: string[] = [];
  const verifier = bearerVerifier({
    issuer: issuer.url,
    audience,
    fetch: (url, init) => {
      asked.push(new URL(url).pathname);
      return fetch(url, init);
    },
  });
  await Promise.all([verifier(token), verifier(token), verifier(token)]);
  await verifier(token);
  expect(asked).toEqual(['/.well-known/openid-configuration', '/jwks']);
});

/** A verifier whose issuer answers as the test says, with a clock of its own. */
function counted(answer: (path: string) => Promise<Response>) {
  const asked: string[] = [];
  const clock = { now: new Date() };
  const verifier = bearerVerifier({
    issuer: issuer.url,
    audience,
    now: () => clock.now,
    fetch: (url) => {
      asked.push(new URL(url).pathname);
      return answer(new URL(url).pathname);
    },
  });
  const later = (ms: number) => void (clock.now = new Date(clock.now.getTime() + ms));
  return { verifier, asked, later };
}

test.each<[string, (path: string) => Promise<Response>]>([
  ['refuses connections', () => Promise.reject(new TypeError('refused'))],
  ['answers 500', async () => new Response('', { status: 500 })],
  ['answers HTML', async () => new Response('<html>')],
  ['answers JSON that is no metadata', async () => Response.json({ issuer: 7 })],
  [
    'has keys that are none',
    async (path) =>
      path === '/jwks'
        ? Response.json({ keys: 'none' })
        : Response.json({ issuer: issuer.url, jwks_uri: `${issuer.url}/jwks` }),
  ],
  [
    'cannot give its keys',
    async (path) =>
      path === '/jwks'
        ? new Response('', { status: 503 })
        : Response.json({ issuer: issuer.url, jwks_uri: `${issuer.url}/jwks` }),
  ],
])(
  'an issuer that %s is asked once in ten seconds, however many tokens come',
  async (_what, answer) => {
    const { verifier, asked, later } = counted(answer);
    const first = await verifier(token);
    const before = asked.length;
    const many = await Promise.all(Array.from({ length: 50 }, () => verifier(token)));
    expect(first).toMatchObject({ kind: 'issuerUnavailable' });
    expect(first).not.toHaveProperty('retryAfterMs');
    for (const result of many)
      expect(result).toMatchObject({ kind: 'issuerUnavailable', retryAfterMs: 10_000 });
    expect(asked).toHaveLength(before);
    later(10_000);
    await Promise.all(Array.from({ length: 50 }, () => verifier(token)));
    expect(asked).toHaveLength(before + 1);
  },
);

test('no token can close the door for others: only what the issuer answers counts', async () => {
  const { verifier, asked } = counted((path) => fetch(`${issuer.url}${path}`));
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const bad = await Promise.all(
    Array.from({ length: 50 }, (_, index) => forged({ kid: `made-up-${index}` }, privateKey)),
  );
  for (const one of bad) expect(await verifier(one)).toMatchObject({ kind: 'invalid' });
  expect(await verifier(token)).toMatchObject({ kind: 'valid' });
  expect(asked).toEqual(['/.well-known/openid-configuration', '/jwks']);
});

/** Tokens with any claims, signed by an issuer that publishes the key. */
async function signedBy(claims: Record<string, unknown>): Promise<string> {
  return new SignJWT({ iss: issuer.url, aud: audience, sub: 'ada', exp: 4_000_000_000, ...claims })
    .setProtectedHeader({ alg: 'ES256', kid: 'own' })
    .sign(ownKeys.privateKey);
}
const ownKeys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ownIssuer = async (path: string) =>
  path === '/jwks'
    ? Response.json({
        keys: [
          { kty: 'EC', kid: 'own', alg: 'ES256', ...ownKeys.publicKey.export({ format: 'jwk' }) },
        ],
      })
    : Response.json({ issuer: issuer.url, jwks_uri: `${issuer.url}/jwks` });

test.each([
  ['an expiry that is no date', { exp: 9_223_372_036_854_775_000 }],
  ['a name that is no text', { name: { first: 'Ada' }, email: 7 }],
])('%s costs no token its meaning, and can be written', async (_what, claims) => {
  const { verifier } = counted(ownIssuer);
  const verdict = await verifier(await signedBy(claims));
  expect(verdict.kind).toBe('valid');
  if (verdict.kind === 'valid')
    expect(verdict.caller.person.expiresAt.toISOString()).toMatch(/^20/);
});

test.each([
  ['another client, beside a claim of another type', { azp: 'other', email: 7 }],
  ['a client that is no text', { azp: { id: audience } }],
  ['a subject that fits no row', { sub: 'x'.repeat(2_000) }],
])('a token with %s is invalid', async (_what, claims) => {
  const { verifier } = counted(ownIssuer);
  expect(await verifier(await signedBy(claims))).toMatchObject({ kind: 'invalid' });
});
