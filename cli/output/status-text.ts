import type { Row } from '../../functions/model/wire.ts';
import { namesAmong, qualifiedName, suspendedReason } from '../../functions/model/mcpserver.ts';
import { type Fact, factLines } from './fact-lines.ts';
import { cellText } from './text-table.ts';
import {
  age,
  expiryText,
  fromNow,
  sessionCell,
  sessionExpiry,
  sorted,
  stateCell,
} from './table.ts';

export type StatusView = {
  readonly endpoint: string;
  /** Absent: the person is not signed in on this machine. */
  readonly me?: {
    readonly who: string;
    readonly expiresAt: Date;
    readonly refreshable: boolean;
    /** Why the sign-in is of no use for now. */
    readonly problem?: string | undefined;
  };
  /** Absent: they could not be listed. */
  readonly servers?: readonly Row[];
  readonly now: Date;
};

/** The text of `muster auth status`: who is signed in, and their session with every server. */
export function statusText({ endpoint, me, servers, now }: StatusView): string {
  const lines = [
    'Muster',
    `  Endpoint:  ${endpoint}`,
    ...personLines(me, now),
    ...(servers === undefined ? [] : ['', ...serverLines(servers, now)]),
  ];
  return `${lines.join('\n')}\n`;
}

function personLines(me: StatusView['me'], now: Date): readonly string[] {
  if (me === undefined) return ['  Status:    Not authenticated   Run: muster auth login'];
  const who = cellText(me.who);
  return me.problem === undefined
    ? [`  Status:    Authenticated as ${who}`, `  Expires:   ${expiryText(me, now)}`]
    : [
        `  Status:    ${cellText(me.problem)}`,
        `  Person:    ${who}`,
        `  Expires:   ${fromNow(me.expiresAt, now)}`,
      ];
}

/** Whether the person has to sign in to this server. */
export const needsSignIn = ({ session }: Row): boolean =>
  session?.status === 'Pending Auth' || session?.status === 'Expired';

/** Of these, whom the person can sign in to: without a next step it is not theirs to change. */
const isPending = (row: Row): boolean => needsSignIn(row) && row.session?.hint !== undefined;

/** One server in detail, for `--server`. */
export function serverText(row: Row, now: Date): string {
  return factLines([
    ['Server', qualifiedName(row)],
    ['State', row.reason === undefined ? stateCell(row) : `${stateCell(row)} (${row.reason})`],
    ['Session', sessionCell(row)],
    ...sessionFacts(row, now),
    ['Problem', row.session?.message ?? unreachable(row, now)],
    ['Next', row.session?.hint],
  ]);
}

/** What is known about the person's session, without its status and its problem. */
export const sessionFacts = ({ session }: Row, now: Date): readonly Fact[] => [
  ['Issuer', session?.issuer],
  ['Scopes', session?.scopes?.join(' ')],
  ['Expires', sessionExpiry(session, now)],
  [
    'Verified',
    session?.lastVerified === undefined ? undefined : fromNow(new Date(session.lastVerified), now),
  ],
];

function serverLines(rows: readonly Row[], now: Date): readonly string[] {
  const nameOf = namesAmong(rows);
  const lines = sorted(rows).map((row) => ({
    name: cellText(nameOf(row)),
    cell: cellText(sessionCell(row)),
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
    ...lines.map(({ name, cell, note }) =>
      `  ${name.padEnd(nameWidth)}   ${cell.padEnd(cellWidth)}    ${note}`.trimEnd(),
    ),
  ];
}

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
  const down = row.conditions.find(
    ({ type, status }) => type === 'Reachable' && status === 'False',
  );
  if (down === undefined) return undefined;
  return `unreachable: ${words(down.reason)}, ${age(now.getTime() - new Date(down.lastTransitionTime).getTime())}`;
}

/** A reason in words: ConnectionRefused is `connection refused`, DNSFailure `DNS failure`. */
const words = (reason: string): string =>
  reason
    .split(/(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/)
    .map((word) => (/^[A-Z]{2,}$/.test(word) ? word : word.toLowerCase()))
    .join(' ');
