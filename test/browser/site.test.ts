/** Every page of the built site in a real Chromium. */
import { readdir, readFile } from 'node:fs/promises';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Listening } from '../../local/listen.ts';
import { answers } from '../../site/src/explorer/answers.ts';
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
const made = ['/problems/', '/reasons/', '/sign-in/'];
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
// The live page needs the endpoint beside it, and has tests of its own.
const opened = paths.filter(
  (path) =>
    largest.includes(path) || ![...made, '/live/'].some((folder) => path.startsWith(folder)),
);

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

/**
 * The search field, and the place of code that scrolls in the order of the Tab key, come in an idle
 * moment. A headless browser that draws nothing may never have one; Safari does not know them.
 */
const withoutIdleTime = (context: BrowserContext): Promise<unknown> =>
  context.addInitScript(() => Reflect.deleteProperty(globalThis, 'requestIdleCallback'));

/** What depends on the theme and on the width; the rest was looked at before. */
const ofColorAndSize = [
  'color-contrast',
  'link-in-text-block',
  'scrollable-region-focusable',
  'target-size',
  'aria-hidden-focus',
];

async function violations(page: Page, rules?: string[]): Promise<readonly string[]> {
  // Without frames there is nothing to put together on a page of its own.
  const axe = new AxeBuilder({ page }).setLegacyMode();
  axe.options({
    resultTypes: ['violations'],
    ...(rules && { runOnly: { type: 'rule', values: rules } }),
  });
  return (await axe.analyze()).violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`,
  );
}

/**
 * What does not fit the window: the page itself, a table or a drawing that is cut, and one that
 * scrolls without a shadow, or not by keyboard.
 */
const cutAt = (page: Page): Promise<readonly string[]> =>
  page.evaluate<readonly string[]>(`(() => {
    const cut = [];
    const root = document.documentElement;
    if (root.scrollWidth > root.clientWidth) cut.push(innerWidth + ' px: the page by ' + (root.scrollWidth - root.clientWidth) + ' px');
    for (const element of document.querySelectorAll('.sl-markdown-content :is(table, svg)')) {
      if (element.getClientRects().length === 0 || element.closest('pre, .not-content')) continue;
      const box = element.closest('.table-scroll, .diagram-scroll');
      const name = innerWidth + ' px: ' + element.localName + ' ' + element.textContent.trim().slice(0, 40);
      if (box === null) {
        if (element.getBoundingClientRect().right > innerWidth) cut.push(name);
      } else if (box.scrollWidth > box.clientWidth + 1) {
        const { overflowX, backgroundImage } = getComputedStyle(box);
        const hasHint = backgroundImage.includes('gradient') && box.tabIndex === 0;
        if (overflowX !== 'auto' || !hasHint) cut.push(name);
      }
    }
    return cut;
  })()`);

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

  // Each page is loaded once, two at a time (vitest.browser.config.ts).
  describe.concurrent('every page', () => {
    let context: BrowserContext;
    beforeAll(async () => {
      context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
      await withoutIdleTime(context);
    });
    afterAll(() => context.close());

    test.for(opened)(
      '%s has no error, asks nobody else, is accessible and fits, light and dark, at 1440, 390 and 360 px',
      async (path, { expect }) => {
        const { page, complaints } = await open(context, path);
        expect(await cutAt(page)).toEqual([]);
        await expect.poll(() => violations(page), { timeout: 15_000 }).toEqual([]);
        await page.emulateMedia({ colorScheme: 'dark' });
        await page.locator('html[data-theme=dark]').waitFor({ state: 'attached' });
        await page.setViewportSize({ width: 390, height: 844 });
        expect(await cutAt(page)).toEqual([]);
        await page.setViewportSize({ width: 360, height: 740 });
        expect(await cutAt(page)).toEqual([]);
        await expect.poll(() => violations(page, ofColorAndSize), { timeout: 15_000 }).toEqual([]);
        expect(complaints).toEqual([]);
        await page.close();
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
    await withoutIdleTime(context);
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
    await page.waitForURL(/\/reasons\/authentication-required\//);
    expect(complaints).toEqual([]);
    await context.close();
  });

  test('a phone without JavaScript has a menu that opens, and nothing that does not work', async () => {
    const context = await browser.newContext({
      javaScriptEnabled: false,
      viewport: { width: 390, height: 844 },
    });
    const page = await context.newPage();
    await page.goto(`${site.url}/list/`);
    await page.locator('button[popovertarget="starlight__sidebar"]').click();
    const entry = page.locator('#starlight__sidebar a[href="/sessions/"]');
    await entry.waitFor();
    for (const control of await page.locator('button:visible, select:visible').all())
      expect(await control.getAttribute('popovertarget')).toBe('starlight__sidebar');
    await entry.click();
    await page.waitForURL(/\/sessions\//);
    await page.locator('#starlight__mobile-toc summary').click();
    expect(await page.locator('#starlight__mobile-toc .dropdown a').first().isVisible()).toBe(true);
    await context.close();
  });

  test('a copy button takes one command, without its prompt and its output', async () => {
    const context = await browser.newContext({
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    const { page, complaints } = await open(context, '/list/');
    const blocks = page.locator('.expressive-code:has(.prompt)');
    expect(await blocks.count()).toBeGreaterThan(5);
    const commands = (
      await page.locator('.expressive-code .ec-line:has(.prompt)').allInnerTexts()
    ).map((line) => line.trim().replace('$ ', ''));
    const buttons = page.locator('.expressive-code:has(.prompt) .copy button');
    expect(await buttons.count()).toBe(commands.length);
    for (const [index, command] of commands.entries()) {
      await buttons.nth(index).click();
      await expect.poll(() => page.evaluate('navigator.clipboard.readText()')).toBe(command);
    }
    expect(complaints).toEqual([]);
    await context.close();
  });

  test('a term is explained on hover, on focus and by a tap, and Escape closes it', async () => {
    const context = await browser.newContext({ hasTouch: true });
    const { page, complaints } = await open(context, '/how-it-works/');
    const term = page.locator('a.term[href="/glossary/#sweep"]');
    const tip = page.locator('.term-tip:popover-open');
    await page.locator('.term-tip').first().waitFor({ state: 'attached' });
    await term.hover();
    await tip.waitFor();
    expect(await tip.textContent()).toContain('One run over all MCPServers.');
    await page.keyboard.press('Escape');
    await tip.waitFor({ state: 'hidden' });
    await page.mouse.move(0, 0);
    // The page moves the focus, as the Tab key does.
    await page.evaluate('document.querySelector("a.term").previousElementSibling?.focus()');
    await page.keyboard.press('Tab');
    await term.focus();
    await tip.waitFor();
    const described = (await term.getAttribute('aria-describedby')) ?? '';
    expect(await page.locator(`#${described}`).textContent()).toContain('One run over all');
    await page.keyboard.press('Escape');
    await tip.waitFor({ state: 'hidden' });
    await term.tap();
    await tip.waitFor();
    expect(new URL(page.url()).pathname).toBe('/how-it-works/');
    await tip.locator('a').tap();
    await page.waitForURL(/\/glossary\/#sweep$/);
    expect(await page.locator('#sweep:target').count()).toBe(1);
    expect(complaints).toEqual([]);
    await context.close();
  });

  test('a setting has an address', async () => {
    const html = await htmlOf('/reference/settings/');
    expect(html).toContain('id="guard_allow" href="#guard_allow"');
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
    await page.close();

    // A person chose Gemini CLI by its tab; a link is no choice.
    const later = await open(context, '/clients/');
    const kept = later.page.locator('muster-tabs [role="tab"][aria-selected="true"]');
    await expect.poll(() => kept.textContent()).toBe('Gemini CLI');
    await context.close();

    const plain = await browser.newContext({ javaScriptEnabled: false });
    const reader = await plain.newPage();
    await reader.goto(`${site.url}/clients/`);
    for (const heading of await reader.locator('muster-tabs h3').all())
      expect(await heading.isVisible()).toBe(true);
    await plain.close();
  });

  test('tabs with the same label show the same choice', async () => {
    const context = await browser.newContext();
    const { page } = await open(context, '/clients/');
    const tabs = page.locator('muster-tabs [role="tab"]');
    await tabs.first().waitFor();
    await page.evaluate(
      `document.querySelector('muster-tabs').after(Object.assign(document.createElement('muster-tabs'), { innerHTML: '<h3 id="one">One</h3><p>1</p><h3 id="two">Codex</h3><p>2</p>' }))`,
    );
    const second = page.locator('muster-tabs').nth(1).locator('[aria-selected="true"]');
    expect(await second.textContent()).toBe('One');
    await page.evaluate(
      `document.querySelectorAll('muster-tabs')[1].dataset.label = document.querySelector('muster-tabs').dataset.label`,
    );
    await tabs.filter({ hasText: 'Codex' }).first().click();
    await expect.poll(() => second.textContent()).toBe('Codex');
    await context.close();
  });

  test('an address without a page suggests the nearest page and opens the search', async () => {
    const context = await browser.newContext();
    await withoutIdleTime(context);
    const page = await context.newPage();
    const answer = await page.goto(`${site.url}/docs/sesions/`);
    expect(answer?.status()).toBe(404);
    await page.locator('near-pages a[href="/sessions/"]').waitFor();
    expect(await page.locator('main a[href="/state-and-session/"]').count()).toBe(1);
    const keys = await page.locator('button[data-open-modal] > kbd').innerText();
    expect((await page.locator('.search kbd').innerText()).replace(/\s/g, '')).toBe(
      keys.replace(/\s/g, ''),
    );
    await page.locator('[data-search]').click();
    await page.locator('site-search dialog[open] input').waitFor();
    expect(await page.locator('footer').innerText()).not.toContain('docs/404.md');
    await context.close();
  });

  test('each page says what is on it in 50 to 160 characters', async () => {
    const heads = await Promise.all(
      paths.map(async (path) => {
        const html = await htmlOf(path);
        const [, description = ''] = /<meta name="description" content="([^"]*)"/.exec(html) ?? [];
        const [, title = ''] = /<title>(.*?) \| /.exec(html) ?? [];
        return { path, title, description: description.replace(/&\w+;|&#\d+;/g, '_') };
      }),
    );
    expect(
      heads.filter(
        ({ title, description: { length }, description }) =>
          length < 50 || length > 160 || description === title,
      ),
    ).toEqual([]);
  });

  test('a build that knows its address claims it everywhere, and one that does not claims none', async () => {
    const robots = await readFile(new URL('robots.txt', built), 'utf8');
    const [, address] = /^Sitemap: (.+)\/sitemap-index\.xml$/m.exec(robots) ?? [];
    expect(files.includes('sitemap-index.xml')).toBe(address !== undefined);
    for (const path of paths.filter((path) => !['/404.html', '/live/'].includes(path))) {
      const html = await htmlOf(path);
      const claims = [
        /<link rel="canonical" href="([^"]*)"/,
        /<meta property="og:url" content="([^"]*)"/,
        /<meta property="og:image" content="([^"]*)"/,
        /<link rel="sitemap" href="([^"]*)"/,
      ].map((pattern) => pattern.exec(html)?.[1]);
      expect([path, ...claims]).toEqual(
        address === undefined
          ? [path, undefined, undefined, undefined, undefined]
          : [path, address + path, address + path, `${address}/social.png`, '/sitemap-index.xml'],
      );
    }
  });

  test('a build that knows the repository links to it, to the source of each page, and to a new issue', async () => {
    const home = await htmlOf('/');
    const [, repository] = /<a href="([^"]+)" rel="me"/.exec(home) ?? [];
    for (const [path, source, title] of [
      ['/list/', 'docs/list.md', 'List%20and%20status%20commands'],
      ['/changelog/', 'CHANGELOG.md', 'Changelog'],
      ['/reference/settings/', 'functions/model/settings-table.ts', 'Settings'],
      ['/404.html', 'site/src/pages/404.astro', 'Page%20not%20found'],
    ] as const) {
      const html = await htmlOf(path);
      if (repository === undefined) {
        expect(html).toContain(source);
        expect(html).not.toContain('/issues/new');
      } else {
        expect(html).toContain(`href="${repository}/edit/main/${source}"`);
        expect(html).toContain(`href="${repository}/issues/new?title=Docs%3A%20${title}`);
      }
    }
  });

  test('what machines read is an index of all pages, each as Markdown', async () => {
    const read = (file: string): Promise<string> => readFile(new URL(file, built), 'utf8');
    const index = await read('llms.txt');
    const listed = [...index.matchAll(/^- \[[^\]]+\]\((.+?)\): .+$/gm)].map(([, address = '']) =>
      new URL(address, site.url).pathname.slice(1),
    );
    const expected = paths
      .filter((path) => !['/404.html', '/live/'].includes(path))
      .map((path) => (path === '/' ? 'index.md' : `${path.slice(1, -1)}.md`));
    expect(listed.toSorted()).toEqual(expected.toSorted());
    for (const file of listed) expect(await read(file)).toMatch(/^# /);
    const [full, small] = [await read('llms-full.txt'), await read('llms-small.txt')];
    for (const { label } of answers) expect(full).toContain(label.split(',')[0]);
    expect(full).toMatch(/^```mermaid \w+/m);
    expect(small).toMatch(/\n\n## .*\n\n/);
    expect(small.length).toBeLessThan(full.length * 0.8);
    expect(full).not.toMatch(/^<!-- /m);
    const links = [...full.matchAll(/\]\((\/[^)#]*|https:\/\/docs\.example\.com\/[^)#]*)/g)];
    for (const [, address = ''] of links)
      expect(files).toContain(new URL(address, site.url).pathname.slice(1));
  });

  test('the changelog has a page and a feed, which every page names', async () => {
    const feed = await readFile(new URL('changelog.xml', built), 'utf8');
    const page = await htmlOf('/changelog/');
    const links = [...feed.matchAll(/<link href="\/changelog\/#([^"]+)"/g)].map(([, id]) => id);
    expect(links.length).toBeGreaterThan(0);
    for (const id of links) expect(page).toContain(`id="${id}"`);
    expect(await htmlOf('/list/')).toContain('type="application/atom+xml"');
  });

  test('the picture of a link is 1200 x 630', async () => {
    const png = await readFile(new URL('social.png', built));
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([1200, 630]);
  });
});

function htmlOf(path: string): Promise<string> {
  return readFile(new URL(`.${path.endsWith('/') ? `${path}index.html` : path}`, built), 'utf8');
}
