import { describe, expect, test } from 'vitest';
import { routingHeaderIn, unusableHeader } from '../../../functions/model/spec-headers.ts';

describe('a header that can route a request is known by its words', () => {
  test.each([
    'Host',
    'HOST',
    'host',
    'Forwarded',
    'X-Forwarded-Host',
    'X_Forwarded_Host',
    'x-forwarded-for',
    'X-Forwarded-Proto',
    'X-Forwarded-Prefix',
    'X-Forwarded-Server',
    'X-Original-URL',
    'X-Original-URI',
    'X-Original-Host',
    'X-Original-Forwarded-Host',
    'X-Rewrite-URL',
    'X-Host',
    'X-HTTP-Host-Override',
    'X-HTTP-Method-Override',
    'Authority',
    'Disguised-Host',
    'WAS-Default-Hostname',
    'X-MS-Routing-Name',
    'X-Envoy-Original-Dst-Host',
    'X-Envoy-Decorator-Operation',
    'l5d-dst-override',
    'Fly-Replay',
    'Fly-Prefer-Region',
    'Knative-Serving-Revision',
    'Destination',
    'Via',
    'X-Backend',
    'X-Upstream-Name',
    'X-Route-To',
    'X.Forwarded.Host',
    'X-Proxy-Target',
    'Base-Url',
  ])('%s', (name) => {
    expect(routingHeaderIn({ 'x-tenant': 'a', [name]: 'b' })).toBe(name);
  });
});

test.each([
  'Authorization',
  'X-Api-Key',
  'X-Tenant',
  'Cookie',
  'Origin',
  'User-Agent',
  'Accept-Language',
  'CF-Access-Client-Id',
  'CF-Access-Client-Secret',
  'X-MCP-Toolsets',
  'X-GitHub-Api-Version',
  'X-Request-Id',
  'traceparent',
])('%s routes nothing', (name) => {
  expect(routingHeaderIn({ [name]: 'a' })).toBeUndefined();
});

test.each([
  ['a value with a line break', { 'x-key': 'the-secret\r\nhost: other' }, 'the value of x-key'],
  ['a value with a NUL', { 'x-key': 'the-secret\0' }, 'the value of x-key'],
  ['a value beyond Latin-1', { 'x-key': 'the-secret €' }, 'the value of x-key'],
  ['a name with a blank', { 'x key': 'the-secret' }, 'an invalid header name: "x key"'],
  ['a name with a line break', { 'a\r\nhost': 'the-secret' }, 'an invalid header name: "a host"'],
  ['no name', { '': 'the-secret' }, 'an invalid header name'],
  ['a header of the connection', { 'Transfer-Encoding': 'the-secret' }, 'only the connection'],
  ['a name of 40 KB', { ['x'.repeat(40_000)]: 'the-secret\n' }, 'the value of xxx'],
])('%s is not sent, and the sentence about it has no value', (_what, headers, problem) => {
  const message = unusableHeader(headers) ?? '';
  expect(message).toContain(problem);
  expect(message).not.toContain('the-secret');
  expect(message.length).toBeLessThan(200);
});
