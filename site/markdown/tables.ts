import { defineHastPlugin } from 'satteri';
import { isElement } from './element.ts';

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

/** More columns are numbers, which one compares down a column: those scroll. */
const mostColumnsOfCards = 6;

/**
 * A phone shows a row of such a table as a card, and each cell after the first one with the head of
 * its column. What follows a name that one looks up is its meaning, and needs none.
 */
export const cellsHaveHeads = defineHastPlugin({
  name: 'cells-have-heads',
  element: {
    filter: ['table'],
    visit(table, context) {
      const [head, body] = table.children.filter(isElement);
      const heads = (head?.children.find(isElement)?.children ?? [])
        .filter(isElement)
        .map((cell) => context.textContent(cell));
      if (heads.length < 3 || heads.length > mostColumnsOfCards) return;
      const first = lookedUp.has(heads[0] ?? '') ? 2 : 1;
      for (const row of (body?.children ?? []).filter(isElement))
        for (const [column, cell] of row.children.filter(isElement).entries())
          if (column >= first) context.setProperty(cell, 'dataHead', heads[column]);
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
        const [title = ''] = context.textContent(head).trim().split('\n');
        const first = row.children.find(isElement);
        const prefix = lookedUp.get(title);
        if (prefix === undefined || first === undefined) return;
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
