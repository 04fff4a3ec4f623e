/**
 * The pages of `docs/`, split into parts: tests check or write the contents of fences and tables.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';

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
  /**
   * Commands that run first and are not shown: `<!-- before: muster auth login -->` above the
   * fence, separated by `;`.
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
