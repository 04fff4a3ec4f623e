import type { APIRoute } from 'astro';
import { getEntry } from 'astro:content';
import { markdownToHtml } from 'satteri';
import { lastChange } from '../../history.ts';
import { feedOf, versionsIn } from '../changelog-feed.ts';

export const GET: APIRoute = async () => {
  const page = await getEntry('docs', 'changelog');
  const updated = lastChange('CHANGELOG.md') ?? new Date(0);
  const htmlOf = (markdown: string): string =>
    markdownToHtml(markdown.replace(/\]\(([\w-]+)\.md/g, '](/$1/')).html;
  return new Response(feedOf(versionsIn(page?.body ?? ''), updated, htmlOf));
};
