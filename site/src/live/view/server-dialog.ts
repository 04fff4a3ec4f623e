/** One server in detail, beside the list. It stays open over a refresh. */
import { isCheck, isExplainedRow, isSignInCheck } from '../../../../cli/api/guards.ts';
import { isRecord } from '../../../../functions/model/json.ts';
import { qualifiedName } from '../../../../functions/model/mcpserver.ts';
import type { ExplainedRow, Row } from '../../../../functions/model/wire/server-wire.ts';
import type { Answer, PersonSession } from '../session/person-session.ts';
import { answerText } from './answer-text.ts';
import { changesPanel } from './changes-panel.ts';
import { checkPanel } from './check-panel.ts';
import { button, element, fill, whileBusy } from './dom.ts';
import { sessionActions, sessionChangeText, sessionSection } from './session-section.ts';
import { serverPath } from './server-path.ts';
import { signInPanel } from './sign-in-panel.ts';
import { snippetPanel } from './snippet-panel.ts';
import { aboutSection, stateSection } from './state-section.ts';

export type ServerName = { readonly namespace: string; readonly name: string };

export type ServerDialog = {
  readonly element: HTMLDialogElement;
  /** Opens it, or shows another server in it. `row`: what the list has, shown until more is read. */
  readonly show: (server: ServerName, row: Row | undefined) => void;
  /** Reads the server and its changes again. */
  readonly refresh: () => Promise<void>;
  readonly close: () => void;
};

type Options = {
  readonly session: PersonSession;
  readonly now: () => Date;
  readonly closed: (server: ServerName) => void;
  /** The session with a server changed. */
  readonly changed: () => Promise<void>;
};

export function serverDialog({ session, now, closed, changed }: Options): ServerDialog {
  let shown: ServerName | undefined;
  let knownReason: string | undefined;
  const title = element('h2', { id: 'server-name' });
  const report = element('p', { role: 'status', class: 'report' });
  // What the panel shows already is only read out.
  const say = (text: string, how: 'shown' | 'unseen' = 'shown'): void => {
    report.textContent = text;
    report.classList.toggle('unseen', how === 'unseen');
  };
  const parts = {
    state: element('div'),
    check: element('div', { class: 'result', hidden: true }),
    session: element('div'),
    changes: element('div'),
    about: element('div'),
  };
  const snippet = snippetPanel(say);
  const checkNow = button('Check now', { class: 'main' }, () => act(checkNow, () => check()));
  const checkSignIn = button('Check the sign-in', {}, () =>
    act(checkSignIn, () => check({ signIn: true })),
  );
  const signIn = button('Sign in', { class: 'main' }, () =>
    act(signIn, () => changeSession(session.signInTo, 'You are signed in to')),
  );
  const signOut = button('Sign out', {}, () =>
    act(signOut, () => changeSession(session.signOutOf, 'You are signed out of')),
  );
  const signInToMuster = button('Sign in to muster', { class: 'main' }, () =>
    act(signInToMuster, async () => {
      const answer = await session.signIn();
      if (answer.kind !== 'ok') say(answerText(answer));
    }),
  );
  const signedOut = element('p', { class: 'quiet' }, 'To check a server now, sign in to muster.');
  const close = button('Close', { class: 'close', 'aria-label': 'Close' }, () => dialog.close());
  const clientSection = section('Use it in your client', snippet.element);
  const dialog = element(
    'dialog',
    { class: 'server', 'aria-labelledby': 'server-name' },
    element('div', { class: 'top' }, title, close),
    section('STATE', parts.state, actions(checkNow, checkSignIn), signedOut, parts.check),
    section('SESSION', parts.session, actions(signIn, signOut, signInToMuster)),
    section('Last changes of STATE', parts.changes),
    clientSection,
    section('About', parts.about),
    report,
  );
  dialog.addEventListener('close', () => {
    // The event comes late: it may be open again.
    if (dialog.open) return;
    const server = shown;
    shown = undefined;
    if (server !== undefined) closed(server);
  });
  // A press beside the panel closes it.
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });

  const act = (control: HTMLButtonElement, work: () => Promise<void>): void => {
    say('');
    void whileBusy(control, work());
  };

  /** Runs a request about the server on show, and drops an answer that is late. */
  const about = async (
    ask: (server: ServerName) => Promise<Answer>,
  ): Promise<Answer | undefined> => {
    const asked = shown;
    if (asked === undefined) return undefined;
    const answer = await ask(asked);
    return shown === asked ? answer : undefined;
  };

  const check = async (body?: { readonly signIn: true }): Promise<void> => {
    const answer = await about((server) => session.check(serverPath(server, '/check'), body));
    if (answer === undefined) return;
    if (answer.kind !== 'ok') {
      say(answerText(answer));
      return;
    }
    const signInCheck = isRecord(answer.body) ? answer.body['signIn'] : undefined;
    if (!isCheck(answer.body)) {
      say('The endpoint sent an answer that this page cannot read.');
      return;
    }
    parts.check.hidden = false;
    parts.check.replaceChildren(
      element('h4', {}, body === undefined ? 'Check now' : 'Check the sign-in'),
    );
    const panel = isSignInCheck(signInCheck)
      ? signInPanel(signInCheck)
      : checkPanel(answer.body, { now: now(), known: knownReason });
    parts.check.append(...panel.filter((child) => child !== undefined));
    const { state = '-', reason, observed } = answer.body;
    say(
      isSignInCheck(signInCheck)
        ? `The sign-in is checked: ${signInCheck.possible ? 'possible' : 'not possible'}.`
        : `The check found ${state} (${reason}): ${observed}.`,
      'unseen',
    );
  };

  const changeSession = async (
    ask: (server: ServerName) => Promise<Answer>,
    done: string,
  ): Promise<void> => {
    const server = shown;
    const answer = await about(ask);
    if (server === undefined || answer === undefined) return;
    say(sessionChangeText(answer, `${done} ${qualifiedName(server)}.`, now()));
    await changed();
  };

  const showRow = (row: ExplainedRow): void => {
    const person = session.person();
    const isRemote = row.type !== 'stdio';
    knownReason = row.reason;
    fill(parts.state, ...stateSection(row, now()));
    fill(parts.session, ...sessionSection(row, now()));
    fill(parts.about, aboutSection(row));
    const possible = sessionActions(row);
    signIn.hidden = !possible.signIn;
    signOut.hidden = !possible.signOut;
    signInToMuster.hidden = person !== undefined;
    for (const control of [checkNow, checkSignIn])
      control.hidden = person === undefined || !isRemote;
    signedOut.hidden = person !== undefined || !isRemote;
    clientSection.hidden = !isRemote;
    snippet.show(row);
  };

  const refresh = async (): Promise<void> => {
    const [row, changes] = await Promise.all([
      about((server) => session.read(serverPath(server))),
      about((server) => session.read(serverPath(server, '/events'))),
    ]);
    if (row === undefined || changes === undefined) return;
    if (row.kind !== 'ok') say(answerText(row));
    else if (isExplainedRow(row.body)) showRow(row.body);
    fill(parts.changes, ...changesPanel(changes, now()));
  };

  return {
    element: dialog,
    refresh,
    close: () => dialog.close(),
    show: (server, row) => {
      shown = server;
      say('');
      fill(title, element('span', { class: 'quiet' }, `${server.namespace}/`), server.name);
      parts.check.hidden = true;
      for (const part of [parts.state, parts.session, parts.about]) part.replaceChildren();
      fill(parts.changes, element('p', { class: 'quiet' }, 'Reading…'));
      if (row !== undefined) showRow(row);
      if (!dialog.open) dialog.showModal();
      dialog.scrollTop = 0;
      void refresh();
    },
  };
}

const section = (title: string, ...children: readonly Node[]): HTMLElement =>
  element('section', {}, element('h3', {}, title), ...children);

const actions = (...buttons: readonly HTMLButtonElement[]): HTMLElement =>
  element('div', { class: 'actions' }, ...buttons);
