import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { slug } from '../docs/pages.ts';

const root = new URL('../../', import.meta.url);
const read = (path: string): Promise<string> => readFile(new URL(path, root), 'utf8');

/** `docs/page.md#anchor`, as the commands print them. */
const links = (
  await Promise.all(
    globSync('deploy/**/*.ts', { cwd: root }).map(async (file) =>
      [...(await read(file)).matchAll(/\b(docs\/[\w-]+\.md)(?:#([\w-]+))?/g)].map(
        ([, page = '', anchor]) => ({ file, page, anchor }),
      ),
    ),
  )
).flat();

test.each(links)('$file leads to $page#$anchor, which exists', async ({ page, anchor }) => {
  const headings = [...(await read(page)).matchAll(/^#+ (.+)$/gm)].map(([, one = '']) => slug(one));
  expect([undefined, ...headings]).toContain(anchor);
});

test('there are links', () => {
  expect(links.length).toBeGreaterThan(5);
});
