/**
 * The search of the built site, with its own index and the ranking that its search field uses.
 * `SEARCH_TABLE=1` prints what each query finds.
 */
import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Listening } from '../../local/listen.ts';
import { namedReasons, reasonSlug } from '../../functions/model/reason-facts.ts';
import { commands } from '../../cli/commands/commands.ts';
import { ranking } from '../../site/search.ts';
import { searchQueries } from './search-queries.ts';
import { built, serveSite } from './serve.ts';

type Pagefind = {
  readonly options: (options: Readonly<Record<string, unknown>>) => Promise<void>;
  readonly init: () => Promise<void>;
  readonly destroy: () => Promise<void>;
  readonly search: (query: string) => Promise<{
    readonly results: readonly { readonly data: () => Promise<{ readonly url: string }> }[];
  }>;
};

const files = await readdir(built, { recursive: true }).catch((): readonly string[] => []);
const pages = new Set(
  files
    .filter((file) => file.endsWith('index.html'))
    .map((file) => `/${file.replace(/index\.html$/, '')}`),
);

let site: Listening;
let pagefind: Pagefind;

beforeAll(async () => {
  if (pages.size === 0) throw new Error('There is no site. Build it: npm run site:build');
  site = await serveSite();
  pagefind = (await import(new URL('pagefind/pagefind.js', built).href)) as Pagefind;
  await pagefind.options({ basePath: `${site.url}/pagefind/`, baseUrl: '/', ranking });
  await pagefind.init();
});
afterAll(async () => {
  await pagefind.destroy();
  await site.close();
});

/** The addresses of the best pages. */
const found = async (query: string): Promise<readonly string[]> =>
  Promise.all(
    (await pagefind.search(query)).results
      .slice(0, 3)
      .map(async (result) => (await result.data()).url),
  );

type Judged = { readonly query: string; readonly hits: readonly string[]; readonly right: boolean };

/** Of the queries whose page is built. */
async function judged(): Promise<readonly Judged[]> {
  const all = searchQueries
    .map(([query, ...answers]) => ({ query, answers: answers.filter((page) => pages.has(page)) }))
    .filter(({ answers }) => answers.length > 0);
  return Promise.all(
    all.map(async ({ query, answers }) => {
      const hits = await found(query);
      return { query, hits, right: answers.includes(hits[0] ?? '') };
    }),
  );
}

test('the right page comes first for nine of ten queries', async () => {
  const all = await judged();
  const wrong = all.filter(({ right }) => !right);
  const table = all.map(
    ({ query, hits, right }) => `${right ? '  ' : '✗ '}${query.padEnd(46)} ${hits.join('  ')}`,
  );
  if (process.env['SEARCH_TABLE'] !== undefined)
    console.log(
      [...table, `${String(all.length - wrong.length)} of ${String(all.length)} right`].join('\n'),
    );
  expect(all.length).toBeGreaterThanOrEqual(100);
  const enough = (all.length - wrong.length) / all.length >= 0.9;
  expect(enough ? [] : wrong.map(({ query, hits }) => `${query}: ${hits.join(' ')}`)).toEqual([]);
});

test.each([...namedReasons.keys()])('the reason %s finds its page', async (reason) => {
  expect((await found(reason))[0]).toBe(`/reasons/${reasonSlug(reason)}/`);
});

test('each command finds a page', async () => {
  const lost = await Promise.all(
    commands.map(async ({ words }) => {
      const query = `muster ${words.join(' ')}`;
      return (await found(query)).length === 0 ? [query] : [];
    }),
  );
  expect(lost.flat()).toEqual([]);
});

test('the cases of the explorer are not in the index', async () => {
  // Only its table has these words.
  expect(await found('"405 for GET, MCP for POST"')).toEqual([]);
});

test('the search field ranks with the options of the test', async () => {
  const scripts = await Promise.all(
    files
      .filter((file) => /^_astro\/.*\.js$/.test(file))
      .map((file) => readFile(new URL(file, built), 'utf8')),
  );
  const weights = Object.entries(ranking.metaWeights);
  const withRanking = scripts.find((script) => script.includes('metaWeights'));
  for (const [name, weight] of weights)
    expect(withRanking).toMatch(new RegExp(`["']?${name}["']?:${String(weight)}\\b`));
});
