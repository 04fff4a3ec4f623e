/** The columns of `-o wide` and of `--columns`. */
import type { Row } from '../../functions/model/wire/server-wire.ts';
import { type Column, sessionCell, stateCell, type TableView, usualColumns } from './table.ts';
import { lineWidth } from './text-table.ts';
import { sessionStyle, stateStyle } from './status-styles.ts';

/**
 * A span of time as one word, rounded down: `12s`, `4m`, `5h`, `3d`.
 */
export function shortAge(spanMs: number): string {
  const seconds = Math.floor(Math.abs(spanMs) / 1_000);
  if (Number.isNaN(seconds)) return '-';
  if (seconds < 60) return `${String(seconds)}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${String(minutes)}m`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${String(hours)}h` : `${String(Math.floor(hours / 24))}d`;
}

/** Since when the server can be reached, or cannot: the last change of `Reachable`. */
export const sinceOf = ({ conditions, since }: Row): string | undefined =>
  since ?? conditions.find(({ type }) => type === 'Reachable')?.lastTransitionTime;

type Cell = (row: Row, now: Date) => string | undefined;

const moment =
  (timeOf: (row: Row) => string | undefined): Cell =>
  (row, now) => {
    const time = timeOf(row);
    if (time === undefined) return undefined;
    const spanMs = new Date(time).getTime() - now.getTime();
    return spanMs > 0 ? `in ${shortAge(spanMs)}` : `${shortAge(spanMs)} ago`;
  };

/** `59m`; of a session that has ended `3d ago`. */
const expiry: Cell = ({ session }, now) => {
  if (session?.expiresAt === undefined) return undefined;
  const leftMs = new Date(session.expiresAt).getTime() - now.getTime();
  return leftMs > 0 ? shortAge(leftMs) : `${shortAge(leftMs)} ago`;
};

const since: Cell = (row, now) => {
  const time = sinceOf(row);
  return time === undefined ? undefined : shortAge(now.getTime() - new Date(time).getTime());
};

/**
 * Every column by its name. That of a field of the JSON is its name there; those of a session have
 * short ones of their own.
 */
const cells = {
  name: (row) => row.name,
  namespace: (row) => row.namespace,
  state: stateCell,
  session: sessionCell,
  type: (row) => row.type,
  since,
  expires: expiry,
  reason: (row) => row.reason,
  url: (row) => row.url,
  issuer: ({ session }) => session?.issuer,
  scopes: ({ session }) => session?.scopes?.join(' '),
  verified: moment(({ session }) => session?.lastVerified),
  problem: ({ session, lastError }) => session?.message ?? lastError,
  next: ({ session }) => session?.hint,
  uid: (row) => row.uid,
  description: (row) => row.description,
  toolPrefix: (row) => row.toolPrefix,
  autoStart: (row) => String(row.autoStart),
  timeoutSeconds: (row) => String(row.timeoutSeconds),
  authRequired: (row) => row.authRequired,
  speaksMcp: (row) => row.speaksMcp,
  singleSignOn: (row) => row.singleSignOn,
  conditions: ({ conditions }) =>
    conditions.map(({ type, status }) => `${type}=${status}`).join(','),
  lastError: (row) => row.lastError,
  consecutiveFailures: (row) => String(row.consecutiveFailures),
  lastAttempt: moment((row) => row.lastAttempt),
  lastConnected: moment((row) => row.lastConnected),
  nextRetryAfter: moment((row) => row.nextRetryAfter),
  stale: (row) => String(row.stale),
} as const satisfies Record<string, Cell>;

export type ColumnName = keyof typeof cells;

export const columnNames: readonly string[] = Object.keys(cells);

/** Read without regard to case, dashes and underscores: `last-error` is `lastError`. */
export const columnNamed = (text: string): ColumnName | undefined =>
  Object.keys(cells).find((name): name is ColumnName => plain(name) === plain(text));

const plain = (text: string): string => text.toLowerCase().replaceAll(/[-_\s]/g, '');

/** What only somebody who is signed in has. */
const ofPerson: ReadonlySet<ColumnName> = new Set([
  'session',
  'expires',
  'issuer',
  'scopes',
  'verified',
  'next',
]);
export const isOfPerson = (name: ColumnName): boolean => ofPerson.has(name);

const whole: ReadonlySet<ColumnName> = new Set(['name', 'namespace', 'state', 'session', 'uid']);
const styles = { state: stateStyle, session: sessionStyle } as const;

/** The column of that name: `LAST ERROR`. */
export function columnOf(name: ColumnName, now: Date): Column {
  const cell: Cell = cells[name];
  const style = name === 'state' || name === 'session' ? styles[name] : undefined;
  return {
    header: name.replaceAll(/(?=[A-Z])/g, ' ').toUpperCase(),
    cell: (row) => cell(row, now) || '-',
    cuttable: !whole.has(name),
    ...(style === undefined ? {} : { style }),
  };
}

/** An address that is cut further says nothing. */
const leastUrl = 24;

/**
 * Those of `-o wide`: at most 120 characters with usual names. URL, which only people who are signed
 * in get, is there in a pipe, and where the terminal has room for it.
 */
export function wideColumns(
  rows: readonly Row[],
  view: Pick<TableView, 'signedIn' | 'namespaceColumn' | 'now' | 'width'>,
): readonly Column[] {
  const names: readonly ColumnName[] = view.signedIn
    ? ['since', 'expires', 'reason']
    : ['since', 'reason'];
  const columns = [...usualColumns(rows, view), ...names.map((name) => columnOf(name, view.now))];
  if (!view.signedIn) return columns;
  const url = columnOf('url', view.now);
  if (view.width === undefined) return [...columns, url];
  const needed = [
    ...columns.map((column) => widest(rows, column)),
    Math.min(widest(rows, url), leastUrl),
  ];
  return lineWidth(needed) <= view.width ? [...columns, url] : columns;
}

const widest = (rows: readonly Row[], { header, cell }: Column): number =>
  rows.reduce((width, row) => Math.max(width, cell(row).length), header.length);
