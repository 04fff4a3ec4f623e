import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

const root = new URL('../../', import.meta.url);
const page = await readFile(new URL('docs/security.md', root), 'utf8');

/** Row, file and title of each test that the table names. */
const named = [...page.matchAll(/^\| (\d+) \| .*$/gm)].flatMap(([line, row = '']) =>
  [...line.matchAll(/`(test\/[^`]+)`: (.+?)(?=<br>| \|$)/g)].map(
    ([, file = '', title = '']) => [row, file, title.replaceAll('\\|', '|')] as const,
  ),
);

test('the table has every attack, each with a test', () => {
  const rows = new Set(named.map(([row]) => Number(row)));
  expect([...rows]).toEqual(Array.from({ length: 34 }, (_, row) => row));
});

test.each(named)('attack %s: %s has "%s"', async (_row, file, title) => {
  expect(await readFile(new URL(file, root), 'utf8')).toContain(title);
});
