import { readFileSync } from 'node:fs';
import { defineHastPlugin } from 'satteri';
import { anchorOf } from './tables.ts';

type Definition = { readonly term: string; readonly text: string };

/** They are also ordinary English, or a page is full of them: a tip would often be wrong. */
const ordinary = new Set([
  'STATE',
  'SESSION',
  'page',
  'hop',
  'outcome',
  'condition',
  'reason',
  'disruption',
  'fence',
  'release',
  'generation',
  'lease',
  'proof',
  'owner',
  'endpoint',
  'MCPServer',
  'classify',
  'connector',
  'verification',
  'last changes',
  'cursor',
]);

/** The rows of the tables of `docs/glossary.md`, the longest term first. */
export const definitionsIn = (glossary: string): readonly Definition[] =>
  [...glossary.matchAll(/^\| ([^|]+?) \| (.+) \|$/gm)]
    .map(([, term = '', text = '']) => ({ term, text: plain(text) }))
    .filter(({ term }) => term !== 'term' && !ordinary.has(term))
    .toSorted((one, other) => other.term.length - one.term.length);

const plain = (markdown: string): string =>
  markdown.replace(/\[([^\]]+)\]\([^)]*\)/g, '$1').replace(/`/g, '');

const definitions = definitionsIn(
  readFileSync(new URL('../../docs/glossary.md', import.meta.url), 'utf8'),
);
const terms = new RegExp(
  `(?<![\\w-])(${definitions.map(({ term }) => term).join('|')})s?(?![\\w-])`,
  'gi',
);

/** Text in these is no place for a link. */
const without = new Set([
  'table',
  'a',
  'code',
  'pre',
  'h1',
  'h2',
  'h3',
  'h4',
  'h5',
  'h6',
  'th',
  'button',
  'svg',
]);

/**
 * The first use of a term on a page leads to its definition, which a script shows on the spot. The
 * glossary itself has none.
 */
export const termsAreExplained = ({ fileURL }: { readonly fileURL: URL | undefined }) => {
  if (fileURL?.pathname.endsWith('/glossary.md')) return undefined;
  const seen = new Set<string>();
  return defineHastPlugin({
    name: 'terms-are-explained',
    text(node, context) {
      for (let at = context.parent(node); at?.type === 'element'; at = context.parent(at))
        if (without.has(at.tagName)) return;
      const parts: (string | (Definition & { readonly use: string }))[] = [];
      let rest = node.value;
      for (;;) {
        const [definition, use, index] = firstIn(rest, seen);
        if (definition === undefined) break;
        seen.add(definition.term);
        parts.push(rest.slice(0, index), { ...definition, use });
        rest = rest.slice(index + use.length);
      }
      if (parts.length === 0) return;
      context.replaceNode(
        node,
        [...parts, rest].map((part) =>
          typeof part === 'string'
            ? { type: 'text', value: part }
            : {
                type: 'element',
                tagName: 'a',
                properties: {
                  className: ['term'],
                  href: `/glossary/#${anchorOf(part.term)}`,
                  dataDefinition: part.text,
                },
                children: [{ type: 'text', value: part.use }],
              },
        ),
      );
    },
  });
};

/** The first use of a term that was not seen yet, as it is written, and where. */
function firstIn(
  text: string,
  seen: ReadonlySet<string>,
): readonly [Definition, string, number] | readonly [undefined, '', 0] {
  for (const match of text.matchAll(terms)) {
    const [use, word = ''] = match;
    const definition = definitions.find(({ term }) => term === word.toLowerCase());
    if (definition !== undefined && !seen.has(definition.term))
      return [definition, use, match.index];
  }
  return [undefined, '', 0];
}
