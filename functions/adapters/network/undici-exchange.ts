import type { Socket } from 'node:net';
import { Client, errors } from 'undici';
import type { Stage } from '../../model/wire/check-wire.ts';
import { type Connector, connect } from './connect.ts';
import { ExchangeFailure, type FailureCode } from './exchange-failure.ts';
import { headOnly, joined, maxHeaderSize } from './http-exchange.ts';
import type { ProbeRequest, ProbeResponse } from './http-exchange.ts';
import { gated, type HeadGate, headGate } from './head-gate.ts';
import { codeOf } from './socket-error.ts';
import type { Protocol } from './tls-handshake.ts';

type Conversation = {
  readonly client: Client;
  readonly gate: HeadGate;
  /** What TLS has said last: an alert comes before the end that it causes. */
  readonly alert: () => Error | undefined;
};

/**
 * One exchange by undici, over its own guarded connection, which is closed when the promise settles:
 * with the head of the answer, or when as much of the body as `read` asks for has come. Throws what
 * `connect` throws, `ExchangeFailure`, the error of the socket, and the reason of an abort.
 */
export function undiciExchange(
  spoken: Protocol,
  request: ProbeRequest,
  connector: Connector,
  signal: AbortSignal,
  enter: (stage: Stage, socket?: Socket) => void,
): Promise<ProbeResponse> {
  let alert: Error | undefined;
  const gate = headGate(maxHeaderSize, () => client.destroy(exchangeEnded));
  const client = new Client(request.url.origin, {
    allowH2: spoken === 'h2',
    maxHeaderSize,
    // The deadline is the signal's: undici's timers are coarse, and its connect phase ignores
    // signals (nodejs/undici#386).
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: ({ hostname, port, protocol }, done) => {
      const secure = protocol === 'https:';
      connect(
        { hostname, port: Number(port || (secure ? 443 : 80)), secure, protocol: spoken },
        connector,
        signal,
        enter,
      ).then(
        (socket) => {
          enter('headers', socket);
          if (secure)
            socket.on('error', (error) => {
              alert ??= error;
            });
          if (spoken === 'http/1.1') done(null, gated(socket, gate));
          // Without TLS no handshake names the protocol; undici looks here (RFC 9113, section 3.3).
          else done(null, secure ? socket : Object.assign(socket, { alpnProtocol: 'h2' }));
        },
        (error: Error) => done(error, null),
      );
    },
  });
  return converse({ client, gate, alert: () => alert }, request, signal);
}

// Without it, undici makes an error with a stack for every exchange that ends at its headers.
const exchangeEnded = new Error('the exchange has ended');

function converse(
  { client, gate, alert }: Conversation,
  { url, method, headers, body, read }: ProbeRequest,
  signal: AbortSignal,
): Promise<ProbeResponse> {
  return new Promise((done, failed) => {
    let isOver = false;
    const end = (settle: () => void): void => {
      if (isOver) return;
      isOver = true;
      signal.removeEventListener('abort', abort);
      // The parser that reports this is still running: it would take its end for a failure.
      queueMicrotask(() => client.destroy(exchangeEnded, settle));
    };
    const resolve = (answer: ProbeResponse): void => end(() => done(answer));
    const reject = (error: unknown): void => end(() => failed(error));
    const abort = (): void => (head === undefined ? reject(signal.reason) : finish(false));
    signal.addEventListener('abort', abort, { once: true });
    let head: Pick<ProbeResponse, 'status' | 'headers'> | undefined;
    let patience: NodeJS.Timeout | undefined;
    const chunks: Buffer[] = [];
    let length = 0;
    const finish = (isWhole: boolean): void => {
      clearTimeout(patience);
      if (head !== undefined)
        resolve({ ...head, body: Buffer.concat(chunks).subarray(0, read?.bytes ?? 0), isWhole });
    };
    const fail = (error: Error): void => {
      if (isOver) return;
      const seen = gate.head();
      if (head !== undefined) finish(false);
      else if (seen !== undefined) resolve(headOnly(seen));
      else reject(isTlsAlert(alert()) ? alert() : failureOf(error, gate));
    };
    client.dispatch(
      { path: `${url.pathname}${url.search}`, method, headers: { ...headers }, body: body ?? null },
      {
        onRequestStart: () => {}, // undici recognizes its new kind of handler by this
        onResponseStart: (_controller, status, received) => {
          if (status < 200) return;
          head = { status, headers: joined(Object.entries(received)) };
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
        // Once a head is in, whatever comes after it changes nothing about that.
        onResponseError: (_controller, error) => fail(error),
      },
    );
  });
}

const isTlsAlert = (error: Error | undefined): boolean => codeOf(error).startsWith('ERR_SSL_');

/** The gate has seen what undici cannot name. All other errors are those of the socket. */
function failureOf(error: Error, gate: HeadGate): Error {
  const is = (code: FailureCode): Error => new ExchangeFailure(code, { cause: error });
  if (gate.isTooLarge() || gate.isHttp2()) return is(gate.refusal());
  if (error instanceof errors.HeadersOverflowError) return is('HEAD_TOO_LARGE');
  if (error instanceof errors.InvalidArgumentError) return is('UNUSABLE_REQUEST');
  if (error instanceof errors.SocketError || error instanceof errors.InformationalError)
    return is('CLOSED_WITHOUT_ANSWER');
  return error.name === 'HTTPParserError' ? is('NOT_HTTP') : error;
}
