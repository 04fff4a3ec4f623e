import { TLSSocket } from 'node:tls';
import type { Hop, Redirect } from '../../reachability/outcome.ts';
import { shownUrl } from '../../model/shown-url.ts';
import type { Connector } from '../network/connect.ts';
import { exchange } from '../network/http.ts';
import type { ProbeRequest, ProbeResponse } from '../network/http-exchange.ts';
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
  readonly result: () => Promise<Result>;
  /** The result, if it is there. */
  readonly settled: () => Result | undefined;
  /** The result, or 'silent' when half of the deadline has passed and its connection stands. */
  readonly resultOrSilence: () => Promise<Result | 'silent'>;
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
  const started: StartedExchange[] = [];
  const cancel = (reason: Error): void => {
    for (const exchange of started) if (exchange.settled() === undefined) exchange.cancel(reason);
  };
  let passed: DeadlinePassed | undefined;
  const end = (): void => {
    passed = new DeadlinePassed(`no answer within ${deadlineMs / 1000} s`);
    cancel(passed);
  };
  let isHalf = false;
  // One timer after the other: most probes need none of them.
  let timer = setTimeout(() => {
    isHalf = true;
    for (const exchange of started) exchange.halfHasPassed();
    timer = setTimeout(end, deadlineMs / 2);
  }, deadlineMs / 2);
  return {
    configured,
    deadlineMs,
    start: (request) => {
      const exchange = new StartedExchange(options, request, isHalf);
      started.push(exchange);
      if (passed !== undefined) exchange.cancel(passed);
      void exchange.result();
      return exchange;
    },
    end: () => {
      clearTimeout(timer);
      cancel(canceled);
    },
  };
}

// One error for all: an error with a stack for each request costs time.
const canceled = new Error('the request is no longer needed');

/** A class: hundreds wait at the same time, and closures would be most of what they hold. */
class StartedExchange implements ProbeExchange {
  readonly clock = stageClock();
  readonly #options: ClientOptions;
  readonly #request: ProbeRequest;
  readonly #controller = new AbortController();
  #isHalf: boolean;
  #isConnected = false;
  #tell: ((silent: 'silent') => void) | undefined;
  #url: URL;
  #hop: Hop | undefined;
  #certificateExpiresAt: Date | undefined;
  #settled: Result | undefined;
  #result: Promise<Result> | undefined;

  constructor(options: ClientOptions, request: ProbeRequest, isHalf: boolean) {
    this.#options = options;
    this.#request = request;
    this.#url = request.url;
    this.#isHalf = isHalf;
  }

  result(): Promise<Result> {
    return (this.#result ??= this.#follow());
  }

  settled(): Result | undefined {
    return this.#settled;
  }

  resultOrSilence(): Promise<Result | 'silent'> {
    return new Promise((resolve) => {
      this.#tell = resolve;
      this.#announce();
      void this.result().then(resolve);
    });
  }

  cancel(reason: Error = canceled): void {
    this.#controller.abort(reason);
  }

  /** To be called at half of the deadline. */
  halfHasPassed(): void {
    this.#isHalf = true;
    this.#announce();
  }

  url(): URL {
    return this.#url;
  }

  hop(): Hop | undefined {
    return this.#hop;
  }

  certificateExpiresAt(): Date | undefined {
    return this.#certificateExpiresAt;
  }

  #announce(): void {
    if (this.#isConnected && this.#isHalf) this.#tell?.('silent');
  }

  async #follow(): Promise<Result> {
    try {
      for (let hops = 0; this.#settled === undefined; hops += 1)
        this.#settled = this.#next(await this.#ask(), hops);
    } catch (error) {
      this.#settled = { kind: 'error', error };
    }
    return this.#settled;
  }

  #ask(): Promise<ProbeResponse> {
    const { signal } = this.#controller;
    signal.throwIfAborted();
    const request = withHeaders(this.#options, this.#request, this.#url);
    return exchange(request, this.#options.connector, signal, (stage, socket) => {
      this.clock.enter(stage);
      this.#isConnected ||= stage === 'headers';
      this.#announce();
      // Once the socket is closed, it has no certificate.
      if (socket instanceof TLSSocket)
        this.#certificateExpiresAt = socket.getPeerX509Certificate()?.validToDate;
    });
  }

  /** The answer, unless it leads on. */
  #next(answer: ProbeResponse, hops: number): Reply | undefined {
    const url = this.#url;
    if (!isFollowed(this.#request, answer)) return { kind: 'reply', answer, url };
    const next = hops < mostRedirects ? nextHop(url, answer) : 'tooMany';
    if (typeof next === 'string') return { kind: 'reply', answer, url, redirect: next };
    this.clock.redirect();
    this.#hop = { from: shownUrl(url.href), to: shownUrl(next.href) };
    this.#url = next;
    return undefined;
  }
}

/**
 * What every request of a probe carries. `spec.headers` go to the configured origin only.
 */
function withHeaders(
  { configured, headersWith }: ClientOptions,
  request: ProbeRequest,
  url: URL,
): ProbeRequest {
  const ours = { 'mcp-protocol-version': protocolVersion, ...request.headers };
  const isConfigured = url === configured || url.origin === configured.origin;
  const sent = isConfigured ? headersWith(ours) : ours;
  return { ...request, url, headers: { 'user-agent': userAgent, ...sent } };
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
  await deletion.result();
  clearTimeout(patience);
}
