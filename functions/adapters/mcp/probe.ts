import type { GetEnd, ProbeOutcome, Timings } from '../../reachability/outcome.ts';
import type { McpServer } from '../../model/mcpserver.ts';
import { isGatewayStatus, isProberStatus } from '../../model/http-status.ts';
import { type Connector, connect } from '../network/connect.ts';
import type { ProbeResponse } from '../network/http-exchange.ts';
import { outcomeOf } from '../network/network-error.ts';
import {
  asksForSignIn,
  hasBearerChallenge,
  type McpSigns,
  signsOfDiscover,
  signsOfStream,
  unanswered,
} from './mcp-signs.ts';
import { outgoingHeaders } from './outgoing-headers.ts';
import {
  closeSession,
  discoverAt,
  type ProbeClient,
  probeClient,
  type ProbeExchange,
  type Reply,
  type Result,
  streamAt,
} from './probe-requests.ts';
import { totalMs } from './stage-clock.ts';
import { defined } from '../../model/defined.ts';

export type Probe = (
  server: McpServer,
  wanted: { readonly classify: boolean },
) => Promise<ProbeOutcome>;

const longestProbeMs = 10_000;
/** Of a request that is not needed for the verdict. */
const longestClassificationMs = 3_000;
const longestUrl = 2048;

export type ProberOptions = {
  /** The clock that a `Retry-After` date is compared with. */
  readonly now?: () => Date;
};

/**
 * Probes one remote MCP server without credentials: a GET for an event stream, judged at the
 * response headers. For streamable-http, where only the POST counts, a GET that is closed without
 * an answer or answered by a gateway is followed by one `POST server/discover`; beside one that is
 * silent, the POST begins at half the deadline. The first answer that is not a gateway's decides.
 * Where `classify` is wanted and the GET did not ask for a sign-in, the same POST (for SSE: the
 * first bytes of the stream) finds out, within a limit of its own. Never takes longer than
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
    const client = probeClient({
      connector,
      configured: url,
      headersWith: outgoing.with,
      deadlineMs: Math.min(server.timeoutMs, longestProbeMs),
    });
    try {
      return server.type === 'sse'
        ? await runStreamProbe(client, { classify, now })
        : await runHttpProbe(client, { classify, now });
    } finally {
      client.end();
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

type Wanted = { readonly classify: boolean; readonly now: () => Date };

async function runStreamProbe(client: ProbeClient, { classify, now }: Wanted) {
  const get = client.start(streamAt(client.configured, { peeks: classify }));
  const result = await get.result();
  if (result.kind === 'error') return failureOf(get, result);
  const { answer } = result;
  const canClassify = classify && result.redirect === undefined && !asksForSignIn(answer);
  const signs = canClassify && !isGatewayStatus(answer.status) ? signsOfStream(answer) : undefined;
  await closeSession(client, result);
  return answered(get, result, now, { signs });
}

async function runHttpProbe(client: ProbeClient, { classify, now }: Wanted): Promise<ProbeOutcome> {
  const get = client.start(streamAt(client.configured, { peeks: false }));
  const first = await get.resultOrSilence();
  if (first !== 'silent' && !needsSecondRequest(get, first))
    return first.kind === 'error'
      ? failureOf(get, first)
      : openAnswer(client, get, first, { classify, now });

  const post = client.start(discoverAt(get.url()));
  const decided = await firstAnswer(get, post);
  switch (decided.by) {
    case 'GET':
      return openAnswer(client, get, decided.reply, { classify, now, running: post });
    case 'POST': {
      const getEnd = endOf(get.settled());
      get.cancel();
      await closeSession(client, decided.reply);
      const signs = signsOfDiscover(decided.reply.answer);
      return answered(post, decided.reply, now, { signs, getEnd, timings: together(get, post) });
    }
    case 'none':
      return failureOfBoth(get, decided.get, post, decided.post, now);
  }
}

/** What ended the GET is no verdict about a server that is used by POST. */
function needsSecondRequest(get: ProbeExchange, result: Result): boolean {
  if (result.kind === 'reply') return isGatewayStatus(result.answer.status);
  const outcome = outcomeOf(result.error, get.clock.stage(), {});
  return (
    outcome.kind === 'unreachable' &&
    outcome.stage === 'headers' &&
    (outcome.cause === 'reset' || outcome.cause === 'unreachable' || outcome.cause === 'timeout')
  );
}

type Decision =
  | { readonly by: 'GET' | 'POST'; readonly reply: Reply }
  | { readonly by: 'none'; readonly get: Result; readonly post: Result };

/** A gateway, and a proxy on our own side, do not speak for the server. */
const decides = (result: Result): result is Reply =>
  result.kind === 'reply' &&
  !isGatewayStatus(result.answer.status) &&
  !isProberStatus(result.answer.status);

async function firstAnswer(get: ProbeExchange, post: ProbeExchange): Promise<Decision> {
  const by = (method: 'GET' | 'POST') => (result: Result) => ({ method, result });
  const ends = [get.result().then(by('GET')), post.result().then(by('POST'))] as const;
  const first = await Promise.race(ends);
  if (decides(first.result)) return { by: first.method, reply: first.result };
  const [ofGet, ofPost] = await Promise.all([get.result(), post.result()]);
  if (decides(ofGet)) return { by: 'GET', reply: ofGet };
  if (decides(ofPost)) return { by: 'POST', reply: ofPost };
  return { by: 'none', get: ofGet, post: ofPost };
}

function endOf(result: Result | undefined): GetEnd {
  if (result === undefined) return 'silent';
  return result.kind === 'reply' ? 'gateway' : 'closed';
}

/** The verdict is there; whether the server asks for a sign-in may take one more request. */
async function openAnswer(
  client: ProbeClient,
  get: ProbeExchange,
  reply: Reply,
  { classify, now, running }: Wanted & { readonly running?: ProbeExchange },
): Promise<ProbeOutcome> {
  const { answer } = reply;
  const isClassified =
    classify && reply.redirect === undefined && !asksForSignIn(answer) && canAsk(answer);
  if (!isClassified) {
    running?.cancel();
    await closeSession(client, reply);
    return answered(get, reply, now);
  }
  const post = running ?? client.start(discoverAt(reply.url));
  const limitMs = Math.min(longestClassificationMs, client.deadlineMs / 2);
  const patience = setTimeout(() => post.cancel(), limitMs);
  const result = await post.result();
  clearTimeout(patience);
  // The GET was answered: a failure here is not a verdict about the server.
  const signs = result.kind === 'reply' ? signsOfDiscover(result.answer) : unanswered;
  await Promise.all([
    closeSession(client, reply),
    result.kind === 'reply' ? closeSession(client, result) : undefined,
  ]);
  return answered(get, reply, now, { signs, timings: together(get, post) });
}

// Where a proxy of ours or a rate limit answers, a second request brings the same.
const canAsk = ({ status }: ProbeResponse): boolean => !isProberStatus(status) && status !== 429;

/** The POST is one stage, whatever its parts. */
const together = (get: ProbeExchange, post: ProbeExchange): Timings => {
  get.clock.stop();
  post.clock.stop();
  return { ...get.clock.timings(), discover: totalMs(post.clock.timings()) };
};

function answered(
  exchange: ProbeExchange,
  { answer, redirect }: Reply,
  now: () => Date,
  more: {
    readonly signs?: McpSigns | undefined;
    readonly getEnd?: GetEnd;
    readonly timings?: Timings;
  } = {},
): ProbeOutcome {
  exchange.clock.stop();
  return defined({
    kind: 'answered',
    status: answer.status,
    getEnd: more.getEnd,
    bearerChallenge: hasBearerChallenge(answer),
    timings: more.timings ?? exchange.clock.timings(),
    redirect,
    retryAfterMs: retryAfter(answer, now),
    ...more.signs,
    hop: exchange.hop(),
    certificateExpiresAt: exchange.certificateExpiresAt(),
  });
}

function failureOf(
  exchange: ProbeExchange,
  { error }: Extract<Result, { kind: 'error' }>,
  timings?: Timings,
): ProbeOutcome {
  exchange.clock.stop();
  const outcome = outcomeOf(error, exchange.clock.stage(), timings ?? exchange.clock.timings());
  return defined({
    ...outcome,
    hop: exchange.hop(),
    certificateExpiresAt: exchange.certificateExpiresAt(),
  });
}

/** A gateway that answers knows more than a connection that ends. */
function failureOfBoth(
  get: ProbeExchange,
  ofGet: Result,
  post: ProbeExchange,
  ofPost: Result,
  now: () => Date,
): ProbeOutcome {
  const timings = together(get, post);
  const second = ofPost.kind === 'error' ? failureOf(post, ofPost, timings) : undefined;
  // Without the POST there is no failing verdict, and it was our side that could not send it.
  if (second?.kind === 'proberTrouble') return second;
  // Headers that are too large to read are an answer.
  if (second?.kind === 'headersTooLarge') return second;
  if (ofGet.kind === 'reply') return answered(get, ofGet, now, { timings });
  if (ofPost.kind === 'reply' && isGatewayStatus(ofPost.answer.status))
    return answered(post, ofPost, now, { timings });
  return failureOf(get, ofGet, timings);
}

/** RFC 9110, section 10.2.3: seconds, or a date. */
function retryAfter({ headers }: ProbeResponse, now: () => Date): number | undefined {
  const value = headers['retry-after'];
  if (value === undefined) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now().getTime();
  return ms > 0 ? ms : undefined;
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
