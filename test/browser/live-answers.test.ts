/** The live page in a real Chromium, in front of endpoints that answer oddly, or not at all. */
import { readFile } from 'node:fs/promises';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Row } from '../../functions/model/wire/server-wire.ts';
import { aRow, aSession } from '../cli/rows.ts';
import { findChromium, howToGetOne, launch } from './chromium.ts';
import { aList, type JsonAnswer, type ListEndpoint, startListEndpoint } from './list-endpoint.ts';
import { built } from './serve.ts';

const chromium = findChromium();
if (chromium === undefined) console.warn(howToGetOne);

const me = {
  subject: 'ada',
  issuer: 'https://login.example.com',
  name: 'Ada Lovelace',
  expiresAt: '2100-01-01T00:00:00.000Z',
};
const signInRequired: JsonAnswer = {
  status: 401,
  body: { type: 'about:blank', title: 'Sign-in required', status: 401 },
};

let endpoint: ListEndpoint;
let browser: Browser;
let context: BrowserContext;

async function open(path: string, answer: ListEndpoint['answer']): Promise<Page> {
  endpoint.answer = answer;
  endpoint.asked.length = 0;
  context = await browser.newContext();
  const page = await context.newPage();
  await page.clock.install();
  await page.goto(endpoint.url + path);
  return page;
}

const lines = (page: Page) => page.locator('.rows tbody tr');

describe.skipIf(chromium === undefined)('the live page', () => {
  beforeAll(async () => {
    endpoint = await startListEndpoint(() => signInRequired);
    browser = await launch(chromium ?? '');
  });
  afterEach(async () => {
    await context.close();
  });
  afterAll(async () => {
    await browser.close();
    await endpoint.close();
  });

  test('without an endpoint says in one sentence what to do', async () => {
    for (const answer of [
      { status: 404, body: '<!doctype html><title>Not found</title>' },
      { body: '<!doctype html><title>Another page</title>' },
    ]) {
      const page = await open('/live/', () => answer);
      await page.locator('.notice').waitFor();
      expect(await page.locator('.notice').textContent()).toBe(
        'There is no muster endpoint at this address' +
          'Open /live/ at the address of your endpoint. To run one on this machine: npm start',
      );
      await context.close();
    }
  });

  test('asks for a sign-in where the list is only for people', async () => {
    const page = await open('/live/', () => signInRequired);
    await page.locator('.notice').waitFor();
    expect(await page.locator('.notice').textContent()).toContain('Sign in to see your servers');
    expect(await page.locator('main').getByRole('button', { name: 'Sign in' }).isVisible()).toBe(
      true,
    );
    expect(await page.locator('.filter').isVisible()).toBe(false);
  });

  test('keeps old rows, marked as old, while the endpoint is away or asks to wait', async () => {
    const page = await open('/live/', () => aList([aRow({ name: 'server-a' })]));
    await lines(page).first().waitFor();
    endpoint.answer = () => ({
      status: 429,
      body: { type: 'about:blank', title: 'Too many lists without a token', status: 429 },
      headers: { 'retry-after': '40' },
    });
    await page.clock.fastForward(60_000);
    await page.locator('.notice').waitFor();
    expect(await page.locator('.notice').textContent()).toContain(
      'Too many lists without a token. Try again in 40 seconds.',
    );
    expect(await page.locator('.notice').textContent()).toContain(
      'The rows below are 1 minute old.',
    );
    expect(await page.locator('.freshness').textContent()).toContain('Old rows');
    expect(await lines(page).count()).toBe(1);
    await page.route('**/v1/**', (route) => route.abort());
    await page.getByRole('button', { name: 'Refresh' }).click();
    await expect
      .poll(() => page.locator('.notice').textContent())
      .toContain('The endpoint cannot be reached.');
    await page.unroute('**/v1/**');
    endpoint.answer = () => aList([aRow({ name: 'server-a' })]);
    await page.getByRole('button', { name: 'Refresh' }).click();
    await expect.poll(() => page.locator('.notice').count()).toBe(0);
  });

  test('is not sent a list again that has not changed, while ages go on', async () => {
    const since = new Date().toISOString();
    const asked: unknown[] = [];
    let tag = '"one"';
    let rows = [aRow({ since })];
    const page = await open('/live/', (_path, headers) => {
      asked.push(headers['if-none-match']);
      return headers['if-none-match'] === tag
        ? { status: 304, body: '' }
        : { ...aList(rows), headers: { etag: tag } };
    });
    const sinceCell = lines(page).first().locator('.since');
    await lines(page).first().waitFor();
    await page.clock.fastForward(60_000);
    await expect.poll(() => asked).toEqual([undefined, '"one"']);
    await expect.poll(() => sinceCell.textContent()).toBe('1m');
    await expect.poll(() => page.locator('.freshness').textContent()).toMatch(/^Read \d s ago$/);
    expect(await page.locator('.notice').count()).toBe(0);
    tag = '"two"';
    rows = [aRow({ since, state: 'Failed' })];
    await page.clock.fastForward(60_000);
    await lines(page).getByText('was Connected').waitFor();
    await page.clock.fastForward(60_000);
    await expect.poll(() => asked).toEqual([undefined, '"one"', '"one"', '"two"']);
  });

  test('does not believe a list that did not change when it has none', async () => {
    const page = await open('/live/', () => ({ status: 304, body: '' }));
    await page.locator('.notice').waitFor();
    expect(await page.locator('.notice').textContent()).toContain('HTTP 304');
  });

  test('says that sweeps have stopped, that rows are stale, and what could not be read', async () => {
    const page = await open('/live/', () =>
      aList([aRow({ stale: true })], {
        sweptAt: new Date(Date.now() - 300_000).toISOString(),
        sweepsStopped: true,
        problems: [{ namespace: 'default', name: 'broken', message: 'spec.url is not a URL' }],
      }),
    );
    await lines(page).first().waitFor();
    const notices = await page.locator('.notice').allTextContents();
    expect(notices[0]).toContain('No sweep for 5 minutes');
    expect(notices[1]).toContain('default/broken: spec.url is not a URL');
    expect(await lines(page).first().locator('.tag').textContent()).toBe('stale');
  });

  test('shows what comes from outside as text, whatever it holds', async () => {
    const evil = '<img src=x onerror="document.title=1">';
    const row: Row = {
      ...aRow({ name: 'server-a' }),
      state: evil,
      reason: `${evil}\u202Egnp`,
      description: `${evil} ${'long'.repeat(400)}`,
      url: 'javascript:alert(1)',
      session: aSession({ message: evil, hint: evil }),
    };
    const change = { at: '2026-11-26T10:00:00.000Z', to: evil, reason: evil, message: evil };
    const page = await open('/live/#default/server-a', (path) => {
      if (path.includes('/events')) return { body: { items: [change] } };
      if (path.includes('/server-a')) return { body: row };
      return aList([row], {
        me,
        problems: [{ namespace: 'default', name: 'broken', message: evil }],
      });
    });
    await page.locator('.changes li').waitFor();
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.locator('a[href^="javascript"]').count()).toBe(0);
    expect(await page.title()).toBe('Live | muster-serverless');
    const text = (await page.locator('body').textContent()) ?? '';
    expect(text).toContain('<img src=x onerror=');
    expect(text).not.toMatch(/[\u202A-\u202E]/);
    expect(
      await page.evaluate(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      ),
    ).toBe(0);
  });

  test('stays usable with 5,000 servers', async () => {
    const rows = Array.from({ length: 5_000 }, (_, index) =>
      aRow({
        uid: `uid-${String(index)}`,
        name: `server-${String(index).padStart(4, '0')}`,
        state: index % 10 === 0 ? 'Failed' : 'Connected',
        session: aSession(),
      }),
    );
    // Two answers: an endpoint gives as many as fit.
    const page = await open('/live/', (path) =>
      path.includes('continue=')
        ? aList(rows.slice(3_000), { me })
        : aList(rows.slice(0, 3_000), { me, continue: 'more' }),
    );
    await lines(page).first().waitFor();
    expect(await page.locator('.summary').textContent()).toContain('5000 servers, 500 down');
    expect(await lines(page).count()).toBe(200);
    const taken = await page.evaluate<number>(`(() => {
      const field = document.querySelector('.filter input');
      const start = performance.now();
      field.value = 'server-4999';
      field.dispatchEvent(new Event('input'));
      document.body.getBoundingClientRect();
      return performance.now() - start;
    })()`);
    expect(await lines(page).count()).toBe(1);
    expect(taken).toBeLessThan(500);
    await page.getByRole('searchbox').fill('');
    await page.getByRole('button', { name: 'Show 1000 more' }).click();
    expect(await lines(page).count()).toBe(1_200);
    expect(await page.locator(':focus').textContent()).toBe('server-0200');
  });

  test('asks again from the start where the cluster dropped the list half-way', async () => {
    let starts = 0;
    const page = await open('/live/', (path) => {
      if (!path.includes('continue=')) starts += 1;
      if (!path.includes('continue=')) return aList([aRow()], { continue: 'next' });
      return starts < 3
        ? { status: 410, body: { type: 'about:blank', title: 'The list has expired', status: 410 } }
        : aList([aRow({ uid: 'another', name: 'server-z' })]);
    });
    await lines(page).nth(1).waitFor();
    expect(starts).toBeGreaterThanOrEqual(3);
  });

  test('without JavaScript names the command, and has nothing inline', async () => {
    const plain = await browser.newContext({ javaScriptEnabled: false });
    const page = await plain.newPage();
    await page.goto(`${endpoint.url}/live/`);
    expect(await page.locator('main').textContent()).toContain('muster list mcpserver');
    await plain.close();
    const html = await readFile(new URL('live/index.html', built), 'utf8');
    expect(html).toContain(`script-src 'self'; style-src 'self'`);
    expect(html).not.toMatch(/<style|style=|\son[a-z]+=|<script(?![^>]* src=)/);
  });
});
