import { expect, test } from 'vitest';
import { vettedConfig } from '../../../cli/endpoint/endpoint-config.ts';
import type { Config } from '../../../functions/model/wire/person-wire.ts';

const endpoint = 'https://muster.example.com';
const config = (facts: Partial<Config> = {}): Config => ({
  issuer: 'https://login.example.com',
  clientId: 'muster-cli',
  scopes: ['openid', 'audience:server:client_id:kubernetes'],
  ...facts,
});

test.each([
  ['no resource', {}, endpoint],
  ['its own origin as resource', { resource: endpoint }, endpoint],
  ['its own origin with a slash', { resource: `${endpoint}/` }, endpoint],
  ['an address below its own', { resource: `${endpoint}/v1` }, endpoint],
  ['its own path', { resource: 'https://tools.example.com/m' }, 'https://tools.example.com/m'],
  [
    'what its issuer needs',
    {
      optionalScopes: ['groups'],
      redirect: 'http://localhost:8765/callback',
      parameters: { access_type: 'offline', audience: 'https://other.example.com' },
      publicClientSecret: 'GOCSPX-example',
    },
    endpoint,
  ],
  ['an issuer with a path', { issuer: 'https://login.example.com/realms/a' }, endpoint],
  ['the metadata address of a client', { clientId: 'https://a.example/client.json' }, endpoint],
])('a sign-in begins at an endpoint that names %s', (_, facts, at) => {
  expect(vettedConfig(config(facts), at)).toEqual(config(facts));
});

test.each([
  ['the real endpoint', 'https://real.example.com'],
  ['another port', `${endpoint}:8443`],
  ['its own host over http', 'http://muster.example.com'],
  ['a host that begins like its own', 'https://muster.example.com.evil.example'],
  ['its own origin as a user name', 'https://muster.example.com@real.example.com'],
  ['a name that is no address', 'urn:real'],
  ['nothing', ''],
  ['a query', `${endpoint}?x`],
  ['a fragment', `${endpoint}#x`],
])('an endpoint that names %s as the resource gets no sign-in', (_, resource) => {
  expect(() => vettedConfig(config({ resource }), endpoint)).toThrow(
    expect.objectContaining({
      exitCode: 3,
      message: expect.stringContaining('That is another address, so the sign-in was refused.'),
      hint: expect.stringContaining(`BEARER_AUDIENCE must be ${endpoint}`),
    }),
  );
});

test.each([
  'https://tools.example.com',
  'https://tools.example.com/other',
  'https://tools.example.com/m2',
])('an endpoint below a path cannot name %s, which is not its own', (resource) => {
  const at = 'https://tools.example.com/m';
  expect(() => vettedConfig(config({ resource }), at)).toThrow('another address');
});

test.each([
  ['an issuer that is a file', { issuer: 'file:///etc' }],
  ['an issuer over http', { issuer: 'http://login.example.com' }],
  ['an issuer on this machine', { issuer: 'http://127.0.0.1:3000' }],
  ['an issuer with a password', { issuer: 'https://a:b@login.example.com' }],
  ['an issuer with a query', { issuer: 'https://login.example.com?a' }],
  ['an issuer with a terminal sequence', { issuer: 'https://login.example.com/\u001b[2J' }],
  ['a client ID with a line break', { clientId: 'muster\nTrusted: yes' }],
  ['a client ID with a change of direction', { clientId: 'muster\u202e' }],
  ['no client ID', { clientId: '' }],
  ['a client ID of 10,000 characters', { clientId: 'a'.repeat(10_000) }],
  ['a scope with a blank, which is two scopes', { scopes: ['openid audience:x'] }],
  ['a redirect to another machine', { redirect: 'http://evil.example.com/callback' }],
  ['a redirect with a query', { redirect: 'http://127.0.0.1/callback?x' }],
  ['an optional scope with a blank', { optionalScopes: ['groups admin'] }],
  [
    'a parameter that carries the sign-in',
    { parameters: { redirect_uri: 'https://evil.example' } },
  ],
  ['a parameter with a line break', { parameters: { prompt: 'a\nb' } }],
  ['a parameter with a blank in its name', { parameters: { 'a b': 'c' } }],
  [
    'an audience beside its own',
    { resource: endpoint, parameters: { audience: 'https://real.example.com' } },
  ],
  ['a client secret with a line break', { publicClientSecret: 'a\nb' }],
  [
    '21 parameters',
    { parameters: Object.fromEntries(Array.from({ length: 21 }, (_, at) => [`p${at}`, ''])) },
  ],
  ['600 scopes', { scopes: Array.from({ length: 600 }, (_, index) => `a${String(index)}`) }],
])('an endpoint that names %s gets no sign-in, in one line', (_, facts) => {
  expect(() => vettedConfig(config(facts), endpoint)).toThrow(
    expect.objectContaining({
      exitCode: 3,
      message: expect.stringMatching(/^[\x20-\x7e…]{1,400}$/),
    }),
  );
});
