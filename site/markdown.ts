/**
 * What the site does to the Markdown of `docs/`: plugins of Satteri. The text itself stays as a
 * forge shows it.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { renderMermaidSVG } from 'beautiful-mermaid';
import { defineHastPlugin, defineMdastPlugin } from 'satteri';
import { sources } from './source.ts';
import { caseTable } from './src/explorer/cases.ts';

/** Starlight prints the title of the page above the text. */
export const titlesAreNotRepeated = defineMdastPlugin({
  name: 'titles-are-not-repeated',
  heading(node, context) {
    if (node.depth === 1) context.removeNode(node);
  },
});

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
      return context.setProperty(node, 'url', `/${page}${page === '' ? '' : '/'}${target.hash}`);
    const repository = process.env['REPOSITORY_URL'];
    if (repository !== undefined)
      return context.setProperty(node, 'url', `${repository.replace(/\/$/, '')}/blob/main/${path}`);
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
  if (!existsSync(new URL(`../${path}`, import.meta.url)))
    throw new Error(`A page links to ${path}, which does not exist.`);
  return slug === 'index' ? '' : slug;
}

/**
 * A `mermaid` fence becomes a drawing. The text after `mermaid` is its caption, also for screen
 * readers.
 */
export const diagrams = defineMdastPlugin({
  name: 'diagrams',
  code(node, context) {
    if (node.lang !== 'mermaid') return;
    if (!node.meta) throw new Error('A diagram needs a caption. Write it after ```mermaid.');
    const svg = renderMermaidSVG(node.value, {
      bg: 'var(--sl-color-bg)',
      fg: 'var(--sl-color-text)',
      line: 'var(--sl-color-gray-3)',
      accent: 'var(--sl-color-text-accent)',
      muted: 'var(--sl-color-gray-2)',
      surface: 'var(--sl-color-bg-inline-code)',
      border: 'var(--sl-color-gray-4)',
      font: 'system-ui',
      padding: 8,
      transparent: true,
    });
    // Broken source is drawn as an empty picture, without an error.
    if (!svg.includes('<text'))
      throw new Error(`The diagram "${node.meta}" is empty. Check its source.`);
    const text = escaped(node.meta);
    const drawing = svg
      .replace(/@import url\([^)]*\);?/g, '')
      .replace('<svg ', `<svg role="img" aria-label="${text}" `)
      .replace(/\s*\n\s*/g, ' ');
    context.replaceNode(node, {
      raw: `<figure class="diagram"><div class="diagram-scroll" tabindex="0" role="group" aria-label="${text}">${drawing}</div><figcaption>${text}</figcaption></figure>`,
      mdxExpressions: false,
    });
  },
});

/** Comments that a forge does not show, and what the site puts in their place. */
export const markers = defineMdastPlugin({
  name: 'markers',
  html(node, context) {
    const comment = node.value.trim();
    if (/^<!-- (table|before): /.test(comment)) return context.removeNode(node);
    const tag = tabsTag(comment);
    if (tag !== undefined) return context.replaceNode(node, { raw: tag, mdxExpressions: false });
    if (comment !== '<!-- site: explorer -->') return;
    context.replaceNode(node, {
      raw: `<muster-explorer id="explorer" data-pagefind-ignore>\n${caseTable()}\n</muster-explorer>`,
      mdxExpressions: false,
    });
  },
});

/** Each heading between these comments, with what follows it, becomes a tab in a browser. */
function tabsTag(comment: string): string | undefined {
  if (comment === '<!-- site: end of tabs -->') return '</muster-tabs>';
  const [, label] = /^<!-- site: tabs: (.+) -->$/.exec(comment) ?? [];
  return label === undefined ? undefined : `<muster-tabs data-label="${escaped(label)}">`;
}

/** A wide table scrolls on its own, also by keyboard. The page never does. */
export const tablesScroll = defineHastPlugin({
  name: 'tables-scroll',
  element: {
    filter: ['table'],
    visit(node, context) {
      const properties = {
        className: ['table-scroll'],
        tabIndex: 0,
        role: 'group',
        ariaLabel: 'Table',
      };
      context.wrapNode(node, { type: 'element', tagName: 'div', properties, children: [] });
    },
  },
});

/** An empty corner of a table is not a header. */
export const emptyHeadersAreCells = defineHastPlugin({
  name: 'empty-headers-are-cells',
  element: {
    filter: ['th'],
    visit(node, context) {
      if (node.children.length === 0)
        context.replaceNode(node, { type: 'element', tagName: 'td', properties: {}, children: [] });
    },
  },
});

const escaped = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/"/g, '&quot;').replace(/</g, '&lt;');
