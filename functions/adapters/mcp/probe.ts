import { errors } from 'undici';
import type {
  Cause,
  Classification,
  ProbeOutcome,
  Redirect,
  Timings,
} from '../../reachability/outcome.ts';
import type { McpServer } from '../../model/mcpserver.ts';
import type { Stage } from '../../model/wire.ts';
import { type Connector, connect, NameFailure, RefusedByPolicy } from '../network/connect.ts';
import { exchange, type ProbeRequest, type ProbeResponse } from '../network/http.ts';
import { ProberError } from '../network/prober-error.ts';
import { discoverRequest, protocolVersion } from './discover.ts';
import { type OutgoingHeaders, outgoingHeaders } from './outgoing-headers.ts';
import { defined } from '../../model/defined.ts';

export type Probe = (
  server: McpServer,
  wanted: { readonly classify: boolean },
) => Promise<ProbeOutcome>;

const longestProbeMs = 10_000;
const closeSessionMs = 1000;
const mostRedirects = 3;
const longestUrl = 2048;
// The first bytes show a JSON-RPC answer, and the `endpoint` event of an SSE server.
const peek = { bytes: 4096, ms: 1000 };

export type ProberOptions = {
  /** The clock that a `Retry-After` date is compared with. */
  readonly now?: () => Date;
};

/**
 * Probes one remote MCP server without credentials: a GET for an event stream, judged at the
 * response headers. Where `classify` is wanted and the GET did not ask for a sign-in, one `POST
 * server/discover` (for SSE: the first bytes of the stream) finds out. Never takes longer than
 * min(`timeoutMs`, 10 s); never throws for anything a server does.
 */
export const prober =
  (connector: Connector, { now = () => new Date() }: ProberOptions = {}): Probe =>
  async (server, { classify }) => {
    if (server.unusable !== undefined)
      return { kind: 'unusable', message: server.unusable, timings: {} };
    const url = usableUrl(server.url);
    if (typeof url === 'string') return { kind: 'unusable', message: url, timings: {} };
    const outgoing = outgoingHeaders(server.headers, 'prober');
    if (outgoing.kind === 'unusable') return { ...outgoing, timings: {} };
    const headersWith = outgoing.with;
    const attempt = startAttempt({ connector, now, server, configured: url, headersWith });
    try {
      return await runProbe(attempt, classify);
    } catch (error) {
      return outcomeOf(error, attempt);
    } finally {
      attempt.end();
    }
  };

function usableUrl(text: string | undefined): URL | string {
  if (text === undefined) return 'spec.url is missing';
  if (text.length > longestUrl) return `spec.url is longer than ${longestUrl} characters`;
  const url = URL.parse(text);
  if (url === null) return 'spec.url is not a URL';
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return `spec.url has the scheme ${url.protocol}, which is neither http: nor https:`;
  if (url.username !== '' || url.password !== '')
    return 'spec.url contains a user name or a password, which belong in spec.headers';
  if (url.port === '0') return 'spec.url has port 0';
  return url;
}

/** One running probe: its server, its deadline, and the time that each stage took. */
type Attempt = {
  readonly connector: Connector;
  readonly now: () => Date;
  readonly server: McpServer;
  readonly configured: URL;
  /** The headers of a request to the configured origin: ours, and those of the manifest. */
  readonly headersWith: Extract<OutgoingHeaders, { kind: 'usable' }>['with'];
  readonly signal: AbortSignal;
  readonly enter: (stage: Stage | undefined) => void;
  readonly stage: () => Stage;
  readonly timings: () => Timings;
  readonly end: () => void;
};

function startAttempt(
  given: Pick<Attempt, 'connector' | 'now' | 'server' | 'configured' | 'headersWith'>,
): Attempt {
  const deadline = new AbortController();
  const deadlineMs = Math.min(given.server.timeoutMs, longestProbeMs);
  const timer = setTimeout(
    () => deadline.abort(new DeadlinePassed(`no answer within ${deadlineMs / 1000} s`)),
    deadlineMs,
  );
  const spent = new Map<Stage, number>();
  let stage: Stage | undefined;
  let since = 0;
  const enter = (next: Stage | undefined): void => {
    const now = performance.now();
    if (stage !== undefined) spent.set(stage, (spent.get(stage) ?? 0) + now - since);
    stage = next;
    since = now;
  };
  return {
    ...given,
    signal: deadline.signal,
    enter,
    stage: () => stage ?? 'headers',
    timings: () => Object.fromEntries(spent),
    end: () => clearTimeout(timer),
  };
}

class DeadlinePassed extends Error {
  override readonly name = 'DeadlinePassed';
}

async function runProbe(attempt: Attempt, classify: boolean): Promise<ProbeOutcome> {
  const { answer, url, redirect } = await follow(attempt, classify);
  attempt.enter(undefined);
  const timings = attempt.timings();
  const bearerChallenge = hasBearerChallenge(answer);
  const retryAfterMs = retryAfter(answer, attempt.now);
  const isOpen = answer.status !== 401 && !(answer.status === 403 && bearerChallenge);
  const classification =
    classify && isOpen && redirect === undefined && canSay(answer)
      ? await classified(attempt, url, answer)
      : undefined;
  await closeSession(attempt, url, answer);
  return defined({
    kind: 'answered',
    status: answer.status,
    bearerChallenge,
    timings,
    redirect,
    retryAfterMs,
    classification,
  });
}

async function follow(
  attempt: Attempt,
  classify: boolean,
): Promise<{ answer: ProbeResponse; url: URL; redirect?: Redirect }> {
  const read = classify && attempt.server.type === 'sse' ? { read: peek } : {};
  let url = attempt.configured;
  for (let hop = 0; ; hop += 1) {
    const answer = await ask(attempt, {
      url,
      method: 'GET',
      headers: { accept: 'text/event-stream' },
      ...read,
    });
    if (![301, 302, 303, 307, 308].includes(answer.status)) return { answer, url };
    const next = nextHop(url, answer.headers['location'] ?? '');
    if (typeof next === 'string') return { answer, url, redirect: next };
    if (hop === mostRedirects) return { answer, url, redirect: 'tooMany' };
    url = next;
  }
}

function nextHop(from: URL, location: string): URL | Redirect {
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

/**
 * One exchange with what every request of a probe carries. `spec.headers` go to the configured
 * origin only.
 */
function ask(attempt: Attempt, { headers, ...request }: ProbeRequest): Promise<ProbeResponse> {
  const ours = { 'mcp-protocol-version': protocolVersion, ...headers };
  const isConfigured = request.url.origin === attempt.configured.origin;
  const sent = isConfigured ? attempt.headersWith(ours) : ours;
  return exchange(
    { ...request, headers: { 'user-agent': userAgent, ...sent } },
    attempt.connector,
    attempt.signal,
    attempt.enter,
  );
}

const userAgent = 'muster-prober (reachability check without credentials)';

const hasBearerChallenge = ({ headers }: ProbeResponse): boolean =>
  /(^|,)\s*bearer\b/i.test(headers['www-authenticate'] ?? '');

/** RFC 9110, section 10.2.3: seconds, or a date. */
function retryAfter({ headers }: ProbeResponse, now: () => Date): number | undefined {
  const value = headers['retry-after'];
  if (value === undefined) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now().getTime();
  return ms > 0 ? ms : undefined;
}

// A failing proxy or a rate limit says nothing about sign-in.
const canSay = ({ status }: ProbeResponse): boolean =>
  status < 500 && status !== 407 && status !== 429;

/** Undefined when the second request failed or a proxy answered it: what is known stays. */
async function classified(
  attempt: Attempt,
  url: URL,
  stream: ProbeResponse,
): Promise<Classification | undefined> {
  if (attempt.server.type === 'sse')
    return /^event:\s*endpoint\s*$/m.test(stream.body.toString('utf8'))
      ? 'asksForNothing'
      : 'unclear';
  try {
    const answer = await ask(attempt, { ...discoverRequest, url, read: peek });
    await closeSession(attempt, url, answer);
    if (answer.status === 401 || (answer.status === 403 && hasBearerChallenge(answer)))
      return 'asksForSignIn';
    if (!canSay(answer)) return undefined;
    return speaksMcp(answer) ? 'asksForNothing' : 'unclear';
  } catch {
    // The GET was answered: a failure here is not a verdict about the server.
    return undefined;
  }
}

const speaksMcp = ({ status, headers, body }: ProbeResponse): boolean =>
  (status === 200 && (headers['content-type'] ?? '').startsWith('text/event-stream')) ||
  /"jsonrpc"\s*:\s*"2\.0"/.test(body.toString('utf8'));

/**
 * Some servers open a session for every request without one (python-sdk#3228). It is closed with
 * one request, whose answer does not matter.
 */
async function closeSession(attempt: Attempt, url: URL, { headers }: ProbeResponse): Promise<void> {
  const session = headers['mcp-session-id'];
  if (session === undefined) return;
  const deletion = { url, method: 'DELETE', headers: { 'mcp-session-id': session } } as const;
  const patience = AbortSignal.any([attempt.signal, AbortSignal.timeout(closeSessionMs)]);
  await ask({ ...attempt, signal: patience, enter: () => {} }, deletion).catch(() => {});
}

function outcomeOf(error: unknown, attempt: Attempt): ProbeOutcome {
  const stage = attempt.stage();
  attempt.enter(undefined);
  const timings = attempt.timings();
  const unreachable = (cause: Cause, detail: string): ProbeOutcome => ({
    kind: 'unreachable',
    stage,
    cause,
    detail,
    timings,
  });
  if (error instanceof RefusedByPolicy)
    return { kind: 'refusedByPolicy', message: error.rule, timings };
  if (error instanceof DeadlinePassed)
    return unreachable(stage === 'dns' ? 'resolverFailed' : 'timeout', error.message);
  if (error instanceof ProberError)
    return { kind: 'proberTrouble', detail: error.message, timings };
  if (error instanceof NameFailure) return nameFailure(error, stage, timings);
  if (error instanceof errors.HeadersOverflowError) return { kind: 'headersTooLarge', timings };
  if (error instanceof errors.InvalidArgumentError)
    // Its own words may quote a value of spec.headers.
    return { kind: 'unusable', message: 'spec.url or spec.headers cannot be sent', timings };
  if (!(error instanceof Error)) throw error;
  const cause = causeOf(error);
  if (cause !== undefined) return unreachable(cause, codeOf(error) || error.message);
  const code = codeOf(error);
  if (code === '') throw error;
  // Once the connection stands, a server decides what we read: no bytes of its own may pass for a
  // prober error, which would leave its STATE as it was. A 101 that upgrades to nothing, for
  // example, fails an assertion in undici 8.
  if (stage === 'headers' && !proberCodes.has(code)) return unreachable('notHttp', code);
  return { kind: 'proberTrouble', detail: `${code}: ${error.message}`, timings };
}

/** What this machine has run out of. */
const proberCodes: ReadonlySet<string> = new Set([
  'EMFILE',
  'ENFILE',
  'ENOBUFS',
  'ENOMEM',
  'EADDRNOTAVAIL',
  'ERR_MEMORY_ALLOCATION_FAILED',
]);

function nameFailure({ resolution }: NameFailure, stage: Stage, timings: Timings): ProbeOutcome {
  switch (resolution.kind) {
    case 'notFound':
      return {
        kind: 'unreachable',
        stage,
        cause: 'nameNotFound',
        detail: resolution.detail,
        timings,
      };
    case 'failed':
      return {
        kind: 'unreachable',
        stage,
        cause: 'resolverFailed',
        detail: resolution.detail,
        timings,
      };
    case 'unavailable':
      return { kind: 'proberTrouble', detail: resolution.detail, timings };
    case 'unusable':
      return {
        kind: 'unusable',
        message: 'the host of spec.url is not a valid name',
        timings,
      };
  }
}

// Names, codes and messages as Node 24 and undici 8 give them; the numbers of AbortError and
// TimeoutError never get here.
function causeOf(error: Error): Cause | undefined {
  if (
    error.name === 'HTTPParserError' ||
    error instanceof errors.ResponseContentLengthMismatchError
  )
    return 'notHttp';
  if (error instanceof errors.SocketError)
    return error.message === 'bad upgrade' ? 'notHttp' : 'reset';
  const code = codeOf(error);
  return (
    causes[code] ?? (/^(ERR_SSL_|ERR_TLS_|CERT_|EPROTO$)/.test(code) ? 'tlsProtocol' : undefined)
  );
}

const causes: Readonly<Record<string, Cause>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  ECONNABORTED: 'reset',
  EPIPE: 'reset',
  ENETUNREACH: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETDOWN: 'unreachable',
  EACCES: 'unreachable', // a prohibit route
  EPERM: 'unreachable', // a firewall on the way out
  EINVAL: 'unreachable', // a blackhole route
  ETIMEDOUT: 'timeout',
  CERT_HAS_EXPIRED: 'tlsExpired',
  CERT_NOT_YET_VALID: 'tlsNotYetValid',
  ERR_TLS_CERT_ALTNAME_INVALID: 'tlsHostname',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tlsUntrusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'tlsUntrusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tlsUntrusted',
  UNABLE_TO_GET_ISSUER_CERT: 'tlsUntrusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tlsUntrusted',
  CERT_UNTRUSTED: 'tlsUntrusted',
  CERT_REVOKED: 'tlsUntrusted',
  CERT_SIGNATURE_FAILURE: 'tlsUntrusted',
  CERT_CHAIN_TOO_LONG: 'tlsUntrusted',
  INVALID_CA: 'tlsUntrusted',
  INVALID_PURPOSE: 'tlsUntrusted',
};

/**
 * The most useful code: of several addresses, one that is not only an address family without a
 * route on this machine.
 */
function codeOf(error: Error): string {
  if (error instanceof AggregateError) {
    const codes = error.errors.map((one: unknown) => (one instanceof Error ? codeOf(one) : ''));
    return codes.find((code) => code !== 'ENETUNREACH') ?? codes[0] ?? '';
  }
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/**
 * Whether a connection to `url` can be opened: checked when the prober's own network is suspect.
 */
export const connectionCheck =
  (connector: Connector, url: URL): (() => Promise<boolean>) =>
  async () => {
    const secure = url.protocol === 'https:';
    try {
      const socket = await connect(
        { hostname: url.hostname, port: Number(url.port || (secure ? 443 : 80)), secure },
        connector,
        AbortSignal.timeout(connectionCheckMs),
      );
      socket.destroy();
      return true;
    } catch {
      return false; // No connection, for any reason.
    }
  };

const connectionCheckMs = 3000;
