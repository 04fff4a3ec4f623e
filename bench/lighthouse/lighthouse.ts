/**
 * Lighthouse (mobile) over the main pages of the built site: `npm run bench -- lighthouse`. Prints a
 * line per page; 100 is aimed at everywhere. A static server on loopback serves the build, compressed
 * as a host of static files does; the live page is served beside an endpoint, as by `npm start`.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { findChromium, flags, howToGetOne } from '../../test/browser/chromium.ts';
import { startWorld } from '../../local/world.ts';
import { built, serveSite } from '../../test/browser/serve.ts';

// Not in package.json: 60 MB that only this bench needs.
const lighthouse = 'lighthouse@13.5.0';
const live = '/live/';
const pages = [
  '/',
  '/state-and-session/',
  '/reasons/connection-refused/',
  '/reference/mcpserver/',
  live,
].filter((path) => existsSync(new URL(`.${path}index.html`, built)));

const reportSchema = z.object({
  categories: z.record(z.string(), z.object({ score: z.nullable(z.number()) })),
  audits: z.record(
    z.string(),
    z.object({
      id: z.string(),
      title: z.string(),
      score: z.nullable(z.number()),
      scoreDisplayMode: z.string(),
    }),
  ),
});

const chromium = findChromium();
if (chromium === undefined) throw new Error(howToGetOne);
const folder = await mkdtemp(join(tmpdir(), 'muster-lighthouse-'));
const [site, world] = await Promise.all([serveSite(), startWorld({ site: built })]);
try {
  await world.sweep({ everything: true });
  for (const page of pages) {
    const file = join(folder, 'report.json');
    await run('npx', [
      '--yes',
      lighthouse,
      (page === live ? world.url : site.url) + page,
      '--quiet',
      '--output=json',
      `--output-path=${file}`,
      `--chrome-flags=${['--headless', ...flags].join(' ')}`,
    ]);
    const { categories, audits } = reportSchema.parse(JSON.parse(await readFile(file, 'utf8')));
    const scores = Object.entries(categories).map(
      ([name, { score }]) => `${name} ${score === null ? '-' : String(Math.round(score * 100))}`,
    );
    console.log(`${page.padEnd(30)} ${scores.join('  ')}`);
    for (const { id, title, score, scoreDisplayMode } of Object.values(audits))
      if (score !== null && score < 0.9 && scoreDisplayMode !== 'informative')
        console.log(`  ${id}: ${title} (${String(score)})`);
  }
} finally {
  await Promise.all([site.close(), world.close()]);
  await rm(folder, { recursive: true });
}

function run(command: string, args: readonly string[]): Promise<void> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, CHROME_PATH: chromium },
  });
  return new Promise((done, failed) => {
    child.once('error', failed);
    child.once('close', (code) =>
      code === 0 ? done() : failed(new Error(`${command} ended with ${String(code)}`)),
    );
  });
}
