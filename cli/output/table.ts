import type { Row, Session } from '../../functions/model/wire.ts';
import { textTable } from './text-table.ts';
import { namesAmong } from '../../functions/model/mcpserver.ts';

export type TableView = {
  /** The only thing that decides whether there is a SESSION column. */
  readonly signedIn: boolean;
  readonly now: Date;
  /** Adds REASON, MCP and, when signed in, the details of the session and the next command. */
  readonly wide?: boolean;
  /** Puts NAMESPACE first. Without it a name that occurs twice is printed as `namespace/name`. */
  readonly namespaceColumn?: boolean;
  /** The line of column names; on unless false. */
  readonly headers?: boolean;
};

/**
 * The rows as text, sorted by namespace and name, with upper-case headers.
 */
export function table(rows: readonly Row[], view: TableView): string {
  const columns = columnsOf(rows, view);
  const lines = sorted(rows).map((row) => columns.map((column) => column.cell(row)));
  if (view.headers !== false) lines.unshift(columns.map((column) => column.header));
  return textTable(lines);
}

type Column = { readonly header: string; readonly cell: (row: Row) => string };

/** The set depends on the view alone, never on the data. */
function columnsOf(
  rows: readonly Row[],
  { signedIn, now, wide, namespaceColumn }: TableView,
): readonly Column[] {
  const nameOf = namesAmong(rows);
  const details: readonly Column[] = [
    { header: 'ISSUER', cell: ({ session }) => session?.issuer ?? '-' },
    { header: 'SCOPES', cell: ({ session }) => session?.scopes?.join(' ') || '-' },
    { header: 'EXPIRES', cell: ({ session }) => sessionExpiry(session, now) ?? '-' },
    {
      header: 'VERIFIED',
      cell: ({ session }) =>
        session?.lastVerified === undefined ? '-' : fromNow(new Date(session.lastVerified), now),
    },
    { header: 'PROBLEM', cell: ({ session }) => session?.message ?? '-' },
    { header: 'NEXT', cell: ({ session }) => session?.hint ?? '-' },
  ];
  return [
    ...(namespaceColumn ? [{ header: 'NAMESPACE', cell: (row: Row) => row.namespace }] : []),
    { header: 'NAME', cell: namespaceColumn ? (row) => row.name : nameOf },
    { header: 'STATE', cell: stateCell },
    ...(signedIn ? [{ header: 'SESSION', cell: sessionCell }] : []),
    { header: 'TYPE', cell: (row) => row.type },
    ...(wide ? [{ header: 'REASON', cell: (row: Row) => row.reason ?? '-' }] : []),
    ...(wide ? [{ header: 'MCP', cell: mcpCell }] : []),
    ...(wide && signedIn ? details : []),
  ];
}

/** Whether what answers is an MCP server; `-`: that is not known. */
const mcpCell = ({ speaksMcp }: Row): string =>
  speaksMcp === 'True' ? 'yes' : speaksMcp === 'False' ? 'no' : '-';

/** `-`: it was never probed. */
export const stateCell = (row: Row): string => row.state ?? '-';

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
