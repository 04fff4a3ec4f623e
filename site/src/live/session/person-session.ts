/** Who is signed in on this page, and every request of theirs. Tokens stay in memory. */
import { defined } from '../../../../functions/model/defined.ts';
import { type Answer, type Exchanged, pageProblem } from './answers.ts';
import { endpointClock } from './endpoint-clock.ts';
import { endpointRequests, type PathRequest } from './endpoint-requests.ts';
import { type ReturnedHome, returnHome } from './return-home.ts';
import { removeCookie, resumeSignIn, type SessionPorts, type SignIn } from './resume.ts';
import { finishInThisTab, sessionPath, type ServerName, signInToServer } from './server-sign-in.ts';
import { keepFlow, reportAndClose, type ServerFlow } from './server-window.ts';
import { finishSignIn, removeKey, startSignIn } from './sign-in.ts';
import { storedKeys } from './stored-keys.ts';
import { openTabs, type Tabs } from './tabs.ts';

export type { Answer } from './answers.ts';

export type PersonSession = {
  /** Undefined: signed out of muster. */
  readonly person: () => { readonly name: string; readonly expiresAt: Date } | undefined;
  /** Leaves the page when it succeeds. */
  readonly signIn: () => Promise<Answer>;
  readonly signOut: () => Promise<void>;
  /** GET, with the person's token when signed in. */
  readonly read: (path: string) => Promise<Answer>;
  /**
   * The same with the tag of its answer, and with the one of an answer that is known: for the same
   * person, what has not changed since is not sent again.
   */
  readonly readAgain: (path: string, known?: AnswerTag) => Promise<AnswerAgain>;
  /** POST with the person's token, without a proof. */
  readonly check: (path: string, body?: unknown) => Promise<Answer>;
  /** Opens a window, so call it right at a press. Resolves with the body of `session/complete`. */
  readonly signInTo: (server: ServerName) => Promise<Answer>;
  readonly signOutOf: (server: ServerName) => Promise<Answer>;
  /** The person changed, or signed in to a server after the page had given it up. */
  readonly onChange: (listener: () => void) => void;
};

/** Of one answer to one sign-in; `turn` counts these. */
export type AnswerTag = { readonly etag: string; readonly turn: number };

export type AnswerAgain = (Answer & { readonly tag?: AnswerTag }) | { readonly kind: 'unchanged' };

/**
 * To be called once, at load: finishes a sign-in that came back, resumes by the cookie, or is signed
 * out. In the window of a sign-in to a server it reports, closes and never resolves.
 */
export async function openSession(): Promise<{
  readonly session: PersonSession;
  readonly problem?: Answer;
}> {
  // Before anything is awaited: no code or secret stays in the address.
  const home = returnHome();
  const tabs = openTabs();
  if (home.kind === 'window') {
    reportAndClose(home.flow, home.search, tabs);
    return new Promise(() => {});
  }
  const page = livePerson(tabs);
  const problem = await page.open(home);
  return { session: page.session, ...(problem === undefined ? {} : { problem }) };
}

function livePerson(tabs: Tabs) {
  const clock = endpointClock(() => new Date());
  const keys = storedKeys(() => Date.now());
  const requests = endpointRequests(location.origin, clock);
  const ports: SessionPorts = { requests, clock, keys };
  const listeners: (() => void)[] = [];
  let own: SignIn | undefined;
  let turn = 0;
  let ended = new AbortController();
  let alarm: ReturnType<typeof setTimeout> | undefined;

  const become = (next: SignIn | undefined): void => {
    if (own === undefined && next === undefined) return;
    if (next?.owner !== own?.owner) {
      ended.abort();
      ended = new AbortController();
    }
    clearTimeout(alarm);
    own = next;
    turn += 1;
    if (next !== undefined) watch(next);
    for (const listener of listeners) listener();
  };

  /** Timers hold at most 24.8 days. */
  const watch = (signIn: SignIn): void => {
    const leftMs = signIn.expiresAt.getTime() - clock.now().getTime();
    alarm = setTimeout(
      () => (leftMs > longestMs ? watch(signIn) : current()),
      Math.min(leftMs, longestMs),
    );
  };

  /** The sign-in, unless its time is over. A computer that slept has missed its timer. */
  const current = (): SignIn | undefined => {
    if (own !== undefined && own.expiresAt <= clock.now()) become(undefined);
    return own;
  };

  /** The endpoint refused the token: the sign-in has ended, in all tabs. */
  const drop = async (refused: SignIn): Promise<void> => {
    if (own !== refused) return;
    become(undefined);
    tabs.post({ kind: 'signedOut' });
    if (refused.signer !== undefined) await keys.end(refused.signer.thumbprint);
    await removeCookie(ports);
  };

  const exchanged = async (request: PathRequest): Promise<Exchanged> => {
    const signIn = current();
    const exchange = await requests.send(request, signIn);
    if (signIn !== undefined && isUnauthorized(exchange.answer)) await drop(signIn);
    return exchange;
  };

  const send = async (request: PathRequest): Promise<Answer> => (await exchanged(request)).answer;

  const readAgain = async (path: string, known?: AnswerTag): Promise<AnswerAgain> => {
    // It may end here, and with it what was known.
    current();
    const asked = turn;
    const ifNoneMatch = known?.turn === asked ? known.etag : undefined;
    const read = await exchanged(defined({ method: 'GET', path, ifNoneMatch }));
    if (read.isUnchanged === true) return { kind: 'unchanged' };
    const { answer, etag } = read;
    return etag === undefined ? answer : { ...answer, tag: { etag, turn: asked } };
  };

  const prove = async (request: PathRequest): Promise<Answer> => {
    const signIn = current();
    if (signIn === undefined) return signInFirst;
    const { token, signer } = signIn;
    const { answer, refusesProof } = await requests.prove(request, { token, signer });
    if (isUnauthorized(answer) && !refusesProof) await drop(signIn);
    return answer;
  };

  const resume = async (): Promise<Answer | undefined> => {
    const resumed = await resumeSignIn(ports);
    const isSignedIn = resumed?.kind === 'signedIn';
    if (isSignedIn ? resumed.signIn.token !== own?.token : resumed === undefined)
      become(isSignedIn ? resumed.signIn : undefined);
    return isSignedIn ? undefined : resumed;
  };

  const signIn = async (): Promise<Answer> => {
    const started = await startSignIn(ports, { back: hereNow() });
    return started.kind === 'leave' ? leave(started.address) : started;
  };

  const signOut = async (): Promise<void> => {
    const leaving = own;
    become(undefined);
    tabs.post({ kind: 'signedOut' });
    const thumbprint = leaving?.signer?.thumbprint;
    const atEndpoint =
      leaving === undefined || thumbprint === undefined
        ? undefined
        : removeKey(ports, leaving, thumbprint);
    await Promise.all([
      removeCookie(ports),
      atEndpoint,
      thumbprint === undefined ? undefined : keys.remove(thumbprint),
    ]);
  };

  const serverPorts = () => ({
    prove,
    tabs,
    page: location.origin + location.pathname,
    leave: async (address: string, flow: ServerFlow) =>
      keepFlow(flow) ? leave(address) : noWindow,
    back: hereNow(),
    ended: ended.signal,
    late: () => {
      for (const listener of listeners) listener();
    },
  });

  const session: PersonSession = {
    person: () => {
      const signIn = current();
      return signIn === undefined ? undefined : { name: signIn.name, expiresAt: signIn.expiresAt };
    },
    signIn,
    signOut,
    read: (path) => send({ method: 'GET', path }),
    readAgain,
    check: (path, body) => send({ method: 'POST', path, body }),
    signInTo: async (server) =>
      current() === undefined ? signInFirst : signInToServer(server, serverPorts()),
    signOutOf: (server) => prove({ method: 'DELETE', path: sessionPath(server) }),
    onChange: (listener) => void listeners.push(listener),
  };

  const open = async (home: Exclude<ReturnedHome, { kind: 'window' }>) => {
    tabs.listen(({ kind }) => {
      if (kind === 'signedIn') void resume();
      if (kind === 'signedOut') become(undefined);
    });
    // A page that the browser kept while the person was away may show a person who has left.
    addEventListener('pageshow', ({ persisted }) => {
      if (persisted) void resume();
    });
    document.addEventListener('visibilitychange', () => void current());
    switch (home.kind) {
      case 'page':
        return resume();
      case 'tab': {
        const problem = await resume();
        if (problem !== undefined) return problem;
        const answer = await finishInThisTab(home.flow, home.outcome, serverPorts());
        return answer.kind === 'ok' ? undefined : answer;
      }
      case 'muster': {
        const finished = await finishSignIn(ports, home.awaited, home.outcome);
        if (finished.kind === 'leave') return leave(finished.address);
        if (finished.kind === 'signedIn') {
          become(finished.signIn);
          tabs.post({ kind: 'signedIn' });
          return undefined;
        }
        // An earlier sign-in may still be there.
        await resume();
        return finished;
      }
    }
  };

  return { session, open };
}

const longestMs = 2 ** 31 - 1;

/** Resolves only when the browser shows this very page again: the person turned back. */
const leave = (address: string): Promise<Answer> =>
  new Promise((resolve) => {
    addEventListener('pageshow', ({ persisted }) => {
      if (persisted) resolve(turnedBack);
    });
    location.assign(address);
  });

const hereNow = (): string => location.search + location.hash;

const isUnauthorized = (answer: Answer): boolean =>
  answer.kind === 'problem' && answer.status === 401;

const turnedBack = pageProblem({
  title: 'The sign-in was not finished',
  hint: 'Sign in again.',
});

const signInFirst = pageProblem({
  title: 'You are signed out of muster',
  hint: 'Sign in to muster first.',
});

const noWindow = pageProblem({
  title: 'This browser opened no window for the sign-in',
  hint: 'Allow this page to open windows, then sign in again.',
});
