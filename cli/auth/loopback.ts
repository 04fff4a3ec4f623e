import type { RequestListener, ServerResponse } from 'node:http';
import { type LoopbackRedirect, onAnyPort } from '../../functions/model/loopback-redirect.ts';
import { listenOnLoopback } from './loopback-port.ts';
import { CliError, exitCodes } from '../context.ts';

/** The browser is back: what it brought, and a way to show the person the result. */
export type Arrival = {
  readonly query: URLSearchParams;
  readonly say: (title: string, text: string) => void;
};

/** How long a person may take to sign in. */
export const patienceMs = 10 * 60_000;

/** What a person reads who waits: an issuer that shows an error page never sends the browser back. */
export type Reminder = {
  readonly info: (line: string) => void;
  /** Default: after a minute. */
  readonly afterMs?: number;
  /** Ctrl-C: the wait ends with its AbortError. */
  readonly interrupted?: AbortSignal;
};

export type Loopback = {
  /** Where the browser has to go. */
  readonly address: string;
  /** Waits for the browser. Throws with exit code 3 when it does not come. */
  readonly arrival: (timeoutMs: number, reminder: Reminder) => Promise<Arrival>;
  /**
   * An address that the person brought by hand counts like a request for it. False: it is another
   * one.
   */
  readonly accept: (address: string) => boolean;
  readonly close: () => void;
};

/**
 * A page of this machine that the browser comes back to (RFC 8252, section 7.3): on a free port of
 * 127.0.0.1, or exactly where the issuer knows it. Only a visit that `isExpected` counts, under the
 * address we gave out: a page whose name leads here (DNS rebinding) has another Host. Anything else
 * that knocks gets a 404 and ends nothing. Throws with exit code 3 when the port is in use.
 */
export async function startLoopback(
  path: string,
  isExpected: (query: URLSearchParams) => boolean,
  redirect: LoopbackRedirect = onAnyPort(path),
): Promise<Loopback> {
  let arrived: (arrival: Arrival) => void = () => {};
  const first = new Promise<Arrival>((resolve) => {
    arrived = resolve;
  });
  const listener: RequestListener = (request, response) => {
    // Anyone on this machine may send anything: what is no address gets the same answer.
    const address = `http://127.0.0.1${request.url ?? '/'}`;
    const url = URL.canParse(address) ? new URL(address) : undefined;
    const isOurs = request.headers.host === `${redirect.host}:${request.socket.localPort}`;
    const isVisit = request.method === 'GET' && url?.pathname === path;
    if (!isOurs || !isVisit || !isExpected(url.searchParams)) {
      show(
        response,
        404,
        'Unknown sign-in',
        'muster did not start this sign-in, or it has ended. You may close this page.',
      );
      return;
    }
    arrived({ query: url.searchParams, say: (title, text) => show(response, 200, title, text) });
  };
  const { port, close } = await listenOnLoopback(redirect, listener);
  const address = redirect.addressAt(port);
  const given = new URL(address);
  return {
    address,
    arrival: (timeoutMs, reminder) => withTimeout(first, timeoutMs, reminder),
    accept: (text) => {
      const { origin, pathname, searchParams } = new URL(URL.canParse(text) ? text : 'about:blank');
      const isOurs = origin === given.origin && pathname === given.pathname;
      if (!isOurs || !isExpected(searchParams)) return false;
      arrived({ query: searchParams, say: () => {} });
      return true;
    },
    close,
  };
}

async function withTimeout(
  arrival: Promise<Arrival>,
  timeoutMs: number,
  { info, afterMs = 60_000, interrupted }: Reminder,
): Promise<Arrival> {
  interrupted?.throwIfAborted();
  const reminder = setTimeout(
    info,
    afterMs,
    'Still waiting for the browser. If the issuer shows an error, press Ctrl-C and run it again.',
  );
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stop: () => void = () => {};
  const late = new Promise<never>((_, reject) => {
    stop = () => reject(interrupted?.reason);
    interrupted?.addEventListener('abort', stop);
    timer = setTimeout(() => {
      const minutes = String(Math.round(timeoutMs / 60_000));
      reject(
        new CliError(`The sign-in was not completed within ${minutes} minutes.`, {
          exitCode: exitCodes.signInFailed,
          hint: 'Try again.',
        }),
      );
    }, timeoutMs);
  });
  try {
    return await Promise.race([arrival, late]);
  } finally {
    clearTimeout(timer);
    clearTimeout(reminder);
    interrupted?.removeEventListener('abort', stop);
  }
}

/**
 * The address stays readable nowhere: not in the page, not in a referrer, not in the history of the
 * browser.
 */
function show(response: ServerResponse, status: number, title: string, text: string): void {
  response
    .writeHead(status, {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      connection: 'close',
    })
    .end(
      `<!doctype html><html lang="en"><meta charset="utf-8"><title>muster</title><script>history.replaceState(null,'','/')</script>` +
        `<style>body{font:1.1rem/1.5 system-ui;max-width:32rem;margin:4rem auto;padding:0 1rem;color-scheme:light dark}</style>` +
        `<h1>${escaped(title)}</h1><p>${escaped(text)}</p></html>\n`,
    );
}

const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${String(character.codePointAt(0))};`);
