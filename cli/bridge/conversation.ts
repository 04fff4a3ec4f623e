import { isRecord } from '../../functions/model/json.ts';
import { serverMessages } from './http-answer.ts';
import { type ClientMessage, type ClientRequest, errorText, type Id, isId } from './json-rpc.ts';
import { rpcErrorIn } from './json-rpc.ts';
import { type HeaderArguments, noteTools, statelessVersion } from './protocol-headers.ts';

type Json = Readonly<Record<string, unknown>>;

/** A request that has no response yet. */
export type Pending = {
  readonly request: ClientRequest;
  /** Aborted when no one waits for the response any longer. */
  readonly signal: AbortSignal;
  /** Its response; undefined when no one waits for it any longer. */
  readonly answered: Promise<Json | undefined>;
  /** When all of the request is on its way. */
  readonly written: Promise<void>;
  readonly isDone: () => boolean;
  readonly noteWritten: () => void;
  readonly fail: (error: Error) => void;
  /** Its response is not written any longer. */
  readonly forget: () => void;
  /** The same, and its connection ends. */
  readonly drop: () => void;
};

/** What one client and one server say to each other, over whatever connections. */
export type Conversation = {
  /** A request of the client. Its response is written to the client. */
  readonly expect: (request: ClientRequest) => Pending;
  /** A request that the client does not know of. */
  readonly expectUnseen: (request: ClientRequest) => Pending;
  readonly find: (id: unknown) => Pending | undefined;
  /** What the server sent: `of` is the request that it belongs to, where that is known. */
  readonly deliver: (text: string, of?: Pending) => Promise<void>;
  readonly dropAll: () => void;
  readonly tools: HeaderArguments;
  /** The last handshake that the server accepted. Sessions are opened again with it. */
  readonly handshake: { initialize?: ClientRequest; initialized?: ClientMessage; version?: string };
  /** What the client has set in the session and the server keeps: its log level, subscriptions. */
  readonly settings: ReadonlyMap<string, ClientRequest>;
};

export function startConversation(write: (line: string) => Promise<void>): Conversation {
  const pending = new Map<Id, Pending & { take: (text: string, json: Json) => Promise<void> }>();
  const tools: HeaderArguments = new Map();
  const handshake: Conversation['handshake'] = {};
  const settings = new Map<string, ClientRequest>();

  const open = (request: ClientRequest, isSeen: boolean): Pending => {
    const abort = new AbortController();
    const { promise: answered, resolve, reject } = withResolvers<Json | undefined>();
    const { promise: written, resolve: noteWritten } = withResolvers<void>();
    // It may fail before anything waits for it.
    answered.catch(() => {});
    const isDone = () => pending.get(request.id) !== mine;
    const end = () => {
      noteWritten();
      if (!isDone()) pending.delete(request.id);
    };
    const mine = {
      request,
      signal: abort.signal,
      answered,
      written,
      isDone,
      noteWritten,
      take: async (text: string, json: Json) => {
        end();
        note(request, json['result']);
        if (isSeen) await write(oneLineOf(text));
        resolve(json);
      },
      fail: reject,
      forget: end,
      drop: () => {
        end();
        resolve(undefined);
        abort.abort();
      },
    };
    pending.set(request.id, mine);
    return mine;
  };
  const note = (request: ClientRequest, result: unknown): void => {
    if (request.method === 'initialize' && isRecord(result)) {
      const { protocolVersion } = result;
      // Another client session begins; the same one is only opened again.
      if (handshake.initialize !== request) settings.clear();
      handshake.initialize = request;
      if (typeof protocolVersion === 'string') handshake.version = protocolVersion;
    }
    if (isRecord(result)) noteSetting(request, settings);
    if (request.method === 'tools/list' && statelessVersion(request) !== undefined)
      noteTools(result, tools);
  };

  const deliverOne = async (text: string, json: Json, of: Pending | undefined): Promise<void> => {
    const { id, method } = json;
    if (typeof method === 'string') return write(oneLineOf(text));
    // A server that did not read the id of the request still answers that request.
    const error = isId(id) ? undefined : rpcErrorIn(json);
    if (error !== undefined && of !== undefined && !of.isDone())
      return deliverOne(errorText(of.request.id, error), { ...json, id: of.request.id }, undefined);
    // Nothing waits for what was cancelled, or is repeated after a resumption.
    return isId(id) ? pending.get(id)?.take(text, json) : undefined;
  };
  return {
    expect: (request) => open(request, true),
    expectUnseen: (request) => open(request, false),
    find: (id) => (isId(id) ? pending.get(id) : undefined),
    deliver: async (text, of) => {
      for (const message of serverMessages(text)) await deliverOne(message.text, message.json, of);
    },
    dropAll: () => pending.forEach((one) => one.drop()),
    tools,
    handshake,
    settings,
  };
}

function noteSetting(request: ClientRequest, settings: Map<string, ClientRequest>): void {
  const { method, params } = request;
  if (method === 'logging/setLevel') settings.set(method, request);
  const uri = `resource ${String(params['uri'])}`;
  if (method === 'resources/subscribe') settings.set(uri, request);
  if (method === 'resources/unsubscribe') settings.delete(uri);
}

/** JSON has line breaks between its tokens only. */
const oneLineOf = (text: string): string =>
  /[\r\n]/.test(text) ? text.replace(/[\r\n]+/g, ' ') : text;

/** Of Node 22. */
function withResolvers<Value>(): {
  readonly promise: Promise<Value>;
  readonly resolve: (value: Value) => void;
  readonly reject: (error: Error) => void;
} {
  let settle: { resolve: (value: Value) => void; reject: (error: Error) => void } | undefined;
  const promise = new Promise<Value>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return {
    promise,
    resolve: (value) => settle?.resolve(value),
    reject: (error) => settle?.reject(error),
  };
}
