/** Discovery with servers and issuers as people have them, on loopback. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { challengeReader } from '../../../../functions/adapters/mcp/challenge-reader.ts';
import { trustStore } from '../../../../functions/adapters/network/connect.ts';
import { resolver } from '../../../../functions/adapters/network/dns.ts';
import { addressGuard } from '../../../../functions/adapters/network/guard.ts';
import { guardedFetch } from '../../../../functions/adapters/network/http.ts';
import {
  findIssuer,
  findSignInTarget,
  type TargetOptions,
} from '../../../../functions/adapters/oauth/metadata.ts';
import { SignInError } from '../../../../functions/adapters/oauth/signin-error.ts';
import type { Auth } from '../../../../functions/model/mcpserver.ts';
import { listen } from '../../../../local/listen.ts';
import { anAuth, aServer } from '../../../world/server.ts';

/** What one address answers; an object is JSON with 200. */
type Answer = object | ((response: ServerResponse) => void);

const answers = new Map<string, Answer>();
const asked: string[] = [];
function answer({ method = '', url = '' }: IncomingMessage, response: ServerResponse): void {
  asked.push(`${method} ${url}`);
  const said = answers.get(url);
  if (said === undefined) response.writeHead(404).end();
  else if (typeof said === 'function') said(response);
  else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(said));
}
const host = await listen(createServer(answer));
const other = await listen(createServer(answer), 0, '127.0.0.2');
afterAll(() => Promise.all([host.close(), other.close()]));
beforeEach(() => {
  answers.clear();
  asked.length = 0;
});

const status =
  (code: number, headers = {}) =>
  (response: ServerResponse) =>
    void response.writeHead(code, headers).end();
const html = (response: ServerResponse) =>
  void response
    .writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
    .end('<!doctype html>');
const silence = () => {};

const fetch = guardedFetch({
  guard: addressGuard({ allow: ['127.0.0.1/32', '127.0.0.2/32'] }),
  resolve: resolver(),
  secureContext: trustStore(),
});

/** Nothing listens there. */
const dead = host.url.replace('127.0.0.1', '127.0.0.2');
const url = new URL(`${host.url}/mcp`);
const issuer = other.url;
const resource = { resource: url.href, authorization_servers: [issuer], scopes_supported: ['mcp'] };
const metadata = (name = issuer) => ({
  issuer: name,
  authorization_endpoint: `${issuer}/auth`,
  token_endpoint: `${issuer}/token`,
  registration_endpoint: `${issuer}/register`,
  code_challenge_methods_supported: ['S256'],
});

const options = (more: Partial<TargetOptions> = {}): TargetOptions => ({
  fetch,
  allowInsecure: true,
  readChallenge: challengeReader(fetch),
  signal: AbortSignal.timeout(10_000),
  ...more,
});
const find = (auth?: Partial<Auth>, more: Partial<TargetOptions> = {}) =>
  findSignInTarget(
    aServer({ url: url.href, ...(auth === undefined ? {} : { auth: anAuth(auth) }) }),
    url,
    options(more),
  );
const pinned = { authorizationServer: { issuer } };
const refused = async (attempt: Promise<unknown>): Promise<SignInError> => {
  const error: unknown = await attempt.then(
    () => new Error('It was not refused.'),
    (reason: unknown) => reason,
  );
  if (error instanceof SignInError) return error;
  throw error;
};

const wellKnown = '/.well-known/oauth-protected-resource';
const challenging = (address: string) =>
  status(401, { 'www-authenticate': `Bearer resource_metadata="${address}"` });

test('an honest server is asked once for its metadata', async () => {
  answers.set(`${wellKnown}/mcp`, resource).set('/mcp', challenging(`${host.url}${wellKnown}/mcp`));
  expect(await find()).toMatchObject({
    issuer,
    resource: url.href,
    scopes: ['mcp'],
    report: { challenge: { status: 401, schemes: ['bearer'] } },
  });
  expect(asked).toEqual(['POST /mcp', `GET ${wellKnown}/mcp`]);
});

const oddFirsts: [what: string, address: string, first: Answer, says: object][] = [
  // contextmine#2, agentgateway#449
  ['HTML with 200', '/odd', html, { kind: 'notJson', contentType: 'text/html' }],
  ['404', '/odd', status(404), { kind: 'httpStatus', status: 404 }],
  ['503', '/odd', status(503), { kind: 'httpStatus', status: 503 }],
  [
    'a document about another resource',
    '/odd',
    { ...resource, resource: 'https://a.example/' },
    { kind: 'otherResource', named: 'https://a.example/' },
  ],
  [
    'a document without resource',
    '/odd',
    { authorization_servers: [issuer] },
    { kind: 'lacks', member: 'resource' },
  ],
  ['a list', '/odd', [], { kind: 'notJson', contentType: 'application/json' }],
  // mcp-remote#267, vercel/mcp-handler#110
  [
    'an address inside',
    'http://10.0.0.1:9/meta',
    {},
    { kind: 'blocked', detail: expect.stringContaining('refused by policy') },
  ],
  [
    'a port without a listener',
    `${dead}/meta`,
    {},
    { kind: 'noAnswer', detail: expect.stringContaining('ECONNREFUSED') },
  ],
  ['no address', 'http://', {}, { kind: 'invalidAddress' }],
  [
    'a redirect into nothing',
    '/odd',
    status(302, { location: 'ftp://a.example/' }),
    { kind: 'redirect', status: 302, problem: 'to an address that is not https' },
  ],
  ['a redirect without an address', '/odd', status(302), { kind: 'httpStatus', status: 302 }],
];

test.each(oddFirsts)(
  'where the challenge leads to %s, the well-known place decides, and both are reported',
  async (_what, address, first, says) => {
    answers.set('/mcp', challenging(address)).set('/odd', first).set(`${wellKnown}/mcp`, resource);
    const { issuer: found, report } = await find();
    expect(found).toBe(issuer);
    expect(report?.places.map(({ of, answer: said }) => [of, said])).toEqual([
      ['challenge', says],
      ['server', { kind: 'usable' }],
    ]);
  },
);

test('the well-known place without the path comes last', async () => {
  answers.set(`${wellKnown}/mcp`, html).set(wellKnown, { ...resource, resource: host.url });
  expect(await find()).toMatchObject({ issuer, resource: host.url });
});

test('a foreign origin may hold the resource metadata', async () => {
  answers.set('/mcp', challenging(`${other.url}/elsewhere`)).set('/elsewhere', resource);
  expect((await find()).issuer).toBe(issuer);
});

test('redirects are followed, three of them, and reported', async () => {
  const chain = (steps: number) => {
    answers.set(`${wellKnown}/mcp`, status(308, { location: '/hop-1' }));
    for (let step = 1; step < steps; step += 1)
      answers.set(`/hop-${step}`, status(307, { location: `${other.url}/hop-${step + 1}` }));
    answers.set(`/hop-${steps}`, resource);
  };
  chain(3);
  expect((await find()).report?.places[0]).toMatchObject({ redirectedTo: `${other.url}/hop-3` });
  chain(4);
  expect((await refused(find())).message).toContain('HTTP 307, a redirect after 3 others');
});

test('a body in gzip with a byte order mark is a document', async () => {
  const body = gzipSync(`\uFEFF${JSON.stringify({ ...resource, odd: { member: [null] } })}`);
  answers.set(
    `${wellKnown}/mcp`,
    (response) =>
      void response
        .writeHead(200, {
          'content-encoding': 'gzip',
          'content-type': 'application/json; charset=UTF-8',
        })
        .end(body),
  );
  expect((await find()).issuer).toBe(issuer);
});

// mcp-ts-core#293
test('metadata without authorization_servers is good enough where the owner pins the issuer', async () => {
  answers.set(`${wellKnown}/mcp`, { resource: url.href, authorization_servers: null });
  expect(await find(pinned)).toMatchObject({ issuer, resource: url.href });
});

test('a document with an issuer wins over an earlier one without', async () => {
  answers
    .set(`${wellKnown}/mcp`, { resource: url.href })
    .set(wellKnown, { ...resource, resource: host.url });
  expect(await find()).toMatchObject({ issuer, resource: host.url });
});

test.each([
  ['nothing', undefined],
  ['metadata about another resource', { ...resource, resource: 'https://inner.example/' }],
  ['a page', html],
  ['an error for a moment', status(503)],
])('a pin stands in for a server with %s', async (_what, document) => {
  if (document !== undefined) answers.set(`${wellKnown}/mcp`, document);
  expect(await find(pinned)).toMatchObject({ issuer, resource: url.href });
});

test('a server that contradicts its pin is refused with both names', async () => {
  answers.set(`${wellKnown}/mcp`, resource);
  const { message } = await refused(
    find({ authorizationServer: { issuer: 'https://pin.example' } }),
  );
  expect(message).toBe(
    `The server ${url.host} names the issuer ${issuer}, and spec.auth.authorizationServer names https://pin.example. The owner of the MCPServer can correct it.`,
  );
});

test('another resource is refused with both addresses', async () => {
  answers.set(`${wellKnown}/mcp`, { ...resource, resource: 'https://inner.example/mcp?key=1' });
  const { message } = await refused(find());
  expect(message).toContain(
    `at ${host.url}${wellKnown}/mcp is about another resource, https://inner.example/mcp`,
  );
  expect(message).toContain(`than spec.url, ${url.href}`);
});

test('a server with an error for a moment is not replaced by its origin', async () => {
  answers
    .set(`${wellKnown}/mcp`, status(503))
    .set('/.well-known/oauth-authorization-server', metadata(host.url));
  const { failure, message } = await refused(find());
  expect(failure.reason).toBe('serverUnavailable');
  expect(message).toMatch(/Try again in a minute\. Tried .*HTTP 503/);
});

// atlassian/atlassian-mcp-server#148; MCP 2025-03-26
test.each([
  ['itself', host.url],
  ['another issuer', issuer],
])('a server without metadata names %s by the issuer of its own origin', async (_what, named) => {
  answers.set('/.well-known/oauth-authorization-server', metadata(named));
  const target = await find();
  expect(target.issuer).toBe(named);
  expect(await findIssuer(target.issuer, options())).toMatchObject({ issuer: named });
});

test('everything that was tried is in the refusal', async () => {
  answers.set('/mcp', challenging('/odd')).set('/odd', html);
  const { message, report } = await refused(find());
  expect(report.resource?.places.map(({ of }) => of)).toEqual([
    'challenge',
    'server',
    'server',
    'origin',
    'origin',
  ]);
  expect(message).toMatch(
    /^The server .* does not name its issuer \(RFC 9728\)\. Its owner can publish it,/,
  );
  expect(message).toContain(`${host.url}/odd: HTTP 200 with text/html instead of JSON; `);
});

test('of several issuers the first one that can be used is taken', async () => {
  answers.set(`${wellKnown}/mcp`, {
    ...resource,
    authorization_servers: [dead, `${host.url}/dead`, issuer],
  });
  answers.set('/.well-known/oauth-authorization-server', metadata());
  expect(await find()).toMatchObject({ issuer, metadata: { issuer } });
});

test('where the owner registered a client by hand, that issuer comes first', async () => {
  answers.set(`${wellKnown}/mcp`, {
    ...resource,
    authorization_servers: [issuer, `${host.url}/b`],
  });
  answers
    .set('/.well-known/oauth-authorization-server', metadata())
    .set('/.well-known/oauth-authorization-server/b', metadata(`${host.url}/b`));
  const configured = [{ issuer: `${host.url}/b` }];
  expect((await find({}, { configured })).issuer).toBe(`${host.url}/b`);
  expect((await find()).issuer).toBe(issuer);
});

test('several issuers that are all dead are refused for the first one', async () => {
  answers.set(`${wellKnown}/mcp`, {
    ...resource,
    authorization_servers: [`${dead}/a`, `${dead}/b`],
  });
  const { failure, report } = await refused(find());
  expect(failure).toMatchObject({ reason: 'issuerUnavailable', host: new URL(dead).host });
  expect([report.issuer?.issuer, report.resource?.places.length]).toEqual([`${dead}/a`, 1]);
});

const tenant = `${issuer}/tenant`;
test.each([
  '/.well-known/oauth-authorization-server/tenant',
  '/.well-known/openid-configuration/tenant',
  '/tenant/.well-known/openid-configuration',
  // developer.okta.com
  '/tenant/.well-known/oauth-authorization-server',
])('an issuer with a path may publish its metadata at %s', async (place) => {
  answers.set(place, metadata(tenant));
  expect(await findIssuer(tenant, options())).toMatchObject({ issuer: tenant });
});

const first = '/.well-known/oauth-authorization-server';
const second = '/.well-known/openid-configuration';

test.each<[string, Answer]>([
  ['HTML with 200', html],
  ['another issuer', metadata('https://victim.example')],
  ['an error for a moment', status(503)],
  ['a document without endpoints', { issuer }],
  ['a document without PKCE', { ...metadata(), code_challenge_methods_supported: ['plain'] }],
  ['a document with http endpoints', { ...metadata(), token_endpoint: 'ftp://a.example/' }],
])('an issuer with %s at the first place is used by its second', async (_what, odd) => {
  answers.set(first, odd).set(second, metadata());
  expect(await findIssuer(issuer, options())).toMatchObject({ issuer });
});

// python-sdk#1919, go-sdk#955, copilot-cli#4606, vercel/ai#20236
test.each([
  [issuer, `${issuer}/`],
  [`${issuer}/`, issuer],
])('%s is %s: the slash of an empty path does not count', async (named, own) => {
  answers
    .set(first, metadata(own))
    .set(`${wellKnown}/mcp`, { ...resource, authorization_servers: [named] });
  expect(await findIssuer(named, options())).toMatchObject({ issuer: own });
  expect((await find({ authorizationServer: { issuer: own } })).issuer).toBe(own);
});

test('the slash of a path counts', async () => {
  answers.set(`${first}/tenant`, metadata(`${tenant}/`));
  expect((await refused(findIssuer(tenant, options()))).failure.reason).toBe('issuerMismatch');
});

// typescript-sdk#832
test('a document without a list of PKCE methods is completed by the other one', async () => {
  const { code_challenge_methods_supported: listed, ...openid } = metadata();
  answers.set(first, { ...openid, registration_endpoint: `${issuer}/only-here` });
  const { registration_endpoint: _none, ...rest } = openid;
  answers.set(second, { ...rest, code_challenge_methods_supported: listed });
  expect(await findIssuer(issuer, options())).toMatchObject({
    registration_endpoint: `${issuer}/only-here`,
    code_challenge_methods_supported: ['S256'],
  });
});

test('an issuer without any list of PKCE methods needs a setting, and the message names it', async () => {
  const { code_challenge_methods_supported: _none, ...openid } = metadata();
  answers.set(first, openid).set(second, { ...openid, code_challenge_methods_supported: null });
  const { message, failure } = await refused(findIssuer(issuer, options()));
  expect(failure).toEqual({ reason: 'noPkce', host: new URL(issuer).host });
  expect(message).toMatch(/code_challenge_methods_supported is missing.*noPkceList in ISSUERS/);
  asked.length = 0;
  const issuerRules = (name: string) => ({ noPkceList: name === issuer });
  expect(await findIssuer(issuer, options({ issuerRules }))).toMatchObject({ issuer });
  expect(asked).toEqual([`GET ${first}`]);
});

test('no setting makes up for a list without S256', async () => {
  answers.set(first, { ...metadata(), code_challenge_methods_supported: ['plain'] });
  const issuerRules = () => ({ noPkceList: true });
  expect((await refused(findIssuer(issuer, options({ issuerRules })))).message).toContain(
    'It lists plain.',
  );
});

test.each<[string, Answer, RegExp]>([
  ['503', status(503), /could not be read\. Try again in a minute\. Tried .*HTTP 503/],
  ['429', status(429), /could not be read\. Try again in a minute\. Tried .*HTTP 429/],
  ['a cut', (response) => response.destroy(), /could not be read\. Try again in a minute/],
])('an issuer with %s for a moment is asked again later', async (_what, said, message) => {
  answers.set(first, said);
  expect((await refused(findIssuer(issuer, options()))).message).toMatch(message);
});

test('an issuer that names another one is refused with both names', async () => {
  answers.set(first, metadata('https://victim.example'));
  expect((await refused(findIssuer(issuer, options()))).message).toMatch(
    new RegExp(
      `^The metadata of ${issuer} belongs to another issuer: it names https://victim\\.example\\.`,
    ),
  );
});

test('a place that hangs leaves time for the others', async () => {
  answers.set(first, silence).set(second, metadata());
  const began = performance.now();
  expect(await findIssuer(issuer, options())).toMatchObject({ issuer });
  expect(performance.now() - began).toBeLessThan(9_000);
}, 12_000);

test('an odd member that is not needed is left out', async () => {
  answers.set(first, {
    ...metadata(),
    revocation_endpoint: 7,
    registration_endpoint: null,
    scopes_supported: 'a b',
    x: [],
  });
  const found = await findIssuer(issuer, options());
  expect(found).not.toHaveProperty('revocation_endpoint');
  expect(found).not.toHaveProperty('registration_endpoint');
  expect(found.scopes_supported).toEqual(['a', 'b']);
});
