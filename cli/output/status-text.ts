import type { Row } from '../../functions/model/wire/server-wire.ts';
import { namesAmong, qualifiedName, suspendedReason } from '../../functions/model/mcpserver.ts';
import { type Fact, factLines } from './fact-lines.ts';
import type { Paint } from './paint.ts';
import { inStyle, sessionStyle, stateStyle, styledFact } from './status-styles.ts';
import { cellText } from './text-table.ts';
import {
  age,
  counted,
  expiryText,
  fromNow,
  sessionCell,
  sessionExpiry,
  sorted,
  stateCell,
} from './table.ts';

export type StatusView = {
  readonly endpoint: string;
  /** What named the endpoint. */
  readonly source?: string;
  /** Absent: the person is not signed in on this machine. */
  readonly me?: {
    readonly who: string;
    readonly expiresAt: Date;
    readonly refreshable: boolean;
    /** Why the sign-in is of no use for now. */
    readonly problem?: string | undefined;
    /** The variable that brought the token. */
    readonly variable?: string | undefined;
  };
  /** Where else the person is signed in, as a sentence. */
  readonly elsewhere?: string;
  /** Absent: they could not be listed. */
  readonly servers?: readonly Row[];
  readonly now: Date;
  /** Absent: no colors. */
  readonly paint?: Paint;
};

/** The text of `muster auth status`: who is signed in, and their session with every server. */
export function statusText(view: StatusView): string {
  const { endpoint, source, me, elsewhere, servers, now, paint = plain } = view;
  const lines = [
    'Muster',
    `  Endpoint:  ${endpoint}${source === undefined ? '' : ` (${source})`}`,
    ...personLines(me, now),
    ...(elsewhere === undefined ? [] : [`  Elsewhere: ${elsewhere}`]),
    ...(servers === undefined ? [] : ['', ...serverLines(servers, now, paint)]),
  ];
  return `${lines.join('\n')}\n`;
}

function personLines(me: StatusView['me'], now: Date): readonly string[] {
  if (me === undefined) return ['  Status:    Not authenticated   Run: muster auth login'];
  const who = cellText(me.who);
  const from =
    me.variable === undefined ? [] : [`  Token:     from ${me.variable}, which can only read`];
  return me.problem === undefined
    ? [`  Status:    Authenticated as ${who}`, `  Expires:   ${expiryText(me, now)}`, ...from]
    : [
        `  Status:    ${cellText(me.problem)}`,
        `  Person:    ${who}`,
        `  Expires:   ${fromNow(me.expiresAt, now)}`,
        ...from,
      ];
}

/** Whether the person has to sign in to this server. */
export const needsSignIn = ({ session }: Row): boolean =>
  session?.status === 'Pending Auth' || session?.status === 'Expired';

/** Of these, whom the person can sign in to: without a next step it is not theirs to change. */
export const isPending = (row: Row): boolean => needsSignIn(row) && row.session?.hint !== undefined;

/** One server in detail, for `--server`. */
export function serverText(row: Row, now: Date, paint = plain): string {
  const state = row.reason === undefined ? stateCell(row) : `${stateCell(row)} (${row.reason})`;
  return [
    factLines([['Server', qualifiedName(row)]]),
    styledFact('State', state, paint, stateStyle(row)),
    styledFact('Session', sessionCell(row), paint, sessionStyle(row)),
    factLines([
      ...sessionFacts(row, now),
      ['Problem', row.session?.message ?? unreachable(row, now)],
      ['Next', row.session?.hint],
    ]),
  ].join('');
}

const plain: Paint = (_style, text) => text;

/** What is known about the person's session, without its status and its problem. */
export const sessionFacts = ({ session }: Row, now: Date): readonly Fact[] => [
  ['Issuer', session?.issuer],
  ['Scopes', session?.scopes?.join(' ')],
  ['Expires', sessionExpiry(session, now)],
  [
    'Verified',
    session?.lastVerified === undefined ? undefined : fromNow(new Date(session.lastVerified), now),
  ],
  ['Last used', lastUse(session, now)],
];

/** `3 minutes ago, from 2 machines`. The key of a machine may have been removed since. */
function lastUse(session: Row['session'], now: Date): string | undefined {
  if (session?.lastUsed === undefined) return undefined;
  const { at, machines } = session.lastUsed;
  const when = fromNow(new Date(at), now);
  return machines === 0 ? when : `${when}, from ${counted(machines, 'machine')}`;
}

function serverLines(rows: readonly Row[], now: Date, paint: Paint): readonly string[] {
  const nameOf = namesAmong(rows);
  // What a person can use or change comes first; nothing is hidden.
  const lines = unreachableLast(sorted(rows)).map((row) => ({
    name: cellText(nameOf(row)),
    cell: cellText(sessionCell(row)),
    style: sessionStyle(row),
    note: noteOf(row, now),
  }));
  const nameWidth = longest(lines.map(({ name }) => name));
  // A long cell without a note does not move the notes of the other rows.
  const cellWidth = longest([
    'Authenticated',
    ...lines.flatMap(({ cell, note }) => (note === '' ? [] : [cell])),
  ]);
  const pending = rows.filter(isPending).length;
  return [
    pending === 0 ? 'MCP Servers' : `MCP Servers  (${String(pending)} pending authentication)`,
    ...(lines.length === 0 ? ['  none'] : []),
    ...lines.map(({ name, cell, style, note }) => {
      const gap = ' '.repeat(Math.max(0, cellWidth - cell.length));
      return `  ${name.padEnd(nameWidth)}   ${inStyle(paint, style, cell)}${gap}    ${note}`.trimEnd();
    }),
  ];
}

const unreachableLast = (rows: readonly Row[]): readonly Row[] => [
  ...rows.filter((row) => !isOut(row)),
  ...rows.filter(isOut),
];

/** Down, or taken out of service. One that was never probed may be up. */
const isOut = (row: Row): boolean => row.reason === suspendedReason || outage(row) !== undefined;

const longest = (texts: readonly string[]): number =>
  texts.reduce((length, text) => Math.max(length, text.length), 0);

/** What the person can do, else why there is nothing to do. */
function noteOf({ session, ...row }: Row, now: Date): string {
  // Whatever the endpoint suggests, only a command of our own is shown as one to run.
  const run = session?.hint?.startsWith('muster ') === true ? [`Run: ${session.hint}`] : [];
  const why = session?.message ?? unreachable(row, now);
  const notes = [...run, ...(why === undefined ? [] : [run.length === 0 ? why : `(${why})`])];
  return notes.map(cellText).join('   ');
}

/**
 * `unreachable: connection refused, 4 minutes`; undefined for a server that can be reached or is
 * never probed.
 */
function unreachable(row: Pick<Row, 'conditions' | 'reason'>, now: Date): string | undefined {
  if (row.reason === suspendedReason) return 'suspended by its owner';
  const down = outage(row);
  return down === undefined
    ? undefined
    : `unreachable: ${down.reason}, ${age(now.getTime() - down.since.getTime())}`;
}

/** Why a server cannot be reached, in words; undefined for one that can be, or was never probed. */
export function outage({
  conditions,
}: Pick<Row, 'conditions'>): { readonly reason: string; readonly since: Date } | undefined {
  const down = conditions.find(({ type, status }) => type === 'Reachable' && status === 'False');
  return down === undefined
    ? undefined
    : { reason: words(down.reason), since: new Date(down.lastTransitionTime) };
}

/** A reason in words: ConnectionRefused is `connection refused`, DNSFailure `DNS failure`. */
const words = (reason: string): string =>
  reason
    .split(/(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/)
    .map((word) => (/^[A-Z]{2,}$/.test(word) ? word : word.toLowerCase()))
    .join(' ');
