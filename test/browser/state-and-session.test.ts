/** The first screen of State and session in a real browser, on a desktop and on a phone. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Listening } from '../../local/listen.ts';
import { questions } from '../docs/two-minute-questions.ts';
import { findChromium, howToGetOne, launch } from './chromium.ts';
import { serveSite } from './serve.ts';

const chromium = findChromium();
if (chromium === undefined) console.warn(howToGetOne);

/** Screens from the top of the page down to the end of what is named. */
const sizes = [
  { name: 'desktop', width: 1440, height: 900, cases: 1, answers: 2 },
  { name: 'phone', width: 390, height: 844, cases: 1.8, answers: 3.6 },
] as const;

let site: Listening;
let browser: Browser;

describe.skipIf(chromium === undefined)('State and session', () => {
  beforeAll(async () => {
    site = await serveSite();
    browser = await launch(chromium ?? '');
  });
  afterAll(async () => {
    await browser.close();
    await site.close();
  });

  const open = async (
    size: { readonly width: number; readonly height: number },
    query = '',
  ): Promise<{ readonly context: BrowserContext; readonly page: Page }> => {
    const context = await browser.newContext({
      viewport: { width: size.width, height: size.height },
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    const page = await context.newPage();
    await page.goto(`${site.url}/state-and-session/${query}`);
    await page.locator('muster-explorer form').waitFor();
    return { context, page };
  };

  describe.each(sizes)('on a $name', (size) => {
    let context: BrowserContext;
    let page: Page;
    beforeAll(async () => {
      ({ context, page } = await open(size));
    });
    afterAll(() => context.close());
    const screensTo = async (selector: string): Promise<number> => {
      const box = await page.locator(selector).boundingBox();
      return box === null ? Number.NaN : (box.y + box.height) / size.height;
    };

    test(`the nine cases end within ${String(size.cases)} screens`, async () => {
      expect(await screensTo('table:has(.case)')).toBeLessThanOrEqual(size.cases);
    });

    test(`all answers are within ${String(size.answers)} screens`, async () => {
      const ends = await Promise.all(questions.map(([, anchor]) => screensTo(`#${anchor}`)));
      expect(Math.max(...ends)).toBeLessThan(size.answers);
      expect(await screensTo('.side-by-side')).toBeLessThanOrEqual(size.answers);
    });

    test('no line of the nine cases is cut, and every cell shows three commands', async () => {
      const lines = page.locator('td.case .case-line');
      expect(await lines.count()).toBe(27);
      const cut = await page.evaluate<readonly string[]>(
        `[...document.querySelectorAll('td.case, .case-line, .case-values')].filter((one) => one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0).map((one) => one.textContent)`,
      );
      expect(cut).toEqual([]);
      const isNamed = await page.locator('td.case .case-person').first().isVisible();
      expect(isNamed).toBe(size.name === 'phone');
    });

    test('each box of the explorer says which command prints it', async () => {
      expect(await page.locator('muster-explorer h3').allTextContents()).toEqual([
        'What muster list mcpserver prints',
        'What kubectl get mcps tickets -o yaml prints as status',
      ]);
    });

    test('no two elements of the page share an id', async () => {
      const ids = await page.evaluate<readonly string[]>(
        `[...document.querySelectorAll('[id]')].map(({ id }) => id)`,
      );
      expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
    });
  });

  const [desktop] = sizes;

  test('an answer leads to its case in the explorer', async () => {
    const { context, page } = await open(desktop);
    await page.getByRole('link', { name: '500', exact: true }).click();
    await page.waitForURL(/answer=500/);
    const state = page.locator('[data-part=state]');
    await expect.poll(() => state.textContent()).toBe('STATE Connected');
    expect(await page.locator('[data-part=session]').textContent()).toBe('SESSION Pending Auth');
    expect(await page.locator('select[name=before]').inputValue()).toBe('401');
    expect(await page.locator('#explorer').isVisible()).toBe(true);
    await context.close();
  });

  test('the verdict has a color, a shape and the value, and its reason leads to its page', async () => {
    const { context, page } = await open(desktop, '?answer=refused&times=3#explorer');
    const state = page.locator('[data-part=state]');
    expect(await state.getAttribute('data-tone')).toBe('bad');
    expect(await state.textContent()).toBe('STATE Failed');
    const [shape, color] = await page.evaluate<readonly string[]>(
      `(() => {
        const state = document.querySelector('[data-part=state]');
        return [getComputedStyle(state, '::before').content, getComputedStyle(state).color];
      })()`,
    );
    expect(shape).toContain('\u2715');
    expect(color).toBe('rgb(179, 38, 30)');
    const reason = page.locator('[data-part=reason]');
    expect(await reason.getAttribute('href')).toBe('/reasons/connection-refused/');
    await context.close();
  });

  test('a link to the case can be copied, and what the address does not know is the first case', async () => {
    const { context, page } = await open(
      desktop,
      '?answer=nonsense&before=x&sign-in=fresh#explorer',
    );
    expect(await page.locator('select[name=answer]').inputValue()).toBe('401');
    expect(await page.locator('select[name=before]').inputValue()).toBe('nothing');
    await page.getByRole('button', { name: 'Copy link' }).click();
    await expect.poll(() => page.locator('[data-part=copied]').textContent()).toBe('Copied.');
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(
      `${site.url}/state-and-session/?answer=401&before=nothing&times=1&sign-in=fresh#explorer`,
    );
    await context.close();
  });
});
