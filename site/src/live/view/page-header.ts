/** Who is signed in to muster, and the theme. */
import type { PersonSession } from '../session/person-session.ts';
import { button, element, fill } from './dom.ts';
import { themeChoice } from './theme-choice.ts';

export type PageHeader = { readonly element: HTMLElement; readonly show: () => void };

export function pageHeader(
  session: PersonSession,
  {
    signIn,
    signOut,
  }: {
    readonly signIn: (control: HTMLButtonElement) => void;
    readonly signOut: (control: HTMLButtonElement) => void;
  },
): PageHeader {
  const who = element('span', { class: 'who' });
  const enter: HTMLButtonElement = button('Sign in', { class: 'main' }, () => signIn(enter));
  const leave: HTMLButtonElement = button('Sign out', {}, () => signOut(leave));
  return {
    element: element('div', { class: 'person' }, who, enter, leave, themeChoice()),
    show: () => {
      const person = session.person();
      fill(who, person === undefined ? 'Signed out' : person.name);
      enter.hidden = person !== undefined;
      leave.hidden = person === undefined;
    },
  };
}
