import { qualifiedName } from '../../functions/model/mcpserver.ts';
import type { Change, ExplainedRow, Row } from '../../functions/model/wire/server-wire.ts';
import { type Fact, factIndent, factLines, label } from './fact-lines.ts';
import { localTime } from './local-time.ts';
import type { Paint } from './paint.ts';
import { sessionStyle, stateStyle, styledFact } from './status-styles.ts';
import { sessionFacts } from './status-text.ts';
import { age, fromNow, sessionCell, stateCell } from './table.ts';
import { cellText, textTable } from './text-table.ts';

export type Description = {
  readonly row: ExplainedRow;
  /** The newest first. Absent: the endpoint keeps none. */
  readonly changes?: readonly Change[];
  /** Whether the person is signed in to muster. */
  readonly signedIn: boolean;
  readonly now: Date;
  readonly paint: Paint;
};

/** How many changes are shown; the others are in `muster events`. */
const mostChanges = 5;

/** Everything known about one server, in the order of a person's questions. */
export function describeText(description: Description): string {
  const { row, signedIn, now, paint } = description;
  return [
    factLines([
      ['Server', qualifiedName(row)],
      ['Type', row.type],
      ['URL', row.url],
      ['About', row.description],
    ]),
    styledFact('State', stateText(row, now), paint, stateStyle(row)),
    factLines(reachabilityFacts(row, now)),
    factLines([
      ['Sign-in', signInFact(row)],
      ['MCP', row.type === 'stdio' ? undefined : answers[row.speaksMcp]],
    ]),
    styledFact(
      'Session',
      signedIn ? sessionText(row) : 'unknown: you are not signed in to muster',
      paint,
      sessionStyle(row),
    ),
    factLines([
      ...sessionFacts(row, now),
      ['Issuer', issuerHint(row)],
      ['Problem', row.session?.message],
    ]),
    changesText(description),
    nextSteps(description)
      .map((step, index) => `${index === 0 ? label('Next') : factIndent}${cellText(step)}\n`)
      .join(''),
    factLines([['More', row.explained?.page]]),
  ].join('');
}

/** `Failed for 4 minutes`; `-` of a server that was never probed. */
export function stateText(row: Row, now: Date): string {
  const state = stateCell(row);
  const reachable = reachableOf(row);
  if (row.state === undefined) return row.reason === undefined ? '- (never probed)' : state;
  if (reachable === undefined) return state;
  const span = age(now.getTime() - new Date(reachable.lastTransitionTime).getTime());
  return reachable.status === 'Unknown'
    ? `${state}, not confirmed for ${span}`
    : `${state} for ${span}`;
}

const reachableOf = ({ conditions }: Row) => conditions.find(({ type }) => type === 'Reachable');

/** Why the STATE is what it is, since when, and when the next probe is. */
export function reachabilityFacts(row: ExplainedRow, now: Date): readonly Fact[] {
  const { reason, lastError, state, lastAttempt, lastConnected } = row;
  const isDown = lastError !== undefined || state === 'Failed' || state === 'Connecting';
  const isProbed = row.type !== 'stdio' && reason !== 'Suspended';
  return [
    ['Reason', reason],
    ['Means', row.explained?.means],
    ['Message', lastError ?? reachableOf(row)?.message],
    // The third one in a row makes it Failed. After that the status does not count each of them.
    [
      'Failures',
      state === 'Connecting' ? `${String(row.consecutiveFailures)} of 3 in a row` : undefined,
    ],
    [
      'Last OK',
      lastConnected === undefined ? (isDown ? 'never' : undefined) : ago(lastConnected, now),
    ],
    ['As of', lastAttempt === undefined ? undefined : ago(lastAttempt, now)],
    ['Next look', isProbed ? nextLook(row, now) : 'never'],
  ];
}

const ago = (time: string, now: Date): string => fromNow(new Date(time), now);

/** What fails fast, or does not fail, is probed in every sweep. */
function nextLook({ nextRetryAfter, stale }: Row, now: Date): string {
  const at = nextRetryAfter === undefined ? undefined : new Date(nextRetryAfter);
  if (at !== undefined && at > now) return fromNow(at, now);
  return stale
    ? 'in the next sweep (none has updated this status for two heartbeats)'
    : 'in the next sweep';
}

const answers = { True: 'yes', False: 'no', Unknown: 'unknown' } as const;

/** Whether the server requires a sign-in, and how. Undefined: nothing that has a sign-in. */
export function signInFact({ authRequired, singleSignOn, session, type }: Row): string | undefined {
  if (type === 'stdio') return undefined;
  const how = singleSignOn === undefined ? '' : `, by single sign-on (${singleSignOn})`;
  // `spec.auth` may ask for a sign-in that no probe was asked for.
  if (authRequired === 'True' || singleSignOn !== undefined) return `required${how}`;
  if (session !== undefined && session.status !== '-') return 'required (spec.auth)';
  return authRequired === 'False' ? 'not required' : 'unknown';
}

/** The SESSION cell; of a server that is down with what happens to the sign-in. */
export const sessionText = (row: Row): string =>
  row.session?.status === '-' && (row.state === 'Failed' || row.state === 'Connecting')
    ? '- (your sign-in, if you have one, is kept)'
    : sessionCell(row);

/** Before a sign-in nothing is stored about the issuer: only the server can name it. */
const issuerHint = ({ session, singleSignOn, ...row }: Row): string | undefined =>
  session?.status === 'Pending Auth' && session.issuer === undefined && singleSignOn === undefined
    ? `the server names it: muster check ${qualifiedName(row)} --sign-in`
    : undefined;

function changesText({ row, changes = [], now }: Description): string {
  if (changes.length === 0) return '';
  const lines = textTable(
    changes
      .slice(0, mostChanges)
      .map(({ at, from = '-', to, reason }) => [
        localTime(new Date(at), now),
        `${from} -> ${to}`,
        reason,
      ]),
  ).trimEnd();
  const more = changes.length - mostChanges;
  const all = more > 0 ? `\n${String(more)} more: muster events ${qualifiedName(row)}` : '';
  return `${label('Changes')}${(lines + all).replaceAll('\n', `\n${factIndent}`)}\n`;
}

/** What the person, or the owner of the server, can do now; nothing where all is well. */
const nextSteps = ({ row, signedIn }: Description): readonly string[] =>
  [
    row.session?.hint,
    !signedIn && row.authRequired === 'True' ? 'muster auth login' : undefined,
    ...(row.explained?.hints ?? []),
  ].filter((step) => step !== undefined);
