import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { exportJWK, SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resolver } from '../../../../functions/adapters/network/dns.ts';
import { trustStore } from '../../../../functions/adapters/network/connect.ts';
import { addressGuard } from '../../../../functions/adapters/network/guard.ts';
import { guardedFetch } from '../../../../functions/adapters/network/http.ts';
import { bearerVerifier } from '../../../../functions/adapters/oauth/bearer-verifier.ts';
import { listen } from '../../../../local/listen.ts';
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
  const verifier = bearerVerifier({ issuer: down.url, audience, fetch });
  await down.close();
  expect(await verifier(good)).toMatchObject({ kind: 'issuerUnavailable' });
  await expect(verifier('letmein')).resolves.toMatchObject({ kind: 'invalid' });
  const up = await startIssuer({ port: Number(new URL(down.url).port) });
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

test.each([2 ** 63, 8.64e15, 1e300, 2 ** 53])(
  'a token that expires at %s is no error but invalid: no clock knows that time',
  async (exp) => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwk = await exportJWK(publicKey);
    const strange = await listen(
      createServer((request, response) => {
        const keys = request.url === '/jwks';
        response.end(
          JSON.stringify(
            keys ? { keys: [jwk] } : { issuer: strange.url, jwks_uri: `${strange.url}/jwks` },
          ),
        );
      }),
    );
    const endless = await new SignJWT({ exp, iss: strange.url, sub: 'ada', aud: audience })
      .setProtectedHeader({ alg: 'ES256' })
      .sign(privateKey);
    expect(await verify(endless, { issuer: strange.url })).toEqual({
      kind: 'invalid',
      message: 'The token expires in more than ten years.',
    });
    await strange.close();
  },
);

test('an https issuer whose keys are at an http address is not believed', async () => {
  const login = 'https://login.example.com';
  const asked: string[] = [];
  const verifier = bearerVerifier({
    issuer: login,
    audience,
    fetch: async (url) => {
      asked.push(url);
      return Response.json({ issuer: login, jwks_uri: 'http://login.example.com/jwks' });
    },
  });
  expect(await verifier(token)).toMatchObject({
    kind: 'issuerUnavailable',
    detail: expect.stringContaining('not at an https address'),
  });
  expect(asked).toEqual([`${login}/.well-known/openid-configuration`]);
});
