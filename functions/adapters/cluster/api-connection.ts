/**
 * HTTP to one API server by `node:https`, whose idle connections are kept and used again. undici
 * would be half of what a cold start loads.
 */
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps, type RequestOptions } from 'node:https';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { codeOf } from '../network/socket-error.ts';

/** Who we are to the API server, and how TLS with it is made. */
export type Credential = {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>;
  /** Makes connections another way, such as through a proxy. */
  readonly agent?: HttpAgent;
};

/** Called for each request. Throws what keeps it from making a credential. */
export type Authenticate = () => Promise<Credential>;

export type ApiRequest = {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below the address of the API server, with its query, each segment encoded. */
  readonly path: string;
  /** Names in lower case. Those of the credential have precedence. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Ends the request, and the reading of its answer. */
  readonly signal: AbortSignal;
};

export type ApiAnswer = {
  readonly status: number;
  /** Names in lower case; a header that came more than once is joined by commas. */
  readonly headers: Readonly<Record<string, string>>;
  /** Decompressed. Throws like `send`. A loop that ends early ends the answer. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Ends the answer without reading it. */
  readonly discard: () => void;
};

export type Send = (request: ApiRequest, credential: Credential) => Promise<ApiAnswer>;

/** The connection failed, or what came over it is not HTTP. It has nothing that was sent. */
export class ConnectionFailed extends Error {
  override readonly name = 'ConnectionFailed';
  /** Of node: `ECONNRESET`, `HPE_INVALID_CONSTANT`, `CERT_HAS_EXPIRED`. */
  readonly code: string;
  /** The connection had been idle before: the other side may have closed it in that time. */
  readonly wasIdle: boolean;
  constructor(code: string, wasIdle = false) {
    super(`The connection to the API server failed (${code}).`);
    this.code = code;
    this.wasIdle = wasIdle;
  }
}

// Less than the 90 s after which an API server closes idle connections, more than a tick.
const idleMs = 75_000;
const maxHeaderSize = 16 * 1024;

// Not their number: callers limit themselves, and a call must not wait for a slow MCP server that
// is reached through the API server.
const pool = {
  keepAlive: true,
  // client-go's own; load balancers forget idle connections after 60 s.
  keepAliveMsecs: 30_000,
  timeout: idleMs,
} as const;

/**
 * Gives the function that sends a request. It follows no redirect, which would take the credential
 * to an address that another party chose. It throws `ConnectionFailed` and the reason of an abort.
 */
export function apiConnection(server: URL): Send {
  const isSecure = server.protocol === 'https:';
  const begin = isSecure ? requestHttps : requestHttp;
  const shared = isSecure ? new HttpsAgent(pool) : new HttpAgent(pool);
  const prefix = server.pathname.replace(/\/+$/, '');
  const target = {
    protocol: server.protocol,
    hostname: server.hostname.replace(/^\[|\]$/g, ''),
    port: server.port || (isSecure ? 443 : 80),
    maxHeaderSize,
    joinDuplicateHeaders: true,
  };
  return async ({ method, path, headers, body, signal }, credential) => {
    const { headers: own, tls, agent = shared } = credential;
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const request = begin({
        ...target,
        ...tls,
        agent,
        method,
        path: `${prefix}${path}`,
        headers: trimmed({ ...headers, ...own }),
        signal,
      });
      request.on('response', (answer) => resolve(received(answer, signal)));
      // No request asks for another protocol, so its sender is no API server.
      request.on('upgrade', (_answer, socket) => {
        socket.destroy();
        reject(new ConnectionFailed('ERR_UPGRADE'));
      });
      // Also when it breaks off after the head: then the body throws.
      request.on('error', (error) => reject(failureOf(error, signal, request.reusedSocket)));
      request.end(body);
    });
  };
}

/** As `fetch` does: a token from a file often ends with a newline. */
const trimmed = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.trim()]));

const received = (answer: IncomingMessage, signal: AbortSignal): ApiAnswer => ({
  status: answer.statusCode ?? 0,
  headers: Object.fromEntries(
    Object.entries(answer.headers).map(([name, value = '']) => [
      name,
      typeof value === 'string' ? value : value.join(', '),
    ]),
  ),
  body: bodyOf(answer, signal),
  discard: () => void answer.destroy(),
});

async function* bodyOf(answer: IncomingMessage, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const isGzip = answer.headers['content-encoding'] === 'gzip';
  // Its errors come out of the loop.
  const plain = isGzip ? pipeline(answer, createGunzip(), () => {}) : answer;
  try {
    yield* plain;
  } catch (error) {
    throw failureOf(error, signal);
  }
}

const failureOf = (error: unknown, signal: AbortSignal, wasIdle = false): unknown =>
  signal.aborted ? signal.reason : new ConnectionFailed(codeOf(error) || 'unknown', wasIdle);
