import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sealer } from '../../../functions/adapters/dynamodb/seal.ts';
import { textSealer } from '../../../functions/adapters/dynamodb/sealed-text.ts';
import { createApi } from '../../../functions/api.ts';
import { liveSignIns } from '../../../functions/model/limits.ts';
import type { Environment } from '../../../functions/model/setting-reader.ts';
import { problemSchema } from '../../../functions/model/wire/endpoint-wire.ts';
import { liveResumedSchema, liveSignedInSchema } from '../../../functions/model/wire/live-wire.ts';
import { meSchema } from '../../../functions/model/wire/person-wire.ts';
import { liveCookieName } from '../../../functions/routes/live-cookie.ts';
import { ada, commandLineClient, grace, type Issuer, startIssuer } from '../../../local/issuer.ts';
import { livePage, type Send } from '../../world/live-page.ts';
import { issuerQuirks, type OwnIssuer, startOwnIssuer } from '../../world/own-issuers.ts';

const publicUrl = 'http://127.0.0.1:8787';
const redirectUri = `${publicUrl}/live/`;
const newKeys = (): string => `one:${randomBytes(32).toString('base64url')}`;
const tokenKeys = newKeys();

// Nothing here asks the cluster or the table.
const kubeconfig = JSON.stringify({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'none', cluster: { server: 'https://127.0.0.1:9' } }],
  users: [{ name: 'none', user: {} }],
  contexts: [{ name: 'none', context: { cluster: 'none', user: 'none' } }],
  'current-context': 'none',
});

const endpoint = (issuer: string, settings: Environment = {}): Send => {
  const api = createApi({
    KUBECONFIG_YAML: kubeconfig,
    TABLE_NAME: 'muster',
    TOKEN_KEYS: tokenKeys,
    GUARD: 'off',
    OIDC_ISSUER: issuer,
    OIDC_CLIENT_ID: commandLineClient.client_id,
    PUBLIC_URL: publicUrl,
    LIVE_PAGE: 'on',
    ...settings,
  });
  return async (path, init) => api.request(path, init);
};

let people: Issuer;
let send: Send;
beforeAll(async () => {
  people = await startIssuer();
  send = endpoint(people.url);
});
afterAll(() => people.close());

const problemOf = async (answer: Response) => problemSchema.parse(await answer.json());
const signedInOf = async (answer: Response) => liveSignedInSchema.parse(await answer.json());
const meOf = (token: string, to: Send = send) =>
  to('/v1/me', { headers: { authorization: `Bearer ${token}` } });

describe('a sign-in on the live page', () => {
  test('gives the page the token of the person, without a refresh token', async () => {
    const page = await livePage(send);
    const answer = await page.signIn(ada);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const body: unknown = await answer.json();
    const { token, idToken, expiresAt } = liveSignedInSchema.parse(body);
    expect(Object.keys(Object(body)).toSorted()).toEqual(['expiresAt', 'idToken', 'token']);
    expect(token).toBe(idToken);
    const me = meSchema.parse(await (await meOf(token)).json());
    expect(me).toMatchObject({ email: 'ada@example.com', expiresAt });
  });

  test('asks for a code with PKCE and the key of the page, back at the live page, without offline access', async () => {
    const page = await livePage(send);
    const { authorizationUrl } = Object(await (await page.start()).json());
    const { searchParams } = new URL(String(authorizationUrl));
    expect(Object.fromEntries(searchParams)).toEqual({
      response_type: 'code',
      client_id: 'muster-cli',
      redirect_uri: redirectUri,
      scope: 'openid profile email',
      state: page.state,
      nonce: page.nonce,
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    });
  });

  test('outlives a reload by a cookie that scripts cannot read and that ends with the token', async () => {
    const page = await livePage(send);
    const answer = await page.signIn(ada);
    const [line = '', ...others] = answer.headers.getSetCookie();
    expect(others).toEqual([]);
    const [pair, ...attributes] = line.split('; ');
    expect(pair).toMatch(/^__Host-muster-live=[\w.-]+$/);
    const [age = '', ...rest] = attributes;
    expect(rest).toEqual(['Path=/', 'HttpOnly', 'Secure', 'SameSite=Strict']);
    const { token, expiresAt } = await signedInOf(answer);
    const lifetime = (new Date(expiresAt).getTime() - Date.now()) / 1_000;
    const seconds = Number(age.replace('Max-Age=', ''));
    expect(seconds).toBeGreaterThan(lifetime - 3);
    expect(seconds).toBeLessThan(lifetime + 3);
    expect(liveResumedSchema.parse(await (await page.resume()).json())).toEqual({
      token,
      expiresAt,
    });
  });

  test('ends with a sign-out, which clears the cookie', async () => {
    const page = await livePage(send);
    await page.signIn(ada);
    const ended = await page.end();
    expect(ended.status).toBe(204);
    expect(page.cookie()).toBeUndefined();
    const resumed = await page.resume();
    expect(resumed.status).toBe(401);
    expect(await problemOf(resumed)).toMatchObject({
      title: 'You are signed out of muster',
      hint: 'Start a new sign-in.',
    });
  });

  test('replaces the one before it', async () => {
    const page = await livePage(send);
    await page.signIn(ada);
    const second = await livePage(send);
    second.take(page.cookie());
    await second.signIn(grace);
    const { token } = liveResumedSchema.parse(await (await second.resume()).json());
    expect(await (await meOf(token)).json()).toMatchObject({ email: 'grace@example.com' });
  });
});

describe('at an issuer as people have them', () => {
  const started: OwnIssuer[] = [];
  afterAll(() => Promise.all(started.map(({ close }) => close())));

  const own = async (quirks: (typeof issuerQuirks)[keyof typeof issuerQuirks]) => {
    const issuer = await startOwnIssuer({ ...quirks, redirect: redirectUri, portCounts: true });
    started.push(issuer);
    return issuer;
  };
  const endpointOf = (issuer: OwnIssuer, settings: Environment = {}) =>
    endpoint(issuer.url, { OIDC_CLIENT_ID: issuer.client, ...settings });

  test.each(Object.entries(issuerQuirks))(
    '%s signs a person in, and is asked for no refresh token',
    async (name, quirks) => {
      const issuer = await own(quirks);
      const page = await livePage(
        endpointOf(issuer, {
          OIDC_PUBLIC_CLIENT_SECRET: quirks.secret,
          ...(name === 'google' && { OIDC_PARAMETERS: 'access_type=offline&prompt=consent&hd=x' }),
        }),
      );
      // As a page does: without the scopes that this client may not have.
      const first = await page.visit(ada);
      const isRefused = first.url.searchParams.get('error') === 'invalid_scope';
      expect(isRefused).toBe(name === 'oktaCustom');
      const { answer } = isRefused ? await page.visit(ada, { fewerScopes: true }) : first;
      const signedIn = await page.complete(answer);
      expect(signedIn.status).toBe(200);
      const [asked = new URLSearchParams()] = issuer.asked;
      expect(asked.get('scope')).not.toContain('offline');
      expect(asked.get('hd')).toBe(name === 'google' ? 'x' : null);
      // Cognito gives one to everyone, and it is dropped.
      expect(quirks.hasRefreshToken(asked)).toBe(name === 'cognito');
      expect(await signedIn.text()).not.toContain('refresh');
    },
  );

  test('an optional scope is requested where the issuer lists it', async () => {
    const page = await livePage(endpointOf(await own(issuerQuirks.dex)));
    const { url } = await page.visit(ada);
    expect(url.searchParams.has('code')).toBe(true);
    expect(started.at(-1)?.asked.at(-1)?.get('scope')).toBe('openid profile email groups');
  });

  test('with BEARER_AUDIENCE the page gets the access token for this endpoint, and the ID token for its key', async () => {
    const issuer = await own({ ...issuerQuirks.auth0, accessTokenTyp: 'at+jwt' });
    const to = endpointOf(issuer, {
      BEARER_AUDIENCE: publicUrl,
      OIDC_PARAMETERS: `audience=${encodeURIComponent(publicUrl)}`,
    });
    const page = await livePage(to);
    const { token, idToken } = await signedInOf(await page.signIn(ada));
    expect(token).not.toBe(idToken);
    expect(issuer.asked.at(-1)?.get('resource')).toBe(publicUrl);
    expect(issuer.redeemed.at(-1)?.get('resource')).toBe(publicUrl);
    expect((await meOf(token, to)).status).toBe(200);
    expect((await meOf(idToken, to)).status).toBe(401);
    expect(liveResumedSchema.parse(await (await page.resume()).json()).token).toBe(token);
  });

  test('a token that this endpoint does not accept is refused at once, and names the settings', async () => {
    const issuer = await own(issuerQuirks.auth0);
    const page = await livePage(endpointOf(issuer, { BEARER_AUDIENCE: publicUrl }));
    const answer = await page.signIn(ada);
    expect(answer.status).toBe(502);
    expect(page.cookie()).toBeUndefined();
    expect(await problemOf(answer)).toMatchObject({
      title: 'The tokens of the issuer cannot be used',
      detail: 'The token is not a signed JWT.',
      hint: expect.stringContaining('BEARER_AUDIENCE'),
    });
  });

  test('a sign-in whose token does not fit into a cookie needs a new one after a reload', async () => {
    const issuer = await own(issuerQuirks.dex);
    const page = await livePage(endpointOf(issuer));
    await page.signIn(ada);
    expect(page.cookie()).toBeDefined();
    issuer.next.claims = { groups: Array.from({ length: 200 }, (_, n) => `platform-team-${n}`) };
    const answer = await page.signIn(ada);
    expect(answer.status).toBe(200);
    expect((await signedInOf(answer)).token.length).toBeGreaterThan(3_000);
    // Nor may the cookie of the sign-in before bring another person back.
    expect(page.cookie()).toBeUndefined();
    expect((await page.resume()).status).toBe(401);
  });

  test.each([
    ['answers with 503', { status: 503 }, 503, 'The issuer is unavailable'],
    [
      'gives a token for another person’s client',
      { claims: { aud: 'other' } },
      502,
      'The tokens of the issuer cannot be used',
    ],
    [
      'gives a token that has ended',
      { lifetimeSeconds: -60 },
      502,
      'The tokens of the issuer cannot be used',
    ],
    [
      'gives a token of another issuer',
      { claims: { iss: 'https://evil.example.com' } },
      502,
      'The tokens of the issuer cannot be used',
    ],
    [
      'gives a token without the nonce',
      { claims: { nonce: undefined } },
      400,
      'This is the answer to another sign-in',
    ],
    [
      'gives a token with another nonce',
      { claims: { nonce: 'other' } },
      400,
      'This is the answer to another sign-in',
    ],
  ])('one that %s signs nobody in', async (_, next, status, title) => {
    const issuer = await own(issuerQuirks.dex);
    const page = await livePage(endpointOf(issuer));
    Object.assign(issuer.next, next);
    const answer = await page.signIn(ada);
    expect(answer.status).toBe(status);
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect((await problemOf(answer)).title).toBe(title);
  });

  test('one that wants a secret that is not set says so, and the hint names the setting', async () => {
    const page = await livePage(endpointOf(await own(issuerQuirks.google)));
    const answer = await page.signIn(ada);
    expect(answer.status).toBe(502);
    expect((await problemOf(answer)).detail).toContain('client_secret is missing');
  });

  test('one that knows another client says so, and the hint names the settings', async () => {
    const issuer = await own(issuerQuirks.dex);
    const page = await livePage(endpointOf(issuer));
    const { answer } = await page.visit(ada);
    const other = await livePage(endpoint(issuer.url, { OIDC_CLIENT_ID: 'unknown' }));
    const refused = await other.complete(answer, { verifier: page.verifier });
    expect(refused.status).toBe(502);
    expect(await problemOf(refused)).toMatchObject({
      title: 'The issuer does not accept muster as a client',
      hint: expect.stringContaining('OIDC_CLIENT_ID and OIDC_PUBLIC_CLIENT_SECRET'),
    });
  });

  test('one that is down is a 503, and the next sign-in asks it again', async () => {
    const issuer = await own(issuerQuirks.dex);
    const { url, client } = issuer;
    await issuer.close();
    const page = await livePage(endpoint(url, { OIDC_CLIENT_ID: client }));
    const answer = await page.start();
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('60');
    expect((await page.start()).status).toBe(503);
  });

  test('one without S256 gets no sign-in', async () => {
    const page = await livePage(
      endpointOf(await own({ ...issuerQuirks.dex, pkceMethods: ['plain'] })),
    );
    const answer = await page.start();
    expect(answer.status).toBe(502);
    expect((await problemOf(answer)).detail).toContain('PKCE');
  });
});

describe('an attacker', () => {
  test.each([
    [
      'a page of another site',
      { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example.com' },
    ],
    ['a page of a sibling', { 'sec-fetch-site': 'same-site', origin: 'https://a.example.com' }],
    ['a link, or the address bar', { 'sec-fetch-site': 'none' }],
    ['a page that claims our origin', { 'sec-fetch-site': 'cross-site', origin: publicUrl }],
    [
      'another port of this machine',
      { 'sec-fetch-site': 'same-site', origin: 'http://127.0.0.1:9999' },
    ],
    ['an old browser on another site', { origin: 'https://evil.example.com' }],
    ['an old browser with a longer name', { origin: `${publicUrl}.evil.example.com` }],
    ['an old browser on another port', { origin: 'http://127.0.0.1:87870' }],
    ['a sandboxed frame', { origin: 'null' }],
    ['a request that does not say where it is from', {}],
  ])('cannot use any route from %s', async (_, site) => {
    const victim = await livePage(send);
    await victim.signIn(ada);
    const page = await livePage(send, site);
    page.take(victim.cookie());
    const answers = [
      await page.start(),
      await page.complete({ code: 'a-code' }),
      await page.resume(),
      await page.end(),
    ];
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
    expect(answers.flatMap(({ headers }) => headers.getSetCookie())).toEqual([]);
    expect(await problemOf(answers[2] ?? Response.error())).toMatchObject({
      title: 'Only the live page may send this request',
    });
  });

  test('an old browser that names our origin may use them', async () => {
    const page = await livePage(send, { origin: publicUrl });
    await page.signIn(ada);
    expect((await page.resume()).status).toBe(200);
    expect((await page.end()).status).toBe(204);
  });

  test('gets nothing for a cookie on any other route', async () => {
    const page = await livePage(send);
    await page.signIn(ada);
    const headers = { cookie: page.cookie() ?? '', 'sec-fetch-site': 'same-origin' };
    for (const path of ['/v1/me', '/v1/me/keys', '/v1/mcpservers'])
      expect((await send(path, { headers })).status).toBe(401);
    const sealed = (page.cookie() ?? '').split('=')[1] ?? '';
    expect((await meOf(sealed)).status).toBe(401);
  });

  test.each([
    [
      'of an endpoint with other keys',
      async () => cookieOf(endpoint(people.url, { TOKEN_KEYS: newKeys() })),
    ],
    [
      'of another endpoint with the same keys',
      async () => cookieOf(endpoint(people.url, { PUBLIC_URL: 'http://127.0.0.1:8788' })),
    ],
    [
      'that was sealed for another place',
      async () => `${liveCookieName}=${await sealedFor('["continue"]')}`,
    ],
    ['that was changed', async () => (await cookieOf(send)).replace(/.{4}$/, 'AAAA')],
    ['that is the token itself', async () => `${liveCookieName}=${await tokenOf()}`],
    ['without anything in it', async () => `${liveCookieName}=`],
    ['that is no sealed text', async () => `${liveCookieName}=a.b.c.d`],
    ['of another name', async () => (await cookieOf(send)).replace('__Host-', '')],
  ])('cannot resume with a cookie %s', async (_, cookie) => {
    const page = await livePage(send);
    page.take(await cookie());
    const answer = await page.resume();
    expect(answer.status).toBe(401);
    expect(await answer.text()).not.toContain('token');
  });

  test('cannot resume with the cookie of a sign-in that has ended, within the leeway for clocks', async () => {
    const issuer = await startOwnIssuer({
      ...issuerQuirks.dex,
      redirect: redirectUri,
      portCounts: true,
    });
    issuer.next.lifetimeSeconds = -5;
    const page = await livePage(endpoint(issuer.url, { OIDC_CLIENT_ID: issuer.client }));
    const [line = ''] = (await page.signIn(ada)).headers.getSetCookie();
    expect(line).toContain('; Max-Age=0;');
    page.take(line.split(';')[0]);
    expect((await page.resume()).status).toBe(401);
    await issuer.close();
  });

  test('cannot complete a sign-in with a code of another person: the verifier is in their page', async () => {
    const victim = await livePage(send);
    const attacker = await livePage(send);
    const { answer } = await victim.visit(ada);
    const refused = await attacker.complete(answer);
    expect(refused.status).toBe(400);
    expect(await problemOf(refused)).toMatchObject({
      title: 'The sign-in could not be completed',
      hint: 'Start a new sign-in.',
    });
  });

  test('cannot bring a code of their own into the page of another person (login CSRF)', async () => {
    const attacker = await livePage(send);
    const victim = await livePage(send);
    const { answer } = await attacker.visit(grace);
    expect((await victim.complete(answer)).status).toBe(400);
    expect(victim.cookie()).toBeUndefined();
  });

  test('cannot use a code twice', async () => {
    const page = await livePage(send);
    const { answer } = await page.visit(ada);
    expect((await page.complete(answer)).status).toBe(200);
    const again = await page.complete(answer);
    expect(again.status).toBe(400);
    expect((await problemOf(again)).detail).toContain('invalid_grant');
  });

  test('cannot put another key in the place of the one that the sign-in was started for', async () => {
    const page = await livePage(send);
    const { nonce } = await livePage(send);
    const { answer } = await page.visit(ada);
    const refused = await page.complete(answer, { nonce });
    expect(refused.status).toBe(400);
    expect((await problemOf(refused)).detail).toBe(
      'The ID token was not issued for the key of this page.',
    );
  });

  test.each([['https://evil.example.com'], [''], [undefined]])(
    'cannot bring a code that %j gave to the issuer of this endpoint (mix-up)',
    async (iss) => {
      const page = await livePage(send);
      const { answer } = await page.visit(ada);
      const refused = await page.complete({ code: answer.code, ...(iss !== undefined && { iss }) });
      expect(refused.status).toBe(400);
      expect((await problemOf(refused)).title).toBe('The answer came from another issuer');
      // The code did not reach the issuer: it is still good.
      expect((await page.complete(answer)).status).toBe(200);
    },
  );

  test.each<[string, object]>([
    ['no state', { state: undefined }],
    ['a short state', { state: 'abc' }],
    ['a state with a line break', { state: `${'a'.repeat(30)}\n` }],
    ['a challenge that is a verifier too short', { challenge: 'abc' }],
    ['a nonce that is no thumbprint', { nonce: 'a'.repeat(44) }],
    ['a redirect of its own', { nonce: 7, redirect_uri: 'https://evil.example.com/' }],
  ])('cannot start with %s', async (_, bent) => {
    const page = await livePage(send);
    expect((await page.start(bent)).status).toBe(400);
  });

  test('cannot choose where the browser comes back to', async () => {
    const page = await livePage(send);
    const bent = {
      redirect_uri: 'https://evil.example.com/',
      redirectUri: 'https://x.example.com/',
    };
    const { authorizationUrl } = Object(await (await page.start(bent)).json());
    expect(new URL(String(authorizationUrl)).searchParams.getAll('redirect_uri')).toEqual([
      redirectUri,
    ]);
  });

  test('cannot make the endpoint ask the issuer without end', async () => {
    const limited = endpoint(people.url);
    const page = await livePage(limited);
    let answer = await page.complete({ code: 'made-up' });
    for (let count = 1; count < liveSignIns.count; count += 1)
      answer = await page.complete({ code: '' });
    expect(answer.status).toBe(400);
    const refused = await page.start();
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    // A page that is signed in is not concerned.
    expect((await page.resume()).status).toBe(401);
  });
});

async function cookieOf(to: Send): Promise<string> {
  const page = await livePage(to);
  await page.visit(ada);
  const { answer } = await page.visit(ada);
  await page.complete(answer);
  return page.cookie() ?? '';
}

const tokenOf = async (): Promise<string> =>
  (await signedInOf(await (await livePage(send)).signIn(ada))).token;

const sealedFor = async (place: string): Promise<string> =>
  textSealer(sealer([tokenKeys])).seal(await tokenOf(), place);
