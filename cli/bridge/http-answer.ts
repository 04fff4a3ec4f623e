import type { IncomingMessage } from 'node:http';
import { oneLineWithoutSecrets } from '../../functions/model/outside-text.ts';
import { challengeIn } from '../../functions/model/renamed-challenge.ts';
import { isRecord, parseJson } from '../../functions/model/json.ts';
import { BridgeError, StatusError } from './bridge-error.ts';
import { type RpcError, rpcErrorIn } from './json-rpc.ts';

/** Of a text that explains an error. */
const longestError = 1024 * 1024;
const longestQuote = 200;

/** `Content-Type` without its parameters. */
export const mediaTypeOf = ({ headers }: IncomingMessage): string =>
  (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';

export const isSuccess = ({ statusCode = 0 }: IncomingMessage): boolean =>
  statusCode >= 200 && statusCode < 300;

/** All of it, as text. Throws as the connection does when it breaks. */
export async function textOf(response: IncomingMessage, most = Infinity): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    if (!Buffer.isBuffer(chunk)) continue;
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > most) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** A response outside 2xx, read to its end. */
export type Refusal = {
  readonly status: number;
  /** For the client: the server's own JSON-RPC error, or one that quotes the response. */
  readonly error: RpcError | BridgeError;
  /** The session of the request is unknown to the server. */
  readonly isSessionLost: boolean;
};

export async function refusalOf(name: string, response: IncomingMessage): Promise<Refusal> {
  const { statusCode: status = 0, headers } = response;
  const text = await textOf(response, longestError).catch(() => '');
  const rpc = rpcErrorIn(parseJson(text));
  return {
    status,
    error:
      rpc ??
      statusError(name, status, {
        ...headers,
        text,
        challenge: challengeIn((header) => [headers[header]].flat()[0]),
      }),
    isSessionLost:
      status === 404 ? rpc?.code !== methodNotFound : status === 400 && /session/i.test(text),
  };
}

/** Servers without sessions answer an unknown method so (revision 2026-07-28). */
const methodNotFound = -32_601;

function statusError(
  name: string,
  status: number,
  answer: {
    readonly location?: string | undefined;
    readonly challenge: string | undefined;
    readonly text: string;
  },
): BridgeError {
  if (answer.challenge?.includes('insufficient_scope') === true)
    return new BridgeError(
      `${name} requires more scopes than your token has (HTTP ${String(status)}). Run: muster auth login --server ${name}`,
    );
  if (status >= 300 && status < 400 && answer.location !== undefined)
    return new StatusError(
      `${name} redirects to ${oneLineWithoutSecrets(answer.location, longestQuote)} (HTTP ${String(status)}). Redirects are not followed. Ask the owner of ${name} to correct its URL.`,
    );
  const quote = oneLineWithoutSecrets(answer.text, longestQuote);
  return new StatusError(
    `${name} responded with HTTP ${String(status)}${quote === '' ? '.' : `: ${quote}`}`,
  );
}

/** A response with success that is no answer to a request. */
export const notAnAnswer = (name: string, what: string): BridgeError =>
  new StatusError(`${name} responded with ${what} instead of a JSON-RPC message.`);

/** The messages in a body or an event: one, or those of a batch. */
export function serverMessages(
  text: string,
): readonly { readonly json: Readonly<Record<string, unknown>>; readonly text: string }[] {
  const json = parseJson(text);
  if (isRecord(json)) return [{ json, text }];
  if (!Array.isArray(json)) return [];
  return json.filter(isRecord).map((item) => ({ json: item, text: JSON.stringify(item) }));
}
