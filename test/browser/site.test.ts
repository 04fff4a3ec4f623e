/** Every page of the built site in a real Chromium. */
import { readdir, readFile } from 'node:fs/promises';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Listening } from '../../local/listen.ts';
import { answers } from '../../site/src/explorer/cases.ts';
import { findChromium, howToGetOne, launch } from './chromium.ts';
import { built, serveSite } from './serve.ts';

const chromium = findChromium();
if (chromium === undefined) console.warn(howToGetOne);

const files = await readdir(built, { recursive: true }).catch((): readonly string[] => []);
const paths = files
  .filter((file) => file.endsWith('.html'))
  .map((file) => `/${file.replace(/index\.html$/, '')}`)
  .toSorted();

/** Pages that are made from one table each: the largest of a folder stands for all of them. */
const made = ['/reasons/', '/sign-in/'];
const largest = await Promise.all(
  made.map(async (folder) => {
    const sizes = await Promise.all(
      paths
        .filter((path) => path.startsWith(folder))
        .map(async (path) => ({ path, size: (await htmlOf(path)).length })),
    );
    return sizes.toSorted((one, other) => other.size - one.size)[0]?.path;
  }),
);
/** Needs an endpoint: `live-view.test.ts` opens it beside one. */
const live = '/live/';
const opened = paths.filter(
  (path) =>
    path !== live && (largest.includes(path) || !made.some((folder) => path.startsWith(folder))),
);

const themes = ['light', 'dark'] as const;

let site: Listening;
let browser: Browser;

/** What must not happen while a page is open. */
type Watched = { readonly page: Page; readonly complaints: string[] };

async function open(context: BrowserContext, path: string): Promise<Watched> {
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      complaints.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol.startsWith('http') && origin !== site.url)
      complaints.push(`asked another host: ${request.url()}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400)
      complaints.push(`${String(response.status())}: ${response.url()}`);
  });
  await page.goto(site.url + path, { waitUntil: 'load' });
  return { page, complaints };
}

describe.skipIf(chromium === undefined)('the site', () => {
  beforeAll(async () => {
    if (paths.length === 0) throw new Error('There is no site. Build it: npm run site:build');
    site = await serveSite();
    browser = await launch(chromium ?? '');
  });
  afterAll(async () => {
    await browser.close();
    await site.close();
  });

  describe.each(themes)('in %s', (colorScheme) => {
    test.each(opened)(
      '%s has no error, asks nobody else, is accessible and fits 360 px',
      async (path) => {
        const context = await browser.newContext({
          colorScheme,
          viewport: { width: 1280, height: 900 },
        });
        const { page, complaints } = await open(context, path);
        // What scrolls gets its place in the order of the Tab key when the browser is idle.
        const violations = async (): Promise<readonly string[]> =>
          (await new AxeBuilder({ page }).analyze()).violations.map(
            ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`,
          );
        if (colorScheme === 'light') await expect.poll(violations, { timeout: 15_000 }).toEqual([]);
        await page.setViewportSize({ width: 360, height: 740 });
        expect(
          await page.evaluate<unknown>(
            'document.documentElement.scrollWidth - document.documentElement.clientWidth',
          ),
        ).toBe(0);
        if (colorScheme === 'dark') await expect.poll(violations, { timeout: 15_000 }).toEqual([]);
        expect(complaints).toEqual([]);
        await context.close();
      },
    );
  });

  test('no link and no anchor leads nowhere', async () => {
    const documents = new Map(
      await Promise.all(paths.map(async (path) => [path, await htmlOf(path)] as const)),
    );
    const broken = [...documents].flatMap(([path, html]) =>
      [...html.matchAll(/<a[^>]*? href="([^"]+)"/g)].flatMap(([, href = '']) => {
        const url = new URL(href.replaceAll('&amp;', '&'), site.url + path);
        if (url.origin !== site.url) return [];
        const target = documents.get(url.pathname);
        if (target === undefined)
          return files.includes(url.pathname.slice(1)) ? [] : [`${path}: ${href}`];
        const isThere =
          url.hash === '' || target.includes(` id="${decodeURIComponent(url.hash.slice(1))}"`);
        return isThere ? [] : [`${path}: ${href}`];
      }),
    );
    expect(broken).toEqual([]);
  });

  test('search finds "401" and leads to the page about it', async () => {
    const context = await browser.newContext();
    // The search field comes in an idle moment, and a headless browser that draws nothing may never
    // tell of one; Safari has none, either.
    await context.addInitScript(() => Reflect.deleteProperty(globalThis, 'requestIdleCallback'));
    const { page, complaints } = await open(context, '/');
    const dialog = page.locator('site-search dialog');
    const field = dialog.locator('input');
    // The page takes the keys as soon as its script has run.
    const isOpen = async (): Promise<boolean> => {
      if ((await dialog.getAttribute('open')) === null) await page.keyboard.press('Control+k');
      return (await dialog.getAttribute('open')) !== null;
    };
    await expect.poll(isOpen, { timeout: 20_000, interval: 500 }).toBe(true);
    await field.waitFor();
    await field.pressSequentially('401');
    const first = page.locator('site-search .pagefind-ui__result-link').first();
    await first.click();
    await page.waitForURL(/\/state-and-session\//);
    expect(complaints).toEqual([]);
    await context.close();
  });

  test('without JavaScript the table of all cases stands where the explorer would', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(`${site.url}/state-and-session/`);
    const rows = page.locator('muster-explorer table tbody tr');
    expect(await rows.count()).toBe(answers.length);
    expect(await rows.first().isVisible()).toBe(true);
    await context.close();
  });

  test('the clients are tabs: a link opens one, the arrows move, and without JavaScript all are there', async () => {
    const context = await browser.newContext();
    const { page, complaints } = await open(context, '/clients/#codex');
    const chosen = page.locator('muster-tabs [role="tab"][aria-selected="true"]');
    const shown = page.locator('muster-tabs [role="tabpanel"]:visible');
    await chosen.waitFor();
    expect(await chosen.textContent()).toBe('Codex');
    expect(await shown.textContent()).toContain('--print codex');
    await chosen.press('ArrowRight');
    expect(await chosen.textContent()).toBe('Gemini CLI');
    expect(await shown.textContent()).toContain('--print gemini');
    await page.locator('a[href="#cursor"]:visible').first().click();
    await expect.poll(() => chosen.textContent()).toBe('Cursor');
    expect(complaints).toEqual([]);
    await context.close();

    const plain = await browser.newContext({ javaScriptEnabled: false });
    const reader = await plain.newPage();
    await reader.goto(`${site.url}/clients/`);
    for (const heading of await reader.locator('muster-tabs h3').all())
      expect(await heading.isVisible()).toBe(true);
    await plain.close();
  });

  test('an address that is not there is told, with ways to go on', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    const answer = await page.goto(`${site.url}/no/such/page/`);
    expect(answer?.status()).toBe(404);
    expect(await page.locator('main a[href="/state-and-session/"]').count()).toBe(1);
    await context.close();
  });

  test('there is a sitemap, and what machines read', async () => {
    expect(files).toEqual(
      expect.arrayContaining(['sitemap-index.xml', 'llms.txt', 'llms-full.txt', 'llms-small.txt']),
    );
    const text = await readFile(new URL('llms-full.txt', built), 'utf8');
    for (const { label } of answers) expect(text).toContain(label.split(',')[0]);
  });
});

function htmlOf(path: string): Promise<string> {
  return readFile(new URL(`.${path.endsWith('/') ? `${path}index.html` : path}`, built), 'utf8');
}
