import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { type AnswerKind, tidyAnswer } from '../../../../functions/adapters/oauth/tidy-answer.ts';

const token = { access_token: 'a-token', token_type: 'Bearer' };

async function tidied(
  kind: AnswerKind,
  body: unknown,
  { status = 200, headers = {} }: { status?: number; headers?: Record<string, string> } = {},
) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await tidyAnswer(new Response(text, { status, headers }), kind);
  return { status: answer.status, body: await answer.json() };
}

test.each([
  // GluuFederation/oxAuth#1780, open-metadata/OpenMetadata#30642
  [
    'null for not set',
    'token',
    { ...token, refresh_token: null, scope: null, expires_in: null },
    token,
  ],
  ['no token_type', 'token', { access_token: 'a-token' }, token],
  ['token_type null', 'token', { access_token: 'a-token', token_type: null }, token],
  // UsefulSoftwareCo/executor#527, panva/openid-client#454
  ['an id_token nobody reads', 'token', { ...token, id_token: 'x' }, token],
  ['expires_in as text', 'token', { ...token, expires_in: '3600' }, { ...token, expires_in: 3600 }],
  ['expires_in that is a date', 'token', { ...token, expires_in: '2026-11-26' }, token],
  ['expires_in that is Java for never', 'token', { ...token, expires_in: 2 ** 63 }, token],
  ['expires_in below zero', 'token', { ...token, expires_in: -1 }, token],
  ['scope as a list', 'token', { ...token, scope: ['a', 'b'] }, { ...token, scope: 'a b' }],
  ['an empty scope', 'token', { ...token, scope: '' }, token],
  ['an error beside a token', 'token', { ...token, error: '' }, token],
  [
    'null in a list',
    'issuerMetadata',
    { code_challenge_methods_supported: ['S256', null] },
    { code_challenge_methods_supported: ['S256'] },
  ],
  [
    'a list as one text',
    'issuerMetadata',
    { code_challenge_methods_supported: 'plain S256' },
    { code_challenge_methods_supported: ['plain', 'S256'] },
  ],
  [
    'an odd member',
    'issuerMetadata',
    { issuer: 'https://a.example', registration_endpoint: 7, x: {} },
    { issuer: 'https://a.example' },
  ],
  [
    'true as text',
    'issuerMetadata',
    { client_id_metadata_document_supported: 'true' },
    { client_id_metadata_document_supported: true },
  ],
  [
    'one server as text',
    'resourceMetadata',
    { authorization_servers: 'https://a.example' },
    { authorization_servers: ['https://a.example'] },
  ],
  [
    'a server that is no URL',
    'resourceMetadata',
    { authorization_servers: ['a', 'https://a.example'] },
    { authorization_servers: ['https://a.example'] },
  ],
  ['anything of a revocation', 'revocation', { ok: true }, {}],
] as const)('%s (%s) is read as what it means', async (_what, kind, said, meant) => {
  expect((await tidied(kind, said)).body).toEqual(meant);
});

test.each([
  ['registration', 200, 201],
  ['registration', 201, 201],
  ['token', 201, 200],
  ['revocation', 204, 200],
  ['issuerMetadata', 203, 200],
  ['token', 503, 503],
  ['issuerMetadata', 404, 404],
] as const)('%s: %i is %i', async (kind, status, meant) => {
  const body = status === 204 ? null : JSON.stringify({ client_id: 'c', ...token });
  expect((await tidyAnswer(new Response(body, { status }), kind)).status).toBe(meant);
});

test.each([
  [undefined, 0],
  [null, 0],
  ['1900000000', 1_900_000_000],
  ['never', 0],
  [-1, 0],
  [1_900_000_000, 1_900_000_000],
])('client_secret_expires_at %j is %j', async (said, meant) => {
  const answer = await tidied('registration', {
    client_id: 'c',
    client_secret: 's',
    client_secret_expires_at: said,
  });
  expect(answer.body).toEqual({
    client_id: 'c',
    client_secret: 's',
    client_secret_expires_at: meant,
  });
});

test('a client whose secret is null has no secret', async () => {
  const said = { client_id: 'c', client_secret: null, client_secret_expires_at: null };
  expect(await tidied('registration', said)).toEqual({ status: 201, body: { client_id: 'c' } });
});

// lelylan/simple-oauth2#459 (GitHub)
test('an error under 200 is a refusal, and nothing but the error is kept', async () => {
  const said = {
    error: 'bad_refresh_token',
    error_description: 'It\u202e is\nold.',
    error_uri: 'x',
  };
  expect(await tidied('token', said)).toEqual({
    status: 400,
    body: { error: 'bad_refresh_token', error_description: 'It is old.' },
  });
});

test('the text of a refusal is bounded and holds nothing that looks like a secret', async () => {
  const secret = 'Zx9'.repeat(20);
  const { body } = await tidied(
    'token',
    { error: 'x'.repeat(5_000), error_description: `bad ${secret} ${'y '.repeat(5_000)}` },
    { status: 400 },
  );
  expect(JSON.stringify(body)).not.toContain('Zx9Zx9');
  expect(body).toEqual({
    error: 'x'.repeat(99).concat('…'),
    error_description: expect.stringMatching(/^bad \[left out\] .{10,285}$/u),
  });
});

test('beside an error in JSON a challenge says nothing more', async () => {
  const headers = { 'www-authenticate': 'Basic', 'content-type': 'text/plain' };
  const response = Response.json({ error: 'invalid_client' }, { status: 401, headers });
  const answer = await tidyAnswer(response, 'token');
  expect(answer.headers.get('www-authenticate')).toBeNull();
  expect(answer.headers.get('content-type')).toBe('application/json');
});

test('a challenge without JSON stays', async () => {
  const headers = { 'www-authenticate': 'Basic realm="x"' };
  const answer = await tidyAnswer(new Response('no', { status: 401, headers }), 'token');
  expect(answer.headers.get('www-authenticate')).toBe('Basic realm="x"');
});

test('a byte order mark, and a content coding that was not asked for, are taken off', async () => {
  const text = JSON.stringify(token);
  expect((await tidied('token', `\uFEFF${text}`)).body).toEqual(token);
  for (const [coding, bytes] of [
    ['gzip', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['br', brotliCompressSync(text)],
  ] as const) {
    const headers = { 'content-encoding': coding };
    const answer = await tidyAnswer(new Response(new Uint8Array(bytes), { headers }), 'token');
    expect(await answer.json()).toEqual(token);
  }
});

test('a bomb of a megabyte and more is no answer', async () => {
  const bomb = new Uint8Array(gzipSync(`"${'0'.repeat(2 * 1024 * 1024)}"`));
  const answer = await tidyAnswer(
    new Response(bomb, { headers: { 'content-encoding': 'gzip' } }),
    'token',
  );
  expect((await answer.arrayBuffer()).byteLength).toBe(bomb.byteLength);
});

test('HTML stays HTML', async () => {
  const answer = await tidyAnswer(new Response('<html>', { status: 200 }), 'issuerMetadata');
  expect(await answer.text()).toBe('<html>');
});
