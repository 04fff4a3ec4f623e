/** The window in which a person signs in to a server, as the page sees it, and as itself. */
import { isRecord } from '../../../../functions/model/json.ts';
import { safeAddress } from './returned-address.ts';
import { tabStorage } from './tab-storage.ts';
import type { Tabs } from './tabs.ts';

/** A sign-in to a server that the browser is away for. */
export type ServerFlow = {
  readonly id: string;
  /** `window`: the page that has this id waits. `tab`: the page itself has left. */
  readonly way: 'window' | 'tab';
  readonly namespace: string;
  readonly name: string;
  /** From 1. A server may require more scopes than it said at first. */
  readonly round: number;
  /** Query and fragment of the page that the person left. */
  readonly back: string;
};

const slot = 'muster-live-server';

export const keepFlow = (flow: ServerFlow): boolean => tabStorage(slot).keep(flow);

/** The sign-in that this tab or window came back from, once. */
export function takeFlow(): ServerFlow | undefined {
  const found = tabStorage(slot).read();
  tabStorage(slot).remove();
  return isFlow(found) ? found : undefined;
}

const isFlow = (value: unknown): value is ServerFlow =>
  isRecord(value) &&
  (value['way'] === 'window' || value['way'] === 'tab') &&
  typeof value['round'] === 'number' &&
  ['id', 'namespace', 'name', 'back'].every((name) => typeof value[name] === 'string');

export type ServerWindow = {
  readonly go: (address: string) => void;
  readonly close: () => void;
  /** Resolves when the person has closed it. */
  readonly closed: (signal: AbortSignal) => Promise<void>;
};

/**
 * Opens an empty window, right at the press of a button: later, browsers block it. Undefined: this
 * one blocks it now.
 */
export function openWindow(flow: ServerFlow): ServerWindow | undefined {
  const opened = window.open('', '', 'popup,width=520,height=720');
  if (opened === null) return undefined;
  try {
    // An empty window is of our origin, and has a storage of its own.
    tabStorage(slot, () => opened.sessionStorage).keep(flow);
    opened.document.title = `Sign in to ${flow.name}`;
    opened.document.body.textContent = `Starting the sign-in to ${flow.namespace}/${flow.name} …`;
    // The page of an issuer must not be able to lead this page elsewhere.
    opened.opener = null;
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    opened.close();
    return undefined;
  }
  return {
    go: (address) => opened.location.replace(address),
    close: () => opened.close(),
    closed: (signal) =>
      new Promise((resolve) => {
        const look = setInterval(() => {
          // An issuer that cuts its window off (Cross-Origin-Opener-Policy) also looks closed, but
          // the person is still there and not here. Browsers report neither by an event.
          if (opened.closed && document.hasFocus()) resolve();
        }, 500);
        signal.addEventListener('abort', () => clearInterval(look), { once: true });
      }),
  };
}

/** In the window: reports to the page that waits, and ends. */
export function reportAndClose(flow: ServerFlow, search: string, tabs: Tabs): void {
  say(
    `The sign-in to ${flow.namespace}/${flow.name} is back.`,
    'Continue in the page where you started it. You may close this window.',
  );
  tabs.listen((message) => {
    if (!('flow' in message) || message.flow !== flow.id) return;
    if (message.kind === 'close') window.close();
    if (message.kind !== 'goOn') return;
    const address = safeAddress(message.address);
    if (address !== undefined && keepFlow(flow)) location.replace(address);
  });
  tabs.post({ kind: 'returned', flow: flow.id, search });
}

function say(...sentences: readonly string[]): void {
  const main = document.createElement('main');
  main.setAttribute('role', 'status');
  main.append(
    ...sentences.map((sentence) => {
      const paragraph = document.createElement('p');
      paragraph.textContent = sentence;
      return paragraph;
    }),
  );
  document.body.replaceChildren(main);
}
