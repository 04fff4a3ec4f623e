import { expect, test } from 'vitest';
import {
  headersDigest,
  readItem,
} from '../../../../functions/adapters/cluster/mcpserver-object.ts';

const digestOf = (headers?: object, uid = 'uid-a') => {
  const item = readItem({
    metadata: { namespace: 'default', name: 'a', uid, generation: 1, resourceVersion: '1' },
    spec: { type: 'sse', url: 'https://mcp.example.com/', ...(headers && { headers }) },
  });
  return item.kind === 'server' ? item.server.headersDigest : item.malformed.message;
};

test('a server without headers has an empty digest', () => {
  expect([digestOf(), digestOf({})]).toEqual(['', '']);
});

test('the digest changes with a name, a value or the server, and shows none of them', () => {
  const all = [
    digestOf({ 'X-Key': 'the-secret' }),
    digestOf({ 'X-Key': 'another' }),
    digestOf({ 'X-Other': 'the-secret' }),
    digestOf({ 'X-Key': 'the-secret', 'X-Other': '' }),
    digestOf({ 'X-Key': 'the-secret' }, 'uid-b'),
  ];
  expect(new Set(all).size).toBe(all.length);
  for (const digest of all) expect(digest).toMatch(/^[\w-]{43}$/);
});

test('the order of the headers and the case of their names change nothing', () => {
  expect(headersDigest('uid-a', { 'X-B': '2', 'x-a': '1' })).toBe(
    digestOf({ 'X-A': '1', 'x-b': '2' }),
  );
});

test.each([
  [-Number.MAX_VALUE, 1],
  [-1, 1],
  [0, 1],
  [30, 30],
  [1e9, 300],
  [Number.MAX_VALUE, 300],
])('a timeout of %s seconds, from before the CRD had bounds, counts as %s', (timeout, seconds) => {
  const item = readItem({
    metadata: { namespace: 'default', name: 'a', uid: 'u', generation: 1, resourceVersion: '1' },
    spec: { type: 'sse', url: 'https://mcp.example.com/', timeout },
  });
  expect(item.kind === 'server' ? item.server.timeoutMs : item).toBe(seconds * 1000);
});
