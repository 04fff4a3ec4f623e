import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { readPage } from './pages.ts';

const root = new URL('../../', import.meta.url);

const sources = await Promise.all(
  ['cli', 'functions', 'local'].map(async (folder) => {
    const files = (await readdir(new URL(`${folder}/`, root), { recursive: true })).filter((file) =>
      file.endsWith('.ts'),
    );
    return Promise.all(files.map((file) => readFile(new URL(`${folder}/${file}`, root), 'utf8')));
  }),
);
const code = sources.flat().join('\n');

const tables = await Promise.all(
  ['troubleshoot.md', 'clients.md', 'registered-clients.md', 'single-sign-on.md'].map(
    async (name) => {
      const [, byText = ''] = (await readPage(name)).split('\n## Error texts\n');
      return [...byText.matchAll(/^\| `([^`]+)`/gm)].map(([, text = '']) => [name, text] as const);
    },
  ),
);

test.each(tables.flat())('%s: the product says "%s"', (_, text) => {
  for (const part of text
    .split('...')
    .map((literal) => literal.trim())
    .filter((literal) => literal !== ''))
    expect(code).toContain(part);
});
