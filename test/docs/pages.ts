/**
 * The pages of `docs/`, taken apart: what stands in fences and in tables is checked by tests, or
 * written by them.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';

const docs = new URL('../../docs/', import.meta.url);

/** `npm run docs:write`: what a test finds to be otherwise is written into the page. */
export const isWriting = process.env['DOCS'] === 'write';

/** The names of all pages in `docs/` that people write: `index.md`. */
export const pageNames: readonly string[] = (await readdir(docs))
  .filter((name) => name.endsWith('.md'))
  .toSorted();

export const readPage = (name: string): Promise<string> => readFile(new URL(name, docs), 'utf8');
export const writePage = (name: string, text: string): Promise<void> =>
  writeFile(new URL(name, docs), text);

export type Fence = {
  readonly language: string;
  /** What stands behind the language. */
  readonly info: string;
  readonly text: string;
  /** Where the text begins in the page. */
  readonly at: number;
  /**
   * Commands that have to be run before, unseen: `<!-- before: muster auth login -->` above the
   * fence, parted by `;`.
   */
  readonly before: readonly string[];
};

export const fencesIn = (page: string): readonly Fence[] =>
  [...page.matchAll(/(?:<!-- before: (.+?) -->\n\n)?^```(\S*)[ \t]*(.*)\n([\s\S]*?)^```$/gm)].map(
    (match) => {
      const [all, before = '', language = '', info = '', text = ''] = match;
      return {
        language,
        info,
        text,
        at: match.index + all.lastIndexOf(text + '```'),
        before: before === '' ? [] : before.split('; '),
      };
    },
  );

/** The table below `<!-- table: NAME -->`. Undefined: the page has none of that name. */
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
