import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { pageNames, readPage, slug } from './pages.ts';

const root = new URL('../../', import.meta.url);
const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
  cwd: fileURLToPath(root),
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '');

/** Every file, and every folder with a slash at its end. */
const tree: ReadonlySet<string> = new Set(
  files.flatMap((file) => {
    const folders = [...file.matchAll(/\//g)].map(({ index }) => file.slice(0, index + 1));
    return folders.concat(file);
  }),
);

/**
 * The paths of a map: the indented block below `## Map`, where two more spaces lead one level down.
 */
function pathsOfMap(page: string): readonly string[] {
  const [, block = ''] = /\n## Map\n\n((?: {4}.*\n)+)/.exec(page) ?? [];
  const above: string[] = [];
  return block.split('\n').flatMap((line) => {
    const [, indent = '', names] = /^ {4}( *)(\S+(?: \S+)*)/.exec(line) ?? [];
    if (names === undefined) return [];
    const depth = indent.length / 2;
    const parent = above.slice(0, depth).join('');
    above[depth] = names;
    return names.split(' ').map((name) => parent + name);
  });
}

const maps = [
  ['docs/contributing.md', await readPage('contributing.md')],
  ['AGENTS.md', await readPage('../AGENTS.md')],
] as const;

test.each(maps)('every path on the map of %s exists', (_, page) => {
  const paths = pathsOfMap(page);
  expect(paths).toContain('functions/model/');
  expect(paths.length).toBeGreaterThan(15);
  expect(paths.filter((path) => !tree.has(path))).toEqual([]);
});

test('every file and folder at the top of functions/ and cli/ is on the map', () => {
  const [[, page]] = maps;
  const paths = new Set(pathsOfMap(page));
  const top = [...tree].filter((path) => /^(functions|cli)\/[^/]+\/?$/.test(path));
  expect(top.length).toBeGreaterThan(10);
  expect(top.filter((path) => !paths.has(path))).toEqual([]);
});

test('AGENTS.md fits on one screen', () => {
  const [, [, page]] = maps;
  expect(page.split('\n').length).toBeLessThanOrEqual(61);
});

test.each(['CONTRIBUTING.md', 'SECURITY.md', 'README.md', 'CHANGELOG.md', 'AGENTS.md'])(
  'the files that %s links are there',
  async (name) => expect(await deadLinks(`../${name}`)).toEqual([]),
);

test.each(pageNames)(
  'the links of %s lead to files that git has, with their headings',
  async (name) => expect(await deadLinks(name)).toEqual([]),
);

test.each(pageNames.filter((name) => name !== 'glossary.md'))(
  '%s links the glossary',
  async (name) => expect(await readPage(name)).toContain('](glossary.md)'),
);

/** Relative links whose file, or whose heading in a page, is not there. */
async function deadLinks(name: string): Promise<readonly string[]> {
  const base = new URL(`docs/${name}`, root);
  const links = [...(await readPage(name)).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = '']) => link)
    .filter((link) => !/^(https?|mailto):/.test(link));
  const dead = await Promise.all(
    links.map(async (link) => {
      const target = new URL(link, base);
      const path = target.pathname.slice(root.pathname.length);
      if (!tree.has(path)) return [link];
      if (target.hash === '') return [];
      const text = await readFile(new URL(path, root), 'utf8');
      const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => slug(heading));
      // A link into a state of the explorer.
      if (text.includes('<!-- site: explorer -->')) headings.push('explorer');
      return headings.includes(target.hash.slice(1)) ? [] : [link];
    }),
  );
  return dead.flat();
}

const strings = z.record(z.string(), z.string());
const packageSchema = z.object({
  dependencies: strings,
  devDependencies: strings,
  optionalDependencies: strings,
  overrides: strings,
});
const lockSchema = z.object({
  packages: z.record(z.string(), z.looseObject({ license: z.optional(z.string()) })),
});

test('the page on dependencies has every dependency with its license, and no other', async () => {
  const read = async (name: string): Promise<unknown> =>
    JSON.parse(await readFile(new URL(name, root), 'utf8'));
  const { dependencies, devDependencies, optionalDependencies, overrides } = packageSchema.parse(
    await read('package.json'),
  );
  const { packages } = lockSchema.parse(await read('package-lock.json'));
  const page = await readPage('dependencies.md');
  const rows = [...page.matchAll(/^\| `([^`]+)` \|.*\| (.+) \|$/gm)];
  const names = Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies });
  expect(rows).toHaveLength(names.length);
  expect(Object.fromEntries(rows.map(([, name = '', license]) => [name, license]))).toEqual(
    Object.fromEntries(names.map((name) => [name, packages[`node_modules/${name}`]?.license])),
  );
  const pins = [...page.matchAll(/^\| `([^`]+)` (\S+) \|/gm)];
  expect(Object.fromEntries(pins.map(([, name = '', version]) => [name, version]))).toEqual(
    overrides,
  );
});
