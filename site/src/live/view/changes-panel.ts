/** The last changes of STATE, newest first. */
import { isChanges } from '../../../../cli/api/guards.ts';
import { localTime } from '../../../../cli/output/local-time.ts';
import { cellText } from '../../../../cli/output/text-table.ts';
import { counted } from '../../../../cli/output/table.ts';
import type { Change } from '../../../../functions/model/wire/server-wire.ts';
import type { Answer } from '../session/person-session.ts';
import { answerText } from './answer-text.ts';
import { type Child, element } from './dom.ts';
import { reasonLink } from './reason-link.ts';
import { stateBadge } from './status-badge.ts';

/** So many are shown at once; the others unfold. */
const first = 8;

export function changesPanel(answer: Answer, now: Date): readonly Child[] {
  if (answer.kind === 'problem' && answer.status === 404)
    return [quiet('This endpoint keeps no changes of STATE.')];
  if (answer.kind !== 'ok') return [quiet(answerText(answer))];
  if (!isChanges(answer.body)) return [quiet('This endpoint keeps no changes of STATE.')];
  const { items } = answer.body;
  if (items.length === 0)
    return [quiet('No change of STATE is recorded. Changes are kept for 90 days.')];
  const rest = items.slice(first);
  return [
    list(items.slice(0, first), now),
    rest.length === 0
      ? undefined
      : element(
          'details',
          {},
          element('summary', {}, counted(rest.length, 'older change')),
          list(rest, now),
        ),
  ];
}

const quiet = (text: string): HTMLElement => element('p', { class: 'quiet' }, text);

const list = (changes: readonly Change[], now: Date): HTMLElement =>
  element(
    'ol',
    { class: 'changes' },
    ...changes.map(({ at, from, to, reason, message }) =>
      element(
        'li',
        {},
        element('time', { datetime: at }, localTime(new Date(at), now)),
        element(
          'span',
          {},
          from === undefined
            ? undefined
            : element('span', { class: 'quiet' }, cellText(from), ' to '),
          stateBadge({ state: to }, cellText(to)),
          ' ',
          reasonLink(reason),
        ),
        message === undefined ? undefined : element('span', { class: 'quiet' }, cellText(message)),
      ),
    ),
  );
