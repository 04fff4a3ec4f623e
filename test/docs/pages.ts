/**
 * The pages of `docs/`, split into parts: tests check or write the contents of fences and tables.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { defined } from '../../functions/model/defined.ts';

const docs = new URL('../../docs/', import.meta.url);

/** `npm run docs:write`: tests write the current output into the pages instead of comparing it. */
export const isWriting = process.env['DOCS'] === 'write';

/** The names of all pages in `docs/` that people write: `index.md`. */
export const pageNames: readonly string[] = (await readdir(docs))
  .filter((name) => name.endsWith('.md') && name !== 'changelog.md')
  .toSorted();

export const readPage = (name: string): Promise<string> => readFile(new URL(name, docs), 'utf8');
export const writePage = (name: string, text: string): Promise<void> =>
  writeFile(new URL(name, docs), text);

export type Fence = {
  readonly language: string;
  /** The text after the language. */
  readonly info: string;
  readonly text: string;
  /** Index of the text in the page. */
  readonly at: number;
  /** The world that the commands run in: `<!-- world: NAME -->` above the fence. */
  readonly world?: string;
  /**
   * What happens first and is not shown: `<!-- before: muster auth login; sweep -->` above the
   * fence, separated by `;`. The comments of a fence have an empty line below each.
   */
  readonly before: readonly string[];
  /** What happens while a command runs that stays, such as `muster list --watch`: `during`. */
  readonly during: readonly string[];
};

const fence =
  /((?:<!-- (?:world|before|during): [^\n]+ -->\n\n)*)^```(\S*)[ \t]*(.*)\n([\s\S]*?)^```$/gm;

export const fencesIn = (page: string): readonly Fence[] =>
  [...page.matchAll(fence)].map(
    ({ index, 0: all, 1: comments = '', 2: language = '', 3: info = '', 4: text = '' }) =>
      defined({
        language,
        info,
        text,
        at: index + all.lastIndexOf(text + '```'),
        world: commentIn(comments, 'world'),
        before: commentIn(comments, 'before')?.split('; ') ?? [],
        during: commentIn(comments, 'during')?.split('; ') ?? [],
      }),
  );

const commentIn = (comments: string, key: string): string | undefined =>
  new RegExp(`<!-- ${key}: (.+) -->`).exec(comments)?.[1];

/** The table below `<!-- table: NAME -->`. Undefined: the page has no such table. */
export function tableIn(
  page: string,
  name: string,
): { readonly text: string; readonly at: number } | undefined {
  const match = new RegExp(`<!-- table: ${name} -->\\n\\n((?:\\|.*\\n)*)`).exec(page);
  const text = match?.[1];
  return match === null || text === undefined
    ? undefined
    : { text, at: match.index + match[0].length - text.length };
}

export const replaced = (
  page: string,
  part: { readonly at: number; readonly text: string },
  text: string,
): string => page.slice(0, part.at) + text + page.slice(part.at + part.text.length);

/** The anchor of a heading, on a forge and on the site. */
export const slug = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replace(/ /g, '-');
