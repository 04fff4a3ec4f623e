/** Rows as text, in the columns that were asked for. */
import { namesAmong } from '../../../functions/model/mcpserver.ts';
import type { Row } from '../../../functions/model/wire/server-wire.ts';
import type { CommandContext } from '../../context.ts';
import { type ColumnName, columnOf, wideColumns } from '../../output/columns.ts';
import { table, type TableView } from '../../output/table.ts';
import { cellText } from '../../output/text-table.ts';

export type WidthOf = NonNullable<TableView['widthOf']>;

export type ListView = {
  readonly signedIn: boolean;
  readonly columns?: readonly ColumnName[] | undefined;
  readonly widthOf?: WidthOf | undefined;
  /** Default: that of the terminal, if there is one. */
  readonly width?: number | undefined;
};

/** Rows in their order as `-o table`, `wide` or `name`. */
export function listText(
  { option, has, now, paint, terminal }: CommandContext,
  rows: readonly Row[],
  { columns, signedIn, widthOf, width = terminal?.columns }: ListView,
): string {
  const namespaceColumn = has('all-namespaces');
  if (option('output') === 'name') {
    const nameOf = namespaceColumn
      ? ({ namespace, name }: Row) => `${namespace}/${name}`
      : namesAmong(rows);
    return rows.map((row) => `${cellText(nameOf(row))}\n`).join('');
  }
  const view: TableView = {
    signedIn,
    now: now(),
    namespaceColumn,
    headers: !has('no-headers'),
    isSorted: true,
    paint,
    ...(width === undefined ? {} : { width }),
    ...(widthOf === undefined ? {} : { widthOf }),
  };
  const chosen =
    columns?.map((name) => columnOf(name, view.now)) ??
    (option('output') === 'wide' ? wideColumns(rows, view) : undefined);
  return table(rows, chosen === undefined ? view : { ...view, columns: chosen });
}

/** Once more with the width of each character where not all of them are one column wide. */
export async function measuredText(
  textWith: (widthOf?: WidthOf) => string,
  widthOfCells: (() => Promise<WidthOf>) | undefined,
): Promise<string> {
  const text = textWith();
  // The ellipsis of a cell that was cut is one column wide.
  const isPlain = widthOfCells === undefined || !/[^\0-\x7F…]/.test(text);
  return isPlain ? text : textWith(await widthOfCells());
}
