import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parts, reports } from '../../bench/bench.ts';
import { programs } from '../../bench/peers.ts';
import { placesIn, writtenIn } from '../../bench/performance-page.ts';
import { columns } from '../../bench/printed.ts';
import { pageNames, readPage } from './pages.ts';

const page = await readPage('performance.md');
const names = Object.keys(parts);

const rowsOf = (text: string): readonly (readonly string[])[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.slice(2, -2).split(' | '))
    .map((cells) => cells.map((cell) => cell.trim()));

/** From the heading of a part to the next one. */
const sectionOf = (name: string): string =>
  page.split(/^##+ /m).find((section) => placesIn(section).includes(name)) ?? '';

test.each(names)('the page on performance has a dated table of %s', (name) => {
  const text = writtenIn(page, name) ?? '';
  expect(text).toMatch(/^Measured on \d{4}-\d{2}-\d{2}, \d+ cores \([^)]+\), Node \d+\.\d+\.\d+, /);
  const [heads = [], , ...rows] = rowsOf(text);
  expect(heads).toEqual(columns);
  expect(rows.length).toBeGreaterThan(0);
  for (const cells of rows) {
    expect(cells).toHaveLength(columns.length);
    const [, aim = '', , , , met] = cells;
    expect(met).toMatch(aim === '' ? /^$/ : /^(yes|no)$/);
  }
});

test.each(names)('each aim of %s that was missed has its reason', (name) => {
  const section = sectionOf(name);
  const isMissed = rowsOf(section).some((cells) => cells.at(-1) === 'no');
  const hasReasons = /<!-- bench: end -->\n\nMissed aims:\n\n- \*\*/.test(section);
  expect(hasReasons || !isMissed).toBe(true);
});

test('each table of the page is that of a benchmark, and there once', () => {
  const places = placesIn(page);
  expect(places).toEqual([...new Set(places)]);
  expect(places.filter((name) => !names.includes(name) && !(name in reports))).toEqual([]);
  expect(places.filter((name) => names.includes(name))).toEqual(names);
});

test('no name is a part and a report', () =>
  expect(names.filter((name) => name in reports)).toEqual([]));

test('the page has the command for each peer that a machine may lack', () => {
  for (const { label, debianPackage } of Object.values(programs))
    expect(page).toContain(`| ${label} | \`apt-get install -y ${debianPackage}\` |`);
});

test.each(Object.entries(reports))('the report %s is there', async (_, { file }) => {
  const source = await readFile(new URL(`../../bench/${file}`, import.meta.url), 'utf8');
  expect(source).not.toBe('');
});

test.each(['../package.json', '../README.md', '../AGENTS.md', ...pageNames])(
  'each benchmark that %s names exists',
  async (name) => {
    const text = await readPage(name);
    expect(text).not.toMatch(/\bbench:\w/);
    const named = [...text.matchAll(/npm run bench -- ([a-z]\w*)/g)].map(([, one = '']) => one);
    expect(named.filter((one) => !(one in parts) && !(one in reports))).toEqual([]);
  },
);
