import type { Check } from '../../../functions/model/wire/check-wire.ts';
import type { Row } from '../../../functions/model/wire/server-wire.ts';
import { authorizedRequest } from '../../api/authorized-exchange.ts';
import { isCheck } from '../../api/guards.ts';
import { type Connection, notOurs, serverUrl } from '../../api/mcpservers.ts';
import { checkSignIn } from '../../api/sign-in-check.ts';
import { verifySession } from '../../api/verify-sessions.ts';
import { CliError, type CommandContext } from '../../context.ts';
import { checkText, type CheckView, explainedText } from '../../output/check-text.ts';
import { signInText } from '../../output/sign-in-text.ts';
import { isAccepted, verifyText } from '../../output/verify-text.ts';

/** What came of the check of one server. */
export type CheckResult = {
  /** For JSON and YAML. */
  readonly answer: object;
  readonly text: (view: CheckView) => string;
  /** Whether the server is as it should be. */
  readonly isMet: boolean;
};

export type CheckKind = {
  readonly check: (connection: Connection, row: Row) => Promise<CheckResult>;
  /** Whether it asks for a server that is probed, or for one that the person could sign in to. */
  readonly asks: 'reachable' | 'session';
  /** What `--all` leaves out. */
  readonly leftOut: string;
  /** Whether a text has many lines, and an empty one between two of them. */
  readonly isLong: boolean;
};

/** Which of the four checks the flags ask for. */
export function checkKindOf({ has, positionals }: CommandContext): CheckKind {
  const given = (['explain', 'sign-in', 'verify'] as const).filter((flag) => has(flag));
  const [first, second] = given;
  if (first !== undefined && second !== undefined)
    throw new CliError(`--${first} cannot be combined with --${second}.`, {
      hint: `Run: muster check ${positionals.length === 0 ? '--all' : positionals.join(' ')} --${second}`,
    });
  return kindOf(first ?? 'plain');
}

function kindOf(flag: 'plain' | 'explain' | 'sign-in' | 'verify'): CheckKind {
  switch (flag) {
    case 'plain':
      return { ...probed, isLong: false, check: (...asked) => probe(checkText, ...asked) };
    case 'explain':
      return {
        ...probed,
        isLong: true,
        check: (...asked) => probe((check, { now }) => explainedText(check, now), ...asked),
      };
    case 'sign-in':
      return { ...ofSessions, isLong: true, check: signInCheck };
    case 'verify':
      return { ...ofSessions, isLong: false, check: verification };
  }
}

const probed = {
  asks: 'reachable',
  leftOut: 'which are suspended or of type stdio and never probed',
} as const;
const ofSessions = {
  asks: 'session',
  leftOut: 'which cannot be reached or require no sign-in',
} as const;

/** With `--all`, what has no answer is not asked. */
export function isWorthChecking({ asks }: CheckKind, { type, reason, session }: Row): boolean {
  switch (asks) {
    case 'reachable':
      return type !== 'stdio' && reason !== 'Suspended';
    case 'session':
      return session !== undefined && session.status !== '-';
  }
}

async function probe(
  textOf: (check: Check, view: CheckView) => string,
  connection: Connection,
  row: Row,
): Promise<CheckResult> {
  const { endpoint } = connection;
  const url = `${serverUrl(endpoint, row)}/check`;
  // A probe takes up to 10 s.
  const answer = await authorizedRequest(connection, { method: 'POST', url, timeoutMs: 25_000 });
  if (!isCheck(answer)) throw notOurs(endpoint);
  return {
    answer,
    text: (view) => textOf(answer, view),
    isMet: answer.state === 'Connected',
  };
}

async function signInCheck(connection: Connection, row: Row): Promise<CheckResult> {
  const answer = await checkSignIn(connection, row);
  return { answer, text: () => signInText(answer), isMet: answer.signIn.possible };
}

async function verification(connection: Connection, row: Row): Promise<CheckResult> {
  const answer = await verifySession(connection, row);
  const { session } = answer;
  return {
    answer,
    text: (view) => verifyText(row, session, view),
    isMet: isAccepted(row, session),
  };
}
