import { defined } from '../../functions/model/defined.ts';
import { isRecord, parseJson } from '../../functions/model/json.ts';

/** The id of a JSON-RPC request. */
export type Id = string | number;

type Json = Readonly<Record<string, unknown>>;

/** A message of the client. `text` is what it wrote: no field of it is lost on the way. */
export type ClientMessage = { readonly text: string } & (
  | { readonly kind: 'request'; readonly id: Id; readonly method: string; readonly params: Json }
  | { readonly kind: 'notification'; readonly method: string; readonly params: Json }
  | { readonly kind: 'response' }
);
export type ClientRequest = Extract<ClientMessage, { kind: 'request' }>;

/** The `error` of a JSON-RPC response. */
export type RpcError = { readonly code: number; readonly message: string; readonly data?: unknown };

/**
 * The messages in one line: one, or those of a batch (revision 2025-03-26), which are answered one
 * by one. Undefined for what is not JSON-RPC.
 */
export function messagesIn(line: string): readonly ClientMessage[] | undefined {
  const json = parseJson(line);
  if (!Array.isArray(json)) {
    const message = messageOf(json, line);
    return message === undefined ? undefined : [message];
  }
  const messages = json.map((item: unknown) => messageOf(item, JSON.stringify(item)));
  const known = messages.filter((message) => message !== undefined);
  return known.length === messages.length && known.length > 0 ? known : undefined;
}

function messageOf(json: unknown, text: string): ClientMessage | undefined {
  if (!isRecord(json)) return undefined;
  const { id, method, params: given } = json;
  const params = isRecord(given) ? given : {};
  if (typeof method !== 'string')
    return 'result' in json || 'error' in json ? { kind: 'response', text } : undefined;
  if (id === undefined) return { kind: 'notification', method, params, text };
  return isId(id) ? { kind: 'request', id, method, params, text } : undefined;
}

export const isId = (value: unknown): value is Id =>
  typeof value === 'string' || typeof value === 'number';

/** The error in a response; undefined where it has none. */
export function rpcErrorIn(json: unknown): RpcError | undefined {
  const error = isRecord(json) ? json['error'] : undefined;
  if (!isRecord(error)) return undefined;
  const { code, message } = error;
  return typeof code === 'number' && typeof message === 'string'
    ? { ...error, code, message }
    : undefined;
}

/** The response that carries an error. */
export const errorText = (id: Id | null, error: RpcError): string =>
  JSON.stringify(defined({ jsonrpc: '2.0', id, error }));
