import { cellText } from '../../../../cli/output/text-table.ts';
import { reasonFacts, reasonSlug } from '../../../../functions/model/reason-facts.ts';
import { type Child, element } from './dom.ts';

/** A reason with the link to its page; one of another writer has none. */
export function reasonLink(reason: string | undefined): Child {
  if (reason === undefined) return '-';
  return reasonFacts.has(reason)
    ? element('a', { href: `/reasons/${reasonSlug(reason)}/` }, reason)
    : cellText(reason);
}
