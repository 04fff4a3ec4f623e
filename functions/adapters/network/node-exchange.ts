/**
 * The exchange with an address that the owner set, by `node:http`. undici is half of what a cold
 * start loads; it knows more servers, which are odd in many ways. An issuer is seldom one of them.
 */
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';
import { boundedBody } from './bounded-body.ts';
import { connect, type Connector } from './connect.ts';
import { hostOf, RefusedByPolicy } from './guard.ts';
import { type Exchange, joined, type ProbeRequest, type ProbeResponse } from './http-exchange.ts';
import { codeOf } from './socket-error.ts';

const maxHeaderSize = 64 * 1024;

/**
 * Gives the exchange. What it does not understand, such as a server that speaks only HTTP/2, is
 * asked again by the exchange that `loadOther` loads. Throws what `connect` throws, what the other
 * exchange throws, and the reason of an abort.
 */
export const nodeExchange =
  (loadOther: () => Promise<Exchange>): Exchange =>
  async (request, connector, signal) => {
    // What may be asked twice must change nothing.
    if (request.method !== 'GET' || !/^https?:$/.test(request.url.protocol))
      return (await loadOther())(request, connector, signal);
    const refusal = connector.guard.refusesUrl(request.url);
    if (refusal !== undefined) throw new RefusedByPolicy(refusal);
    const socket = await connected(request, connector, signal);
    const answer = socket && (await converse(request, socket, signal));
    if (answer !== undefined) return answer;
    signal.throwIfAborted();
    return (await loadOther())(request, connector, signal);
  };

/** Undefined: the server does not speak HTTP/1.1. */
async function connected(
  { url: { protocol, hostname, port } }: ProbeRequest,
  connector: Connector,
  signal: AbortSignal,
): Promise<Socket | undefined> {
  const secure = protocol === 'https:';
  try {
    return await connect(
      { hostname, port: Number(port || (secure ? 443 : 80)), secure },
      connector,
      signal,
    );
  } catch (error) {
    if (codeOf(error).endsWith('_ALERT_NO_APPLICATION_PROTOCOL')) return undefined;
    throw error;
  }
}

/** Undefined: what came back has no head of HTTP/1.1, or one that is too large. */
function converse(
  { url, method, headers, body, read }: ProbeRequest,
  socket: Socket,
  signal: AbortSignal,
): Promise<ProbeResponse | undefined> {
  return new Promise((resolve, reject) => {
    const begin = url.protocol === 'https:' ? requestHttps : requestHttp;
    const request = begin({
      createConnection: () => socket,
      hostname: hostOf(url.hostname),
      port: url.port,
      path: `${url.pathname}${url.search}`,
      method,
      headers: { ...headers },
      maxHeaderSize,
      joinDuplicateHeaders: true,
      signal,
    });
    let hasHead = false;
    request.on('response', (answer) => {
      hasHead = true;
      answerOf(answer, read)
        .finally(() => socket.destroy())
        .then(resolve, reject);
    });
    // A server that changes the protocol without being asked.
    request.on('upgrade', () => socket.destroy());
    request.on('error', () => {});
    request.on('close', () => {
      if (hasHead) return;
      socket.destroy();
      if (signal.aborted) reject(signal.reason);
      else resolve(undefined);
    });
    request.end(body);
  });
}

async function answerOf(
  answer: IncomingMessage,
  limits: ProbeRequest['read'] = { bytes: 0, ms: 0 },
): Promise<ProbeResponse> {
  const head = { status: answer.statusCode ?? 0, headers: joined(Object.entries(answer.headers)) };
  return { ...head, ...(await boundedBody(answer, limits, () => void answer.destroy())) };
}
