/** STATE of one server: the same facts as `muster describe`, and what to do. */
import { reachabilityFacts, signInFact, stateText } from '../../../../cli/output/describe-text.ts';
import { cellText } from '../../../../cli/output/text-table.ts';
import { explainRow } from '../../../../functions/model/reason-facts.ts';
import type { ExplainedRow } from '../../../../functions/model/wire/server-wire.ts';
import { type Child, element } from './dom.ts';
import { factList, factsBut } from './fact-list.ts';
import { reasonLink } from './reason-link.ts';
import { stateBadge } from './status-badge.ts';

export function stateSection(row: ExplainedRow, now: Date): readonly Child[] {
  const explained = row.explained ?? explainRow(row, undefined);
  return [
    element(
      'p',
      { class: 'verdict' },
      stateBadge(row, stateText(row, now)),
      ' ',
      row.reason === undefined ? undefined : reasonLink(row.reason),
    ),
    explained === undefined ? undefined : element('p', {}, cellText(explained.means)),
    explained === undefined || explained.hints.length === 0
      ? undefined
      : element(
          'div',
          { class: 'next' },
          element('strong', {}, 'Next step'),
          ...explained.hints.map((hint) => element('p', {}, cellText(hint))),
        ),
    factList([
      ...factsBut(reachabilityFacts(row, now), 'Reason', 'Means'),
      ['Sign-in', signInFact(row)],
    ]),
  ];
}

/** What the owner declared. */
export const aboutSection = (row: ExplainedRow): HTMLElement =>
  factList([
    ['Namespace', row.namespace],
    ['Name', row.name],
    ['Type', row.type],
    ['URL', row.url],
    ['Tool prefix', row.toolPrefix],
    ['Description', row.description],
  ]);
