/** The pages as Markdown, for programs: what the site is made of, with links that work anywhere. */
import type { CollectionEntry } from 'astro:content';
import { getCollection } from 'astro:content';
import { repositoryUrl } from '../address.ts';
import { sources } from '../source.ts';
import { answers } from './explorer/answers.ts';
import { show } from './explorer/cases.ts';
import { firstChoice } from './explorer/choice.ts';

type Page = CollectionEntry<'docs'>;

export type PageText = {
  /** `list`; the first page is `index`. */
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly markdown: string;
};

const first = ['index', 'state-and-session'];

/** All pages: the first ones first, then by their names. */
export async function pageTexts(site: URL | undefined): Promise<readonly PageText[]> {
  const pages = await getCollection('docs');
  const rank = ({ id }: Page): number => first.indexOf(id || 'index') + 1 || 3;
  return pages
    .toSorted((one, other) => rank(one) - rank(other) || (one.id < other.id ? -1 : 1))
    .map((page) => ({
      id: page.id || 'index',
      title: page.data.title,
      description: page.data.description ?? '',
      markdown: markdownOf(page, site),
    }));
}

/** The address of a page as Markdown. */
export const addressOf = (id: string, site: URL | undefined): string =>
  site === undefined ? `/${id}.md` : new URL(`/${id}.md`, site).href;

function markdownOf({ id, body = '' }: Page, site: URL | undefined): string {
  const base = new URL(`http://pages/docs/${id || 'index'}.md`);
  return `${body
    .replace(/^<!-- site: explorer -->$/m, cases())
    .replace(/^<!-- .* -->\n\n?/gm, '')
    .replace(/\]\((?!https?:|#|mailto:)([^)\s]+)\)/g, (_, target: string) => {
      const { pathname, hash } = new URL(target, base);
      return `](${linkTo(pathname.slice(1), site)}${hash})`;
    })
    .trim()}\n`;
}

function linkTo(path: string, site: URL | undefined): string {
  const [reference] = Object.entries(sources).find(([, source]) => source === path) ?? [];
  const [, page] = /^docs\/(.+)\.md$/.exec(path) ?? [];
  const id = reference ?? page;
  return id === undefined ? (repositoryUrl(`blob/main/${path}`) ?? path) : addressOf(id, site);
}

/** The table that stands where the explorer is. */
function cases(): string {
  const rows = answers.map(({ name, label }) => {
    const [one, , three] = ([1, 2, 3] as const).map((times) =>
      show({ ...firstChoice, answer: name, times }),
    );
    return `| ${label} | ${one?.state ?? '-'} | ${three?.state ?? '-'} | ${three?.reason ?? '-'} |`;
  });
  return [
    '| the server answers | STATE at first | STATE from the third time | reason |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n');
}
