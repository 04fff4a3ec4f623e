/** What issuers say to a code and to a refresh token, and what follows for the grant. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { IssuerRule } from '../../../../functions/model/issuer-rules.ts';
import { endsGrant } from '../../../../functions/sessions/grant-end.ts';
import {
  goodTokens,
  type Said,
  type ScriptedIssuer,
  startScriptedIssuer,
} from '../../../world/scripted-issuer.ts';
import { aGrant } from '../../sessions/build.ts';

let issuer: ScriptedIssuer;
beforeAll(async () => {
  issuer = await startScriptedIssuer();
});
afterAll(() => issuer.close());
beforeEach(async () => {
  for (const name of ['metadata', 'register', 'token', 'revoke'] as const)
    delete issuer.script[name];
  issuer.got.length = 0;
  await issuer.store.saveClient(client());
});

const client = () => ({
  issuer: issuer.url,
  id: 'muster',
  redirectUri: 'https://muster.example.com/v1/oauth/callback/x',
  authentication: 'none' as const,
});
const resource = 'https://mcp.example.com/mcp';
const grant = () =>
  aGrant({ issuer: issuer.url, clientId: 'muster', resource, scopes: ['mcp', 'offline_access'] });
const tokens = {
  accessToken: 'the-old-access-token',
  refreshToken: ['the-refresh-token', '0123456789'].join('-'),
};
const refused = (error: string, more: object = {}, status = 400): Said => ({
  status,
  body: { error, ...more },
});
const atToken = () => issuer.got.filter(({ path }) => path === '/token').map(({ sent }) => sent);

const refresh = async (rule: IssuerRule = {}, configured = false) =>
  issuer
    .oauth({
      issuerRules: () => rule,
      configured: configured ? [{ issuer: issuer.url, id: 'muster', secret: 'by-hand' }] : [],
    })
    .refresh(grant(), tokens);

test.each<[sentence: string, said: Said, ends: boolean]>([
  // lelylan/simple-oauth2#459.
  ['GitHub: 200 with bad_refresh_token', refused('bad_refresh_token', {}, 200), true],
  // metabase#80389, obot#7501.
  ['invalid_request', refused('invalid_request'), true],
  // Softeria/ms-365-mcp-server#485.
  ['interaction_required', refused('interaction_required'), true],
  ['invalid_grant under 403', refused('invalid_grant', {}, 403), true],
  ['a bare 400', { status: 400, body: '' }, true],
  [
    '401 with a challenge',
    { status: 401, body: '', headers: { 'www-authenticate': 'Basic' } },
    true,
  ],
  ['slow_down', refused('slow_down'), false],
  ['429 with an error', refused('rate_limited', {}, 429), false],
  [
    'a page with 400',
    { status: 400, body: '<p>', headers: { 'content-type': 'text/html' } },
    false,
  ],
  ['a page with 200', { body: '<p>', headers: { 'content-type': 'text/html' } }, false],
  ['503', { status: 503, body: '' }, false],
  ['a bare 403', { status: 403, body: '' }, false],
])('a refresh that is answered by %s', async (_sentence, said, ends) => {
  issuer.script.token = () => said;
  const failed = await refresh();
  if (failed.kind !== 'failed') throw new Error(failed.kind);
  expect(endsGrant(failed.failure)).toBe(ends);
});

test("the issuer's own sentence is told, without what it was sent", async () => {
  const said = (error_description: string) => {
    issuer.script.token = () => refused('invalid_grant', { error_description });
    return refresh();
  };
  expect(await said('Token is not active')).toMatchObject({
    message: `The issuer ${issuer.host} refused to refresh the sign-in: invalid_grant, HTTP 400. It says: Token is not active.`,
  });
  for (const words of [
    `the token ${tokens.refreshToken} is not active`,
    'not active: 0123456789',
    'not active: re-fre-sh-to-ken-01-23',
  ])
    expect(await said(words)).toMatchObject({ message: expect.not.stringMatching(/0123|re-fre/) });
});

test('invalid_client of a client that the owner registered keeps the grant and is told', async () => {
  issuer.script.token = () => refused('invalid_client', {}, 401);
  const failed = await refresh({}, true);
  if (failed.kind !== 'failed') throw new Error(failed.kind);
  expect(endsGrant(failed.failure)).toBe(false);
  expect(failed.message).toContain('invalid_client, HTTP 401');
});

// modelcontextprotocol/python-sdk#2578, csharp-sdk#1587: AADSTS9010010.
test('a resource that only the refresh refuses is left out, and the scopes are repeated', async () => {
  issuer.script.token = (sent) =>
    sent['resource'] === undefined
      ? goodTokens
      : refused('invalid_target', {
          error_description: 'AADSTS9010010: resource and scope differ',
        });
  expect(await refresh()).toMatchObject({ kind: 'refreshed' });
  expect(atToken()).toMatchObject([{ resource }, { scope: 'mcp offline_access' }]);
});

test('the answer without resource decides about the grant', async () => {
  issuer.script.token = (sent) =>
    refused(sent['resource'] === undefined ? 'invalid_grant' : 'invalid_request');
  expect(await refresh()).toMatchObject({ failure: { code: 'invalid_grant' } });
  expect(atToken()).toHaveLength(2);
});

test.each(['invalid_grant', 'invalid_client', 'temporarily_unavailable', 'bad_refresh_token'])(
  '%s is not about the resource: it is asked once',
  async (code) => {
    issuer.script.token = () => refused(code);
    await refresh();
    expect(atToken()).toHaveLength(1);
  },
);

test('an issuer that the owner knows to refuse a resource never gets one', async () => {
  expect(await refresh({ noResource: true })).toMatchObject({ kind: 'refreshed' });
  expect(atToken()).toEqual([expect.not.objectContaining({ resource: expect.anything() })]);
});

const request = () => ({
  issuer: issuer.url,
  clientId: 'muster',
  redirectUri: 'https://muster.example.com/v1/oauth/callback/x',
  resource,
  scopes: ['mcp'],
  verifier: 'a'.repeat(43),
  isNamed: false,
});

test('a resource that only the exchange of the code refuses is left out', async () => {
  issuer.script.token = (sent) =>
    sent['resource'] === undefined ? goodTokens : refused('invalid_target');
  const exchanged = await issuer.oauth().exchange(request(), { code: 'the-code' });
  expect(exchanged).toMatchObject({ kind: 'exchanged' });
  expect(atToken()).toHaveLength(2);
});

test('any other refusal of a code is final: a code is used once', async () => {
  issuer.script.token = () => refused('invalid_request');
  await issuer.oauth().exchange(request(), { code: 'the-code' });
  expect(atToken()).toHaveLength(1);
});

// UsefulSoftwareCo/executor#527, panva/openid-client#454.
test('an ID token that nobody reads cannot spoil a sign-in', async () => {
  issuer.script.token = () => ({
    body: { ...(goodTokens.body as object), id_token: 'not.a.jwt' },
  });
  expect(await issuer.oauth().exchange(request(), { code: 'the-code' })).toMatchObject({
    kind: 'exchanged',
  });
});

describe('a client that the issuer does not know any more', () => {
  const known = () => issuer.store.getClient(issuer.url, client().redirectUri);
  // claude-code#4760 #79505 #84614, hermes-agent#36767, mcp-remote#36.
  test.each<[string, () => Promise<unknown>]>([
    ['the refresh', () => refresh()],
    ['the code', () => issuer.oauth().exchange(request(), { code: 'the-code' })],
    ['the revocation', () => issuer.oauth().revoke(grant(), tokens)],
  ])('is forgotten when %s says so', async (_sentence, act) => {
    issuer.script.token = issuer.script.revoke = () => refused('invalid_client', {}, 401);
    expect(await known()).toBeDefined();
    await act();
    expect(await known()).toBeUndefined();
  });

  test('is kept for any other refusal', async () => {
    issuer.script.token = issuer.script.revoke = () => refused('invalid_request');
    await refresh();
    await issuer.oauth().revoke(grant(), tokens);
    expect(await known()).toBeDefined();
  });
});

test.each<[string, Said]>([
  ['fails', { status: 500, body: 'no' }],
  ['says nothing that anyone knows', { status: 418, body: '<p>' }],
])('a revocation at an issuer that %s fails no sign-out', async (_sentence, said) => {
  issuer.script.revoke = () => said;
  await expect(issuer.oauth().revoke(grant(), tokens)).resolves.toBeUndefined();
});

test('a revocation at an issuer that is gone fails no sign-out', async () => {
  const gone = { ...grant(), issuer: 'http://127.0.0.1:9' };
  await expect(issuer.oauth().revoke(gone, tokens)).resolves.toBeUndefined();
});

test('a revocation is for both tokens; one that the issuer refuses does not spare the other', async () => {
  const asked: [unknown, unknown][] = [];
  issuer.script.revoke = ({ token, token_type_hint: hint }) => {
    asked.push([token, hint]);
    return hint === 'refresh_token' ? refused('unsupported_token_type') : { body: '' };
  };
  await issuer.oauth().revoke(grant(), tokens);
  expect(new Map(asked.map(([token, hint]) => [hint, token]))).toEqual(
    new Map([
      ['refresh_token', tokens.refreshToken],
      ['access_token', tokens.accessToken],
    ]),
  );
});
