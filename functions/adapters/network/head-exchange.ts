import type { Socket } from 'node:net';
import type { Stage } from '../../model/wire/check-wire.ts';
import { type Connector, connect } from './connect.ts';
import { ExchangeFailure } from './exchange-failure.ts';
import { headGate } from './head-gate.ts';
import { headOnly, maxHeaderSize, type ProbeRequest, type ProbeResponse } from './http-exchange.ts';
import { requestHead } from './request-head.ts';
import { SharedReadSocket } from './shared-read-socket.ts';

/**
 * One exchange of HTTP/1.1 without bodies over its own guarded connection, which is closed when the
 * promise settles: with the head of the answer, of which a lenient reader makes sense as well.
 * Throws what `connect` throws, `ExchangeFailure`, the error of the socket, and the reason of an
 * abort.
 */
export async function headExchange(
  request: ProbeRequest,
  connector: Connector,
  signal: AbortSignal,
  enter: (stage: Stage, socket?: Socket) => void,
): Promise<ProbeResponse> {
  const head = requestHead(request);
  const { protocol, hostname, port } = request.url;
  const secure = protocol === 'https:';
  const socket = await connect(
    { hostname, port: Number(port || (secure ? 443 : 80)), secure, ...(secure ? {} : plain) },
    connector,
    signal,
    enter,
  );
  enter('headers', socket);
  return answerTo(head, socket, signal);
}

const plain = { newSocket: () => new SharedReadSocket() };

function answerTo(head: string, socket: Socket, signal: AbortSignal): Promise<ProbeResponse> {
  return new Promise((resolve, reject) => {
    const gate = headGate(maxHeaderSize);
    let isOver = false;
    const isFirst = (): boolean => {
      if (isOver) return false;
      isOver = true;
      signal.removeEventListener('abort', abort);
      socket.destroy();
      return true;
    };
    const fail = (error: unknown): void => {
      if (isFirst()) reject(error);
    };
    const abort = (): void => fail(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort);
    const receive = (chunk: Buffer): void => {
      const passed = gate.pass(chunk);
      const answer = gate.head();
      if (answer !== undefined) {
        if (isFirst()) resolve(headOnly(answer));
      } else if (passed !== undefined) fail(new ExchangeFailure(gate.refusal()));
    };
    if (socket instanceof SharedReadSocket) socket.receive = receive;
    else socket.on('data', receive);
    socket.on('error', fail);
    const closed = (): void => {
      if (!isOver) fail(new ExchangeFailure('CLOSED_WITHOUT_ANSWER'));
    };
    socket.on('end', closed).on('close', closed);
    socket.write(head, 'latin1');
  });
}
