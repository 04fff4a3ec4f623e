import { type IncomingMessage, request as requestHttp } from 'node:http';
import { defined } from '../../functions/model/defined.ts';
import { isRecord, parseJson } from '../../functions/model/json.ts';
import { CliError, exitCodes } from '../context.ts';
import { trace } from './trace.ts';

export type HttpRequest = {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: string;
  readonly bearer?: string | undefined;
  /** Proof of possession, for what changes something (RFC 9449). */
  readonly proof?: string;
  /** Sent as JSON; a URLSearchParams as a form. */
  readonly body?: unknown;
  readonly timeoutMs?: number;
};

export type HttpResponse = {
  readonly status: number;
  readonly body: unknown;
  /** `WWW-Authenticate` and `Date`. */
  readonly challenge?: string;
  readonly date?: Date;
};

/** The longest response that is read: far above one page of a list, and no burden for a laptop. */
const maxBytes = 16 * 1024 * 1024;

/**
 * One HTTP exchange; the response is returned whatever its status (`body` is undefined unless it
 * was JSON). Throws a `CliError` that names the address when there is no response. Redirects are
 * not followed.
 */
export async function exchange(sent: HttpRequest): Promise<HttpResponse> {
  const { method, bearer, proof, timeoutMs = 15_000 } = sent;
  const url = new URL(sent.url);
  // node:https costs 20 ms and is loaded only where it is used.
  const send = url.protocol === 'https:' ? (await import('node:https')).request : requestHttp;
  const isForm = sent.body instanceof URLSearchParams;
  const body =
    sent.body === undefined ? undefined : isForm ? String(sent.body) : JSON.stringify(sent.body);
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const fail = (error: unknown) => {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'no response';
      trace(method, url, code, startedAt);
      reject(error instanceof Error ? noResponse(url, error) : error);
    };
    const outgoing = send(
      url,
      {
        method,
        headers: defined({
          accept: 'application/json, application/problem+json',
          'user-agent': 'muster',
          authorization: bearer === undefined ? undefined : `Bearer ${bearer}`,
          dpop: proof,
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
        trace(method, url, String(incoming.statusCode), startedAt);
        readBody(incoming, url).then((text) => resolve(responseOf(incoming, text)), fail);
      },
    );
    const timer = setTimeout(() => {
      reject(
        new CliError(`${url.origin}: no response within ${String(timeoutMs / 1000)} s.`, {
          hint: 'Check your network, then try again.',
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
 * As `exchange`, but a status outside 2xx becomes a `CliError` with the text of its problem
 * document; a 401, and what only another sign-in can solve, has the exit code for "sign-in
 * required".
 */
export async function request(sent: HttpRequest): Promise<unknown> {
  return successOf(await exchange(sent), sent.url);
}

/** The body of a response with a status of 2xx; throws as `request` does. */
export function successOf({ status, body }: HttpResponse, url: string): unknown {
  if (status >= 200 && status < 300) return body;
  const { origin } = new URL(url);
  const problem = isRecord(body) ? body : {};
  const title = text(problem['title']) ?? `${origin} responded with HTTP ${String(status)}`;
  const detail = text(problem['detail']);
  throw new RequestFailure(
    detail === undefined ? `${title}.` : `${title}: ${detail}`,
    status,
    text(problem['hint']) ?? hintFor(status, origin),
  );
}

/** The server responded with an error. */
export class RequestFailure extends CliError {
  readonly status: number;

  constructor(message: string, status: number, hint: string | undefined) {
    const isSignInRequired = status === 401 || hint === signIn;
    super(message, {
      exitCode: isSignInRequired ? exitCodes.signInRequired : exitCodes.error,
      hint,
    });
    this.status = status;
  }
}

const signIn = 'Run: muster auth login';

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

function hintFor(status: number, origin: string): string | undefined {
  if (status === 401) return signIn;
  if (status === 404) return `Check that ${origin} is the right address.`;
  return status >= 500 ? 'Try again in a minute.' : undefined;
}

function responseOf({ statusCode = 0, headers }: IncomingMessage, text: string): HttpResponse {
  const time = Date.parse(headers.date ?? '');
  return {
    status: statusCode,
    body: parseJson(text),
    ...defined({
      challenge: headers['www-authenticate'],
      date: Number.isNaN(time) ? undefined : new Date(time),
    }),
  };
}

async function readBody(incoming: IncomingMessage, { origin }: URL): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming) {
    if (!Buffer.isBuffer(chunk)) continue;
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maxBytes) {
      incoming.destroy();
      throw new CliError(`The response from ${origin} is longer than 16 MB.`, {
        hint: `Check that ${origin} is the right address.`,
      });
    }
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Why there was no response, and what the person can do about it. */
function noResponse(url: URL, error: Error): CliError {
  if (error instanceof CliError) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const { what, hint } = causes[code] ??
    causeOfTls(code) ?? { what: code === '' ? error.message : code, hint: 'Check the address.' };
  return new CliError(`${url.origin}: ${what}.`, { hint });
}

const causes: Readonly<Record<string, { what: string; hint: string }>> = {
  ECONNREFUSED: {
    what: 'connection refused',
    hint: 'Check that it is running and that the port is right. To start it on this machine, run: npm start',
  },
  ECONNRESET: {
    what: 'the connection was closed without a response',
    hint: 'Try again. If it fails again, check whether the address needs https.',
  },
  EHOSTUNREACH: { what: 'no route to the host', hint: 'Check your network.' },
  ENETUNREACH: { what: 'no route to the network', hint: 'Check that you are online.' },
  ENOTFOUND: { what: 'the host name does not exist', hint: 'Check the address for typos.' },
  EAI_AGAIN: { what: 'the host name could not be resolved', hint: 'Check that you are online.' },
  ETIMEDOUT: { what: 'no response', hint: 'Check your network, then try again.' },
  EPROTO: {
    what: 'no TLS on this port',
    hint: 'Check whether the address needs http instead of https.',
  },
};

const causeOfTls = (code: string): { what: string; hint: string } | undefined =>
  /CERT|SSL|TLS|SIGNED|SIGNATURE/.test(code)
    ? {
        what: `the TLS certificate is not trusted (${code})`,
        hint: 'For a private certificate authority, set NODE_EXTRA_CA_CERTS to its PEM file.',
      }
    : undefined;
