import { renderMermaidSVG } from 'beautiful-mermaid';
import { defineMdastPlugin } from 'satteri';
import { escaped } from './escaped.ts';

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
    const drawing = withOwnIds(svg, node.meta)
      .replace(/@import url\([^)]*\);?/g, '')
      .replace('<svg ', `<svg role="img" aria-label="${text}" `)
      // Smaller text than this cannot be read on a phone.
      .replaceAll('font-size="11"', 'font-size="12"')
      .replace(/\s*\n\s*/g, ' ');
    context.replaceNode(node, {
      raw: `<figure class="diagram"><div class="diagram-scroll" tabindex="0" role="group" aria-label="${text}">${drawing}</div><figcaption>${text}</figcaption></figure>`,
      mdxExpressions: false,
    });
  },
});

/** Drawings of one page must not share ids: an arrow would be that of the first one. */
function withOwnIds(svg: string, caption: string): string {
  const prefix = caption.toLowerCase().replace(/\W+/g, '-').replace(/-$/, '');
  return svg
    .replace(/(\sid=")/g, `$1${prefix}-`)
    .replace(/url\(#/g, `url(#${prefix}-`)
    .replace(/(href="#)/g, `$1${prefix}-`);
}
