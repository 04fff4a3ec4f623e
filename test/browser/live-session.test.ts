/** Sign-ins on the live page in a real Chromium: to muster, and to servers in windows. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import * as z from 'zod/mini';
import { defined } from '../../functions/model/defined.ts';
import { keysSchema } from '../../functions/model/wire/person-wire.ts';
import { declareServers } from '../../local/declare-servers.ts';
import { startWorld, type World } from '../../local/world.ts';
import { aManifest } from '../world/manifest.ts';
import { startWildIssuer, type WildIssuer } from '../world/wild-issuer.ts';
import { startWildServer, type WildServer } from '../world/wild-server.ts';
import { findChromium, howToGetOne, launch } from './chromium.ts';
import { built } from './serve.ts';

const chromium = findChromium();
if (chromium === undefined) console.warn(howToGetOne);

let world: World;
let browser: Browser;
let context: BrowserContext;
/** A browser in which Ada is signed in to muster, and stays so. */
let adas: BrowserContext;
/** What the console and the policy of the page said. */
let complaints: string[];
/** The issuer and the server of `default/wild`. */
let issuer: WildIssuer;
let wild: WildServer;

async function open(path = '/live/', from = context): Promise<Page> {
  const page = await from.newPage();
  watch(page);
  await page.goto(world.url + path);
  return page;
}

function watch(page: Page): void {
  const isOurs = () => page.url().startsWith(world.url);
  page.on('console', (message) => {
    if (isOurs() && /error|warning/.test(message.type()))
      complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(error.message));
}

const header = (page: Page) => page.locator('#live-header');
const name = 'ada@example.com';

/** From the page to the issuer and back. */
async function signIn(page: Page): Promise<void> {
  await header(page).getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: /Ada/ }).click();
  await header(page).getByText(name).waitFor();
}

/** A page of Ada, who signed in long ago. */
async function openAsAda(path?: string): Promise<Page> {
  const page = await open(path, adas);
  await header(page).getByText(name).waitFor();
  return page;
}

async function signedIn(): Promise<Page> {
  const page = await open();
  await signIn(page);
  return page;
}

const panel = (page: Page) => page.locator('dialog.server');
const report = (page: Page) => panel(page).locator('.report');

async function openServer(page: Page, server: string): Promise<void> {
  await page.evaluate(`location.hash = 'default/${server}'`);
  await panel(page).getByRole('heading', { name: server }).waitFor();
}

/** The window that a press of Sign in opens. */
async function windowOf(page: Page): Promise<Page> {
  const opening = page.waitForEvent('popup');
  await panel(page).getByRole('button', { name: 'Sign in', exact: true }).click();
  const popup = await opening;
  watch(popup);
  return popup;
}

const agree = (popup: Page): Promise<void> =>
  popup
    .getByRole('button', { name: /Ada|Continue/ })
    .first()
    .click();

async function signInToServer(page: Page, server: string): Promise<void> {
  await openServer(page, server);
  const popup = await windowOf(page);
  await Promise.all([popup.waitForEvent('close'), agree(popup)]);
  await report(page).getByText('You are signed in').waitFor();
}

async function signOutOf(page: Page): Promise<void> {
  await panel(page).getByRole('button', { name: 'Sign out', exact: true }).click();
  await report(page).getByText('You are signed out').waitFor();
}

/** The next request of the page with a token. */
async function tokenOf(page: Page): Promise<string> {
  const [request] = await Promise.all([
    page.waitForRequest((asked) => asked.headers()['authorization'] !== undefined),
    page.getByRole('button', { name: 'Refresh' }).click(),
  ]);
  return (request.headers()['authorization'] ?? '').replace('Bearer ', '');
}

const ask = (token: string, path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(world.url + path, { ...init, headers: { authorization: `Bearer ${token}` } });

const states = async () => (await world.list()).items.map(({ name, state }) => [name, state]);

/** Runs in the page: what it stores and scripts can read, and what a script gets of its keys. */
const readStorage = `(async () => {
  const requestOf = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const records = [];
  const keys = [];
  for (const { name } of await indexedDB.databases()) {
    const database = await requestOf(indexedDB.open(name));
    for (const store of database.objectStoreNames)
      records.push(...await requestOf(database.transaction(store).objectStore(store).getAll()));
    database.close();
  }
  for (const { privateKey } of records) {
    if (!(privateKey instanceof CryptoKey)) continue;
    const exported = await crypto.subtle.exportKey('jwk', privateKey).then(() => 'exported', String);
    keys.push({ extractable: privateKey.extractable, exported });
  }
  return {
    records: JSON.stringify(records), keys, local: { ...localStorage },
    session: { ...sessionStorage }, cookie: document.cookie, address: location.href,
  };
})()`;
const storedSchema = z.object({
  records: z.string(),
  keys: z.array(z.object({ extractable: z.boolean(), exported: z.string() })),
  local: z.record(z.string(), z.string()),
  session: z.record(z.string(), z.string()),
  cookie: z.string(),
  address: z.string(),
});
const stored = async (page: Page) => storedSchema.parse(await page.evaluate(readStorage));

const thumbprintsOf = async (token: string): Promise<readonly string[]> =>
  keysSchema
    .parse(await (await ask(token, '/v1/me/keys')).json())
    .items.map(({ thumbprint }) => thumbprint);

const issuersCookie = /^_(session|interaction|resume)/;
/** Without those of the issuer, which has the same host. */
const cookies = async () =>
  (await context.cookies()).filter(({ name }) => !issuersCookie.test(name));

describe.skipIf(chromium === undefined)('sign-ins on the live page', () => {
  beforeAll(async () => {
    world = await startWorld({ site: built });
    issuer = await startWildIssuer();
    wild = await startWildServer(issuer);
    const url = wild.url;
    const manifest = aManifest({ name: 'wild', spec: { type: 'streamable-http', url } });
    await declareServers(
      world.environment['KUBECONFIG_YAML'] ?? '',
      stringify(manifest),
      'the test',
    );
    await world.sweep({ everything: true });
    browser = await launch(chromium ?? '');
    complaints = [];
    adas = await browser.newContext();
    await signIn(await open('/live/', adas));
  });
  afterAll(async () => {
    await browser.close();
    for (const part of [wild, issuer, world]) await part.close();
  });
  beforeEach(async () => {
    context = await browser.newContext();
    complaints = [];
  });
  afterEach(async () => {
    await context.close();
    for (const page of adas.pages()) await page.close();
    // An issuer that remembers Ada shows no page.
    await adas.clearCookies({ name: issuersCookie });
    issuer.become({ declines: undefined });
    wild.become({ stepsUp: undefined });
  });

  test('a person signs in to muster and to server-b: SESSION changes, STATE does not', async () => {
    const page = await signedIn();
    const before = await states();
    await openServer(page, 'server-b');
    await panel(page).getByText('Pending Auth').first().waitFor();
    await signInToServer(page, 'server-b');
    await panel(page).getByText('Authenticated').first().waitFor();
    expect(await states()).toEqual(before);
    await signOutOf(page);
    await panel(page).getByText('Pending Auth').first().waitFor();
    expect(await states()).toEqual(before);
    expect(complaints).toEqual([]);
  });

  test('a reload keeps the person; storage holds no token, and a key that no script can read', async () => {
    const page = await signedIn();
    await page.reload();
    await header(page).getByText(name).waitFor();
    const token = await tokenOf(page);
    const { keys, ...texts } = await stored(page);
    expect(keys).toEqual([
      { extractable: false, exported: expect.stringContaining('InvalidAccessError') },
    ]);
    const everything = JSON.stringify(texts);
    for (const part of token.split('.')) expect(everything).not.toContain(part);
    expect(everything).not.toContain('eyJ');
    expect(texts).toMatchObject({ session: {}, cookie: '', address: `${world.url}/live/` });
    expect(await cookies()).toMatchObject([
      { name: '__Host-muster-live', httpOnly: true, secure: true, sameSite: 'Strict', path: '/' },
    ]);
    // The key from the storage still signs after the reload.
    await signInToServer(page, 'server-a');
    await signOutOf(page);
    expect(complaints).toEqual([]);
  });

  test('the list of a person has a tag of theirs: after a sign-out all of it is asked for', async () => {
    const page = await signedIn();
    const asked: unknown[] = [];
    await page.route('**/v1/mcpservers?*', async (route) => {
      const {
        authorization,
        'if-none-match': tag,
        ...headers
      } = await route.request().allHeaders();
      asked.push([authorization !== undefined, tag]);
      const response = await route.fetch({ headers: defined({ ...headers, authorization }) });
      await route.fulfill({ json: await response.json(), headers: { etag: '"of-the-test"' } });
    });
    const refresh = () => page.getByRole('button', { name: 'Refresh' }).click();
    const isNow = async (...one: readonly unknown[]): Promise<void> => {
      await expect.poll(() => asked.at(-1)).toEqual(one);
    };
    await refresh();
    await expect.poll(() => asked.length).toBe(1);
    await refresh();
    await isNow(true, '"of-the-test"');
    await header(page).getByRole('button', { name: 'Sign out' }).click();
    await isNow(false, undefined);
    await refresh();
    await isNow(false, '"of-the-test"');
    await page.unrouteAll({ behavior: 'wait' });
  });

  test('a sign-out leaves nothing: no cookie, no key here or at the endpoint, no person', async () => {
    const page = await signedIn();
    const token = await tokenOf(page);
    const before = await thumbprintsOf(token);
    await Promise.all([
      page.waitForResponse((response) => response.url().endsWith('/v1/live/session')),
      page.waitForResponse((response) => response.url().includes('/v1/me/keys/')),
      header(page).getByRole('button', { name: 'Sign out' }).click(),
    ]);
    await header(page).getByText('Signed out').waitFor();
    await expect.poll(() => stored(page)).toMatchObject({ records: '[]', session: {} });
    expect(await cookies()).toEqual([]);
    expect(await thumbprintsOf(token)).toHaveLength(before.length - 1);
    await page.reload();
    await header(page).getByText('Signed out').waitFor();
    expect(complaints).toEqual([]);
  });

  test('a new sign-in replaces the key of the earlier one, here and at the endpoint', async () => {
    const page = await signedIn();
    const token = await tokenOf(page);
    const before = await thumbprintsOf(token);
    // As if its time were over: the key stays until the next sign-in.
    await page.route('**/v1/mcpservers**', (route) => route.fulfill({ status: 401, json: {} }));
    await page.getByRole('button', { name: 'Refresh' }).click();
    await header(page).getByText('Signed out').waitFor();
    await page.unroute('**/v1/mcpservers**');
    await header(page).getByRole('button', { name: 'Sign in' }).click();
    await header(page).getByText(name).waitFor();
    await expect.poll(() => thumbprintsOf(token)).toHaveLength(before.length);
    expect(await thumbprintsOf(token)).not.toEqual(before);
    expect((await stored(page)).keys).toHaveLength(1);
  });

  test('a token that was copied reads, and changes nothing', async () => {
    const page = await openAsAda();
    const token = await tokenOf(page);
    expect((await ask(token, '/v1/me')).status).toBe(200);
    const path = '/v1/mcpservers/default/server-b/session';
    for (const [method, at] of [
      ['POST', path],
      ['DELETE', path],
      ['POST', `${path}/complete`],
      ['DELETE', '/v1/sessions'],
    ] as const)
      expect([method, at, (await ask(token, at, { method, body: '{}' })).status]).toEqual([
        method,
        at,
        403,
      ]);
  });

  test('the window of an issuer cannot reach the page that opened it', async () => {
    const page = await openAsAda();
    await openServer(page, 'server-b');
    const popup = await windowOf(page);
    await popup.getByRole('button', { name: /Ada/ }).waitFor();
    expect(await popup.evaluate('window.opener')).toBeNull();
    expect(await popup.evaluate('document.referrer')).toBe('');
  });

  test('a window that the person closes ends the sign-in, and the next one works', async () => {
    const page = await openAsAda();
    await openServer(page, 'server-b');
    const popup = await windowOf(page);
    await popup.getByRole('button', { name: /Ada/ }).waitFor();
    await popup.close();
    await expect.poll(() => report(page).textContent()).toContain('Its window was closed.');
    await signInToServer(page, 'server-b');
    await signOutOf(page);
  });

  test('an issuer that cuts its window off: a late answer is still completed', async () => {
    await adas.route(`${issuer.url}/authorize**`, async (route) => {
      if (route.request().method() === 'POST') return route.continue();
      const response = await route.fetch();
      const headers = { ...response.headers(), 'cross-origin-opener-policy': 'same-origin' };
      return route.fulfill({ response, headers });
    });
    const page = await openAsAda();
    await openServer(page, 'wild');
    const popup = await windowOf(page);
    await popup.getByRole('button', { name: 'Continue' }).waitFor();
    // The page cannot know that the window is still there.
    await expect.poll(() => report(page).textContent()).toContain('Its window was closed.');
    await Promise.all([popup.waitForEvent('close'), agree(popup)]);
    await openServer(page, 'wild');
    await panel(page).getByText('Authenticated').first().waitFor();
    await signOutOf(page);
    await adas.unrouteAll();
  });

  test('where no window opens, this tab goes to the issuer and comes back', async () => {
    const page = await openAsAda('/live/?ns=default');
    await page.evaluate('window.open = () => null; undefined');
    await openServer(page, 'server-b');
    await panel(page).getByRole('button', { name: 'Sign in', exact: true }).click();
    await agree(page);
    await panel(page).getByText('Authenticated').first().waitFor();
    expect(page.url()).toBe(`${world.url}/live/?ns=default#default/server-b`);
    expect((await stored(page)).session).toEqual({});
    await signOutOf(page);
    expect(complaints).toEqual([]);
  });

  test('an issuer of a server that refuses: the page says what it reported', async () => {
    issuer.become({ declines: { error: 'access_denied', description: 'Not on Sundays' } });
    const page = await openAsAda();
    await openServer(page, 'wild');
    const popup = await windowOf(page);
    await Promise.all([popup.waitForEvent('close'), agree(popup)]);
    await expect
      .poll(() => report(page).textContent())
      .toMatch(/default\/wild was refused.*Not on Sundays/);
  });

  test('the issuer of muster refuses: the page says so, signed out, and nothing stays', async () => {
    const page = await open();
    const errors = ['invalid_scope', 'access_denied'];
    const started: unknown[] = [];
    page.on('request', (request) => {
      if (request.url().endsWith('/v1/live/sign-in')) started.push(request.postDataJSON());
    });
    await page.route(`${world.issuer.url}/auth?**`, (route) => {
      const asked = new URL(route.request().url()).searchParams;
      const back = new URL(asked.get('redirect_uri') ?? '');
      back.searchParams.set('error', errors.shift() ?? '');
      back.searchParams.set('error_description', 'Ask your manager');
      back.searchParams.set('state', asked.get('state') ?? '');
      return route.fulfill({ status: 303, headers: { location: back.href } });
    });
    await header(page).getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('Ask your manager').waitFor();
    // The scopes were the first suspects.
    expect(started).toHaveLength(2);
    expect(started[1]).toMatchObject({ fewerScopes: true });
    await header(page).getByText('Signed out').waitFor();
    expect(await stored(page)).toMatchObject({
      records: '[]',
      session: {},
      address: `${world.url}/live/`,
    });
    expect(complaints).toEqual([]);
  });

  test('a server that requires more scopes gets them in the same window', async () => {
    wild.become({ stepsUp: 'calendar' });
    const page = await openAsAda();
    await openServer(page, 'wild');
    const popup = await windowOf(page);
    await agree(popup);
    await popup.waitForURL((url) => url.searchParams.get('scope')?.includes('calendar') === true);
    await Promise.all([popup.waitForEvent('close'), agree(popup)]);
    await expect.poll(() => report(page).textContent()).toContain('You are signed in');
    await signOutOf(page);
  });

  test('two tabs sign in to two servers at once, each its own', async () => {
    const [one, other] = [await openAsAda(), await openAsAda()];
    await openServer(one, 'server-a');
    await openServer(other, 'server-b');
    const first = await windowOf(one);
    await first.getByRole('button', { name: /Ada/ }).waitFor();
    const second = await windowOf(other);
    await Promise.all([second.waitForEvent('close'), agree(second)]);
    await report(other).getByText('You are signed in to default/server-b').waitFor();
    expect(await report(one).textContent()).toBe('');
    await Promise.all([first.waitForEvent('close'), agree(first)]);
    await report(one).getByText('You are signed in to default/server-a').waitFor();
    await Promise.all([signOutOf(one), signOutOf(other)]);
  });

  test('sign-in and sign-out of one tab reach the other tabs', async () => {
    const [one, other] = [await open(), await open()];
    await signIn(one);
    await header(other).getByText(name).waitFor();
    await header(other).getByRole('button', { name: 'Sign out' }).click();
    await header(one).getByText('Signed out').waitFor();
    expect(complaints).toEqual([]);
  });

  test.each([
    '?secret=x',
    '?code=x&state=y',
    '?code=x',
    '?state=y&error=access_denied',
    '?error=access_denied&error_description=Call+this+number',
  ])('the address /live/%s of a stranger does nothing, and is tidied', async (search) => {
    const page = await context.newPage();
    watch(page);
    const changing: string[] = [];
    page.on('request', (request) => {
      const { referer = '' } = request.headers();
      if (request.method() !== 'GET' || referer.includes('?')) changing.push(request.url());
    });
    await page.goto(`${world.url}/live/${search}`);
    await header(page).getByText('Signed out').waitFor();
    await page.locator('.rows tbody tr').first().waitFor();
    expect(page.url()).toBe(`${world.url}/live/`);
    expect(await page.locator('.notices').textContent()).not.toContain('Call');
    expect([changing, complaints]).toEqual([[], []]);
  });

  test('a stranger cannot disturb a sign-in that is under way', async () => {
    const page = await open();
    await header(page).getByRole('button', { name: 'Sign in' }).click();
    const ada = page.getByRole('button', { name: /Ada/ });
    await ada.waitFor();
    const issuerPage = page.url();
    await page.goto(`${world.url}/live/?code=x&state=y`);
    await header(page).getByText('Signed out').waitFor();
    await page.goto(issuerPage);
    await ada.click();
    await expect.poll(() => header(page).textContent()).toContain(name);
  });

  test('an address that is neither https nor on this computer is not opened', async () => {
    const page = await openAsAda();
    await openServer(page, 'server-b');
    for (const authorizationUrl of [
      'javascript:alert(1)',
      'http://192.0.2.1/',
      'data:text/html,x',
    ]) {
      await page.route('**/session', (route) => route.fulfill({ json: { authorizationUrl } }));
      const popup = await windowOf(page);
      if (!popup.isClosed()) await popup.waitForEvent('close');
      await expect.poll(() => report(page).textContent()).toContain('was not opened');
      await page.unroute('**/session');
    }
  });

  test('when the token ends, the page is signed out, also after a reload', async () => {
    const page = await context.newPage();
    watch(page);
    await page.clock.install();
    await page.goto(`${world.url}/live/`);
    await signIn(page);
    await page.clock.fastForward('01:00:01');
    await header(page).getByText('Signed out').waitFor();
    await page.reload();
    await header(page).getByText('Signed out').waitFor();
    expect(complaints).toEqual([]);
  });

  test.each([-1, 1])('a computer whose clock is wrong by %i hours signs in', async (hours) => {
    const page = await context.newPage();
    watch(page);
    await page.clock.install({ time: Date.now() + hours * 3_600_000 });
    await page.goto(`${world.url}/live/`);
    await signIn(page);
    await page.reload();
    await header(page).getByText(name).waitFor();
    expect(complaints).toEqual([]);
  });

  test('a sign-out without the endpoint removes the cookie at the next load', async () => {
    const page = await signedIn();
    await page.route('**/v1/live/session', (route) => route.abort());
    await header(page).getByRole('button', { name: 'Sign out' }).click();
    await expect.poll(() => stored(page)).toMatchObject({ records: '[true]' });
    expect(await cookies()).toHaveLength(1);
    await page.unroute('**/v1/live/session');
    await page.reload();
    await header(page).getByText('Signed out').waitFor();
    expect(await cookies()).toEqual([]);
    expect(await stored(page)).toMatchObject({ records: '[]' });
  });

  test('a browser that stores nothing says what to allow', async () => {
    await context.addInitScript(
      "IDBFactory.prototype.open = () => { throw new DOMException('Denied', 'SecurityError'); };",
    );
    const page = await open();
    await header(page).getByRole('button', { name: 'Sign in' }).click();
    await expect
      .poll(() => page.locator('.notices').textContent())
      .toContain('This browser stores no key for this page');
  });
});
