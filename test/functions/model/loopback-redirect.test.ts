import { expect, test } from 'vitest';
import { isAddedParameter } from '../../../functions/model/authorization-parameters.ts';
import { loopbackRedirect } from '../../../functions/model/loopback-redirect.ts';

test.each([
  ['http://127.0.0.1/callback', 0, '/callback', 'http://127.0.0.1:5000/callback'],
  ['http://127.0.0.1', 0, '/', 'http://127.0.0.1:5000'],
  ['http://127.0.0.1/', 0, '/', 'http://127.0.0.1:5000/'],
  ['http://localhost/a/b/', 0, '/a/b/', 'http://localhost:5000/a/b/'],
  ['http://localhost:8765/callback', 8765, '/callback', 'http://localhost:5000/callback'],
  ['http://[::1]:8765', 8765, '/', 'http://[::1]:5000'],
])('%s is a redirect, and only its port is filled in', (text, port, path, address) => {
  const redirect = loopbackRedirect(text);
  expect(redirect).toMatchObject({ port, path });
  expect(redirect?.addressAt(5_000)).toBe(address);
  expect(new URL(redirect?.addressAt(5_000) ?? '').pathname).toBe(path);
});

test.each([
  '',
  'https://127.0.0.1/callback',
  'http://muster.example.com/callback',
  'http://127.0.0.1.example.com/callback',
  'http://127.0.0.2/callback',
  'http://127.1/callback',
  'http://LOCALHOST/callback',
  'http://ada@127.0.0.1/callback',
  'http://127.0.0.1:0/callback',
  'http://127.0.0.1:80/callback',
  'http://127.0.0.1:65536/callback',
  'http://127.0.0.1:8765/callback?x=1',
  'http://127.0.0.1:8765/callback#x',
  'http://127.0.0.1:8765/a/../b',
  'http://127.0.0.1:8765/a b',
  'http://127.0.0.1:8765/a%2e',
  'http://127.0.0.1\n/callback',
  `http://127.0.0.1/${'a'.repeat(300)}`,
])('%j is no redirect', (text) => {
  expect(loopbackRedirect(text)).toBeUndefined();
});

test.each(['audience', 'access_type', 'prompt', 'hd', 'connection', 'domain_hint'])(
  'an owner may add %s',
  (name) => {
    expect(isAddedParameter(name)).toBe(true);
  },
);

test.each(['state', 'nonce', 'redirect_uri', 'code_challenge', 'scope', 'request', 'claims x', ''])(
  'an owner may not add %j',
  (name) => {
    expect(isAddedParameter(name)).toBe(false);
  },
);
