/** Every link of the chain of a sign-in, as `muster check NAME --sign-in` prints it. */
import { brokenText, fixerNames } from '../../../../cli/output/sign-in-text.ts';
import { cellText } from '../../../../cli/output/text-table.ts';
import type { SignInCheck, SignInLink } from '../../../../functions/model/wire/check-wire.ts';
import { type Child, element } from './dom.ts';
import { linkBadge } from './status-badge.ts';

export const signInPanel = ({ possible, links }: SignInCheck): readonly Child[] => {
  const broken = possible ? undefined : links.find(({ status }) => status === 'broken');
  return [
    element(
      'p',
      { class: 'verdict' },
      possible
        ? 'A sign-in is possible, or none is needed.'
        : `A sign-in is not possible. ${broken === undefined ? '' : brokenText(broken)}`,
    ),
    element('ol', { class: 'links' }, ...links.map(linkItem)),
  ];
};

function linkItem(link: SignInLink): HTMLElement {
  const { status, message, fixedBy, fix, details = [] } = link;
  return element(
    'li',
    { class: status },
    element('p', {}, linkBadge(status), ' ', element('strong', {}, cellText(link.link))),
    element('p', {}, cellText(message)),
    fixedBy === undefined || fix === undefined
      ? undefined
      : element('p', {}, `Fixed by ${fixerNames[fixedBy] ?? cellText(fixedBy)}: ${cellText(fix)}`),
    details.length === 0 || status === 'ok'
      ? undefined
      : element(
          'ul',
          {},
          ...details.map(({ name, value }) =>
            element('li', {}, `${cellText(name)}: ${cellText(value)}`),
          ),
        ),
    status === 'ok' ? undefined : element('p', {}, pageLink(link.page)),
  );
}

/** The endpoint names a page of this site. */
function pageLink(page: string): Child {
  const address = new URL(page, location.origin);
  return address.origin === location.origin
    ? element('a', { href: address.pathname }, 'About this finding')
    : undefined;
}
