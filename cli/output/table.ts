import type { Row, Session } from '../../functions/model/wire/server-wire.ts';
import type { Style } from './paint.ts';
import { sessionStyle, stateStyle } from './status-styles.ts';
import { type Layout, textTable } from './text-table.ts';
import { namesAmong } from '../../functions/model/mcpserver.ts';

export type Column = {
  readonly header: string;
  readonly cell: (row: Row) => string;
  readonly style?: (row: Row) => Style | undefined;
  /** Whether a narrow terminal may cut it. What people copy, or look for first, it may not. */
  readonly cuttable?: boolean;
};

export type TableView = Pick<Layout, 'widthOf'> & {
  /** The only thing that decides whether there is a SESSION column. */
  readonly signedIn: boolean;
  readonly now: Date;
  /** Puts NAMESPACE first. Without it a name that occurs twice is printed as `namespace/name`. */
  readonly namespaceColumn?: boolean;
  /** The line of column names; on unless false. */
  readonly headers?: boolean;
  /** In their order. Default: by namespace and name. */
  readonly isSorted?: boolean;
  /** Other columns than the usual ones. */
  readonly columns?: readonly Column[];
  /** Width of the terminal. Absent: nothing is cut. */
  readonly width?: number;
  readonly paint?: (style: Style, text: string) => string;
};

/**
 * The rows as text, with upper-case headers. The set of columns depends on the view alone, never on
 * the data.
 */
export function table(rows: readonly Row[], view: TableView): string {
  const { columns = usualColumns(rows, view), width, paint, widthOf, headers = true } = view;
  const shown = view.isSorted === true ? rows : sorted(rows);
  const lines = shown.map((row) => columns.map((column) => column.cell(row)));
  if (headers) lines.unshift(columns.map((column) => column.header));
  const first = headers ? 1 : 0;
  return textTable(lines, {
    ...(widthOf === undefined ? {} : { widthOf }),
    ...(width === undefined ? {} : { fit: { columns: width, cuttable: cuttableOf(columns) } }),
    ...(paint === undefined
      ? {}
      : {
          paint: (text, line, column) => {
            const row = shown[line - first];
            const style = row && columns[column]?.style?.(row);
            return style === undefined ? text : paint(style, text);
          },
        }),
  });
}

const cuttableOf = (columns: readonly Column[]): number =>
  columns.length - 1 - columns.findLastIndex(({ cuttable }) => cuttable !== true);

/** NAMESPACE with `-A`, NAME, STATE, SESSION for a person, TYPE. */
export const usualColumns = (
  rows: readonly Row[],
  { signedIn, namespaceColumn }: Pick<TableView, 'signedIn' | 'namespaceColumn'>,
): readonly Column[] => [
  ...(namespaceColumn === true ? [{ header: 'NAMESPACE', cell: namespaceOf }] : []),
  { header: 'NAME', cell: namespaceColumn === true ? nameOf : namesAmong(rows) },
  { header: 'STATE', cell: stateCell, style: stateStyle },
  ...(signedIn ? [{ header: 'SESSION', cell: sessionCell, style: sessionStyle }] : []),
  { header: 'TYPE', cell: (row) => row.type, cuttable: true },
];

const namespaceOf = (row: Row): string => row.namespace;
const nameOf = (row: Row): string => row.name;

/** `-`: it was never probed. */
export const stateCell = (row: Pick<Row, 'state'>): string => row.state ?? '-';

/**
 * `Authenticated [SSO: Forwarded]`, `Pending Auth`, `-`. The same text wherever a session is
 * shown.
 */
export const sessionCell = ({ session }: Row): string => {
  if (session === undefined) return '-';
  return session.sso === undefined ? session.status : `${session.status} [SSO: ${session.sso}]`;
};

/** By namespace, then by name, as the cluster sorts them. */
export const sorted = (rows: readonly Row[]): readonly Row[] =>
  [...rows].sort((a, b) => compared(a.namespace, b.namespace) || compared(a.name, b.name));

const compared = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/** When a token or a grant ends, and whether the person has to care. */
export const expiryText = (
  { expiresAt, refreshable }: { readonly expiresAt: Date; readonly refreshable: boolean },
  now: Date,
): string => `${fromNow(expiresAt, now)}${refreshable ? ' (refreshes itself)' : ''}`;

/** The same for a session; undefined where its end is not known. */
export function sessionExpiry(session: Session | undefined, now: Date): string | undefined {
  if (session?.expiresAt === undefined) return undefined;
  const { status, expiresAt } = session;
  // One that has ended refreshes itself no more, whatever it could do before.
  const refreshable = status === 'Authenticated' && session.refreshable === true;
  return expiryText({ expiresAt: new Date(expiresAt), refreshable }, now);
}

/**
 * A span of time as people say it, rounded down: `less than a minute`, `1 minute`, `23 minutes`, `1
 * hour`, `3 days`.
 */
export function age(spanMs: number): string {
  if (Number.isNaN(spanMs)) return 'an unknown time';
  const minutes = Math.floor(Math.abs(spanMs) / 60_000);
  if (minutes < 1) return 'less than a minute';
  if (minutes < 60) return counted(minutes, 'minute');
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? counted(hours, 'hour') : counted(Math.floor(hours / 24), 'day');
}

/** A moment seen from now: `in 23 minutes`, `3 days ago`. */
export const fromNow = (moment: Date, now: Date): string => {
  const spanMs = moment.getTime() - now.getTime();
  return spanMs >= 0 ? `in ${age(spanMs)}` : `${age(spanMs)} ago`;
};

/** `1 minute`, `3 days` */
export const counted = (count: number, unit: string): string =>
  `${String(count)} ${unit}${count === 1 ? '' : 's'}`;
