import { type IncomingMessage, request as requestHttp } from 'node:http';
import { CliError, exitCodes } from '../context.ts';
import { isRecord, parseJson } from '../../functions/model/json.ts';
import { trace } from './trace.ts';
import { defined } from '../../functions/model/defined.ts';

export type HttpRequest = {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: string;
  readonly bearer?: string | undefined;
  /** Sent as JSON; a URLSearchParams as a form. */
  readonly body?: unknown;
  readonly timeoutMs?: number;
};

export type HttpResponse = { readonly status: number; readonly body: unknown };

/** The longest answer that is read: far above a page of a list, far below what a laptop minds. */
const maxBytes = 16 * 1024 * 1024;

/**
 * One HTTP exchange; whatever the status, the answer comes back (`body` is undefined unless it was
 * JSON). Throws a `CliError` that names the address when there is no answer. Redirects are not
 * followed.
 */
export async function exchange(sent: HttpRequest): Promise<HttpResponse> {
  const url = new URL(sent.url);
  // node:https costs 20 ms and is loaded only where it is used.
  const send = url.protocol === 'https:' ? (await import('node:https')).request : requestHttp;
  const timeoutMs = sent.timeoutMs ?? 15_000;
  const isForm = sent.body instanceof URLSearchParams;
  const body =
    sent.body === undefined ? undefined : isForm ? String(sent.body) : JSON.stringify(sent.body);
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const fail = (error: unknown) => {
      trace(
        sent.method,
        url,
        error instanceof Error && 'code' in error ? String(error.code) : 'no answer',
        startedAt,
      );
      reject(error instanceof Error ? unanswered(url, error) : error);
    };
    const outgoing = send(
      url,
      {
        method: sent.method,
        headers: defined({
          accept: 'application/json, application/problem+json',
          'user-agent': 'muster',
          authorization: sent.bearer === undefined ? undefined : `Bearer ${sent.bearer}`,
          'content-type':
            body === undefined
              ? undefined
              : isForm
                ? 'application/x-www-form-urlencoded'
                : 'application/json',
          'content-length': body === undefined ? undefined : Buffer.byteLength(body),
        }),
        agent: false,
      },
      (incoming) => {
        trace(sent.method, url, String(incoming.statusCode), startedAt);
        readBody(incoming).then(
          (text) => resolve({ status: incoming.statusCode ?? 0, body: parseJson(text) }),
          fail,
        );
      },
    );
    const timer = setTimeout(() => {
      reject(
        new CliError(`${url.origin}: no answer within ${String(timeoutMs / 1000)} s.`, {
          hint: 'Try again; are you on the right network?',
        }),
      );
      outgoing.destroy();
    }, timeoutMs);
    outgoing.once('close', () => clearTimeout(timer));
    outgoing.once('error', fail);
    outgoing.end(body);
  });
}

/**
 * As `exchange`, but an answer outside 2xx becomes a `CliError` with the words of its problem
 * document; a 401 ends with the exit code for "sign-in required".
 */
export async function request(sent: HttpRequest): Promise<unknown> {
  const { status, body } = await exchange(sent);
  if (status >= 200 && status < 300) return body;
  const message = isRecord(body) ? body : {};
  const title = text(message['title']) ?? `${new URL(sent.url).origin} answered ${String(status)}`;
  const detail = text(message['detail']);
  throw new RequestFailure(
    detail === undefined ? `${title}.` : `${title}: ${detail}`,
    status,
    text(message['hint']) ?? hintFor(status),
  );
}

/** The server answered, and said no. */
export class RequestFailure extends CliError {
  readonly status: number;

  constructor(message: string, status: number, hint: string | undefined) {
    super(message, { exitCode: status === 401 ? exitCodes.signInRequired : exitCodes.error, hint });
    this.status = status;
  }
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

function hintFor(status: number): string | undefined {
  if (status === 401) return 'Run: muster auth login';
  if (status === 404) return 'Is the endpoint the Function URL of muster, serverless?';
  return status >= 500 ? 'Try again in a minute.' : undefined;
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming) {
    if (!Buffer.isBuffer(chunk)) continue;
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maxBytes) {
      incoming.destroy();
      throw new CliError('The answer is longer than 16 MB.', {
        hint: 'Is the endpoint the Function URL of muster, serverless?',
      });
    }
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Why there was no answer, in the words of the person who has to mend it. */
function unanswered(url: URL, error: Error): CliError {
  if (error instanceof CliError) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const { what, hint } = causes[code] ??
    causeOfTls(code) ?? { what: code === '' ? error.message : code, hint: 'Is the address right?' };
  return new CliError(`${url.origin}: ${what}.`, { hint });
}

const causes: Readonly<Record<string, { what: string; hint: string }>> = {
  ECONNREFUSED: {
    what: 'connection refused',
    hint: 'Is it running, and is the port right? On one machine: npm start',
  },
  ECONNRESET: {
    what: 'the connection was closed without an answer',
    hint: 'Try again; is it https where http was given?',
  },
  EHOSTUNREACH: { what: 'no route to the host', hint: 'Are you on the right network?' },
  ENETUNREACH: { what: 'no route to the network', hint: 'Are you online?' },
  ENOTFOUND: { what: 'the name is unknown', hint: 'Is the address spelt right?' },
  EAI_AGAIN: { what: 'the name cannot be looked up now', hint: 'Are you online?' },
  ETIMEDOUT: { what: 'no answer', hint: 'Try again; are you on the right network?' },
  EPROTO: { what: 'no TLS is spoken there', hint: 'Is it http where https was given?' },
};

const causeOfTls = (code: string): { what: string; hint: string } | undefined =>
  /CERT|SSL|TLS|SIGNED|SIGNATURE/.test(code)
    ? {
        what: `the TLS certificate is not trusted (${code})`,
        hint: 'For a private authority set NODE_EXTRA_CA_CERTS to its PEM file.',
      }
    : undefined;
