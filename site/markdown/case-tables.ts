/**
 * The nine cases of State and session: each command of a cell becomes a line of its own, and each
 * cell carries the head of its column, so that a small screen can show the cells below each other.
 */
import { defineHastPlugin, type HastVisitorContext } from 'satteri';
import { type Element, isElement } from './element.ts';

type Child = Element['children'][number];

export const caseTables = defineHastPlugin({
  name: 'case-tables',
  element: {
    filter: ['td'],
    visit(cell, context) {
      if (!context.textContent(cell).startsWith('kubectl: ')) return;
      context.replaceNode(cell, {
        type: 'element',
        tagName: 'td',
        properties: { className: ['case'] },
        children: [
          element('span', 'case-person', [{ type: 'text', value: headOf(cell, context) }]),
          ...linesOf(cell.children).map(lineOf),
        ],
      });
    },
  },
});

/** The head of the column, which a wide screen shows only once. */
function headOf(cell: Readonly<Element>, context: HastVisitorContext): string {
  const row = context.parent(cell);
  const body = context.parent(row);
  const table = body === undefined ? undefined : context.parent(body);
  const column = context.indexOf(cell);
  if (table?.type !== 'element' || column === undefined) return '';
  const head = table.children.find(isElement);
  const heads = head?.children.find(isElement);
  const cells = heads?.children.filter(isElement) ?? [];
  const before = row.children.slice(0, column).filter(isElement).length;
  const wanted = cells[before];
  return wanted === undefined ? '' : context.textContent(wanted);
}

function linesOf(children: readonly Child[]): readonly (readonly Child[])[] {
  const lines: Child[][] = [[]];
  for (const child of children) {
    if (child.type === 'raw' && child.value === '<br>') lines.push([]);
    else lines.at(-1)?.push(child);
  }
  return lines;
}

/** `kubectl: ` and the cells of the command, or what to do. */
function lineOf([first, ...rest]: readonly Child[]): Element {
  const [, command, text = ''] =
    first?.type === 'text' ? (/^\n?(\w+): (.*)$/.exec(first.value) ?? []) : [];
  if (command === undefined)
    return element('span', 'case-next', first === undefined ? rest : [first, ...rest]);
  const values: readonly Child[] = text === '' ? rest : [{ type: 'text', value: text }, ...rest];
  return element('span', 'case-line', [
    element('span', 'case-command', [{ type: 'text', value: `${command}: ` }]),
    element('span', 'case-values', values),
  ]);
}

const element = (tagName: string, className: string, children: readonly Child[]): Element => ({
  type: 'element',
  tagName,
  properties: { className: [className] },
  children: [...children],
});
