import type { IncomingMessage } from 'node:http';
import { defined } from '../../functions/model/defined.ts';
import { codeOf } from '../token-store/private-file.ts';
import { oneLineWithoutSecrets } from '../../functions/model/outside-text.ts';
import { BridgeError, brokeOff, ConnectionError } from './bridge-error.ts';
import type { Pending } from './conversation.ts';
import { eventsOf, isMessage } from './event-stream.ts';
import { isSuccess, mediaTypeOf, notAnAnswer, refusalOf } from './http-answer.ts';
import { type ClientMessage, type ClientRequest, rpcErrorIn } from './json-rpc.ts';
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

/** The stream on which the server speaks, and the address that it named for messages. */
type Stream = {
  readonly post: URL;
  /** Requests whose responses come on it. */
  readonly waiting: Set<Pending>;
  readonly end: () => void;
  isOpen: boolean;
};

const endpointMs = 15_000;

/** The transport of revision 2024-11-05: a stream, and an address for messages that it names. */
export function sseTransport({ name, send, conversation, closed }: TransportParts): Transport {
  const { handshake } = conversation;
  let stream: Stream | undefined;
  let opening: Promise<Stream> | undefined;
  let waitMs = firstRetryMs;

  const exchange = async (message: ClientMessage, pending?: Pending): Promise<void> => {
    if (pending?.request.method === 'initialize') {
      delete handshake.initialize;
      delete handshake.initialized;
    }
    const on = await opened();
    const answer = await sendOn(on, message, pending);
    if (isSuccess(answer)) answer.resume();
    else {
      const refusal = await refusalOf(name, answer);
      if (!refusal.isSessionLost) throw failureOf(refusal);
      // The server was started again, and the stream has not noticed yet.
      if (pending !== undefined) on.waiting.delete(pending);
      on.end();
      const again = await sendOn(await opened(), message, pending);
      if (!isSuccess(again)) throw await failureIn(name, again);
      again.resume();
    }
    if (message.kind === 'notification' && message.method === 'notifications/initialized')
      handshake.initialized = message;
    await pending?.answered;
    waitMs = firstRetryMs;
  };

  const sendOn = (
    to: Stream,
    message: ClientMessage,
    pending: Pending | undefined,
  ): Promise<IncomingMessage> => {
    if (pending !== undefined) to.waiting.add(pending);
    return send({
      method: 'POST',
      headers: defined({
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': handshake.version,
      }),
      body: message.text,
      signal: pending?.signal ?? closed,
      written: pending?.noteWritten,
      // A token goes to the origin of the server only.
      at: ({ url }) => {
        if (url.origin === to.post.origin) return to.post;
        to.end();
        throw new BridgeError(`${name} has a new address. Try again.`);
      },
    });
  };

  const opened = async (): Promise<Stream> => {
    if (stream?.isOpen === true) return stream;
    opening ??= open().finally(() => (opening = undefined));
    return opening;
  };
  const open = async (): Promise<Stream> => {
    let base: URL | undefined;
    const answer = await send({
      method: 'GET',
      headers: { accept: 'text/event-stream' },
      signal: closed,
      at: ({ url }) => (base = url),
    });
    if (!isSuccess(answer)) throw await failureIn(name, answer);
    if (mediaTypeOf(answer) !== 'text/event-stream') {
      answer.resume();
      throw notAnAnswer(name, mediaTypeOf(answer));
    }
    const made = await new Promise<Stream>((resolve, reject) => {
      const late = setTimeout(() => answer.destroy(), endpointMs);
      const named = (made: Stream) => {
        clearTimeout(late);
        resolve(made);
      };
      read(answer, base, named)
        .then(() => reject(brokeOff(name)), reject)
        .finally(() => clearTimeout(late));
    });
    await greet(made);
    stream = made;
    return made;
  };
  /** Begins a session as the client began the one before. */
  const greet = async (on: Stream): Promise<void> => {
    const { initialize, initialized } = handshake;
    if (initialize === undefined) return;
    await unseen(initialize, on);
    if (initialized !== undefined) (await sendOn(on, initialized, undefined)).resume();
    for (const setting of conversation.settings.values())
      await unseen(setting, on).catch(onlyServerFailure);
  };
  /** A request that the client made before. */
  const unseen = async (request: ClientRequest, on: Stream): Promise<void> => {
    const pending = conversation.expectUnseen(request);
    try {
      const answer = await sendOn(on, request, pending);
      if (!isSuccess(answer)) throw await failureIn(name, answer);
      answer.resume();
      const error = rpcErrorIn(await pending.answered);
      if (error !== undefined) throw new ServerFailure(error);
    } finally {
      pending.drop();
    }
  };

  /** Until the stream ends; `named` gets it as soon as it has named its address. */
  const read = async (
    answer: IncomingMessage,
    base: URL | undefined,
    named: (made: Stream) => void,
  ): Promise<void> => {
    let mine: Stream | undefined;
    const end = (made: Stream) => {
      made.isOpen = false;
      answer.destroy();
    };
    try {
      for await (const event of eventsOf(answer, {})) {
        if (isMessage(event)) await conversation.deliver(event.data);
        if (event.event !== 'endpoint' || mine !== undefined) continue;
        const post = postAddress(name, event.data, base);
        const made: Stream = { post, waiting: new Set(), end: () => end(made), isOpen: true };
        mine = made;
        named(made);
      }
    } catch (error) {
      if (!(error instanceof Error) || codeOf(error) === undefined) throw error;
    }
    if (mine === undefined) return;
    mine.isOpen = false;
    for (const pending of mine.waiting) pending.fail(brokeOff(name));
    if (stream === mine) void reopen();
  };
  /** The server may have something to say before the client has. */
  const reopen = async (): Promise<void> => {
    while (!closed.aborted && handshake.initialize !== undefined) {
      await pause(waitMs, closed);
      waitMs *= 2;
      try {
        if (!closed.aborted) await opened();
        return;
      } catch (error) {
        if (error instanceof ConnectionError) continue;
        // Without access, the next message tries again.
        if (error instanceof BridgeError || error instanceof ServerFailure) return;
        throw error;
      }
    }
  };
  return { exchange, close: async () => {} };
}

/** The address for messages. Throws unless it is on the origin of the stream. */
function postAddress(name: string, text: string, base: URL | undefined): URL {
  const url = base !== undefined && URL.canParse(text, base.href) ? new URL(text, base) : undefined;
  if (url !== undefined && url.origin === base?.origin) return url;
  throw new BridgeError(
    `${name} names another address for messages: ${oneLineWithoutSecrets(text, 200)}. Nothing is sent to another host.`,
  );
}
