/** In a table, the name of a reason leads to its page. A forge, which has no such page, shows it as code. */
import { defineHastPlugin } from 'satteri';
import { reasonFacts, reasonSlug } from '../../functions/model/reason-facts.ts';

export const reasonLinks = defineHastPlugin({
  name: 'reason-links',
  element: {
    filter: ['code'],
    visit(node, context) {
      const reason = context.textContent(node);
      const parent = context.parent(node);
      if (!reasonFacts.has(reason) || parent.type !== 'element' || parent.tagName !== 'td') return;
      context.wrapNode(node, {
        type: 'element',
        tagName: 'a',
        properties: { href: `/reasons/${reasonSlug(reason)}/` },
        children: [],
      });
    },
  },
});
