import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Hop, Redirect } from '../../reachability/outcome.ts';
import type { Stage } from '../../model/wire.ts';
import { shownUrl } from '../../model/shown-url.ts';
import type { Connector } from '../network/connect.ts';
import { exchange, type ProbeRequest, type ProbeResponse } from '../network/http.ts';
import { DeadlinePassed } from '../network/network-error.ts';
import { discoverRequest, protocolVersion } from './discover.ts';
import type { OutgoingHeaders } from './outgoing-headers.ts';
import { type StageClock, stageClock } from './stage-clock.ts';
import { defined } from '../../model/defined.ts';

/** The answer of one request, behind the redirects that were followed. */
export type Reply = {
  readonly kind: 'reply';
  readonly answer: ProbeResponse;
  readonly url: URL;
  /** Why the redirect that was answered was not followed. */
  readonly redirect?: Redirect;
};

/** `error` is what `exchange` threw. */
export type Result = Reply | { readonly kind: 'error'; readonly error: unknown };

/** One request of a probe that was begun. Its `result` never rejects. */
export type ProbeExchange = {
  readonly result: Promise<Result>;
  /** The result, if it is there. */
  readonly settled: () => Result | undefined;
  /** Settles when half of the deadline has passed, and its connection stands. */
  readonly silent: Promise<'silent'>;
  readonly cancel: () => void;
  readonly clock: StageClock;
  /** Where it is asking: redirects were followed. */
  readonly url: () => URL;
  readonly hop: () => Hop | undefined;
  readonly certificateExpiresAt: () => Date | undefined;
};

/** Sends the requests of one probe, which all end at its deadline. */
export type ProbeClient = {
  readonly configured: URL;
  readonly deadlineMs: number;
  readonly start: (request: ProbeRequest) => ProbeExchange;
  readonly end: () => void;
};

type ClientOptions = {
  readonly connector: Connector;
  readonly configured: URL;
  /** The headers of a request to the configured origin: ours, and those of the manifest. */
  readonly headersWith: Extract<OutgoingHeaders, { kind: 'usable' }>['with'];
  readonly deadlineMs: number;
};

export function probeClient(options: ClientOptions): ProbeClient {
  const { configured, deadlineMs } = options;
  const running = new Map<AbortController, StartedExchange>();
  let passed: DeadlinePassed | undefined;
  const end = (): void => {
    passed = new DeadlinePassed(`no answer within ${deadlineMs / 1000} s`);
    for (const controller of running.keys()) controller.abort(passed);
  };
  let isHalf = false;
  // One timer after the other: most probes need none of them.
  let timer = setTimeout(() => {
    isHalf = true;
    for (const { announce } of running.values()) announce();
    timer = setTimeout(end, deadlineMs / 2);
  }, deadlineMs / 2);
  return {
    configured,
    deadlineMs,
    start: (request) => {
      const controller = new AbortController();
      if (passed !== undefined) controller.abort(passed);
      const started = startExchange(options, request, controller, () => isHalf);
      running.set(controller, started);
      void started.result.then(() => running.delete(controller));
      return started;
    },
    end: () => {
      clearTimeout(timer);
      for (const controller of running.keys()) controller.abort(canceled);
    },
  };
}

// One error for all: an error with a stack for each request costs time.
const canceled = new Error('the request is no longer needed');

/** `announce` is called at half of the deadline. */
type StartedExchange = ProbeExchange & { readonly announce: () => void };

function startExchange(
  options: ClientOptions,
  request: ProbeRequest,
  controller: AbortController,
  isHalf: () => boolean,
): StartedExchange {
  const { signal } = controller;
  const clock = stageClock();
  const silent = Promise.withResolvers<'silent'>();
  let isConnected = false;
  const announce = (): void => {
    if (isConnected && isHalf()) silent.resolve('silent');
  };
  let { url } = request;
  let hop: Hop | undefined;
  let certificate: X509Certificate | undefined;
  const ask = (): Promise<ProbeResponse> => {
    signal.throwIfAborted();
    const enter = (stage: Stage, socket?: Socket): void => {
      clock.enter(stage);
      isConnected ||= stage === 'headers';
      announce();
      // Once the socket is closed, it has no certificate.
      if (socket instanceof TLSSocket) certificate = socket.getPeerX509Certificate();
    };
    const sent = withHeaders(options, { ...request, url });
    return exchange(sent, options.connector, signal, enter);
  };
  const follow = async (): Promise<Reply> => {
    for (let hops = 0; ; hops += 1) {
      const answer = await ask();
      if (!isFollowed(request, answer)) return { kind: 'reply', answer, url };
      const next = hops < mostRedirects ? nextHop(url, answer) : 'tooMany';
      if (typeof next === 'string') return { kind: 'reply', answer, url, redirect: next };
      clock.redirect();
      hop = { from: shownUrl(url.href), to: shownUrl(next.href) };
      url = next;
    }
  };
  let settled: Result | undefined;
  const settle = (result: Result): Result => (settled = result);
  return {
    result: follow().then(settle, (error: unknown) => settle({ kind: 'error', error })),
    settled: () => settled,
    silent: silent.promise,
    announce,
    cancel: () => controller.abort(canceled),
    clock,
    url: () => url,
    hop: () => hop,
    certificateExpiresAt: () => certificate?.validToDate,
  };
}

/**
 * What every request of a probe carries. `spec.headers` go to the configured origin only.
 */
function withHeaders(
  { configured, headersWith }: ClientOptions,
  { headers, ...request }: ProbeRequest,
): ProbeRequest {
  const ours = { 'mcp-protocol-version': protocolVersion, ...headers };
  const sent = request.url.origin === configured.origin ? headersWith(ours) : ours;
  return { ...request, headers: { 'user-agent': userAgent, ...sent } };
}

const userAgent = 'muster-prober (reachability check without credentials)';

const mostRedirects = 3;

// A POST stays a POST only behind 307 and 308 (RFC 9110, section 15.4).
const isFollowed = ({ method }: ProbeRequest, { status }: ProbeResponse): boolean =>
  status === 307 || status === 308 || (method === 'GET' && [301, 302, 303].includes(status));

function nextHop(from: URL, { headers }: ProbeResponse): URL | Redirect {
  const location = headers['location'] ?? '';
  const to = location === '' ? null : URL.parse(location, from.href);
  if (
    to === null ||
    !['http:', 'https:'].includes(to.protocol) ||
    to.username !== '' ||
    to.password !== ''
  )
    return 'unusable';
  if (to.hostname !== from.hostname) return 'otherHost';
  return from.protocol === 'https:' && to.protocol === 'http:' ? 'downgrade' : to;
}

// The first bytes show a JSON-RPC answer, and the `endpoint` event of an SSE server.
const peek = { bytes: 4096, ms: 1000 };

/** The GET for an event stream. */
export const streamAt = (url: URL, { peeks }: { readonly peeks: boolean }): ProbeRequest =>
  defined({
    url,
    method: 'GET',
    headers: { accept: 'text/event-stream' },
    read: peeks ? peek : undefined,
  });

/** `POST server/discover`. */
export const discoverAt = (url: URL): ProbeRequest => ({ ...discoverRequest, url, read: peek });

const closeSessionMs = 1000;

/**
 * Some servers open a session for every request without one (python-sdk#3228). It is closed with
 * one request, whose answer does not matter.
 */
export async function closeSession(
  client: ProbeClient,
  { answer, url }: Pick<Reply, 'answer' | 'url'>,
): Promise<void> {
  const session = answer.headers['mcp-session-id'];
  if (session === undefined) return;
  const deletion = client.start({ url, method: 'DELETE', headers: { 'mcp-session-id': session } });
  const patience = setTimeout(() => deletion.cancel(), closeSessionMs);
  await deletion.result;
  clearTimeout(patience);
}
