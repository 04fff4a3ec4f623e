import { decodeJwt } from 'jose';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import * as z from 'zod/mini';
import { ada, commandLineClient, grace, type Issuer, startIssuer } from '../../local/issuer.ts';
import { browserOf } from '../world/browser.ts';

// RFC 7636, appendix B.
const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM';
const redirect = 'http://127.0.0.1:5511/callback';

let issuer: Issuer;
beforeAll(async () => {
  issuer = await startIssuer();
});
afterAll(() => issuer.close());

async function codeFor(browser = browserOf(ada), more: Record<string, string> = {}): Promise<URL> {
  const address = new URL(`${issuer.url}/auth`);
  const asked = {
    client_id: 'muster-cli',
    response_type: 'code',
    redirect_uri: redirect,
    scope: 'openid profile email offline_access',
  };
  address.search = new URLSearchParams({
    ...asked,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...more,
  }).toString();
  const { url } = await browser.visit(address, { stopAt: ({ port }) => port === '5511' });
  return url;
}

const tokensSchema = z.object({
  access_token: z.string(),
  id_token: z.optional(z.string()),
  refresh_token: z.optional(z.string()),
});

async function post(path: string, form: Record<string, string>): Promise<Response> {
  return fetch(issuer.url + path, {
    method: 'POST',
    body: new URLSearchParams({ client_id: 'muster-cli', ...form }),
  });
}

async function tokens(form: Record<string, string>) {
  return tokensSchema.parse(await (await post('/token', form)).json());
}

test('one click signs a persona in: the ID token carries email and name, and a refresh token comes along', async () => {
  const returned = await codeFor();
  expect(returned.searchParams.get('iss')).toBe(issuer.url);
  const code = returned.searchParams.get('code') ?? '';
  const answer = await tokens({
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirect,
    code_verifier: verifier,
  });
  expect(decodeJwt(answer.id_token ?? '')).toMatchObject({
    sub: 'ada',
    email: 'ada@example.com',
    name: 'Ada Lovelace',
    aud: 'muster-cli',
  });

  const again = await tokens({
    grant_type: 'refresh_token',
    refresh_token: answer.refresh_token ?? '',
  });
  expect(again.refresh_token).not.toBe(answer.refresh_token);
  expect(again.id_token).toBeDefined();
  const replay = await post('/token', {
    grant_type: 'refresh_token',
    refresh_token: answer.refresh_token ?? '',
  });
  expect(replay.status).toBe(400);
});

test('a resource gets an access token of its own: a JWT with that audience', async () => {
  const resource = 'http://127.0.0.1:9/mcp';
  const returned = await codeFor(browserOf(grace), { scope: 'openid mcp', resource });
  const code = returned.searchParams.get('code') ?? '';
  const answer = await tokens({
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirect,
    code_verifier: verifier,
    resource,
  });
  expect(decodeJwt(answer.access_token)).toMatchObject({
    sub: 'grace',
    aud: resource,
    scope: 'mcp',
    iss: issuer.url,
  });
});

test('without PKCE nobody gets a code', async () => {
  const returned = await codeFor(browserOf(ada), { code_challenge: '', code_challenge_method: '' });
  expect(returned.searchParams.get('code')).toBeNull();
  expect(returned.searchParams.get('error')).toBe('invalid_request');
});

test('a device without a browser gets its tokens after the persona said yes', async () => {
  const started = await (await post('/device/auth', { scope: 'openid email' })).json();
  const { device_code, verification_uri_complete } = z
    .object({ device_code: z.string(), verification_uri_complete: z.string() })
    .parse(started);
  const { html } = await browserOf(ada).visit(verification_uri_complete);
  expect(html).toContain('You are signed in');
  const answer = await tokens({
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    device_code,
  });
  expect(decodeJwt(answer.id_token ?? '')).toMatchObject({ email: 'ada@example.com' });
});

test('a revoked refresh token is of no use', async () => {
  const code = (await codeFor()).searchParams.get('code') ?? '';
  const answer = await tokens({
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirect,
    code_verifier: verifier,
  });
  expect((await post('/token/revocation', { token: answer.refresh_token ?? '' })).status).toBe(200);
  expect(
    (
      await post('/token', {
        grant_type: 'refresh_token',
        refresh_token: answer.refresh_token ?? '',
      })
    ).status,
  ).toBe(400);
});

test('it prints nothing', async () => {
  const spies = (['log', 'info', 'warn', 'error'] as const).map((method) =>
    vi.spyOn(console, method),
  );
  const quiet = await startIssuer({ clients: [{ ...commandLineClient, client_id: 'another' }] });
  await browserOf(ada).visit(`${quiet.url}/auth?client_id=nobody`);
  await quiet.close();
  for (const spy of spies) expect(spy).not.toHaveBeenCalled();
});
