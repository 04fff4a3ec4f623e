/** Tokens that nobody but an attacker made: none is a person, and no problem repeats one. */
import { createHmac, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { createServer } from 'node:http';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resolver } from '../../functions/adapters/network/dns.ts';
import { trustStore } from '../../functions/adapters/network/connect.ts';
import { addressGuard } from '../../functions/adapters/network/guard.ts';
import { guardedFetch } from '../../functions/adapters/network/http.ts';
import { bearerVerifier } from '../../functions/adapters/oauth/bearer-verifier.ts';
import { type Listening, listen } from '../../local/listen.ts';
import { attempt } from './attempt.ts';

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const mallory = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const audience = 'muster-cli';

let issuer: Listening;
let asked: string[] = [];
beforeAll(async () => {
  issuer = await listen(
    createServer(({ url = '' }, response) => {
      asked.push(url);
      const keys = [
        { ...ec.publicKey.export({ format: 'jwk' }), kid: 'ec', alg: 'ES256', use: 'sig' },
        { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'rsa', alg: 'RS256', use: 'sig' },
      ];
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify(
          url === '/jwks' ? { keys } : { issuer: issuer.url, jwks_uri: `${issuer.url}/jwks` },
        ),
      );
    }),
  );
});
afterAll(() => issuer.close());

const fetch = guardedFetch({
  guard: addressGuard({ allowLocal: true }),
  resolve: resolver(),
  secureContext: trustStore(),
});
const verifier = () => bearerVerifier({ issuer: issuer.url, audience, fetch });

const now = () => Math.floor(Date.now() / 1_000);
const honest = () => ({ iss: issuer.url, sub: 'ada', aud: audience, exp: now() + 3_600 });
const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

const signed = (claims: object, header: object = {}, key: KeyObject = ec.privateKey) =>
  new SignJWT({ ...honest(), ...claims })
    .setProtectedHeader({ alg: 'ES256', kid: 'ec', ...header })
    .sign(key);
/** By hand, for headers that no library makes. */
const raw = (header: object, claims: object = honest(), key: KeyObject = mallory.privateKey) => {
  const input = `${encoded({ alg: 'ES256', kid: 'ec', ...header })}.${encoded(claims)}`;
  const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
};
const hmac = (secret: string | Buffer, header: object = {}) => {
  const input = `${encoded({ alg: 'HS256', kid: 'ec', ...header })}.${encoded(honest())}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
};
const own = () => mallory.publicKey.export({ format: 'jwk' });
const pem = (key: KeyObject, type: 'spki' | 'pkcs1') => key.export({ type, format: 'pem' });

/** Takes the honest token apart, changes a part, and puts it together. */
const changed = async (change: (parts: readonly string[]) => readonly string[]) =>
  change((await signed({})).split('.')).join('.');

type Forged = readonly [sentence: string, make: () => string | Promise<string>];
const forged: readonly Forged[] = [
  ['signed with a key of the attacker', () => signed({}, {}, mallory.privateKey)],
  ['signed with an unknown key id', () => signed({}, { kid: 'mine' }, mallory.privateKey)],
  ['without a key id, by the attacker', () => raw({ kid: undefined })],
  ['with its own key in the header', () => raw({ jwk: own() })],
  ['with the address of its keys (jku)', () => raw({ jku: 'http://127.0.0.1:1/jwks' })],
  ['with the address of a certificate (x5u)', () => raw({ x5u: 'http://127.0.0.1:1/' })],
  ['with a certificate (x5c)', () => raw({ x5c: ['AAAA'] })],
  ['with a path as key id', () => raw({ kid: '../../../../dev/null' })],
  ['with SQL as key id', () => raw({ kid: "x' UNION SELECT 'key" })],
  ['with a key id that is no text', () => raw({ kid: { toString: 'x' } })],
  ['with a key id of a prototype', () => raw({ kid: '__proto__' })],
  ['alg none', () => `${encoded({ alg: 'none' })}.${encoded(honest())}.`],
  ['alg None', () => `${encoded({ alg: 'None' })}.${encoded(honest())}.`],
  ['alg NONE with a signature', () => `${encoded({ alg: 'NONE' })}.${encoded(honest())}.AAAA`],
  ['alg of empty text', () => `${encoded({ alg: '' })}.${encoded(honest())}.AAAA`],
  ['without alg', () => `${encoded({})}.${encoded(honest())}.AAAA`],
  ['HMAC with the public key as secret', () => hmac(pem(ec.publicKey, 'spki').toString())],
  [
    'HMAC with the RSA public key',
    () => hmac(pem(rsa.publicKey, 'spki').toString(), { kid: 'rsa' }),
  ],
  ['HMAC with the PKCS#1 key', () => hmac(pem(rsa.publicKey, 'pkcs1').toString(), { kid: 'rsa' })],
  ['HMAC with an empty secret', () => hmac('')],
  ['HMAC with a secret of its own', () => hmac(randomBytes(32))],
  ['an EC signature under an RSA algorithm', () => raw({ alg: 'RS256' })],
  ['an RSA key id with an EC signature', () => raw({ kid: 'rsa' })],
  ['ES256K', () => raw({ alg: 'ES256K' })],
  ['an empty signature', () => changed(([head = '', body = '']) => [head, body, ''])],
  ['a signature of zeros', () => changed(([head = '', body = '']) => [head, body, 'A'.repeat(86)])],
  [
    'a signature that is cut',
    () => changed(([head = '', body = '', s = '']) => [head, body, s.slice(0, -4)]),
  ],
  [
    'a signature that is longer',
    () => changed(([head = '', body = '', s = '']) => [head, body, `${s}AAAA`]),
  ],
  [
    'another subject',
    () => changed(([head = '', , s = '']) => [head, encoded({ ...honest(), sub: 'grace' }), s]),
  ],
  [
    'a longer life',
    () => changed(([head = '', , s = '']) => [head, encoded({ ...honest(), exp: 9e9 }), s]),
  ],
  [
    'another header',
    () => changed(([, body = '', s = '']) => [encoded({ alg: 'ES256' }), body, s]),
  ],
  ['a fourth part', () => changed((parts) => [...parts, 'AAAA'])],
  ['an encrypted JWT', () => `${encoded({ alg: 'dir', enc: 'A256GCM' })}..AAAA.AAAA.AAAA`],
  ['a crit that nobody knows', () => raw({ crit: ['x'], x: 1 }, honest(), ec.privateKey)],
  ['an unencoded payload (b64)', () => raw({ crit: ['b64'], b64: false }, honest(), ec.privateKey)],
  ['of another issuer', () => signed({ iss: 'https://evil.example.com' })],
  ['of this issuer with a slash', () => signed({ iss: `${issuer.url}/` })],
  ['without an issuer', () => signed({ iss: undefined })],
  ['for another audience', () => signed({ aud: 'another' })],
  ['for nobody', () => signed({ aud: [] })],
  ['without an audience', () => signed({ aud: undefined })],
  ['for another client', () => signed({ aud: [audience, 'another'], azp: 'another' })],
  ['for another client, with an odd email', () => signed({ azp: 'another', email: 1 })],
  ['for a client that is no text', () => signed({ azp: [audience] })],
  ['over since a minute', () => signed({ exp: now() - 60 })],
  ['without an end', () => signed({ exp: undefined })],
  ['with an end that is text', () => raw({}, { ...honest(), exp: '9999999999' }, ec.privateKey)],
  ['with an end that is no date', () => signed({ exp: 1e300 })],
  ['that is valid tomorrow', () => signed({ nbf: now() + 86_400 })],
  ['without a subject', () => signed({ sub: undefined })],
  ['with an empty subject', () => signed({ sub: '' })],
  ['with a subject that is a list', () => raw({}, { ...honest(), sub: ['ada'] }, ec.privateKey)],
  ['with a subject that is a number', () => raw({}, { ...honest(), sub: 1 }, ec.privateKey)],
  ['an access token (at+jwt)', () => signed({}, { typ: 'at+jwt' })],
  ['a logout token (logout+jwt)', () => signed({}, { typ: 'logout+jwt' })],
  [
    'a logout token by its events',
    () => signed({ events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }),
  ],
  ['a proof of possession (dpop+jwt)', () => signed({}, { typ: 'dpop+jwt' })],
  ['a list as payload', () => raw({}, [], ec.privateKey)],
  ['null as payload', () => `${encoded({ alg: 'ES256' })}.${encoded(null)}.AAAA`],
  ['text', () => 'letmein'],
  ['two dots', () => '..'],
  ['a hundred thousand dots', () => '.'.repeat(100_000)],
  ['a megabyte', () => `${'A'.repeat(1_000_000)}.A.A`],
];

attempt('no forged token is a person', forged, async ([, make]) => {
  const token = await make();
  const result = await verifier()(token);
  expect(result.kind).toBe('invalid');
  if (token.length > 10) expect(JSON.stringify(result)).not.toContain(token);
});

test('the honest token is a person: what is refused above is refused for its reason', async () => {
  expect((await verifier()(await signed({}))).kind).toBe('valid');
  expect((await verifier()(await signed({}, { typ: 'JWT' }))).kind).toBe('valid');
  expect((await verifier()(await signed({ azp: audience }))).kind).toBe('valid');
});

const odd = ['false', 'true', 0, 1, null, {}, [], false, undefined];

attempt('an address is shown only when email_verified is true', odd, async (email_verified) => {
  const token = await signed({ email: 'boss@example.com', email_verified });
  expect(JSON.stringify(await verifier()(token).then(personOf))).not.toContain('boss@example.com');
});

const personOf = (result: Awaited<ReturnType<ReturnType<typeof verifier>>>) =>
  result.kind === 'valid' ? result.caller.person : undefined;

test('500 tokens with made-up key ids cost the issuer two requests, not 500', async ({ task }) => {
  task.meta.attacks = 500;
  const verify = verifier();
  await verify(await signed({}));
  asked = [];
  const tokens = await Promise.all(
    Array.from({ length: 500 }, (_, index) => signed({}, { kid: `k${index}` }, mallory.privateKey)),
  );
  const results = await Promise.all(tokens.map(verify));
  expect(new Set(results.map(({ kind }) => kind))).toEqual(new Set(['invalid']));
  expect(asked.length).toBeLessThanOrEqual(2);
});

test('500 tokens cost an issuer that is down a few requests, not 500', async ({ task }) => {
  task.meta.attacks = 500;
  let requests = 0;
  const verify = bearerVerifier({
    issuer: 'http://127.0.0.1:1',
    audience,
    fetch: (url, init) => {
      requests += 1;
      return fetch(url, init);
    },
  });
  const token = await signed({ iss: 'http://127.0.0.1:1' });
  for (let count = 0; count < 500; count += 1)
    expect((await verify(token)).kind).toBe('issuerUnavailable');
  expect(requests).toBeLessThanOrEqual(5);
});
