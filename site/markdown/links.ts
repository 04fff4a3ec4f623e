import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineMdastPlugin } from 'satteri';
import { repositoryUrl } from '../address.ts';
import { sources } from '../source.ts';

/**
 * `list.md#wide` leads to `/list/#wide`, a file of the code to the page made of it, any other file
 * to the forge.
 */
export const linksBetweenPages = defineMdastPlugin({
  name: 'links-between-pages',
  link(node, context) {
    if (/^(https?:|#|\/|mailto:)/.test(node.url) || context.fileURL === undefined) return;
    const target = new URL(node.url, context.fileURL);
    const path = fromRoot(target, context.fileURL);
    const page = pageOf(path);
    if (page !== undefined)
      return context.setProperty(
        node,
        'url',
        `/${page}${page === '' ? '' : '/'}${target.search}${target.hash}`,
      );
    const file = repositoryUrl(`blob/main/${path}`);
    if (file !== undefined) return context.setProperty(node, 'url', file);
    context.replaceNode(node, { type: 'inlineCode', value: path });
  },
});

/**
 * Path from the root of the repository, whether the page was found in `docs/` or through the link
 * in `site/`.
 */
function fromRoot(target: URL, page: URL): string {
  const inDocs = /^(.*?)(?:\/site\/src\/content)?\/docs\//.exec(fileURLToPath(page))?.[1] ?? '';
  const path = fileURLToPath(new URL(target.pathname, 'file:')).slice(inDocs.length + 1);
  return path.replace(/^site\/src\/content\/(docs\/|)/, (_, docs: string) => docs);
}

function pageOf(path: string): string | undefined {
  const [reference] = Object.entries(sources).find(([, source]) => source === path) ?? [];
  if (reference !== undefined) return reference;
  const [, slug] = /^docs\/(.+)\.md$/.exec(path) ?? [];
  if (slug === undefined) return undefined;
  if (!existsSync(new URL(`../../${path}`, import.meta.url)))
    throw new Error(`A page links to ${path}, which does not exist.`);
  return slug === 'index' ? '' : slug;
}
