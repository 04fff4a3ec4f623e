import { codeOf } from '../token-store/private-file.ts';
import { CliError } from '../context.ts';
import { asBridgeError, BridgeError, StatusError } from './bridge-error.ts';
import { type Pending, startConversation } from './conversation.ts';
import { type ClientMessage, errorText, messagesIn, type RpcError } from './json-rpc.ts';
import { personRequests } from './person-request.ts';
import { statelessVersion } from './protocol-headers.ts';
import type { AccessKeeper } from './server-access.ts';
import { serverClient } from './server-request.ts';
import { sseTransport } from './sse-transport.ts';
import { linesOf } from './stdio-lines.ts';
import { streamableHttp } from './streamable-http.ts';
import { pause, ServerFailure } from './transport.ts';

export type BridgeParts = {
  /** Of the server, as the person uses it. */
  readonly name: string;
  readonly access: AccessKeeper;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What the client writes. */
  readonly input: AsyncIterable<unknown>;
  /** One message for the client, without a line break. Resolves when more may follow. */
  readonly write: (line: string) => Promise<void>;
  /** A line for the person, who may see it in the log of the client. */
  readonly warn: (line: string) => void;
  /** Ends the bridge. */
  readonly interrupted: Promise<void>;
};

const parseError = -32_700;
/** For the server to forget the session, before the process ends without it. */
const farewellMs = 500;
/** For answers to what was piped in. Clients end a process 2 s after its stdin. */
const graceMs = 1_000;

/**
 * Carries messages between a client on stdin and stdout and one MCP server, until the client ends
 * its stream. Every request of the client gets a response, if only an error that says why.
 */
export async function runBridge(parts: BridgeParts): Promise<void> {
  const { name, access, environment, input, write, interrupted } = parts;
  const closed = new AbortController();
  const client = serverClient(name, environment);
  const conversation = startConversation(write);
  const shared = {
    name,
    send: personRequests(access, client),
    conversation,
    closed: closed.signal,
  };
  const [http, sse] = [streamableHttp(shared), sseTransport(shared)];
  const warn = withoutRepetition(parts.warn);
  let turn: Promise<unknown> = Promise.resolve();
  const underWay = new Set<Promise<void>>();

  const receive = (message: ClientMessage): void => {
    const pending = message.kind === 'request' ? conversation.expect(message) : undefined;
    const before = turn;
    const handled = before.then(() => handle(message, pending));
    if (!isSubscription(message)) {
      underWay.add(handled);
      void handled.finally(() => underWay.delete(handled));
    }
    // What follows the handshake has to find the session.
    if (isHandshake(message)) turn = handled;
  };
  const handle = async (message: ClientMessage, pending: Pending | undefined): Promise<void> => {
    try {
      if (message.kind === 'notification' && message.method === 'notifications/cancelled')
        await cancel(message, conversation.find(message.params['requestId']));
      else await exchange(message, pending);
      warn(undefined);
    } catch (error) {
      if (pending?.isDone() === true || closed.signal.aborted) return;
      pending?.drop();
      await report(message, pending, asFailure(name, error));
    } finally {
      pending?.drop();
    }
  };
  const exchange = async (message: ClientMessage, pending: Pending | undefined): Promise<void> => {
    const { type } = await access.current();
    await (type === 'sse' ? sse : http).exchange(message, pending);
  };
  /** In the stateless revision the end of the stream is the cancellation. */
  const cancel = async (message: ClientMessage, of: Pending | undefined): Promise<void> => {
    if (of !== undefined && statelessVersion(of.request) !== undefined) return of.drop();
    // Never before the request itself.
    await of?.written;
    of?.forget();
    await exchange(message, undefined).finally(() => of?.drop());
  };
  const report = async (
    message: ClientMessage,
    pending: Pending | undefined,
    failure: BridgeError | ServerFailure,
  ): Promise<void> => {
    const { code, message: text } = failure instanceof ServerFailure ? failure.error : failure;
    const error: RpcError =
      failure instanceof ServerFailure ? failure.error : { code, message: text };
    // A client asks first which revision the server speaks; no answer is an answer.
    const isProbe = message.kind === 'request' && message.method === 'server/discover';
    if (failure instanceof BridgeError && !(isProbe && failure instanceof StatusError)) warn(text);
    if (pending !== undefined) await write(errorText(pending.request.id, error));
  };
  const readAll = async (): Promise<void> => {
    for await (const line of linesOf(input)) {
      if (line.trim() === '') continue;
      const messages = messagesIn(line);
      if (messages === undefined)
        await write(errorText(null, { code: parseError, message: 'This line is not JSON-RPC.' }));
      else messages.forEach(receive);
    }
    await Promise.race([Promise.all(underWay), pause(graceMs, closed.signal)]);
  };

  try {
    await Promise.race([readAll(), interrupted]);
  } finally {
    conversation.dropAll();
    await Promise.race([
      http.close(AbortSignal.timeout(farewellMs)).catch(onlyBridgeError),
      new Promise((resolve) => setTimeout(resolve, farewellMs).unref()),
    ]);
    closed.abort();
    client.close();
  }
}

/** It is answered when it ends. */
const isSubscription = (message: ClientMessage): boolean =>
  message.kind === 'request' && message.method === 'subscriptions/listen';

const isHandshake = (message: ClientMessage): boolean =>
  message.kind !== 'response' &&
  ['initialize', 'notifications/initialized'].includes(message.method);

/** Errors of the network, the endpoint and the server; others end the process. */
function asFailure(name: string, error: unknown): BridgeError | ServerFailure {
  if (error instanceof BridgeError || error instanceof ServerFailure) return error;
  if (error instanceof CliError) return asBridgeError(error);
  const code = error instanceof Error ? codeOf(error) : undefined;
  if (code === undefined) throw error;
  return new BridgeError(`${name}: ${code}`);
}

function onlyBridgeError(error: unknown): void {
  if (!(error instanceof BridgeError)) throw error;
}

/** A client that tries again and again writes the same line into its log only once. */
function withoutRepetition(warn: (line: string) => void): (line: string | undefined) => void {
  let last: string | undefined;
  return (line) => {
    if (line !== undefined && line !== last) warn(line);
    last = line;
  };
}
