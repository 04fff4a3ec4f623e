/** Why no token of a person goes to a server: each rule, its sentence and its setting. */
import { describe, expect, test } from 'vitest';
import type { McpServer } from '../../../functions/model/mcpserver.ts';
import {
  lacksAudience,
  nothingAllowed,
  refusal,
  refusesExchange,
  refusesForwarding,
  refusesTokens,
  wantedAudiences,
} from '../../../functions/sessions/policy.ts';
import { anAuth } from '../../world/server.ts';
import { allowed, exchange, protectedServer } from './build.ts';

const at = (url: string, facts: Partial<McpServer> = {}) => protectedServer({ url, ...facts });

test('by default no token goes anywhere, and only https counts', () => {
  expect(nothingAllowed).toEqual({
    forwardHosts: [],
    exchangeIssuers: [],
    audienceNamespaces: [],
    secretNamespaces: [],
    hasIdTokens: true,
    allowInsecure: false,
  });
});

describe('a server gets no token', () => {
  const why = (server: McpServer, policy = allowed) => refusesTokens(server, policy);
  test('without a valid URL', () => {
    const invalid = { reason: 'invalidUrl', message: 'The URL of the server is not valid.' };
    const { url: _url, ...without } = protectedServer();
    expect([why(at('not a URL')), why(without)]).toEqual([invalid, invalid]);
  });
  test('over http, unless the owner allows it', () => {
    const server = at('http://mcp.example.com/mcp');
    expect(why(server)).toEqual({
      reason: 'clearText',
      message: 'Tokens are sent over https only. The URL of the server does not use https.',
    });
    const insecure = { ...allowed, allowInsecure: true };
    expect(why(server, insecure)).toBeUndefined();
    expect(why(at('ftp://mcp.example.com/mcp'), insecure)).toMatchObject({ reason: 'clearText' });
  });
  test('with a header that could send it elsewhere', () => {
    expect(why(protectedServer({ headers: { Host: 'evil.example.com' } }))).toEqual({
      reason: 'routingHeader',
      message:
        'spec.headers of the server has Host, which could route your token to another server. Its owner can remove it.',
    });
  });
});

test('each way to sign in has its own rules', () => {
  const clear = at('http://mcp.example.com/mcp');
  const overHttps = 'Tokens are sent over https only. The URL of the server does not use https.';
  expect(refusal(clear, allowed)).toBe(overHttps);
  expect(refusal({ ...clear, singleSignOn: 'forwarding' }, allowed)).toBe(overHttps);
  expect(refusal({ ...clear, singleSignOn: 'exchange' }, allowed)).toBe(overHttps);
  expect(refusal(protectedServer(), nothingAllowed)).toBeUndefined();
  expect(refusal(protectedServer({ singleSignOn: 'forwarding' }), nothingAllowed)).toBe(
    'This endpoint is not allowed to send your token to mcp.example.com. Its owner can allow that with FORWARD_HOSTS.',
  );
});

test('an endpoint that takes only access tokens of its own forwards none, and exchanges them', () => {
  const policy = { ...allowed, hasIdTokens: false };
  const words =
    'This endpoint accepts only access tokens issued for itself (BEARER_AUDIENCE). No MCP server would accept them.';
  expect(refusesForwarding(protectedServer(), policy)).toBe(words);
  expect(refusesExchange(protectedServer(), policy)).not.toBe(words);
});

describe('a host that the owner lists', () => {
  const goes = (url: string, pattern: string) =>
    refusesForwarding(at(url), { ...allowed, forwardHosts: [pattern] }) === undefined;
  test.each([
    ['https://mcp.example.com/', 'mcp.example.com', true],
    ['https://mcp.example.com/', 'MCP.example.com', true],
    ['https://mcp.example.com:8443/', 'mcp.example.com', false],
    ['https://mcp.example.com:8443/', 'mcp.example.com:8443', true],
    ['https://a.mcp.example.com/', 'mcp.example.com', false],
    ['https://mcp.example.com/', '*.example.com', true],
    ['https://a.b.example.com/', '*.Example.com', true],
    ['https://m.example.com/', '*.example.com', true],
    ['https://example.com/', '*.example.com', false],
    ['https://evilexample.com/', '*.example.com', false],
    ['https://example.com.evil.example/', '*.example.com', false],
  ])('%s and %s: %j', (url, pattern, expected) => {
    expect(goes(url, pattern)).toBe(expected);
  });
});

describe('a token exchange', () => {
  const why = (facts: object, policy = allowed, server: Partial<McpServer> = {}) =>
    refusesExchange(
      protectedServer({ auth: anAuth({ tokenExchange: { ...exchange, ...facts } }), ...server }),
      policy,
    );
  const endpoint = 'spec.auth.tokenExchange.dexTokenEndpoint is missing or is not a valid URL.';
  test('needs an endpoint and a connector', () => {
    expect(why({})).toBeUndefined();
    expect([why({ dexTokenEndpoint: undefined }), why({ dexTokenEndpoint: 'x' })]).toEqual([
      endpoint,
      endpoint,
    ]);
    expect(refusesExchange(protectedServer(), allowed)).toBe(endpoint);
    expect(why({ connectorId: undefined })).toBe('spec.auth.tokenExchange.connectorId is missing.');
  });
  test('is done over https, unless the owner allows http', () => {
    const clear = { dexTokenEndpoint: 'http://issuer.example.com/token' };
    expect(why(clear)).toBe(
      'Tokens are exchanged over https only. dexTokenEndpoint does not use https.',
    );
    const insecure = { exchangeIssuers: ['http://issuer.example.com'], allowInsecure: true };
    expect(why(clear, { ...allowed, ...insecure })).toBeUndefined();
  });
  test('goes only to issuers that the owner lists, without a name and a password in the address', () => {
    const other = 'https://other.example.com';
    expect(why({ dexTokenEndpoint: `${other}/token` })).toBe(
      `This endpoint is not allowed to exchange tokens at ${other}. Its owner can allow that with EXCHANGE_ISSUERS.`,
    );
    for (const address of [
      'https://u@issuer.example.com/token',
      'https://:p@issuer.example.com/token',
    ])
      expect(why({ dexTokenEndpoint: address })).toContain('EXCHANGE_ISSUERS');
    expect(why({}, { ...allowed, exchangeIssuers: ['not a URL'] })).toContain('EXCHANGE_ISSUERS');
  });
  test('takes a Secret of its own namespace, or of one that the owner lists', () => {
    const secret = (namespace?: string) => ({
      clientCredentialsSecretRef: { name: 'client', ...(namespace && { namespace }) },
    });
    expect([why(secret()), why(secret('default'))]).toEqual([undefined, undefined]);
    expect(why(secret('team-b'))).toBe(
      'The Secret is in the namespace team-b, not in the namespace of the server. The owner of the endpoint can allow that with SECRET_NAMESPACES.',
    );
    expect(why(secret('team-b'), { ...allowed, secretNamespaces: ['team-b'] })).toBeUndefined();
  });
  test('sends its token only to hosts that the owner lists, and only over https', () => {
    expect(why({}, { ...allowed, forwardHosts: [] })).toContain('FORWARD_HOSTS');
    expect(why({}, allowed, { url: 'http://mcp.example.com/mcp' })).toContain('over https only');
  });
});

describe('a missing audience', () => {
  const lacking = (required: readonly string[], has: readonly string[] = [], policy = allowed) =>
    lacksAudience(
      protectedServer({ auth: anAuth({ requiredAudiences: required }) }),
      { audiences: has },
      policy,
    );
  test('is named, the first five of many', () => {
    expect(lacking(['a', 'b'], ['a', 'b'])).toBeUndefined();
    expect(lacking(['a', 'b', 'c'], ['b'])).toEqual({
      message: 'Your token was not issued for a, c (requiredAudiences).',
      canSignIn: true,
    });
    expect(lacking(['a', 'b', 'c', 'd', 'e'])?.message).toContain('for a, b, c, d, e (');
    expect(lacking(['a', 'b', 'c', 'd', 'e', 'f'])?.message).toContain('e and 1 more (');
    expect(lacking(['a', 'b', 'c', 'd', 'e', 'f', 'g'])?.message).toContain(
      'for a, b, c, d, e and 2 more (',
    );
  });
  test('that is none is told by the first one, cut to 60 characters', () => {
    expect(lacking(['good', 'not good', 'worse still'])).toEqual({
      message:
        'requiredAudiences of the server contains "not good", which is not an audience: 1 to 128 letters, digits and . _ : / -',
      canSignIn: false,
    });
    const [, quoted = ''] = /"(.*)"/.exec(lacking([`a ${'x'.repeat(100)}`])?.message ?? '') ?? [];
    expect(quoted).toHaveLength(60);
  });
  test('of a namespace that the owner does not list needs the owner', () => {
    expect(lacking(['a'], [], { ...allowed, audienceNamespaces: [] })).toEqual({
      message:
        'Your token was not issued for a (requiredAudiences). This endpoint does not request the audiences of servers in the namespace default. Its owner can allow that with AUDIENCE_NAMESPACES.',
      canSignIn: false,
    });
  });
});

test('audiences are requested in the order of the alphabet, whoever names them', () => {
  const forwarding = (requiredAudiences: readonly string[]) =>
    protectedServer({
      singleSignOn: 'forwarding',
      auth: anAuth({ forwardToken: true, requiredAudiences }),
    });
  expect(wantedAudiences([forwarding(['z', 'b']), forwarding(['a'])], allowed)).toEqual({
    audiences: ['a', 'b', 'z'],
    leftOut: 0,
  });
});
