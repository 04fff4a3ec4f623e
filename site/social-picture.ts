/**
 * Makes `site/public/social.png`, the picture that a link to the site is shown with, from the first
 * block of output in `docs/index.md`, which a test replays: `node site/social-picture.ts`. It needs
 * a Chromium in CHROME_PATH.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { chromium } from 'playwright-core';
import { escaped } from './markdown/escaped.ts';
import { statusWords, toneOf } from './markdown/status-words.ts';

const page = await readFile(new URL('../docs/index.md', import.meta.url), 'utf8');
const [, output = ''] = /^```console\n([\s\S]*?)^```$/m.exec(page) ?? [];
const text = escaped(output.trim()).replace(
  statusWords,
  (word) => `<b class="${toneOf(word) ?? ''}">${word}</b>`,
);

const browser = await chromium.launch({
  executablePath: process.env['CHROME_PATH'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
const tab = await browser.newPage({ viewport: { width: 1200, height: 630 } });
await tab.setContent(`<style>
  body { margin: 0; padding: 64px 72px; box-sizing: border-box; height: 630px; background: #101c1b; color: #e6f2f0; font-family: system-ui, sans-serif }
  h1 { margin: 0; font-size: 60px; color: #a6e3dc }
  p { margin: 12px 0 36px; font-size: 32px }
  pre { margin: 0; padding: 32px 36px; border: 1px solid #3a5350; border-radius: 16px; background: #0a1312; font: 27px/1.55 ui-monospace, monospace }
  b { font-weight: 400 } .good { color: #6fdc9b } .warn { color: #f2c063 } .bad { color: #ff9c94 }
</style><h1>muster-serverless</h1><p>Can it be reached, and am I signed in? Two answers about every MCP server.</p><pre>${text}</pre>`);
await writeFile(new URL('public/social.png', import.meta.url), await tab.screenshot());
await browser.close();
