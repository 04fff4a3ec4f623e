/**
 * The explorer's cases, judged by the shipped functions: `classify`, `statusToWrite`, `sessionOf`, and
 * the table of the command line.
 */
import { sessionCell, table } from '../../../cli/output/table.ts';
import { yaml } from '../../../cli/output/yaml.ts';
import { classify } from '../../../functions/reachability/classify.ts';
import { offlineStatus } from '../../../functions/reachability/offline-status.ts';
import type { ProbeOutcome, Timings } from '../../../functions/reachability/outcome.ts';
import { statusToWrite } from '../../../functions/reachability/status.ts';
import { rowOf } from '../../../functions/sessions/row.ts';
import {
  type Auth,
  conditionOf,
  type McpServer,
  singleSignOnOf,
  type Status,
} from '../../../functions/model/mcpserver.ts';
import { canonicalUrl, type Grant } from '../../../functions/sessions/grant.ts';
import type { Person } from '../../../functions/sessions/person.ts';
import { nothingAllowed, type TokenPolicy } from '../../../functions/sessions/policy.ts';
import { sessionOf } from '../../../functions/sessions/session.ts';
import { defined } from '../../../functions/model/defined.ts';
import { type GlossaryEntry, reasonGlossary } from '../../../functions/model/glossary.ts';
import { isRecord } from '../../../functions/model/json.ts';
import type { Session } from '../../../functions/model/wire/server-wire.ts';

type Answer<Name extends string = string> = {
  readonly name: Name;
  readonly label: string;
  readonly outcome: ProbeOutcome;
};
type Answered = Extract<ProbeOutcome, { kind: 'answered' }>;
type Unreachable = Extract<ProbeOutcome, { kind: 'unreachable' }>;

const http = <Name extends string>(
  name: Name,
  label: string,
  status: number,
  more: Partial<Answered> = {},
): Answer<Name> => ({
  name,
  label,
  outcome: { kind: 'answered', status, bearerChallenge: false, timings: {}, ...more },
});
const silent = <Name extends string>(
  name: Name,
  label: string,
  stage: Unreachable['stage'],
  cause: Unreachable['cause'],
  detail: string,
  timings: Timings = {},
): Answer<Name> => ({
  name,
  label,
  outcome: { kind: 'unreachable', stage, cause, detail, timings },
});

/** What a server can answer, by its name in the address of the page. */
export const answers = [
  http('200', '200, MCP without a sign-in', 200, {
    classification: 'asksForNothing',
    speaksMcp: 'True',
  }),
  http('200-html', '200, but not MCP (for example, a web page)', 200, {
    classification: 'unclear',
    speaksMcp: 'False',
  }),
  http('400', '400 Bad Request', 400, { classification: 'unclear', speaksMcp: 'Unknown' }),
  http('401', '401 Unauthorized', 401, { bearerChallenge: true }),
  http('403', '403 Forbidden', 403, { classification: 'unclear', speaksMcp: 'Unknown' }),
  http('403-bearer', '403 with a Bearer challenge', 403, { bearerChallenge: true }),
  http('404', '404 Not Found', 404, { classification: 'unclear', speaksMcp: 'False' }),
  http('404-post', '404 for GET, 401 for POST', 404, {
    classification: 'asksForSignIn',
    speaksMcp: 'Unknown',
  }),
  http('405', '405 for GET, MCP for POST', 405, {
    classification: 'asksForNothing',
    speaksMcp: 'True',
  }),
  http('410', '410 Gone', 410, { classification: 'unclear', speaksMcp: 'False' }),
  http('429', '429 Too Many Requests, Retry-After: 120', 429, { retryAfterMs: 120_000 }),
  http('500', '500 Internal Server Error', 500, {
    classification: 'unanswered',
    speaksMcp: 'Unknown',
  }),
  http('redirect', '302 to another host', 302, { redirect: 'otherHost' }),
  http('headers', '200 with headers too large to read', 200, {
    classification: 'unclear',
    speaksMcp: 'Unknown',
  }),
  http('502', '502 Bad Gateway', 502),
  http('503', '503 Service Unavailable', 503),
  http('503-later', '503, Retry-After: 600', 503, { retryAfterMs: 600_000 }),
  silent('refused', 'connection refused', 'tcp', 'refused', 'ECONNREFUSED'),
  silent('reset', 'connection reset', 'headers', 'reset', 'ECONNRESET'),
  silent('no-route', 'no route to the host', 'tcp', 'unreachable', 'ENETUNREACH'),
  silent('silent', 'no answer until the timeout', 'headers', 'timeout', 'no answer within 10 s', {
    headers: 10_000,
  }),
  silent('nxdomain', 'NXDOMAIN: no such host name', 'dns', 'nameNotFound', 'ENOTFOUND'),
  silent('tls-expired', 'an expired certificate', 'tls', 'tlsExpired', 'CERT_HAS_EXPIRED'),
  silent(
    'tls-early',
    'a certificate that is not valid yet',
    'tls',
    'tlsNotYetValid',
    'CERT_NOT_YET_VALID',
  ),
  silent(
    'tls-self-signed',
    'a self-signed certificate',
    'tls',
    'tlsUntrusted',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
  ),
  silent(
    'tls-other-host',
    'a certificate for another host',
    'tls',
    'tlsHostname',
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ),
  silent(
    'tls-plain',
    'plain HTTP where https is expected',
    'tls',
    'tlsProtocol',
    'ERR_SSL_WRONG_VERSION_NUMBER',
  ),
  silent(
    'not-http',
    'something that is not HTTP (for example, SSH)',
    'headers',
    'notHttp',
    'Response does not match the HTTP/1.1 protocol (Expected HTTP/, RTSP/ or ICE/)',
  ),
  {
    name: 'metadata',
    label: 'nothing: the address is 169.254.169.254',
    outcome: {
      kind: 'refusedByPolicy',
      message: 'cloud metadata addresses are never contacted',
      timings: {},
    },
  },
  http('407', '407, from our own egress proxy', 407),
] as const satisfies readonly Answer[];
export type AnswerName = (typeof answers)[number]['name'];

export const answerOf = (name: AnswerName): Answer =>
  answers.find((answer) => answer.name === name) ?? answers[0];

export const times = [1, 2, 3] as const;
export type Times = (typeof times)[number];

/** The reader's own sign-in, by its name in the address of the page. */
export const signIns = {
  'signed-out': 'not signed in to muster',
  none: 'signed in to muster only',
  fresh: 'signed in to this server',
  expired: 'signed in, but the sign-in has expired',
  sso: 'using single sign-on',
  'sso-forbidden': 'single sign-on, not allowed',
} as const;
export type SignInName = keyof typeof signIns;

export type Choice = {
  readonly answer: AnswerName;
  readonly times: Times;
  readonly signIn: SignInName;
};
export const firstChoice: Choice = { answer: '401', times: 1, signIn: 'none' };

export type Shown = {
  /** What `muster list mcpserver` prints. */
  readonly list: string;
  /** `status` of the MCPServer in YAML. */
  readonly status: string;
  readonly state: string;
  /** Absent: there is no SESSION column. */
  readonly session?: Session;
  readonly sessionCell?: string;
  readonly reason: string;
  readonly summary: string;
  /** The next step: a command to run, or a sentence. */
  readonly hint: string;
};

const now = new Date('2026-11-22T12:00:00Z');
const hourMs = 3_600_000;
const heartbeatMs = 300_000;

const person: Person = {
  issuer: 'https://login.example.com',
  subject: 'ada',
  email: 'ada@example.com',
  audiences: ['muster'],
  expiresAt: new Date(now.getTime() + hourMs),
};
const ownerAllows: TokenPolicy = { ...nothingAllowed, forwardHosts: ['tickets.example.com'] };

/** One case, from the server's answers to the text on the screen. */
export function show(choice: Choice): Shown {
  const server = observed(choice);
  const session = sessionFor(server, choice.signIn);
  const row = rowOf(server, defined({ anonymous: false, now, heartbeatMs, session }));
  const reason = conditionOf(server.status, 'Reachable')?.reason ?? 'ProberOffline';
  const entry = meanings[reason] ?? reasonGlossary.ProberOffline;
  return defined({
    list: table([row], { signedIn: session !== undefined, now }),
    status: yaml({ status: asWritten(server.status) }),
    state: server.status.state ?? '-',
    session,
    sessionCell: session === undefined ? undefined : sessionCell(row),
    reason,
    summary: entry.summary,
    hint: nextStep(choice, entry, session),
  });
}

const meanings: Readonly<Record<string, GlossaryEntry>> = reasonGlossary;

function nextStep({ signIn }: Choice, entry: GlossaryEntry, session: Session | undefined): string {
  if (session?.hint !== undefined) return session.hint;
  if (session?.sso === 'Failed' && session.message !== undefined) return session.message;
  if (session?.status === 'Authenticated') return 'Use the server.';
  // A person who is not signed in to muster signs in there first.
  if (signIn === 'signed-out' && entry.hint.includes('muster auth login'))
    return 'muster auth login';
  return entry.hint.replace(/\bNAME\b/g, 'tickets');
}

/** A server that was never probed before, after this answer this many times in a row. */
function observed({ answer, times: count, signIn }: Choice): McpServer {
  const verdict = classify(answerOf(answer).outcome);
  let server = neverProbed(signIn);
  const moments = Array.from(
    { length: count },
    (_, index) => new Date(now.getTime() - (count - 1 - index) * 60_000),
  );
  // Without a verdict, a server that has none yet is written as one that could not be judged.
  const after = (moment: Date): Status =>
    verdict.kind === 'undecided'
      ? offlineStatus(server, verdict.message, moment)
      : (statusToWrite(server, verdict, moment, { heartbeatMs }) ?? server.status);
  for (const moment of moments) server = { ...server, status: after(moment) };
  return server;
}

const forwarded: Auth = { type: 'oauth', forwardToken: true, requiredAudiences: [] };

function neverProbed(signIn: SignInName): McpServer {
  const auth = signIn.startsWith('sso') ? forwarded : undefined;
  return {
    ...defined({ auth }),
    namespace: 'default',
    name: 'tickets',
    uid: '6f1c8d0e-9a53-4c43-9c4e-0d7c5a4a2b11',
    generation: 1,
    resourceVersion: '1',
    type: 'streamable-http',
    url: 'https://tickets.example.com/mcp',
    headers: {},
    headersDigest: '',
    timeoutMs: 30_000,
    autoStart: false,
    singleSignOn: singleSignOnOf(auth),
    status: { consecutiveFailures: 0, conditions: [] },
  };
}

function sessionFor(server: McpServer, signIn: SignInName): Session | undefined {
  switch (signIn) {
    case 'signed-out':
      return undefined;
    case 'none':
      return sessionOf(server, person, undefined, now);
    case 'fresh':
      return sessionOf(server, person, grantUntil(server, new Date(now.getTime() + hourMs)), now);
    case 'expired':
      return sessionOf(server, person, grantUntil(server, new Date(now.getTime() - hourMs)), now);
    case 'sso':
      return sessionOf(server, person, undefined, now, { policy: ownerAllows });
    case 'sso-forbidden':
      return sessionOf(server, person, undefined, now);
  }
}

const grantUntil = (server: McpServer, expiresAt: Date): Grant => ({
  person: { issuer: person.issuer, subject: person.subject },
  serverUid: server.uid,
  serverName: `${server.namespace}/${server.name}`,
  serverUrl: canonicalUrl(server.url) ?? '',
  headersDigest: server.headersDigest,
  issuer: 'https://tickets.example.com',
  clientId: 'muster',
  resource: canonicalUrl(server.url) ?? '',
  scopes: [],
  kind: 'signIn',
  obtainedAt: new Date(now.getTime() - hourMs),
  expiresAt,
  refreshable: false,
});

/**
 * As the cluster shows it: fields in alphabetical order and times in whole seconds, as `nextStatus`
 * writes them.
 */
const asWritten = (status: Status): unknown =>
  JSON.parse(JSON.stringify(status), (_, value: unknown) =>
    isRecord(value) ? sorted(value) : value,
  );

const sorted = (fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(fields)
      .map(
        ([name, value]) =>
          [
            name,
            typeof value === 'string'
              ? value.replace(/^(\d{4}-\d\d-\d\dT[\d:]{8})\.000Z$/, '$1Z')
              : value,
          ] as const,
      )
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );

export const signInNames = Object.keys(signIns).filter(
  (name): name is SignInName => name in signIns,
);

/**
 * The reader's choice from the address. A missing or unknown value becomes the first choice.
 */
export function choiceOf(valueOf: (parameter: string) => unknown): Choice {
  const answer = answers.find(({ name }) => name === valueOf('answer'))?.name;
  const signIn = signInNames.find((name) => name === valueOf('sign-in'));
  const count = times.find((number) => String(number) === valueOf('times'));
  return {
    answer: answer ?? firstChoice.answer,
    times: count ?? firstChoice.times,
    signIn: signIn ?? firstChoice.signIn,
  };
}

/**
 * All cases as an HTML table, for readers without JavaScript and for programs.
 */
export function caseTable(): string {
  const rows = answers.map(({ name: answer, label }) => {
    const at = (count: Times): Shown => show({ answer, times: count, signIn: 'none' });
    const states = times.map((count) => at(count).state);
    const state =
      new Set(states).size === 1 ? states[0] : `${states[0]}, ${states[1]}, then ${states[2]}`;
    const sessions = (['none', 'fresh', 'expired', 'sso'] as const).map(
      (signIn) => show({ answer, times: 3, signIn }).sessionCell ?? '',
    );
    return `<tr><th scope="row">${label}</th>${[state, at(3).reason, ...sessions].map((text) => `<td>${text}</td>`).join('')}</tr>`;
  });
  const heads = [
    'The server answers',
    'STATE',
    'Reason',
    'SESSION: not signed in',
    'signed in',
    'sign-in expired',
    'single sign-on',
  ];
  return `<div class="table-scroll" tabindex="0" role="group" aria-label="All cases"><table class="cases"><thead><tr>${heads
    .map((head) => `<th scope="col">${head}</th>`)
    .join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
}
