import { defineHastPlugin } from 'satteri';

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

/**
 * Tables whose rows one looks up by name, by the head of their first column, and what precedes the
 * name in the anchor: a number alone says nothing.
 */
const lookedUp: ReadonlyMap<string, string> = new Map([
  ['setting', ''],
  ['term', ''],
  ['argument', ''],
  ['variable', ''],
  ['exit code', 'exit-code-'],
]);

/** `GUARD_ALLOW` has the anchor `guard_allow`, `machine key` has `machine-key`. */
export const anchorOf = (name: string): string => name.toLowerCase().replace(/\W+/g, '-');

/** `/reference/settings/#guard_allow`: each name in the first column of such a table is a link to
 * itself. */
export const rowsHaveAnchors = () => {
  const seen = new Set<string>();
  return defineHastPlugin({
    name: 'rows-have-anchors',
    element: {
      filter: ['tr'],
      visit(row, context) {
        const body = context.parent(row);
        const table = body && context.parent(body);
        const head =
          table?.type === 'element'
            ? table.children.find((child) => child.type === 'element' && child.tagName === 'thead')
            : undefined;
        const isBody = body?.type === 'element' && body.tagName === 'tbody';
        if (!isBody || head === undefined) return;
        const heads = context.textContent(head).trim().split('\n');
        const [title = ''] = heads;
        const first = row.children.find((child) => child.type === 'element');
        const prefix = lookedUp.get(title);
        if (prefix === undefined || first?.type !== 'element') return;
        const cells = row.children.filter((child) => child.type === 'element');
        // On a phone, the name is above its meaning, and what follows needs its head.
        for (const [column, cell] of cells.entries())
          if (column >= 2) context.setProperty(cell, 'dataHead', heads[column]);
        const codes = first.children.filter(
          (child) => child.type === 'element' && child.tagName === 'code',
        );
        for (const name of codes.length > 0 ? codes : first.children.slice(0, 1)) {
          const id = prefix + anchorOf(context.textContent(name));
          if (seen.has(id)) continue;
          seen.add(id);
          const properties = { className: ['row-link'], id, href: `#${id}` };
          context.wrapNode(name, { type: 'element', tagName: 'a', properties, children: [] });
        }
      },
    },
  });
};
