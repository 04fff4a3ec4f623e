import type { Row, Session } from '../../functions/model/wire/server-wire.ts';
import { type Fact, factLines } from './fact-lines.ts';
import type { Paint } from './paint.ts';
import { inStyle, sessionStyle } from './status-styles.ts';
import { sessionCell } from './table.ts';
import { cellText } from './text-table.ts';

/**
 * Whether the server has just taken the sign-in, or requires none. `before`: the row that was read
 * before the server was asked; a session that was not verified again says nothing new.
 */
export function isAccepted(before: Row, session: Session): boolean {
  if (session.status === '-') return before.state === 'Connected';
  return (
    session.status === 'Authenticated' &&
    session.lastVerified !== undefined &&
    session.lastVerified !== before.session?.lastVerified
  );
}

/** `muster check NAME --verify`: the answer in one line, and below it why not and what to do. */
export function verifyText(
  before: Row,
  session: Session,
  { paint, label }: { readonly paint: Paint; readonly label: string },
): string {
  const cell = cellText(sessionCell({ ...before, session }));
  const status =
    session.status === '-' ? '' : `${inStyle(paint, sessionStyle({ session }), cell)}: `;
  const facts: readonly Fact[] = [
    ['Problem', session.message],
    ['Next', session.hint],
  ];
  return `${cellText(label)}: ${status}${verdictOf(before, session)}\n${factLines(facts)}`;
}

function verdictOf(before: Row, session: Session): string {
  if (isAccepted(before, session))
    return session.status === '-'
      ? 'the server requires no sign-in'
      : 'the server accepted a request with your token';
  switch (session.status) {
    case '-':
      return 'the server cannot be reached';
    case 'Authenticated':
      return 'the server could not be asked';
    case 'Expired':
      return 'the server does not accept your sign-in';
    case 'Pending Auth':
      return 'you are not signed in to the server';
  }
}
