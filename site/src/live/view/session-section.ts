/** SESSION of the person with one server, and what they can do about it. */
import { sessionText } from '../../../../cli/output/describe-text.ts';
import { inUseText } from '../../../../cli/output/in-use-text.ts';
import { isSessionAnswer } from '../../../../cli/api/guards.ts';
import { isPending, sessionFacts } from '../../../../cli/output/status-text.ts';
import { cellText } from '../../../../cli/output/text-table.ts';
import { sessionGlossary } from '../../../../functions/model/glossary.ts';
import type { Row } from '../../../../functions/model/wire/server-wire.ts';
import type { Answer } from '../session/person-session.ts';
import { answerText } from './answer-text.ts';
import { type Child, element } from './dom.ts';
import { factList } from './fact-list.ts';
import { sessionBadge } from './status-badge.ts';

export function sessionSection(row: Row, now: Date): readonly Child[] {
  const { session } = row;
  if (session === undefined)
    return [element('p', {}, 'You are signed out of muster. Sign in to see your SESSION.')];
  return [
    element('p', { class: 'verdict' }, sessionBadge(row, sessionText(row))),
    element('p', {}, sessionGlossary[session.status].summary),
    factList([
      ...sessionFacts(row, now),
      ['Problem', session.message],
      ['Missing scopes', session.missingScopes?.join(' ')],
      [
        'In a terminal',
        session.hint === undefined ? undefined : element('code', {}, cellText(session.hint)),
      ],
    ]),
  ];
}

/** What the person can do with the buttons of the page. */
export const sessionActions = (
  row: Row,
): { readonly signIn: boolean; readonly signOut: boolean } => ({
  signIn: isPending(row),
  // A forwarded token is that of muster itself.
  signOut:
    (row.session?.status === 'Authenticated' || row.session?.status === 'Expired') &&
    row.session.sso !== 'Forwarded',
});

/** What came of a sign-in or a sign-out, as a sentence. */
export function sessionChangeText(answer: Answer, done: string, now: Date): string {
  if (answer.kind !== 'ok') return answerText(answer);
  if (!isSessionAnswer(answer.body)) return done;
  const { inUse, session } = answer.body;
  return [done, inUse === undefined ? undefined : inUseText(inUse, now), session.message]
    .filter((part) => part !== undefined)
    .map(cellText)
    .join(' ');
}
