/** The list as a table whose rows stay the same elements while their cells change. */
import { shortAge, sinceOf } from '../../../../cli/output/columns.ts';
import { isPending } from '../../../../cli/output/status-text.ts';
import { localDateTime } from '../../../../cli/output/local-time.ts';
import { qualifiedName } from '../../../../functions/model/mcpserver.ts';
import type { Row } from '../../../../functions/model/wire/server-wire.ts';
import { button, type Child, element, fill, on } from './dom.ts';
import { reasonLink } from './reason-link.ts';
import { sessionBadge, stateBadge } from './status-badge.ts';
import type { Choice, SortColumn } from './view-choice.ts';

export type TableView = {
  /** All of them, for the names. */
  readonly rows: readonly Row[];
  readonly shown: readonly Row[];
  readonly signedIn: boolean;
  readonly choice: Choice;
  /** What a row was before, while that is news: uid to STATE. */
  readonly changed: ReadonlyMap<string, string>;
  readonly now: Date;
};

type Column = {
  readonly key: SortColumn;
  readonly header: string;
  readonly cell: (
    row: Row,
    view: TableView & { readonly nameOf: (row: Row) => Child[] },
  ) => Child[];
};

const columns: readonly Column[] = [
  {
    key: 'name',
    header: 'Name',
    cell: (row, { nameOf }) => [
      element('a', { href: hashOf(row), class: 'name' }, ...nameOf(row)),
      row.stale ? element('span', { class: 'tag' }, 'stale') : undefined,
    ],
  },
  {
    key: 'state',
    header: 'State',
    cell: (row, { changed }) => {
      const before = changed.get(row.uid);
      return [
        stateBadge(row),
        before === undefined ? undefined : element('span', { class: 'was' }, `was ${before}`),
      ];
    },
  },
  {
    key: 'session',
    header: 'Session',
    cell: (row) => [
      sessionBadge(row),
      isPending(row)
        ? element(
            'button',
            {
              type: 'button',
              class: 'small',
              'data-sign-in': qualifiedName(row),
              'aria-label': `Sign in to ${qualifiedName(row)}`,
            },
            'Sign in',
          )
        : undefined,
    ],
  },
  { key: 'type', header: 'Type', cell: (row) => [row.type] },
  { key: 'reason', header: 'Reason', cell: (row) => [reasonLink(row.reason)] },
  { key: 'since', header: 'Since', cell: (row, { now }) => [ageOf(sinceOf(row), now)] },
  {
    key: 'checked',
    header: 'Checked',
    cell: (row, { now }) => [ageOf(row.lastAttempt, now, ' ago')],
  },
];

/** As `muster list` has it, and with every namespace where there is more than one. */
function namesFor(rows: readonly Row[]): (row: Row) => Child[] {
  const isOne = rows.every(({ namespace }) => namespace === rows[0]?.namespace);
  return ({ namespace, name }) =>
    isOne ? [name] : [element('span', { class: 'quiet' }, `${namespace}/`), name];
}

/** The address of the detail of a server on this page. */
export const hashOf = (server: { readonly namespace: string; readonly name: string }): string =>
  `#${qualifiedName(server)}`;

/** `4m`, with the moment itself. */
function ageOf(time: string | undefined, now: Date, suffix = ''): Child {
  if (time === undefined) return '-';
  const at = new Date(time);
  const span = shortAge(Math.max(0, now.getTime() - at.getTime()));
  return element('time', { datetime: time, title: localDateTime(at) }, `${span}${suffix}`);
}

/** So many at first, and so many more with each press: laying out 5,000 rows takes a second. */
const firstRows = 200;
const moreRows = 1_000;

export type RowsTable = {
  readonly element: HTMLElement;
  readonly show: (view: TableView) => void;
  /** Moves the focus to the link of a server, if it is in the table. */
  readonly focus: (server: { readonly namespace: string; readonly name: string }) => void;
};

type Listeners = {
  readonly sort: (column: SortColumn) => void;
  readonly signIn: (server: string, control: HTMLButtonElement) => void;
};

export function rowsTable({ sort, signIn }: Listeners): RowsTable {
  // The roles stay where a phone shows the rows as cards.
  const headers = element('tr', { role: 'row' });
  const body = element('tbody', { role: 'rowgroup' });
  const table = element(
    'table',
    { class: 'rows', role: 'table' },
    element('caption', { class: 'unseen' }, 'MCP servers'),
    element('thead', { role: 'rowgroup' }, headers),
    body,
  );
  const more = element('p', { class: 'more', hidden: true });
  const lines = new Map<string, HTMLTableRowElement>();
  let mostRows = firstRows;
  let last: TableView | undefined;

  on(headers, 'click', 'button', ({ dataset }) => {
    const column = columns.find(({ key }) => key === dataset['sort']);
    if (column !== undefined) sort(column.key);
  });
  on(body, 'click', '[data-sign-in]', (target) => {
    if (target instanceof HTMLButtonElement && target.ariaDisabled !== 'true')
      signIn(target.dataset['signIn'] ?? '', target);
  });
  // A press anywhere on a row opens it, but not the end of a selection of text.
  on(body, 'click', 'tr', (line, event) => {
    const isControl = event.target instanceof Element && event.target.closest('a, button') !== null;
    if (!isControl && getSelection()?.isCollapsed !== false)
      line.querySelector<HTMLAnchorElement>('a.name')?.click();
  });

  const show = (view: TableView): void => {
    const isReordered = last?.choice !== view.choice || body.rows.length === 0;
    if (last?.choice !== view.choice) mostRows = firstRows;
    last = view;
    const visible = columns.filter(({ key }) => key !== 'session' || view.signedIn);
    fill(headers, ...visible.map((column) => headerOf(column, view.choice)));
    const cellView = { ...view, nameOf: namesFor(view.rows) };
    const part = view.shown.slice(0, mostRows);
    place(
      body,
      part.map((row) => {
        const line = lines.get(row.uid) ?? element('tr', { role: 'row' });
        lines.set(row.uid, line);
        line.classList.toggle('changed', view.changed.has(row.uid));
        line.classList.toggle('stale', row.stale);
        fillLine(line, visible, (column) => column.cell(row, cellView));
        return line;
      }),
      isReordered,
    );
    const present = new Set(part.map(({ uid }) => uid));
    for (const uid of lines.keys()) if (!present.has(uid)) lines.delete(uid);
    showMore(part.length, view.shown.length - part.length);
  };

  const showMore = (count: number, left: number): void => {
    more.hidden = left === 0;
    if (left === 0) return;
    fill(
      more,
      `The first ${String(count)} of ${String(count + left)} are shown. `,
      button(`Show ${String(Math.min(left, moreRows))} more`, { class: 'small' }, () => {
        const first = body.rows.length;
        mostRows = first + moreRows;
        if (last !== undefined) show(last);
        body.querySelectorAll<HTMLElement>('a.name')[first]?.focus();
      }),
    );
  };

  return {
    element: element('div', { class: 'list' }, table, more),
    show,
    focus: (server) => body.querySelector<HTMLElement>(`a.name[href="${hashOf(server)}"]`)?.focus(),
  };
}

function headerOf({ key, header }: Column, { sort, isDescending }: Choice): HTMLElement {
  const isSorted = sort === key;
  return element(
    'th',
    {
      scope: 'col',
      role: 'columnheader',
      class: key,
      'aria-sort': isSorted ? (isDescending ? 'descending' : 'ascending') : undefined,
    },
    element('button', { type: 'button', 'data-sort': key }, header),
  );
}

/** Cells by name: a row of a person who signs in gets one more, and the others stay. */
function fillLine(
  line: HTMLTableRowElement,
  visible: readonly Column[],
  childrenOf: (column: Column) => Child[],
): void {
  if (line.cells.length !== visible.length)
    line.replaceChildren(
      ...visible.map(({ key, header }) =>
        element(key === 'name' ? 'th' : 'td', {
          class: key,
          'data-label': header,
          role: key === 'name' ? 'rowheader' : 'cell',
          scope: key === 'name' ? 'row' : undefined,
        }),
      ),
    );
  visible.forEach((column, index) => {
    const cell = line.cells[index];
    if (cell !== undefined) fill(cell, ...childrenOf(column));
  });
}

/**
 * Puts the rows into this order. After a refresh, one that is in its place is not moved: it keeps
 * the focus and what is selected in it. A new order moves nearly all, which is faster at once.
 */
function place(
  body: HTMLTableSectionElement,
  wanted: readonly HTMLTableRowElement[],
  isReordered: boolean,
): void {
  const focused = document.activeElement;
  if (isReordered) body.replaceChildren(...wanted);
  else {
    const kept = new Set(wanted);
    for (const line of Array.from(body.rows)) if (!kept.has(line)) line.remove();
    let next = body.firstElementChild;
    for (const line of wanted) {
      if (line === next) next = next.nextElementSibling;
      else body.insertBefore(line, next);
    }
  }
  if (
    focused instanceof HTMLElement &&
    body.contains(focused) &&
    document.activeElement !== focused
  )
    focused.focus({ preventScroll: true });
}
