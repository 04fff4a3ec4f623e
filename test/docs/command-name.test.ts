import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

const root = new URL('../../', import.meta.url);

test('no page and no banner leads to a package that is not ours', async () => {
  const pages = (await readdir(new URL('docs/', root))).filter((file) => file.endsWith('.md'));
  const files = [
    'README.md',
    'cli/package/README.md',
    'local/start.ts',
    ...pages.map((p) => `docs/${p}`),
  ];
  const found: string[] = [];
  for (const file of files)
    if (/npx (?:--?\S+ )*muster/.test(await readFile(new URL(file, root), 'utf8')))
      found.push(file);
  expect(found).toEqual([]);
});
