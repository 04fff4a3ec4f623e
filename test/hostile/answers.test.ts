/** No answer of an issuer is too large, too deep or too slow: each ends soon, as a refusal. */
import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect } from 'vitest';
import { addressGuard } from '../../functions/adapters/network/guard.ts';
import { bearerVerifier } from '../../functions/adapters/oauth/bearer-verifier.ts';
import { aServer, connected } from '../world/server.ts';
import { attempt } from './attempt.ts';
import { clientOf, type HostileIssuer, type Said, startHostileIssuer } from './hostile-issuer.ts';

let issuers: HostileIssuer;
beforeAll(async () => {
  issuers = await startHostileIssuer();
});
afterAll(() => issuers.close());

const { oauth, fetch } = clientOf(addressGuard({ allow: ['127.0.0.1/32'] }), {
  timeoutMs: 300,
  patienceMs: 700,
});

const json = { 'content-type': 'application/json' };
const member = gzipSync(Buffer.alloc(1024 * 1024, 0x20));
const bomb = Buffer.concat(Array.from({ length: 300 }, () => member));

function endless(response: ServerResponse, chunk: string): void {
  const timer = setInterval(() => response.write(chunk), 5);
  response.once('close', () => clearInterval(timer));
}

const pours: Readonly<Record<string, (response: ServerResponse) => void>> = {
  'a gzip bomb of 300 MB': (response) =>
    response.writeHead(200, { ...json, 'content-encoding': 'gzip' }).end(bomb),
  'a brotli body that is none': (response) =>
    response.writeHead(200, { ...json, 'content-encoding': 'br' }).end('{}'),
  'an answer without an end': (response) =>
    endless(response.writeHead(200, json), ' '.repeat(64 * 1024)),
  'a slow drip': (response) => endless(response.writeHead(200, json), ' '),
  'an answer that never begins': () => {},
  'an answer that is cut': (response) =>
    response.writeHead(200, { ...json, 'content-length': '100' }).end('{'),
  '10 MB of text': (response) =>
    response.writeHead(200, json).end(`"${'x'.repeat(10 * 1024 * 1024)}"`),
  'JSON of 100,000 levels': (response) => response.writeHead(200, json).end('['.repeat(100_000)),
  'closed JSON of 100,000 levels': (response) =>
    response.writeHead(200, json).end(`${'['.repeat(100_000)}${']'.repeat(100_000)}`),
  'objects of 50,000 levels': (response) =>
    response.writeHead(200, json).end(`${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`),
  '100,000 members': (response) =>
    response
      .writeHead(200, json)
      .end(`{${Array.from({ length: 90_000 }, (_, index) => `"a${index}":1`).join()}}`),
  'a number of 100,000 digits': (response) =>
    response.writeHead(200, json).end(`{"expires_in":${'9'.repeat(100_000)}}`),
  'members of a prototype': (response) =>
    response
      .writeHead(200, json)
      .end('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'),
  'UTF-16': (response) => response.writeHead(200, json).end(Buffer.from('{}', 'utf16le')),
  'bytes that are no text': (response) =>
    response.writeHead(200, json).end(Buffer.from([0xff, 0xfe, 0xc3, 0x28, 0x00])),
  nothing: (response) => response.writeHead(200, json).end(),
  'the text null': (response) => response.writeHead(200, json).end('null'),
  'a list': (response) => response.writeHead(200, json).end('[]'),
  HTML: (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
  'a thousand headers': (response) =>
    response
      .writeHead(
        200,
        Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`x-${at}`, 'x'])),
      )
      .end('{}'),
};

const places = ['resource', 'metadata', 'registration', 'token'] as const;
const baseline = () => process.memoryUsage.rss() / 1024 / 1024;

for (const place of places)
  attempt(
    `${place}: whatever the answer is, there is no grant by it`,
    Object.keys(pours),
    async (how) => {
      const said: Said = { body: '', ...(pours[how] && { pour: pours[how] }) };
      const party = issuers.open(() => ({ [place]: said }));
      const before = baseline();
      const began = performance.now();
      const server = aServer({ url: party.url, status: connected('True') });
      const authorized = await oauth.authorize(server, 'the-state');
      const ended =
        authorized.kind === 'authorized'
          ? await oauth.exchange(authorized.request, { code: 'a-code', iss: party.issuer })
          : authorized;
      party.close();
      expect(ended.kind).toBe('refused');
      expect(performance.now() - began).toBeLessThan(5_000);
      expect(baseline() - before).toBeLessThan(200);
      expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
    },
  );

attempt(
  'keys of people: whatever the answer is, nobody is a person by it',
  Object.keys(pours),
  async (how) => {
    const said: Said = { body: '', ...(pours[how] && { pour: pours[how] }) };
    const party = issuers.open(() => ({ metadata: said }));
    const verify = bearerVerifier({ issuer: party.issuer, audience: 'muster-cli', fetch });
    const token = `${Buffer.from('{"alg":"ES256","kid":"a"}').toString('base64url')}.e30.AAAA`;
    expect((await verify(token)).kind).toBe('issuerUnavailable');
    party.close();
  },
);

type Odd = readonly [sentence: string, odd: object];
const registrations: readonly Odd[] = [
  ['an empty client id', { client_id: '' }],
  ['a client id that is a number', { client_id: 1 }],
  ['an empty secret', { client_id: 'a', client_secret: '' }],
  ['a secret in the form, and none', { token_endpoint_auth_method: 'client_secret_post' }],
  ['a secret in the header, and none', { token_endpoint_auth_method: 'client_secret_basic' }],
  ['a method that nobody knows', { token_endpoint_auth_method: 'magic' }],
  ['a secret that never ends', { client_secret: 'a', client_secret_expires_at: 2 ** 63 }],
  ['a secret that ended long ago', { client_secret: 'a', client_secret_expires_at: -(2 ** 63) }],
];

attempt('an odd registration locks nobody out of an issuer', registrations, async ([, odd]) => {
  const body = { client_id: 'muster', ...odd };
  const party = issuers.open(() => ({ registration: { status: 201, body } }));
  const server = aServer({ url: party.url, status: connected('True') });
  // Twice: what was kept of the first time has to be readable.
  for (let count = 0; count < 2; count += 1) {
    const authorized = await oauth.authorize(server, 'the-state');
    expect(['authorized', 'refused']).toContain(authorized.kind);
    if (authorized.kind === 'authorized')
      await oauth.exchange(authorized.request, { code: 'a-code', iss: party.issuer });
  }
  party.close();
});

const oddTypes = [1, true, {}, 'S256', [1], [null], null, [['S256']], { includes: 'S256' }];
const members = [
  'code_challenge_methods_supported',
  'token_endpoint_auth_methods_supported',
  'authorization_endpoint',
  'token_endpoint',
  'registration_endpoint',
  'revocation_endpoint',
  'authorization_response_iss_parameter_supported',
  'client_id_metadata_document_supported',
];
const changes = members.flatMap((name) => oddTypes.map((value) => ({ [name]: value })));

attempt(
  'issuer metadata of odd types is a refusal, or as if it were absent',
  changes,
  async (change) => {
    const party = issuers.open(({ metadata }) => ({
      metadata: { body: { ...metadata, ...change } },
    }));
    const server = aServer({ url: party.url, status: connected('True') });
    const authorized = await oauth.authorize(server, 'the-state');
    expect(['authorized', 'refused']).toContain(authorized.kind);
    party.close();
  },
);
