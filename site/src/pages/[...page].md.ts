import type { APIRoute, GetStaticPaths } from 'astro';
import { pageTexts } from '../page-text.ts';

export const getStaticPaths: GetStaticPaths = async () => {
  const site = import.meta.env.SITE;
  const pages = await pageTexts(site === undefined ? undefined : new URL(site));
  return pages.map(({ id, markdown }) => ({ params: { page: id }, props: { markdown } }));
};

/** Each page as Markdown, at its address with `.md`. */
export const GET: APIRoute<{ readonly markdown: string }> = ({ props: { markdown } }) =>
  new Response(markdown);
