import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { defined } from '../../functions/model/defined.ts';
import { isRecord, parseJson } from '../../functions/model/json.ts';
import { oneLine } from '../../functions/model/outside-text.ts';
import { codeOf } from '../auth/private-file.ts';
import { CliError, exitCodes } from '../context.ts';
import { causeOf } from './network-causes.ts';
import { proxyFor } from './proxy.ts';
import { openTunnel } from './proxy-tunnel.ts';
import { timeoutOf } from './request-timeout.ts';
import { trace } from './trace.ts';
import { waitingOn } from './waiting.ts';

export type HttpRequest = {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: string;
  readonly bearer?: string | undefined;
  /** Proof of possession, for what changes something (RFC 9449). */
  readonly proof?: string;
  /** Sent as JSON; a URLSearchParams as a form. */
  readonly body?: unknown;
  readonly timeoutMs?: number;
  /** The longest response that is read; default 1 MB, far above everything but a list. */
  readonly maxBytes?: number;
};

export type HttpResponse = {
  readonly status: number;
  readonly body: unknown;
  /** Length of the body as it was sent. */
  readonly bytes: number;
  /** `WWW-Authenticate` and `Date`. */
  readonly challenge?: string;
  readonly date?: Date;
};

const megabyte = 1024 * 1024;
/** No answer of an endpoint or an issuer is nested deeper; printing one might end in the stack. */
const maxDepth = 64;
/** Of a text that an error quotes. */
const longestQuote = 300;
/** Of the detail of a problem document: it may hold what an owner has to paste. */
const longestDetail = 1_024;

/**
 * One HTTP exchange; the response is returned whatever its status (`body` is undefined unless it
 * was JSON that is not nested too deeply). Throws a `CliError` that names the address when there is
 * no response, when it is longer than `maxBytes`, or not complete after `timeoutMs`. Redirects are
 * not followed, encodings of the body are neither asked for nor undone.
 */
export const exchange = (sent: HttpRequest): Promise<HttpResponse> =>
  waitingOn(sent.url, exchanged(sent));

async function exchanged(sent: HttpRequest): Promise<HttpResponse> {
  const { method, bearer, maxBytes = megabyte } = sent;
  const timeoutMs = timeoutOf(sent.timeoutMs ?? 15_000);
  const url = new URL(sent.url);
  if (bearer !== undefined && bearer.length > largestBearer) throw tooLarge(url, bearer);
  const startedAt = performance.now();
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), timeoutMs);
  try {
    const incoming = await answerTo(sent, url, late.signal);
    trace(method, url, String(incoming.statusCode), startedAt);
    return responseOf(incoming, await readBody(incoming, url, maxBytes));
  } catch (error) {
    if (error instanceof CliError) throw error;
    if (late.signal.aborted)
      throw new NoResponse(url, `no response within ${String(timeoutMs / 1000)} s`, networkHint);
    if (!(error instanceof Error)) throw error;
    const code = codeOf(error) ?? 'no response';
    trace(method, url, code, startedAt);
    if (isCut(code) && isLarge(bearer)) throw tooLarge(url, bearer);
    throw noResponse(url, error);
  } finally {
    clearTimeout(timer);
  }
}

const networkHint = 'Check your network, then try again.';

/** Sends it, through a proxy where the environment names one. */
async function answerTo(
  { method, bearer, proof, body: content }: HttpRequest,
  url: URL,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const isForm = content instanceof URLSearchParams;
  const body =
    content === undefined ? undefined : isForm ? String(content) : JSON.stringify(content);
  const headers = {
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
  };
  // node:https costs 20 ms and is loaded only where it is used.
  const send = url.protocol === 'https:' ? (await import('node:https')).request : requestHttp;
  const proxy = proxyFor(url, process.env);
  // The agent begins TLS in the tunnel, and looks for the name of the endpoint.
  const tunnel = proxy === undefined ? {} : { socket: await openTunnel(proxy, url, signal) };
  return answered(
    send(url, { method, headers: defined(headers), agent: false, signal, ...tunnel }),
    body,
  );
}

const answered = (outgoing: ClientRequest, body: string | undefined): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    outgoing.once('response', resolve);
    // It stays: a connection may also end while the response is read.
    outgoing.on('error', reject);
    outgoing.end(body);
  });

/**
 * As `exchange`, but a status outside 2xx becomes a `CliError` with the text of its problem
 * document; a 401, and what only another sign-in can solve, has the exit code for "sign-in
 * required".
 */
export async function request(sent: HttpRequest): Promise<unknown> {
  return acceptedBody(sent, await exchange(sent));
}

/** The body of a response with a status of 2xx. Throws as `request` for others. */
export function acceptedBody(sent: HttpRequest, { status, body }: HttpResponse): unknown {
  if (status >= 200 && status < 300) return body;
  const url = new URL(sent.url);
  const { origin } = url;
  const problem = isRecord(body) ? body : {};
  const isUnexplained = problem['title'] === undefined && headerRefusals.has(status);
  if (isUnexplained && isLarge(sent.bearer)) throw tooLarge(url, sent.bearer);
  const quote = (value: unknown, most = longestQuote) => quoted(value, sent, most);
  const title = quote(problem['title']) ?? `${origin} responded with HTTP ${String(status)}`;
  const detail = quote(problem['detail'], longestDetail);
  throw new RequestFailure(
    detail === undefined ? `${title}.` : `${title}: ${detail}`,
    status,
    hintIn(quote(problem['hint']), origin) ?? hintFor(status, origin),
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

/**
 * A text of the other side for an error message: one line, at most `most` characters, without what we
 * sent it in confidence and without anything that looks like a token.
 */
function quoted(
  value: unknown,
  { bearer, proof, body }: HttpRequest,
  most: number,
): string | undefined {
  if (typeof value !== 'string') return undefined;
  const secrets = [
    bearer,
    proof,
    ...(body instanceof URLSearchParams
      ? body.values()
      : Object.values(isRecord(body) ? body : {})),
  ];
  const plain = secrets
    .filter((secret) => typeof secret === 'string')
    .filter((secret) => secret.length >= shortestSecret)
    .reduce((text, secret) => text.replaceAll(secret, '[left out]'), value.slice(0, 10_000))
    .replace(/eyJ[\w-]{10,}(\.[\w-]*)*/g, '[left out]');
  const line = oneLine(plain, most);
  return line === '' ? undefined : line;
}

/** What is shorter is a name or a kind of grant. */
const shortestSecret = 16;

/**
 * A hint is shown and never run. One that asks the person to run anything but this command says
 * whose advice it is.
 */
const hintIn = (hint: string | undefined, origin: string): string | undefined =>
  hint === undefined || !/\brun\b/i.test(hint) || /^Run: muster [^;|&$`<>()]*$/.test(hint)
    ? hint
    : `${origin} suggests: ${hint}`;

const signIn = 'Run: muster auth login';

function hintFor(status: number, origin: string): string | undefined {
  if (status === 401) return signIn;
  if (status >= 300 && status < 400)
    return `Redirects are not followed. Check that ${origin} is the right address.`;
  if (status === 404) return `Check that ${origin} is the right address.`;
  return status >= 500 ? 'Try again in a minute.' : undefined;
}

function responseOf({ statusCode = 0, headers }: IncomingMessage, body: Buffer): HttpResponse {
  const time = Date.parse(headers.date ?? '');
  return {
    status: statusCode,
    body: shallow(parseJson(body.toString('utf8'))),
    bytes: body.length,
    ...defined({
      challenge: headers['www-authenticate'],
      date: Number.isNaN(time) ? undefined : new Date(time),
    }),
  };
}

async function readBody(
  incoming: IncomingMessage,
  { origin }: URL,
  maxBytes: number,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming) {
    if (!Buffer.isBuffer(chunk)) continue;
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maxBytes) {
      incoming.destroy();
      throw new CliError(`The response from ${origin} is longer than ${sizeText(maxBytes)}.`, {
        hint: `Check that ${origin} is the right address.`,
      });
    }
  }
  return Buffer.concat(chunks);
}

const sizeText = (bytes: number): string => `${String(Math.ceil(bytes / megabyte))} MB`;

/** Undefined for what is nested too deeply. */
const shallow = (value: unknown): unknown => (isWithin(value, maxDepth) ? value : undefined);

const isWithin = (value: unknown, depth: number): boolean => {
  if (typeof value !== 'object' || value === null) return true;
  if (depth === 0) return false;
  return Object.values(value).every((member) => isWithin(member, depth - 1));
};

/** There was no response at all. */
export class NoResponse extends CliError {
  constructor({ origin }: URL, what: string, hint: string) {
    super(`${origin}: ${what}.`, { hint });
  }
}

function noResponse(url: URL, error: Error): CliError {
  const { what, hint } = causeOf(codeOf(error) ?? '') ?? {
    what: codeOf(error) ?? oneLine(error.message, longestQuote),
    hint: 'Check the address.',
  };
  return new NoResponse(url, what, hint);
}

/** No server that is known takes longer headers. */
const largestBearer = 64 * 1024;
/** Common limits of a header, or of all of them, are 8 KB and 16 KB. */
const smallestRefused = 7 * 1024;
/** Of RFC 6585, of nginx, and what some servers answer instead. */
const headerRefusals: ReadonlySet<number> = new Set([400, 413, 431, 494, 502, 520]);

const isLarge = (bearer: string | undefined): bearer is string =>
  bearer !== undefined && bearer.length > smallestRefused;

/** A server that stops reading may close the connection before its response arrives. */
const isCut = (code: string): boolean => code === 'ECONNRESET' || code === 'EPIPE';

/** The token of the person does not fit into a request. */
export class TokenTooLarge extends CliError {}

const tooLarge = ({ origin }: URL, bearer: string): CliError =>
  new TokenTooLarge(
    `Your ID token has ${String(Math.ceil(bearer.length / 1024))} KB. That is too large for ${origin}.`,
    {
      hint: 'It probably lists many groups. Ask the owner of the endpoint to leave groups out of OIDC_SCOPES, or the owner of the issuer to put only the groups of this client into the token.',
    },
  );
