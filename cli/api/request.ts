import type { ClientRequest, IncomingMessage } from 'node:http';
import { defined } from '../../functions/model/defined.ts';
import { entityTag } from '../../functions/model/entity-tag.ts';
import { isRecord, parseJson } from '../../functions/model/json.ts';
import { oneLine } from '../../functions/model/outside-text.ts';
import { challengeIn } from '../../functions/model/renamed-challenge.ts';
import { codeOf } from '../token-store/private-file.ts';
import { CliError, exitCodes } from '../context.ts';
import { webAddress } from '../endpoint/web-address.ts';
import { connectionTo } from './connections.ts';
import { NoResponse } from './no-response.ts';
import { type Proxy, proxyFor } from './proxy.ts';
import { quoted } from './quoted.ts';
import { timeoutOf } from './request-timeout.ts';
import { readableEncoding, readBody } from './response-body.ts';
import { factsOf, type Peer, refusalOf, type ResponseFacts, signIn } from './status-causes.ts';
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
  /** Only what is newer than the answer with this tag: 304 says that nothing is. */
  readonly ifNoneMatch?: string | undefined;
  /** Whose address it is, for error messages; default `endpoint`. */
  readonly peer?: Peer;
};

export type HttpResponse = ResponseFacts & {
  readonly status: number;
  readonly body: unknown;
  /** Length of the body, decompressed. */
  readonly bytes: number;
  /** Names this answer in `ifNoneMatch`. */
  readonly etag?: string;
  /** `WWW-Authenticate`, also where AWS has renamed it, and `Date`. */
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
 * not followed. A GET asks for gzip, and limits count the bytes that it stands for.
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
      throw new NoResponse(
        url,
        `no response within ${String(timeoutMs / 1000)} s`,
        `Try again, or allow more time: --timeout ${timeoutMs < 60_000 ? '60s' : '5m'}`,
      );
    if (!(error instanceof Error)) throw error;
    const code = codeOf(error) ?? 'no response';
    trace(method, url, code, startedAt);
    if (isCut(code) && isLarge(bearer)) throw tooLarge(url, bearer);
    throw await noResponse(url, error);
  } finally {
    clearTimeout(timer);
  }
}

/** Sends it, through a proxy where the environment names one. */
async function answerTo(
  { method, bearer, proof, body: content, ifNoneMatch }: HttpRequest,
  url: URL,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const isForm = content instanceof URLSearchParams;
  const body =
    content === undefined ? undefined : isForm ? String(content) : JSON.stringify(content);
  const headers = {
    accept: 'application/json, application/problem+json',
    'accept-encoding': method === 'GET' ? readableEncoding : undefined,
    'if-none-match': ifNoneMatch,
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
  const { send, agent } = connectionTo(url, method);
  const proxy = proxyFor(url, process.env);
  // Without an agent the request begins TLS in the tunnel, and looks for the name of the endpoint.
  const via = proxy === undefined ? { agent } : await tunnelThrough(proxy, url, signal);
  const options = { method, headers: defined(headers) };
  const outgoing = send(url, { ...options, ...via });
  try {
    return await answered(outgoing, body, signal);
  } catch (error) {
    // The server has closed an idle connection just as it was used again.
    if (!outgoing.reusedSocket || signal.aborted || !isCut(codeOf(error) ?? '')) throw error;
    return answered(send(url, { ...options, agent: false }), body, signal);
  }
}

async function tunnelThrough(proxy: Proxy, url: URL, signal: AbortSignal) {
  const { openTunnel } = await import('./proxy-tunnel.ts');
  return { agent: false as const, socket: await openTunnel(proxy, url, signal) };
}

function answered(
  outgoing: ClientRequest,
  body: string | undefined,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  // Given to Node, the signal would load two more modules at every start.
  signal.addEventListener('abort', () => outgoing.destroy());
  return new Promise((resolve, reject) => {
    outgoing.once('response', resolve);
    // It stays: a connection may also end while the response is read.
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/**
 * As `exchange`, but a status outside 2xx becomes a `CliError` with the text of its problem
 * document; a 401, and what only another sign-in can solve, has the exit code for "sign-in
 * required".
 */
export async function request(sent: HttpRequest): Promise<unknown> {
  return acceptedBody(sent, await exchange(sent));
}

/** The body of a response with a status of 2xx. Throws as `request` for others, and for a page. */
export function acceptedBody(sent: HttpRequest, answer: HttpResponse): unknown {
  const { status, body, isPage } = answer;
  if (status >= 200 && status < 300 && isPage !== true) return body;
  const url = new URL(sent.url);
  const problem = isRecord(body) ? body : {};
  const isUnexplained = problem['title'] === undefined && headerRefusals.has(status);
  if (isUnexplained && isLarge(sent.bearer)) throw tooLarge(url, sent.bearer);
  const quote = (value: unknown, most = longestQuote) => quoted(value, secretsOf(sent), most);
  const hint = quote(problem['hint']);
  const refused = defined({
    title: quote(problem['title']),
    detail: quote(problem['detail'], longestDetail),
    hint: hint === undefined ? undefined : hintIn(hint, url.origin),
  });
  const { what, hint: next } = refusalOf(
    {
      ...answer,
      ...refused,
      url,
      peer: sent.peer ?? 'endpoint',
      hasBearer: sent.bearer !== undefined,
    },
    new Date(),
  );
  const page = pageOf(problem['type'], sent);
  throw new RequestFailure(/[.?!…]$/.test(what) ? what : `${what}.`, status, next, page);
}

/** The page about a problem, where the endpoint has one and it is safe to open. */
const pageOf = (type: unknown, { url, peer = 'endpoint' }: HttpRequest): string | undefined =>
  typeof type === 'string' && peer === 'endpoint' ? webAddress(type, url)?.href : undefined;

/** The server responded with an error. */
export class RequestFailure extends CliError {
  readonly status: number;

  constructor(message: string, status: number, hint?: string, page?: string) {
    const isSignInRequired = status === 401 || hint === signIn;
    super(message, {
      exitCode: isSignInRequired ? exitCodes.signInRequired : exitCodes.error,
      hint,
      page,
    });
    this.status = status;
  }
}

/** What we sent in confidence: an error message never quotes it. */
const secretsOf = ({ bearer, proof, body }: HttpRequest): readonly unknown[] => [
  bearer,
  proof,
  ...(body instanceof URLSearchParams ? body.values() : Object.values(isRecord(body) ? body : {})),
];

/**
 * A hint is shown and never run. One that asks the person to run anything but this command says
 * whose advice it is.
 */
const hintIn = (hint: string, origin: string): string =>
  !/\brun\b/i.test(hint) || /^Run: muster [^;|&$`<>()]*$/.test(hint)
    ? hint
    : `${origin} suggests: ${hint}`;

function responseOf({ statusCode = 0, headers }: IncomingMessage, body: Buffer): HttpResponse {
  const time = Date.parse(headers.date ?? '');
  return {
    status: statusCode,
    body: shallow(parseJson(body.toString('utf8'))),
    bytes: body.length,
    ...factsOf(headers, body, new Date()),
    ...defined({
      challenge: challengeIn((name) => [headers[name]].flat()[0]),
      etag: entityTag(headers.etag),
      date: Number.isNaN(time) ? undefined : new Date(time),
    }),
  };
}

/** Undefined for what is nested too deeply. */
const shallow = (value: unknown): unknown => (isWithin(value, maxDepth) ? value : undefined);

/** Makes no list of members on the way: a list of 5,000 servers has 100,000 values. */
function isWithin(value: unknown, depth: number): boolean {
  if (Array.isArray(value))
    return depth > 0 && value.every((member: unknown) => isWithin(member, depth - 1));
  if (!isRecord(value)) return true;
  if (depth === 0) return false;
  for (const name in value) if (!isWithin(value[name], depth - 1)) return false;
  return true;
}

async function noResponse(url: URL, error: Error): Promise<CliError> {
  const { causeOf } = await import('./network-causes.ts');
  const { what, hint } = causeOf(codeOf(error) ?? '', url) ?? {
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
