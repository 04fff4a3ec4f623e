import { defineMdastPlugin } from 'satteri';
import { caseTable } from '../src/explorer/cases.ts';
import { escaped } from './escaped.ts';

/** Comments that a forge does not show, and what the site puts in their place. */
export const markers = defineMdastPlugin({
  name: 'markers',
  html(node, context) {
    const comment = node.value.trim();
    if (/^<!-- (table|bench|before|world|during): /.test(comment)) return context.removeNode(node);
    const tag = tabsTag(comment) ?? columnsTags[comment];
    if (tag !== undefined) return context.replaceNode(node, { raw: tag, mdxExpressions: false });
    if (comment !== '<!-- site: explorer -->') return;
    context.replaceNode(node, {
      raw: `<muster-explorer id="explorer">\n${caseTable()}\n</muster-explorer>`,
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

/** Two parts that a wide screen shows beside each other. */
const columnsTags: Readonly<Record<string, string>> = {
  '<!-- site: columns -->': '<div class="side-by-side">',
  '<!-- site: end of columns -->': '</div>',
};
