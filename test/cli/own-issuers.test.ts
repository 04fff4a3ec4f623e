import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defined } from '../../functions/model/defined.ts';
import type { Environment } from '../../functions/model/setting-reader.ts';
import { ada } from '../../local/issuer.ts';
import { startWorld, type World } from '../../local/world.ts';
import { browserOf } from '../world/browser.ts';
import { type IssuerProductName, issuerProducts } from '../world/issuer-products.ts';
import { startOwnEndpoint } from '../world/own-endpoint.ts';
import { type IssuerQuirks, issuerQuirks, startOwnIssuer } from '../world/own-issuers.ts';
import { type Run, runMuster } from './run.ts';
import { sandbox } from './sandbox.ts';

const box = sandbox();
let world: World;
beforeAll(async () => {
  world = await startWorld({ settings: { ANONYMOUS_LIST: 'off' } });
  await world.sweep({ everything: true });
});
afterAll(() => world.close());

/** An issuer of this kind, an endpoint that uses it, and a person with a browser. */
async function setting(given: IssuerQuirks, settings: Environment = {}) {
  // The port of the docs may be in use here.
  const port = String(await freePort());
  const quirks = { ...given, redirect: given.redirect.replace(/8765/, port) };
  const { OIDC_REDIRECT } = settings;
  const more = defined({ ...settings, OIDC_REDIRECT: OIDC_REDIRECT?.replace('8765', port) });
  const issuer = await startOwnIssuer(quirks);
  box.endAfter(issuer.close);
  const { url, close } = await startOwnEndpoint(world, () => ({
    OIDC_ISSUER: issuer.url,
    OIDC_CLIENT_ID: issuer.client,
    ...more,
  }));
  box.endAfter(close);
  const muster = (line: string, run: Run = {}) =>
    runMuster(box.file, line, { endpoint: url, home: box.home, ...run });
  const signIn = (run: Run = {}) =>
    muster('auth login', { onAddress: (address) => browserOf(ada).visit(address), ...run });
  return { issuer, url, muster, signIn };
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  server.close();
  await once(server, 'close');
  return bound !== null && typeof bound !== 'string' ? bound.port : 0;
}

/** The token file of the only sign-in here. */
async function tokenFile() {
  const folder = join(box.home, '.config', 'muster-serverless', 'tokens');
  const name = (await readdir(folder)).find((one) => one.endsWith('.json')) ?? '';
  const file = join(folder, name);
  const tokens: Record<string, unknown> = Object(JSON.parse(await readFile(file, 'utf8')));
  return { folder, file, tokens };
}

/** SESSION of each server in the list, and in the status. */
const sessionsIn = (text: string): readonly string[] =>
  [...text.matchAll(/^ *(server-[a-d]) .*?(Authenticated|Pending Auth|Expired|-(?= |$))/gm)].map(
    ([, name, session = '']) => `${name} ${session.trim()}`,
  );

const products = Object.keys(issuerProducts) as IssuerProductName[];
const settingsOf = (name: IssuerProductName): Environment => ({
  ...issuerProducts[name].settings,
  ...(name === 'google' ? { OIDC_PUBLIC_CLIENT_SECRET: issuerQuirks.google.secret } : {}),
});

describe.each(products)('a person whose issuer is of the kind %s', (name) => {
  test('signs in, lists, is refreshed in silence, and signs out', async () => {
    const { issuer, url, muster, signIn } = await setting(issuerQuirks[name], settingsOf(name));
    // Shorter than the margin of a refresh: the next command has to refresh it.
    issuer.next.lifetimeSeconds = 25;
    const signedIn = await signIn();
    expect(signedIn.stderr).toContain(`Signed in to ${url} as `);
    expect(signedIn.code).toBe(0);

    const before = issuer.redeemed.length;
    issuer.next.lifetimeSeconds = 3_600;
    const list = await muster('list mcpserver');
    expect(list).toMatchObject({ code: 0, stderr: '' });
    expect(list.stdout).toMatch(/^NAME +STATE +SESSION +TYPE$/m);
    expect(issuer.redeemed.slice(before).map((form) => form.get('grant_type'))).toEqual([
      'refresh_token',
    ]);

    const status = await muster('auth status');
    expect(status.stdout).toMatch(/^ {2}Status: {4}Authenticated as \S/m);
    expect(status.stdout).toMatch(/^ {2}Expires: {3}in 59 minutes \(refreshes itself\)$/m);
    expect(sessionsIn(status.stdout).toSorted()).toEqual(sessionsIn(list.stdout).toSorted());
    expect(issuer.redeemed).toHaveLength(before + 1);

    expect(await muster('auth logout')).toMatchObject({ code: 0 });
    expect(await muster('list mcpserver')).toMatchObject({ code: 2 });
  });
});

test('groups and offline_access are requested only where the issuer lists them', async () => {
  const scopesAt = async (name: IssuerProductName) => {
    const { issuer, signIn } = await setting(issuerQuirks[name], settingsOf(name));
    expect((await signIn()).code).toBe(0);
    return issuer.asked.map((query) => query.get('scope'));
  };
  expect(await scopesAt('cognito')).toEqual(['openid profile email']);
  expect(await scopesAt('google')).toEqual(['openid profile email']);
  expect(await scopesAt('entra')).toEqual(['openid profile email offline_access']);
  expect(await scopesAt('dex')).toEqual(['openid profile email offline_access groups']);
});

test('a scope that the issuer lists but refuses to this client is left out, and one line says so', async () => {
  const { issuer, url, signIn } = await setting(issuerQuirks.oktaCustom, settingsOf('oktaCustom'));
  const { code, stderr } = await signIn();
  expect(code).toBe(0);
  expect(stderr).toContain(
    `${issuer.url} does not allow the scope groups to this client.\nSigning in without it.\n`,
  );
  expect(stderr).toContain(`Signed in to ${url} as ada@example.com.`);
  expect(issuer.asked.map((query) => query.get('scope'))).toEqual([
    'openid profile email offline_access groups',
    'openid profile email offline_access',
  ]);
});

test('the parameters of the owner are sent with PKCE, and cannot replace it', async () => {
  const { issuer, signIn } = await setting(issuerQuirks.google, settingsOf('google'));
  expect((await signIn()).code).toBe(0);
  const [asked] = issuer.asked;
  expect(Object.fromEntries(asked ?? [])).toMatchObject({
    access_type: 'offline',
    prompt: 'consent',
    code_challenge_method: 'S256',
  });
  expect(asked?.has('client_secret')).toBe(false);
});

describe('what an issuer is refused for', () => {
  test.each<[string, IssuerQuirks, string]>([
    [
      // go-oidc#212
      'names a tenant only by a placeholder',
      {
        ...issuerQuirks.entra,
        path: '/common/v2.0',
        namedAs: (url) => url.replace('common', '{tenantid}'),
      },
      'Ask the owner of the muster endpoint to name one tenant in its setting OIDC_ISSUER.',
    ],
    [
      'names its tenant in another way',
      {
        ...issuerQuirks.entra,
        path: '/example.com/v2.0',
        namedAs: (url) => url.replace('example.com', '9122040d-6c67-4c5b-b112-36a304b66dad'),
      },
      'Ask the owner of the muster endpoint to set OIDC_ISSUER to exactly that name.',
    ],
    [
      'lists PKCE methods without S256',
      { ...issuerQuirks.dex, pkceMethods: ['plain'] },
      'does not support PKCE with S256.',
    ],
  ])('one that %s, with what to do', async (_what, quirks, hint) => {
    const { issuer, signIn } = await setting(quirks, settingsOf('entra'));
    const { code, stderr } = await signIn();
    expect(code).toBe(3);
    expect(stderr).toContain(hint);
    expect(stderr).toContain(issuer.url);
    expect(issuer.asked).toEqual([]);
  });

  test('a client secret that is missing is told in the words of the issuer', async () => {
    const { signIn } = await setting(issuerQuirks.google, {});
    const { code, stderr } = await signIn();
    expect(code).toBe(3);
    expect(stderr).toContain('refused the code: client_secret is missing.');
  });
});

// auth0.com/docs, access tokens: opaque without an audience, and of the type JWT unless the API has
// the token profile of RFC 9068.
describe('an endpoint that takes access tokens', () => {
  const audience = 'https://muster.example.com';

  test.each<[string, IssuerQuirks['accessTokenTyp'], boolean, number, string]>([
    ['made for it are taken', 'at+jwt', true, 0, 'Signed in to'],
    ['of another type are refused by the endpoint', 'JWT', true, 3, 'not an access token (at+jwt)'],
    ['that are opaque are not sent', 'opaque', true, 3, 'that is not a JWT for'],
    ['for another audience are not sent', 'at+jwt', false, 3, 'that is not a JWT for'],
  ])('access tokens %s', async (_what, accessTokenTyp, isOwn, code, said) => {
    const issuer = await startOwnIssuer({
      ...issuerQuirks.auth0,
      accessTokenTyp,
      portCounts: false,
      redirect: 'http://127.0.0.1/callback',
    });
    box.endAfter(issuer.close);
    const endpoint = await startOwnEndpoint(world, (url) => ({
      OIDC_ISSUER: issuer.url,
      OIDC_CLIENT_ID: issuer.client,
      BEARER_AUDIENCE: url,
      OIDC_PARAMETERS: `audience=${encodeURIComponent(url)}`,
    }));
    box.endAfter(endpoint.close);
    if (!isOwn) issuer.next.audience = audience;
    const run = { home: box.home, endpoint: endpoint.url };
    const signedIn = await runMuster(box.file, 'auth login', {
      ...run,
      onAddress: (address) => browserOf(ada).visit(address),
    });
    expect(signedIn.stderr).toContain(said);
    expect(signedIn.code).toBe(code);
    if (code === 0)
      expect(await runMuster(box.file, 'list mcpserver', run)).toMatchObject({ code: 0 });
  });

  test('names an ID token that is too large for it, although the access token is small', async () => {
    const issuer = await startOwnIssuer({ ...issuerQuirks.dex, accessTokenTyp: 'at+jwt' });
    box.endAfter(issuer.close);
    const endpoint = await startOwnEndpoint(world, (url) => ({
      OIDC_ISSUER: issuer.url,
      OIDC_CLIENT_ID: issuer.client,
      BEARER_AUDIENCE: url,
      OIDC_PARAMETERS: `audience=${encodeURIComponent(url)}`,
    }));
    box.endAfter(endpoint.close);
    issuer.next.claims = { groups: groupsOf(40) };
    const { code, stderr } = await runMuster(box.file, 'auth login', {
      home: box.home,
      endpoint: endpoint.url,
      onAddress: (address) => browserOf(ada).visit(address),
    });
    expect(code).toBe(3);
    expect(stderr).toContain(
      'Error: Your ID token is too large: It has more than 32 KB.\nAsk the owner of the issuer to put fewer groups into the ID token.\n',
    );
  });
});

describe('keys and algorithms', () => {
  test.each(['ES256', 'RS256', 'PS256', 'EdDSA'] as const)(
    'an issuer that signs with %s, with keys that do not say so, signs people in',
    async (algorithm) => {
      const { muster, signIn } = await setting({
        ...issuerQuirks.dex,
        algorithm,
        keysHaveAlg: false,
      });
      expect((await signIn()).code).toBe(0);
      expect((await muster('list mcpserver')).code).toBe(0);
    },
  );
});

describe('the redirect address', () => {
  const redirect = (port: number | undefined, host = '127.0.0.1') =>
    `http://${host}${port === undefined ? '' : `:${port}`}/muster/callback`;

  test.each(['127.0.0.1', 'localhost', '[::1]'])(
    'is the one of OIDC_REDIRECT, byte for byte, at %s',
    async (host) => {
      const port = await freePort();
      const { issuer, signIn } = await setting(
        { ...issuerQuirks.oktaOrg, redirect: redirect(port, host) },
        { OIDC_REDIRECT: redirect(port, host) },
      );
      expect((await signIn()).code).toBe(0);
      expect(issuer.asked[0]?.get('redirect_uri')).toBe(redirect(port, host));
    },
  );

  test('has any free port if the setting has none', async () => {
    const { issuer, signIn } = await setting(
      { ...issuerQuirks.entra, redirect: 'http://localhost' },
      { OIDC_REDIRECT: 'http://localhost' },
    );
    expect((await signIn()).code).toBe(0);
    expect(issuer.asked[0]?.get('redirect_uri')).toMatch(/^http:\/\/localhost:\d+$/);
  });

  test('whose port is in use is told at once, before the browser opens', async () => {
    const holder = createServer();
    holder.listen(0, '127.0.0.1');
    await once(holder, 'listening');
    box.endAfter(async () => void holder.close());
    const bound = holder.address();
    const port = bound !== null && typeof bound !== 'string' ? bound.port : 0;
    const { issuer, signIn } = await setting(issuerQuirks.oktaOrg, {
      OIDC_REDIRECT: redirect(port),
    });
    const { code, stderr } = await signIn();
    expect(code).toBe(3);
    expect(stderr).toContain(
      `Error: 127.0.0.1:${port} is in use, so the sign-in cannot start.\nThe issuer sends the browser back to this port only (OIDC_REDIRECT). End the program that listens there, perhaps another sign-in, then try again.\n`,
    );
    expect(stderr).not.toContain('Open this address');
    expect(issuer.asked).toEqual([]);
  });
});

// KEYCLOAK-4538: a laptop's clock that is off by minutes.
describe.each([-600, 600])('a machine whose clock is off by %s s', (offSeconds) => {
  test('signs in, lists, and refreshes only when it is time', async () => {
    const { issuer, muster, signIn } = await setting(issuerQuirks.dex);
    const clock = join(box.home, 'clock.cjs');
    await writeFile(
      clock,
      `const RealDate = Date; const off = ${offSeconds * 1_000};
       globalThis.Date = class extends RealDate {
         constructor(...given) { given.length === 0 ? super(RealDate.now() + off) : super(...given); }
         static now() { return RealDate.now() + off; }
       };`,
    );
    const environment = { NODE_OPTIONS: `--require ${clock}` };
    // Shorter than the clock is off.
    issuer.next.lifetimeSeconds = 300;
    expect(await signIn({ environment })).toMatchObject({ code: 0 });
    expect(await muster('list mcpserver', { environment })).toMatchObject({ code: 0, stderr: '' });
    const status = await muster('auth status', { environment });
    expect(status.stdout).toMatch(/^ {2}Expires: {3}in 4 minutes \(refreshes itself\)$/m);
    expect(issuer.redeemed.map((form) => form.get('grant_type'))).toEqual(['authorization_code']);
  });
});

describe('a token that the endpoint refuses', () => {
  test('is refreshed once, and the command goes on', async () => {
    const { issuer, muster, signIn } = await setting(issuerQuirks.dex);
    expect((await signIn()).code).toBe(0);
    // The file says that the token is good for another hour; the endpoint knows better.
    const { file, tokens } = await tokenFile();
    const old = String(tokens['idToken']).replace(/\.[^.]+$/, '.c2lnbmF0dXJl');
    await writeFile(file, JSON.stringify({ ...tokens, idToken: old }));
    expect(await muster('list mcpserver')).toMatchObject({ code: 0, stderr: '' });
    expect(issuer.redeemed.map((form) => form.get('grant_type'))).toEqual([
      'authorization_code',
      'refresh_token',
    ]);
    expect((await tokenFile()).tokens['idToken']).not.toBe(old);
  });

  test('also when it is new is an error of its owner, not another sign-in', async () => {
    const { issuer, url, muster, signIn } = await setting(issuerQuirks.dex);
    expect((await signIn()).code).toBe(0);
    issuer.next.claims = { events: {} };
    issuer.next.lifetimeSeconds = 3_600;
    const { file, tokens } = await tokenFile();
    await writeFile(file, JSON.stringify({ ...tokens, expiresAt: '2020-01-01T00:00:00Z' }));
    const { code, stderr } = await muster('list mcpserver');
    expect(code).toBe(1);
    expect(stderr).toContain(`Error: ${url} refuses a token that its issuer has just renewed.`);
    expect(stderr).toContain('Another sign-in will not help.');
    expect(stderr).not.toContain('muster auth login');
    // One because it was due, one because the endpoint refused it.
    expect(issuer.redeemed).toHaveLength(3);
  });

  test('without a refresh token leads to a sign-in', async () => {
    const { url, muster, signIn } = await setting(issuerQuirks.google, {
      OIDC_PUBLIC_CLIENT_SECRET: issuerQuirks.google.secret,
    });
    expect((await signIn()).code).toBe(0);
    const { file, tokens } = await tokenFile();
    const old = String(tokens['idToken']).replace(/\.[^.]+$/, '.c2lnbmF0dXJl');
    await writeFile(file, JSON.stringify({ ...tokens, idToken: old }));
    expect(await muster('list mcpserver')).toMatchObject({
      code: 2,
      stderr: `Error: Your sign-in to ${url} is no longer accepted. Invalid token: Invalid token signature.\nRun: muster auth login\n`,
    });
  });

  test('at the sign-in itself is an error of the owner', async () => {
    const { issuer, url, signIn } = await setting(issuerQuirks.dex);
    issuer.next.claims = { events: {} };
    const { code, stderr } = await signIn();
    expect(code).toBe(3);
    expect(stderr).toContain(`ask the owner of ${url} to check OIDC_ISSUER`);
  });
});

test('an ID token for another client is refused before it is sent', async () => {
  const { issuer, signIn } = await setting(issuerQuirks.dex);
  issuer.next.claims = { azp: 'another', email: null };
  const { code, stderr } = await signIn();
  expect([code, stderr]).toEqual([
    3,
    expect.stringContaining('The ID token is for another client (azp).'),
  ]);
});

/** Groups that make the ID token about so large. */
const groupsOf = (kb: number): readonly string[] =>
  Array.from({ length: kb * 10 }, (_, index) => `team-${'x'.repeat(66)}-${index}`);

test('an ID token of 12 KB is sent', async () => {
  const { issuer, signIn } = await setting(issuerQuirks.dex);
  issuer.next.claims = { groups: groupsOf(12) };
  expect((await signIn()).code).toBe(0);
});

test.each([40, 100])('an ID token of %s KB is too large, and it is said what to do', async (kb) => {
  const { issuer, url, signIn } = await setting(issuerQuirks.dex);
  issuer.next.claims = { groups: groupsOf(kb) };
  const { code, stderr } = await signIn();
  expect(code).toBe(3);
  expect(stderr).toMatch(/^Error: Your ID token has \d+ KB\. That is too large for http/m);
  expect(stderr).toContain(`too large for ${url}.\nIt probably lists many groups. Ask the owner`);
});

describe('an issuer that is down', () => {
  test('is named by auth status, which does not say that nobody is signed in', async () => {
    const { issuer, muster, signIn } = await setting(issuerQuirks.dex);
    issuer.next.lifetimeSeconds = 25;
    expect((await signIn()).code).toBe(0);
    const { host } = new URL(issuer.url);
    const { file, tokens } = await tokenFile();
    await writeFile(file, JSON.stringify({ ...tokens, expiresAt: '2020-01-01T00:00:00Z' }));

    issuer.next.status = 503;
    const busy = await muster('auth status');
    expect(busy.code).toBe(1);
    expect(busy.stdout).toContain(
      `  Status:    Sign-in could not be refreshed: issuer unavailable (${host})\n  Person:    ada@example.com\n`,
    );
    await issuer.close();
    const down = await muster('auth status');
    expect(down.code).toBe(1);
    expect(down.stdout).toContain(`issuer unreachable (${host})`);
    expect(down.stdout).toMatch(/^ {2}Expires: {3}\d+ days ago$/m);
    expect(down.stdout + down.stderr).not.toContain('muster auth login');
    const json: unknown = JSON.parse((await muster('auth status -o json')).stdout);
    expect(json).toMatchObject({
      authenticated: false,
      problem: `Sign-in could not be refreshed: issuer unreachable (${host})`,
      email: 'ada@example.com',
    });
  });

  test('costs nobody a token that is still valid', async () => {
    const { issuer, muster, signIn } = await setting(issuerQuirks.dex);
    issuer.next.lifetimeSeconds = 25;
    expect((await signIn()).code).toBe(0);
    issuer.next.status = 503;
    expect(await muster('list mcpserver')).toMatchObject({ code: 0 });
  });

  test('and hangs is waited for once by eight commands at once', { timeout: 60_000 }, async () => {
    const { issuer, muster, signIn } = await setting(issuerQuirks.dex);
    expect((await signIn()).code).toBe(0);
    const { file, tokens } = await tokenFile();
    await writeFile(file, JSON.stringify({ ...tokens, expiresAt: '2020-01-01T00:00:00Z' }));
    issuer.next.hangs = true;
    const startedAt = performance.now();
    const all = await Promise.all(Array.from({ length: 8 }, () => muster('list mcpserver')));
    // One request of 15 s, not eight of them.
    expect(performance.now() - startedAt).toBeLessThan(30_000);
    for (const { code, stderr } of all) {
      expect(code).toBe(1);
      expect(stderr).toContain('could not be refreshed, because its issuer is unavailable');
      expect(stderr).not.toMatch(/remove/i);
    }
    issuer.next.hangs = false;
    expect(await muster('list mcpserver')).toMatchObject({ code: 0 });
  });
});
