/** Signs the person in to one server, in a window of its own, or in this tab where none opens. */
import { isRecord } from '../../../../functions/model/json.ts';
import { oneLine } from '../../../../functions/model/outside-text.ts';
import { type Answer, pageProblem, type Problem } from './answers.ts';
import { randomText } from './pkce.ts';
import type { PathRequest } from './endpoint-requests.ts';
import { returnedIn, type ServerOutcome } from './returned-address.ts';
import { openWindow, type ServerFlow, type ServerWindow } from './server-window.ts';
import { type Departure, departureIn } from './sign-in.ts';
import type { Tabs } from './tabs.ts';

export type ServerName = { readonly namespace: string; readonly name: string };

export type ServerSignInPorts = {
  /** Sends a request of the person, with a proof. */
  readonly prove: (request: PathRequest) => Promise<Answer>;
  readonly tabs: Tabs;
  /** The page that the issuer leads back to. */
  readonly page: string;
  /** Leaves the page. Resolves when the person comes back to it unfinished. */
  readonly leave: (address: string, flow: ServerFlow) => Promise<Answer>;
  /** Query and fragment of the page. */
  readonly back: string;
  /** Ends with the sign-in to muster. */
  readonly ended: AbortSignal;
  /** A sign-in that was given up was completed after all. */
  readonly late: () => void;
};

/** A server may step up twice; one that asks a third time would ask forever. */
const mostRounds = 3;
/** As long as the endpoint remembers a sign-in. */
const patienceMs = 600_000;

/** To be called right at the press of a button. Resolves with the body of `session/complete`. */
export function signInToServer(server: ServerName, ports: ServerSignInPorts): Promise<Answer> {
  const { namespace, name } = server;
  const flow: ServerFlow = {
    id: randomText(),
    way: 'window',
    namespace,
    name,
    round: 1,
    back: ports.back,
  };
  const opened = openWindow(flow);
  return opened === undefined
    ? inThisTab({ ...flow, way: 'tab' }, ports)
    : inWindow(flow, opened, ports);
}

async function inThisTab(flow: ServerFlow, ports: ServerSignInPorts): Promise<Answer> {
  const started = await start(flow, ports);
  return started.kind === 'leave' ? ports.leave(started.address, flow) : started;
}

/** In the tab that has come back: completes the sign-in, or leaves once more. */
export async function finishInThisTab(
  flow: ServerFlow,
  outcome: ServerOutcome,
  ports: ServerSignInPorts,
): Promise<Answer> {
  const answer = await complete(flow, outcome, ports);
  const { round } = flow;
  return missingScopes(answer) !== undefined && round < mostRounds
    ? inThisTab({ ...flow, round: round + 1 }, ports)
    : authenticated(flow, answer);
}

async function inWindow(
  flow: ServerFlow,
  opened: ServerWindow,
  ports: ServerSignInPorts,
): Promise<Answer> {
  const watch = new AbortController();
  const patience = AbortSignal.timeout(patienceMs);
  const signal = AbortSignal.any([watch.signal, patience, ports.ended]);
  let isGivenUp = false;
  const rounds = throughRounds(flow, opened, ports, signal).finally(() => {
    watch.abort();
    ports.tabs.post({ kind: 'close', flow: flow.id });
    opened.close();
  });
  const closed = opened.closed(signal).then((): Answer => {
    isGivenUp = true;
    return closedWindow(flow);
  });
  void rounds.then((answer) => {
    if (isGivenUp && answer.kind === 'ok') ports.late();
  });
  return Promise.race([rounds, closed]);
}

async function throughRounds(
  flow: ServerFlow,
  opened: ServerWindow,
  ports: ServerSignInPorts,
  signal: AbortSignal,
): Promise<Answer> {
  for (let round = 1; ; round += 1) {
    const started = await start(flow, ports);
    if (started.kind !== 'leave') return started;
    if (signal.aborted) return notFinished(flow, ports);
    const arriving = arrival(flow, ports.tabs, signal);
    // From the second round on the window is at our page again, and maybe no longer ours to lead.
    if (round === 1) opened.go(started.address);
    else ports.tabs.post({ kind: 'goOn', flow: flow.id, address: started.address });
    const returned = returnedIn((await arriving) ?? '');
    if (returned.kind !== 'server') return notFinished(flow, ports);
    const answer = await complete(flow, returned.outcome, ports);
    if (missingScopes(answer) === undefined || round >= mostRounds)
      return authenticated(flow, answer);
  }
}

/** The query that the window of this flow comes back with. Undefined: the signal ended it. */
const arrival = (
  { id }: ServerFlow,
  tabs: Tabs,
  signal: AbortSignal,
): Promise<string | undefined> =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
    tabs.listen((message) => {
      if (message.kind === 'returned' && message.flow === id) resolve(message.search);
    }, signal);
  });

const start = async (
  server: ServerName,
  { prove, page }: ServerSignInPorts,
): Promise<Departure | Exclude<Answer, { kind: 'ok' }>> =>
  departureIn(await prove({ method: 'POST', path: sessionPath(server), body: { returnTo: page } }));

const complete = async (
  server: ServerName,
  outcome: ServerOutcome,
  { prove }: ServerSignInPorts,
): Promise<Answer> => {
  switch (outcome.kind) {
    case 'secret': {
      const { secret } = outcome;
      return prove({ method: 'POST', path: `${sessionPath(server)}/complete`, body: { secret } });
    }
    case 'refused':
      return pageProblem({
        title: `The sign-in to ${nameOf(server)} was refused`,
        detail: outcome.description ?? `The issuer reported ${outcome.error}.`,
        hint: 'Sign in to it again.',
      });
  }
};

export const sessionPath = ({ namespace, name }: ServerName): string =>
  `/v1/mcpservers/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}/session`;

const sessionIn = (answer: Answer): Readonly<Record<string, unknown>> => {
  const body = answer.kind === 'ok' && isRecord(answer.body) ? answer.body : {};
  return isRecord(body['session']) ? body['session'] : {};
};

/** A server names the scopes it lacks when it sees the token; the next sign-in asks for them. */
function missingScopes(answer: Answer): string | undefined {
  const { missingScopes } = sessionIn(answer);
  return Array.isArray(missingScopes) ? oneLine(missingScopes.join(' '), 300) : undefined;
}

/** The answer itself, if the person is signed in to the server now. */
function authenticated(server: ServerName, answer: Answer): Answer {
  if (answer.kind !== 'ok') return answer;
  const { status, message } = sessionIn(answer);
  if (status === 'Authenticated') return answer;
  const missing = missingScopes(answer);
  return pageProblem({
    title: `${nameOf(server)} is ${typeof status === 'string' ? oneLine(status, 60) : 'not signed in'}`,
    detail:
      missing === undefined
        ? typeof message === 'string'
          ? oneLine(message, 1_024)
          : 'The server did not accept the sign-in.'
        : `It requires more scopes after ${String(mostRounds)} sign-ins: ${missing}.`,
    hint: 'Sign in to it again. If this happens again, press Check the sign-in.',
  });
}

const closedWindow = (server: ServerName): Problem =>
  pageProblem({
    title: `The sign-in to ${nameOf(server)} was not finished`,
    detail: 'Its window was closed.',
    hint: 'Sign in to it again.',
  });

const notFinished = (server: ServerName, { ended }: ServerSignInPorts): Problem =>
  pageProblem({
    title: `The sign-in to ${nameOf(server)} was not finished`,
    detail: ended.aborted
      ? 'Your sign-in to muster ended meanwhile.'
      : `Its window did not come back within ${String(patienceMs / 60_000)} minutes.`,
    hint: ended.aborted ? 'Sign in to muster first.' : 'Sign in to it again.',
  });

const nameOf = ({ namespace, name }: ServerName): string => `${namespace}/${name}`;
