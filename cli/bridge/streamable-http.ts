import type { IncomingMessage } from 'node:http';
import { codeOf } from '../token-store/private-file.ts';
import { defined } from '../../functions/model/defined.ts';
import { BridgeError, brokeOff, ConnectionError } from './bridge-error.ts';
import type { Pending } from './conversation.ts';
import { eventsOf, isMessage, type StreamPosition } from './event-stream.ts';
import {
  isSuccess,
  mediaTypeOf,
  notAnAnswer,
  refusalOf,
  serverMessages,
  textOf,
} from './http-answer.ts';
import { type ClientMessage, type ClientRequest, rpcErrorIn } from './json-rpc.ts';
import { statelessHeaders, statelessVersion } from './protocol-headers.ts';
import {
  failureIn,
  failureOf,
  firstRetryMs,
  onlyServerFailure,
  pause,
  ServerFailure,
  type Transport,
  type TransportParts,
} from './transport.ts';

/** What the server opened at `initialize`; without an id where it keeps none. */
type Session = { readonly id?: string };

/** A stream that breaks so often without a new event will not bring the answer. */
const mostResumptions = 5;

/**
 * Streamable HTTP in both forms: with sessions, their stream and its resumption (2025-03-26 to
 * 2025-11-25), and stateless (2026-07-28).
 */
export function streamableHttp({ name, send, conversation, closed }: TransportParts): Transport {
  const { handshake, tools } = conversation;
  let session: Session | undefined;
  let reopening: Promise<Session> | undefined;
  let listening: Session | undefined;
  let lastStateless: string | undefined;

  const headersOf = (message: ClientMessage, of: Session | undefined) => {
    const own = statelessVersion(message);
    if (message.kind === 'request') lastStateless = own;
    const version = own ?? (of === undefined ? lastStateless : undefined);
    return version === undefined ? sessionHeaders(of) : statelessHeaders(version, message, tools);
  };
  const sessionHeaders = (of: Session | undefined) =>
    defined({
      'mcp-session-id': of?.id,
      'mcp-protocol-version': of === undefined ? undefined : handshake.version,
    });
  const post = (message: ClientMessage, of: Session | undefined, pending?: Pending) =>
    send(
      defined({
        method: 'POST',
        headers: { accept: 'application/json, text/event-stream', ...headersOf(message, of) },
        body: message.text,
        signal: pending?.signal ?? closed,
        written: pending?.noteWritten,
      }),
    );
  const get = (of: Session, { lastEventId }: StreamPosition, signal: AbortSignal) =>
    send({
      method: 'GET',
      headers: defined({
        accept: 'text/event-stream',
        ...sessionHeaders(of),
        'last-event-id': lastEventId,
      }),
      signal,
    });

  const exchange = async (message: ClientMessage, pending?: Pending): Promise<void> => {
    if (pending?.request.method === 'initialize') return initialize(message, pending);
    const of = session;
    const answer = await post(message, of, pending);
    if (isSuccess(answer)) return take(answer, message, of, pending);
    const refusal = await refusalOf(name, answer);
    // A session of 404 is gone; some servers say 400 (revision 2025-03-26 asks for 404).
    const isLost = refusal.isSessionLost && (of?.id !== undefined || refusal.status === 400);
    if (!isLost || handshake.initialize === undefined) throw failureOf(refusal);
    // It answers a request of the session that is gone.
    if (message.kind === 'response') return;
    const again = await reopened(of);
    const second = await post(message, again, pending);
    if (!isSuccess(second)) throw await failureIn(name, second);
    await take(second, message, again, pending);
  };

  const initialize = async (message: ClientMessage, pending: Pending): Promise<void> => {
    session = undefined;
    delete handshake.initialize;
    delete handshake.initialized;
    const answer = await post(message, undefined, pending);
    if (!isSuccess(answer)) throw await failureIn(name, answer);
    session = sessionIn(answer);
    await readAnswer(answer, pending, undefined);
  };

  const take = async (
    answer: IncomingMessage,
    message: ClientMessage,
    of: Session | undefined,
    pending: Pending | undefined,
  ): Promise<void> => {
    if (pending === undefined) {
      answer.resume();
      if (message.kind === 'notification' && message.method === 'notifications/initialized')
        handshake.initialized = message;
    }
    if (of !== undefined && handshake.initialized !== undefined) listen(of);
    if (pending !== undefined) await readAnswer(answer, pending, of);
  };

  /** Opens the session again, with what the client sent at its beginning. */
  const reopened = async (lost: Session | undefined): Promise<Session> => {
    if (session !== undefined && session !== lost) return session;
    reopening ??= open().finally(() => (reopening = undefined));
    return reopening;
  };
  const open = async (): Promise<Session> => {
    const { initialize: request, initialized } = handshake;
    if (request === undefined) throw new BridgeError(`${name} has ended the session.`);
    const made = await unseen(request, undefined);
    session = made;
    if (initialized !== undefined) (await post(initialized, made)).resume();
    for (const setting of conversation.settings.values())
      await unseen(setting, made).catch(onlyServerFailure);
    listen(made);
    return made;
  };
  /** A request that the client made before. Returns the session that the answer opens. */
  const unseen = async (request: ClientRequest, of: Session | undefined): Promise<Session> => {
    const pending = conversation.expectUnseen(request);
    try {
      const answer = await post(request, of, pending);
      if (!isSuccess(answer)) throw await failureIn(name, answer);
      await readAnswer(answer, pending, of);
      const error = rpcErrorIn(await pending.answered);
      if (error !== undefined) throw new ServerFailure(error);
      return sessionIn(answer);
    } finally {
      pending.drop();
    }
  };

  /** Until the response of this request is there; a stream that ends before is resumed. */
  const readAnswer = async (
    answer: IncomingMessage,
    pending: Pending,
    of: Session | undefined,
  ): Promise<void> => {
    const type = mediaTypeOf(answer);
    if (type === 'application/json') return readJson(answer, pending);
    if (type !== 'text/event-stream') {
      answer.resume();
      const { statusCode = 0 } = answer;
      throw notAnAnswer(name, type || `HTTP ${String(statusCode)} and no content`);
    }
    const position: StreamPosition = {};
    await readEvents(answer, position, pending);
    for (let failures = 0; !pending.isDone(); failures += 1) {
      const { lastEventId } = position;
      if (of === undefined || lastEventId === undefined || failures === mostResumptions)
        throw brokeOff(name);
      await pause(position.retryMs ?? firstRetryMs, pending.signal);
      const stream = await get(of, position, pending.signal).catch(noConnection);
      if (stream === undefined) continue;
      if (!isStream(stream)) {
        stream.resume();
        throw brokeOff(name);
      }
      await readEvents(stream, position, pending, true);
      if (position.lastEventId !== lastEventId) failures = -1;
    }
  };
  const readJson = async (answer: IncomingMessage, pending: Pending): Promise<void> => {
    const text = await textOf(answer).catch(isCut);
    if (text === undefined || serverMessages(text).length === 0) throw brokeOff(name);
    await conversation.deliver(text, pending);
    if (!pending.isDone()) throw notAnAnswer(name, 'the answer to another request');
  };
  const readEvents = async (
    stream: IncomingMessage,
    position: StreamPosition,
    pending?: Pending,
    untilAnswered = false,
  ): Promise<void> => {
    try {
      for await (const event of eventsOf(stream, position)) {
        if (isMessage(event)) await conversation.deliver(event.data, pending);
        // A stream that was resumed may stay open after the answer.
        if (untilAnswered && pending?.isDone() === true) return;
      }
    } catch (error) {
      isCut(error);
    }
  };

  /** Keeps the stream open on which the server begins to speak, where it has one. */
  const listen = (of: Session): void => {
    if (listening === of) return;
    listening = of;
    void keepListening(of);
  };
  const keepListening = async (of: Session): Promise<void> => {
    const position: StreamPosition = {};
    let waitMs = firstRetryMs / 2;
    for (;;) {
      if (session !== of || closed.aborted) return;
      const { lastEventId } = position;
      const heard = await listenOnce(of, position);
      if (heard === 'unsupported') return;
      if (heard === 'noAccess') {
        // The next message that succeeds opens it again.
        listening = undefined;
        return;
      }
      waitMs = position.lastEventId === lastEventId ? waitMs * 2 : firstRetryMs;
      await pause(heard === 'ended' ? (position.retryMs ?? waitMs) : waitMs, closed);
    }
  };
  const listenOnce = async (
    of: Session,
    position: StreamPosition,
  ): Promise<'ended' | 'failed' | 'unsupported' | 'noAccess'> => {
    try {
      const stream = await get(of, position, closed);
      if (isStream(stream)) {
        await readEvents(stream, position);
        return 'ended';
      }
      const refusal = await refusalOf(name, stream);
      if (refusal.status >= 500 || refusal.status === 429) return 'failed';
      if (!refusal.isSessionLost || of.id === undefined) return 'unsupported';
      await reopened(of);
      return 'ended';
    } catch (error) {
      if (error instanceof ConnectionError) return 'failed';
      if (error instanceof BridgeError || error instanceof ServerFailure) return 'noAccess';
      throw error;
    }
  };

  return {
    exchange,
    close: async (signal) => {
      if (session?.id === undefined) return;
      const headers = sessionHeaders(session);
      (await send({ method: 'DELETE', headers, signal })).resume();
    },
  };
}

const sessionIn = ({ headers }: IncomingMessage): Session => {
  const id = headers['mcp-session-id'];
  return typeof id === 'string' ? { id } : {};
};

const isStream = (response: IncomingMessage): boolean =>
  isSuccess(response) && mediaTypeOf(response) === 'text/event-stream';

/** The connection ended early. */
function isCut(error: unknown): undefined {
  if (!(error instanceof Error) || codeOf(error) === undefined) throw error;
}

function noConnection(error: unknown): undefined {
  if (!(error instanceof ConnectionError)) throw error;
}
