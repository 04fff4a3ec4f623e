/** The live page: the caller's list, kept fresh, and one server of it in detail. */
import { isObjectName } from '../../../../cli/api/guards.ts';
import { age } from '../../../../cli/output/table.ts';
import { qualifiedName } from '../../../../functions/model/mcpserver.ts';
import type { Answer, PersonSession } from '../session/person-session.ts';
import { answerText } from './answer-text.ts';
import { button, element, fill, whileBusy } from './dom.ts';
import { filterBar } from './filter-bar.ts';
import { type Listing, listingReader, type ListingResult } from './listing.ts';
import { pageHeader } from './page-header.ts';
import { noticesOf } from './page-notices.ts';
import { hashOf, rowsTable } from './rows-table.ts';
import { serverDialog, type ServerName } from './server-dialog.ts';
import { shownRows, summaryOf } from './shown-rows.ts';
import { stateNews } from './state-news.ts';
import { type Choice, choiceOf, everything, pressed, searchOf } from './view-choice.ts';
import { pollWhileVisible } from './visible-poll.ts';

const pollMs = 60_000;
/** How long a row shows that its STATE changed. */
const newsMs = 55_000;
/** How often ages are written again. */
const ageMs = 10_000;

export function livePage(
  { header, main }: { readonly header: Element; readonly main: Element },
  session: PersonSession,
  problem: Answer | undefined,
): void {
  const now = (): Date => new Date();
  const read = listingReader(session.readAgain, now);
  let last: ListingResult | undefined;
  let listing: Listing | undefined;
  let choice = choiceOf(location.search);
  let changed: ReadonlyMap<string, string> = new Map();
  let changedAt = 0;
  let failure = problem !== undefined && problem.kind !== 'ok' ? answerText(problem) : undefined;

  const summary = element('p', { role: 'status', class: 'summary' });
  const news = element('p', { role: 'status', class: 'unseen' });
  const freshness = element('p', { class: 'freshness' });
  const notices = element('div', { class: 'notices' });
  const empty = element('div', { class: 'empty', hidden: true });

  const choose = (change: (before: Choice) => Choice): void => {
    choice = change(choice);
    history.replaceState(null, '', `${location.pathname}${searchOf(choice)}${location.hash}`);
    show();
  };
  const filter = filterBar(choose);
  const table = rowsTable({
    sort: (column) => choose((before) => pressed(before, column)),
    signIn: (name, control) => {
      const server = serverIn(`#${name}`);
      if (server !== undefined)
        void whileBusy(
          control,
          report(session.signInTo(server)).then(() => poll.now()),
        );
    },
  });
  const top = pageHeader(session, {
    signIn: (control) => void whileBusy(control, report(session.signIn())),
    signOut: (control) => void whileBusy(control, session.signOut()),
  });
  const dialog = serverDialog({
    session,
    now,
    changed: () => poll.now(),
    closed: (server) => {
      if (location.hash === hashOf(server))
        history.replaceState(null, '', `${location.pathname}${location.search}`);
      // The browser gives the focus back to a link that was pressed; an address that was opened had
      // none.
      if (document.activeElement === document.body) table.focus(server);
    },
  });
  const again: HTMLButtonElement = button('Refresh', { class: 'small' }, () => {
    void whileBusy(again, poll.now());
  });
  const enter: HTMLButtonElement = button('Sign in', { class: 'main' }, () => {
    void whileBusy(enter, report(session.signIn()));
  });

  const report = async (request: Promise<Answer>): Promise<void> => {
    const answer = await request;
    failure = answer.kind === 'ok' ? undefined : answerText(answer);
    show();
  };

  const show = (): void => {
    const at = now();
    top.show();
    showFreshness(at);
    showNotices(at);
    const rows = listing?.rows ?? [];
    const shown = shownRows(rows, choice);
    const hasRows = rows.length > 0;
    for (const part of [filter.element, table.element]) part.hidden = !hasRows;
    summary.textContent = listing === undefined ? '' : summaryOf(rows, shown, choice);
    showEmpty(rows.length, shown.length);
    if (listing === undefined || !hasRows) return;
    const { signedIn } = listing;
    filter.show(rows, signedIn, choice);
    const recent = at.getTime() - changedAt < newsMs ? changed : new Map<string, string>();
    table.show({ rows, shown, signedIn, choice, changed: recent, now: at });
  };

  const showFreshness = (at: Date): void => {
    const ageOf = (moment: Date): string => {
      const seconds = Math.max(0, Math.floor((at.getTime() - moment.getTime()) / 1_000));
      return seconds < 60 ? `${String(seconds)} s` : age(seconds * 1_000);
    };
    again.hidden = last === undefined;
    freshness.hidden = listing === undefined;
    if (listing === undefined) return;
    const isOld = last?.kind !== 'listing';
    freshness.classList.toggle('old', isOld);
    fill(
      freshness,
      element('span', {}, `${isOld ? 'Old rows: read' : 'Read'} ${ageOf(listing.readAt)} ago`),
      listing.sweptAt === undefined
        ? undefined
        : element('span', {}, `last sweep ${ageOf(listing.sweptAt)} ago`),
    );
  };

  const showNotices = (at: Date): void => {
    const said = failure === undefined ? [] : [{ kind: 'bad', title: failure, lines: [] }];
    fill(
      notices,
      ...[...said, ...noticesOf(last, listing, at)].map(({ kind, title, lines }) =>
        element(
          'div',
          { class: `notice ${kind}` },
          element('p', {}, element('strong', {}, title)),
          ...lines.slice(0, 20).map((line) => element('p', {}, line)),
        ),
      ),
    );
    enter.hidden = last?.kind !== 'signInRequired';
  };

  const showEmpty = (all: number, shown: number): void => {
    empty.hidden = listing === undefined || shown > 0;
    if (empty.hidden) return;
    if (all === 0)
      fill(
        empty,
        element('p', {}, 'No MCPServers found.'),
        element('p', {}, element('a', { href: '/kubernetes/' }, 'Declare an MCPServer')),
      );
    else
      fill(
        empty,
        element('p', {}, 'No server matches the filter.'),
        button('Clear the filter', {}, () =>
          choose(({ sort, isDescending }) => ({
            ...everything,
            ...(sort === undefined ? {} : { sort, isDescending }),
          })),
        ),
      );
  };

  const ask = async (): Promise<void> => {
    last = await read();
    if (last.kind === 'listing') {
      const { before, text } = stateNews(listing?.rows ?? [], last.listing.rows);
      ({ listing } = last);
      if (before.size > 0) {
        changed = before;
        changedAt = now().getTime();
        news.textContent = text;
      }
    } else if (last.kind === 'signInRequired' && session.person() === undefined) {
      listing = undefined;
    }
    show();
    await dialog.refresh();
  };

  const follow = (): void => {
    const server = serverIn(location.hash);
    if (server === undefined) {
      if (dialog.element.open) dialog.close();
      return;
    }
    const row = listing?.rows.find((each) => qualifiedName(each) === qualifiedName(server));
    dialog.show(server, row);
  };

  header.append(top.element);
  main.append(
    element(
      'div',
      { class: 'head' },
      summary,
      element('div', { class: 'fresh' }, freshness, again),
    ),
    news,
    notices,
    enter,
    filter.element,
    table.element,
    empty,
    dialog.element,
  );
  const poll = pollWhileVisible(ask, pollMs);
  setInterval(() => {
    if (document.visibilityState === 'visible' && listing !== undefined) show();
  }, ageMs);
  let person = session.person()?.name;
  session.onChange(() => {
    if (session.person()?.name !== person) {
      // What another person may see stays on no page.
      person = session.person()?.name;
      listing = undefined;
      changed = new Map();
      dialog.close();
    }
    show();
    void poll.now();
  });
  addEventListener('hashchange', follow);
  addEventListener('popstate', () => {
    choice = choiceOf(location.search);
    show();
  });
  show();
  void poll.now().then(follow);
}

/** `#namespace/name` */
function serverIn(hash: string): ServerName | undefined {
  const [namespace = '', name = '', ...rest] = hash.slice(1).split('/');
  return rest.length === 0 && [namespace, name].every(isObjectName)
    ? { namespace, name }
    : undefined;
}
