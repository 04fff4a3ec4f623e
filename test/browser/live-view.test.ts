/** The live page in a real Chromium: the list and the detail of the local world. */
import { createServer } from 'node:http';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { table } from '../../cli/output/table.ts';
import { listSchema } from '../../functions/model/wire/server-wire.ts';
import { declareServers } from '../../local/declare-servers.ts';
import { ada } from '../../local/issuer.ts';
import { type Listening, listen } from '../../local/listen.ts';
import { startWorld, type World } from '../../local/world.ts';
import { buildMuster, removeMuster, runMuster } from '../cli/run.ts';
import { bearerFor } from '../world/bearer.ts';
import { findChromium, howToGetOne, launch } from './chromium.ts';
import { built } from './serve.ts';

const chromium = findChromium();
if (chromium === undefined) console.warn(howToGetOne);

const desktop = { width: 1440, height: 900 };
const phone = { width: 390, height: 844 };

let world: World;
let browser: Browser;
let adas: BrowserContext;
let nobodys: BrowserContext;
let bearer: string;
/** A server that a test ends and starts. */
let mortal: Listening;
const complaints: string[] = [];

const startMortal = (port?: number): Promise<Listening> =>
  listen(
    createServer((_, response) =>
      response.writeHead(401, { 'www-authenticate': 'Bearer', connection: 'close' }).end(),
    ),
    port,
  );

type PageOptions = {
  readonly signedIn?: boolean;
  readonly viewport?: { readonly width: number; readonly height: number };
  readonly colorScheme?: 'light' | 'dark';
};

/** A page of Ada, or of nobody. The pages before it are closed. */
async function open(
  path: string,
  { signedIn = true, viewport = desktop, colorScheme = 'light' }: PageOptions = {},
): Promise<Page> {
  for (const each of [adas, nobodys]) for (const page of each.pages()) await page.close();
  const page = await (signedIn ? adas : nobodys).newPage();
  page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.setViewportSize(viewport);
  await page.emulateMedia({ colorScheme });
  await page.clock.install();
  await page.goto(world.url + path);
  await page.locator('.rows tbody tr').first().waitFor();
  return page;
}

/** Ada signs in on the page, as a person does: the key stays in her browser. */
async function signIn(): Promise<void> {
  const page = await open('/live/');
  await page.locator('header').getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: ada.email }).click();
  await page.locator('.who', { hasText: ada.email }).waitFor();
}

const cellsOf = (page: Page, ...columns: readonly string[]): Promise<string[][]> =>
  page
    .locator('.rows tbody tr')
    .evaluateAll(
      (lines, names) =>
        lines.map((line) =>
          names.map(
            (name) =>
              (line.querySelector(`.${name} .badge`) ?? line.querySelector(`.${name}`))
                ?.textContent ?? 'no cell',
          ),
        ),
      columns,
    );

const namesOf = async (page: Page): Promise<readonly string[]> =>
  (await cellsOf(page, 'name')).flat();

/** The table of the command line, as cells. */
async function listedCells(signedIn: boolean): Promise<readonly (readonly string[])[]> {
  const answer = await fetch(`${world.url}/v1/mcpservers`, {
    headers: signedIn ? { authorization: `Bearer ${bearer}` } : {},
  });
  const { items } = listSchema.parse(await answer.json());
  return table(items, { signedIn, now: new Date(), headers: false })
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ {3,}/));
}

describe.skipIf(chromium === undefined)('the live page', () => {
  beforeAll(async () => {
    world = await startWorld({ site: built });
    mortal = await startMortal();
    await declareServers(
      world.environment['KUBECONFIG_YAML'] ?? '',
      stringify({
        apiVersion: 'muster.giantswarm.io/v1alpha1',
        kind: 'MCPServer',
        metadata: { name: 'tickets', namespace: 'default' },
        spec: { type: 'streamable-http', url: `${mortal.url}/mcp`, description: 'Tickets' },
      }),
      'the test',
    );
    for (let count = 0; count < 3; count += 1) await world.sweep({ everything: true });
    bearer = await bearerFor(world.issuer, ada);
    browser = await launch(chromium ?? '');
    [adas, nobodys] = await Promise.all([browser.newContext(), browser.newContext()]);
    await signIn();
  });
  beforeEach(() => {
    complaints.length = 0;
  });
  afterAll(async () => {
    await browser.close();
    await mortal.close();
    await world.close();
  });

  test('has the rows and the words of muster list, without SESSION for those who are signed out', async () => {
    const page = await open('/live/', { signedIn: false });
    expect(await cellsOf(page, 'name', 'state', 'type')).toEqual(await listedCells(false));
    expect(await page.locator('.rows .session').count()).toBe(0);
    expect(await page.locator('.summary').textContent()).toBe('5 servers, 1 down');
    expect(complaints).toEqual([]);
  });

  test('shows SESSION to a person, as muster list does', async () => {
    const page = await open('/live/');
    expect(await cellsOf(page, 'name', 'state', 'session', 'type')).toEqual(
      await listedCells(true),
    );
    expect(await page.locator('.who').textContent()).toBe(ada.email);
    expect(await page.locator('.summary').textContent()).toBe(
      '5 servers, 1 down, 3 require you to sign in',
    );
    // Every status is a word with a shape; a dash is a shape of its own.
    expect(await page.locator('.badge:not(.none):not(:has(svg))').count()).toBe(0);
    expect(await page.locator('.rows .reason a').first().getAttribute('href')).toBe(
      '/reasons/authentication-required/',
    );
    expect(complaints).toEqual([]);
  });

  test('keeps the filter and the order in its address', async () => {
    const page = await open('/live/');
    await page.getByRole('searchbox').fill('server- connection');
    expect(await namesOf(page)).toEqual(['server-c']);
    expect(await page.locator('.summary').textContent()).toBe('1 of 5 servers, 1 down');
    await page.getByRole('searchbox').fill('');
    await page.getByLabel('Needs').selectOption('My sign-in');
    expect(await namesOf(page)).toEqual(['server-a', 'server-b', 'tickets']);
    await page.getByLabel('Needs').selectOption('Anything');
    await page.getByRole('button', { name: 'Failed' }).click();
    expect(await namesOf(page)).toEqual(['server-c']);
    await page.getByRole('button', { name: 'All' }).click();
    const state = page.getByRole('columnheader', { name: 'State' });
    await state.getByRole('button').click();
    expect(await state.getAttribute('aria-sort')).toBe('ascending');
    expect((await namesOf(page))[0]).toBe('server-c');
    await state.getByRole('button').click();
    expect((await namesOf(page)).at(-1)).toBe('server-c');
    expect(new URL(page.url()).search).toBe('?sort=-state');

    const linked = await open('/live/?q=server-&state=Connected&sort=-name&ns=default');
    expect(await namesOf(linked)).toEqual(['server-d', 'server-b', 'server-a']);
    expect(await linked.getByRole('searchbox').inputValue()).toBe('server-');
    expect(complaints).toEqual([]);
  });

  test('can be used with the keyboard alone: a detail, a check, and back to where one was', async () => {
    const page = await open('/live/');
    const tab = async (name: string): Promise<void> => {
      const active = page.locator(':focus');
      for (let count = 0; count < 40; count += 1) {
        await page.keyboard.press('Tab');
        if ((await active.textContent()) === name) return;
      }
      throw new Error(`Tab does not reach ${name}.`);
    };
    await tab('server-c');
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'default/server-c' });
    await dialog.waitFor();
    expect(page.url()).toBe(`${world.url}/live/#default/server-c`);
    await tab('Check now');
    await page.keyboard.press('Enter');
    await dialog.locator('.stages .failed').waitFor();
    expect(await dialog.locator('.stages .failed').textContent()).toContain('TCP connection');
    expect(await dialog.locator('.report').textContent()).toContain(
      'The check found Failed (ConnectionRefused)',
    );
    expect(await page.locator(':focus').textContent()).toBe('Check now');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    expect(await page.locator(':focus').textContent()).toBe('server-c');
    expect(page.url()).toBe(`${world.url}/live/`);
    expect(complaints).toEqual([]);
  });

  test('opens a server by its address, with what to do, and says what it does not know', async () => {
    const page = await open('/live/#default/server-c', { signedIn: false });
    const dialog = page.getByRole('dialog', { name: 'default/server-c' });
    await dialog.locator('.changes li').first().waitFor();
    const text = await dialog.textContent();
    expect(text).toContain('The machine is up, and nothing listens on this port.');
    expect(text).toContain('Start the server, or fix the port in spec.url.');
    expect(text).toContain('You are signed out of muster. Sign in to see your SESSION.');
    expect(await dialog.getByRole('button', { name: 'Check now' }).isVisible()).toBe(false);
    await page.goto(`${world.url}/live/#default/server-z`);
    const unknown = page.getByRole('dialog', { name: 'default/server-z' });
    await expect.poll(() => unknown.locator('.report').textContent()).toContain('default/server-z');
  });

  test('checks every link of a sign-in', async () => {
    const page = await open('/live/#default/server-a');
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Check the sign-in' }).click();
    await dialog.locator('.links li').first().waitFor();
    expect(await dialog.locator('.links strong').allTextContents()).toContain('issuer metadata');
    expect(complaints).toEqual([]);
  });

  test('gives the same snippet as muster connect --print', async () => {
    const muster = await buildMuster();
    try {
      const { stdout } = await runMuster(muster, 'connect --print vscode default/server-d', {
        endpoint: world.url,
      });
      const page = await open('/live/#default/server-d', { signedIn: false });
      await page.getByRole('combobox', { name: 'Client' }).selectOption('VS Code');
      const shown: unknown = JSON.parse((await page.locator('.snippet code').textContent()) ?? '');
      const program = [process.execPath, muster].map((part) => JSON.stringify(part));
      const printed: unknown = JSON.parse(
        stdout.replace(program[0] ?? '', '"muster"').replace(`${program[1] ?? ''},`, ''),
      );
      expect(shown).toEqual(printed);
      await nobodys.grantPermissions(['clipboard-read', 'clipboard-write']);
      await page.getByRole('button', { name: 'Copy' }).click();
      await expect.poll(() => page.locator('.report').textContent()).toBe('The snippet is copied.');
      const copied: unknown = JSON.parse(
        await page.evaluate<string>('navigator.clipboard.readText()'),
      );
      expect(copied).toEqual(printed);
    } finally {
      await removeMuster(muster);
    }
  });

  test('a server dies: the next look shows it, says it, marks it, and moves nothing', async () => {
    const page = await open('/live/#default/tickets');
    const dialog = page.getByRole('dialog', { name: 'default/tickets' });
    await dialog.locator('.changes li').first().waitFor();
    const changes = await dialog.locator('.changes li').count();
    const button = dialog.getByRole('button', { name: 'Check now' });
    await button.focus();
    const port = mortal.port;
    await mortal.close();
    for (let count = 0; count < 3; count += 1) await world.sweep({ everything: true });

    await page.clock.fastForward(61_000);
    const row = page.locator('.rows tbody tr', { hasText: 'tickets' });
    await expect.poll(() => row.locator('.state .badge').textContent()).toBe('Failed');
    expect(await row.getAttribute('class')).toContain('changed');
    expect(await row.locator('.was').textContent()).toBe('was Connected');
    expect(await page.locator('main > [role=status].unseen').textContent()).toBe(
      'tickets was Connected and is Failed',
    );
    // The detail is open still, with the change, and the focus is where it was.
    await expect.poll(() => dialog.locator('.changes li').count()).toBeGreaterThan(changes);
    expect(await dialog.locator('.changes li').first().textContent()).toContain('Failed');
    expect(await page.locator(':focus').textContent()).toBe('Check now');

    // A hidden page asks nothing; one that comes back asks at once.
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    const turn = (state: 'hidden' | 'visible'): Promise<void> =>
      page.evaluate(`
        Object.defineProperty(document, 'visibilityState', { configurable: true, value: '${state}' });
        document.dispatchEvent(new Event('visibilitychange'));
      `);
    await turn('hidden');
    await page.clock.fastForward(600_000);
    expect(asked).toEqual([]);
    mortal = await startMortal(port);
    await world.sweep({ everything: true });
    await turn('visible');
    await expect.poll(() => row.locator('.state .badge').textContent()).toBe('Connected');
    expect(complaints).toEqual([]);
  });

  describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
    test.each([
      ['a desktop', desktop],
      ['a phone', phone],
    ])('is accessible and fits %s, with its list and a detail', async (_, viewport) => {
      const page = await open('/live/', { colorScheme, viewport });
      expect(await page.locator('html').getAttribute('data-theme')).toBe(colorScheme);
      const violations = async (): Promise<readonly string[]> =>
        (await new AxeBuilder({ page }).analyze()).violations.map(
          ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`,
        );
      const sideways = (): Promise<number> =>
        page.evaluate(
          'document.documentElement.scrollWidth - document.documentElement.clientWidth',
        );
      expect(await sideways()).toBe(0);
      expect(await violations()).toEqual([]);
      await page.locator('a.name', { hasText: 'server-c' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.locator('.changes li').first().waitFor();
      await dialog.getByRole('button', { name: 'Check now' }).click();
      await dialog.locator('.stages').waitFor();
      // The panel has come in: colors are those that stay.
      await page.clock.fastForward(1_000);
      await expect.poll(violations, { timeout: 15_000 }).toEqual([]);
      expect(
        await dialog.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth),
      ).toBe(0);
      expect(complaints).toEqual([]);
    });
  });

  test('shares the theme with the other pages of the site', async () => {
    const page = await open('/live/', { colorScheme: 'light' });
    await page.getByLabel('Theme').selectOption('Dark');
    expect(await page.locator('html').getAttribute('data-theme')).toBe('dark');
    expect(await page.evaluate(() => localStorage.getItem('starlight-theme'))).toBe('dark');
    await page.reload();
    expect(await page.locator('html').getAttribute('data-theme')).toBe('dark');
  });
});
