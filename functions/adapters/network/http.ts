import { Client } from 'undici';
import type { Stage } from '../../model/wire.ts';
import { type Connector, connect, RefusedByPolicy } from './connect.ts';

export type ProbeRequest = {
  readonly url: URL;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /**
   * How much of the body to read, and how long to wait for it. Without it, nothing is read.
   */
  readonly read?: { readonly bytes: number; readonly ms: number };
};

export type ProbeResponse = {
  readonly status: number;
  /** Names in lower case; a header that came more than once is joined by commas. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** False when the body was cut, broke off, or was not read. */
  readonly isWhole: boolean;
};

// Some load balancers send headers of 20 to 30 KiB; undici's own limit is 16 KiB.
const maxHeaderSize = 64 * 1024;

/** Another way to a server than a connection of our own, such as the service proxy of a cluster. */
export type Via = (
  request: ProbeRequest,
  signal: AbortSignal,
  enter: (stage: Stage) => void,
) => Promise<ProbeResponse>;

/**
 * One HTTP/1.1 exchange over its own guarded connection, which is closed when the promise settles.
 * It resolves with the response headers, or when as much of the body as `read` asks for has come.
 * Redirects are answers. Throws what `connect` throws, undici's errors for what is not HTTP, and
 * the reason of an abort.
 */
export function exchange(
  request: ProbeRequest,
  connector: Connector & { readonly via?: Via },
  signal: AbortSignal,
  enter: (stage: Stage) => void = () => {},
): Promise<ProbeResponse> {
  if (connector.via !== undefined) return connector.via(request, signal, enter);
  const refusal = connector.guard.refusesUrl(request.url);
  if (refusal !== undefined) return Promise.reject(new RefusedByPolicy(refusal));
  const client = new Client(request.url.origin, {
    allowH2: false,
    maxHeaderSize,
    // The deadline is the signal's: undici's timers are coarse, and its connect phase ignores
    // signals (nodejs/undici#386).
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: ({ hostname, port, protocol }, done) => {
      const secure = protocol === 'https:';
      connect(
        { hostname, port: Number(port || (secure ? 443 : 80)), secure },
        connector,
        signal,
        enter,
      ).then(
        (socket) => {
          enter('headers');
          done(null, socket);
        },
        (error: Error) => done(error, null),
      );
    },
  });
  return converse(client, request, signal).finally(() => client.destroy(exchangeEnded));
}

// Without it, undici makes an error with a stack for every exchange that ends at its headers.
const exchangeEnded = new Error('the exchange has ended');

function converse(
  client: Client,
  { url, method, headers, body, read }: ProbeRequest,
  signal: AbortSignal,
): Promise<ProbeResponse> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    let head: Pick<ProbeResponse, 'status' | 'headers'> | undefined;
    let patience: NodeJS.Timeout | undefined;
    const chunks: Buffer[] = [];
    let length = 0;
    const finish = (isWhole: boolean): void => {
      clearTimeout(patience);
      if (head !== undefined)
        resolve({ ...head, body: Buffer.concat(chunks).subarray(0, read?.bytes ?? 0), isWhole });
    };
    client.dispatch(
      { path: `${url.pathname}${url.search}`, method, headers: { ...headers }, body: body ?? null },
      {
        onRequestStart: () => {}, // undici recognizes its new kind of handler by this
        onResponseStart: (_controller, status, received) => {
          if (status < 200) return;
          head = { status, headers: joined(received) };
          if (read === undefined) finish(false);
          else patience = setTimeout(finish, read.ms, false);
        },
        onResponseData: (_controller, chunk) => {
          if (read === undefined) return;
          chunks.push(chunk);
          length += chunk.length;
          if (length > read.bytes) finish(false);
        },
        onResponseEnd: () => finish(true),
        // Once the headers are in, a body that breaks off changes nothing about them.
        onResponseError: (_controller, error) =>
          head === undefined ? reject(error) : finish(false),
      },
    );
  });
}

const joined = (
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, bounded(name, [value].flat().join(', '))]],
    ),
  );

/**
 * Reading challenges takes time with the square of their length: 64 KiB cost 0.5 s. A reader gets
 * at most 8 KiB.
 */
const bounded = (name: string, value: string): string =>
  name === 'www-authenticate' ? value.slice(0, longestChallenge) : value;

const longestChallenge = 8 * 1024;

/** The part of `fetch` that OAuth and OpenID Connect clients need. */
export type GuardedFetch = (
  url: string,
  init?: {
    method?: string;
    headers?: Headers | Record<string, string>;
    body?: string | URLSearchParams | null;
    signal?: AbortSignal;
  },
) => Promise<Response>;

/**
 * `fetch` for addresses that others wrote: guarded, without following redirects, limited in time
 * and size. Throws a TypeError when the answer is larger than `maxBytes` or takes longer than
 * `timeoutMs`, and what `exchange` throws.
 */
export const guardedFetch =
  (connector: Connector, { timeoutMs = 10_000, maxBytes = 1024 * 1024 } = {}): GuardedFetch =>
  async (address, init = {}) => {
    const url = new URL(address);
    const method = init.method === 'POST' || init.method === 'DELETE' ? init.method : 'GET';
    const body = init.body ? { body: init.body.toString() } : {};
    const request = {
      url,
      method,
      headers: Object.fromEntries(new Headers(init.headers)),
      ...body,
      read: { bytes: maxBytes, ms: timeoutMs },
    } as const;
    const timeout = AbortSignal.timeout(timeoutMs);
    const answer = await exchange(
      request,
      connector,
      init.signal ? AbortSignal.any([timeout, init.signal]) : timeout,
    );
    if (!answer.isWhole)
      throw new TypeError(
        `${url.host} answered with more than ${maxBytes} bytes, or did not finish within ${timeoutMs} ms`,
      );
    const hasBody = answer.status !== 204 && answer.status !== 304;
    return new Response(hasBody ? new Uint8Array(answer.body) : null, {
      status: answer.status,
      headers: answer.headers,
    });
  };
