/**
 * The explorer's cases, judged by the shipped functions: `classify`, `statusToWrite`, `sessionOf`, and
 * the table of the command line.
 */
import { type Column, sessionCell, table, usualColumns } from '../../../cli/output/table.ts';
import { yaml } from '../../../cli/output/yaml.ts';
import { classify } from '../../../functions/reachability/classify.ts';
import { offlineStatus } from '../../../functions/reachability/offline-status.ts';
import { isClassificationDue } from '../../../functions/reachability/due.ts';
import type { ProbeOutcome } from '../../../functions/reachability/outcome.ts';
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
import type { Row, Session } from '../../../functions/model/wire/server-wire.ts';
import { answerOf, answers } from './answers.ts';
import { type Choice, firstChoice, type SignInName, type Times, times } from './choice.ts';

/** How good a value is, as the command line colors it. */
export type Tone = NonNullable<ReturnType<NonNullable<Column['style']>>> | 'none';

export type Shown = {
  /** What `muster list mcpserver` prints. */
  readonly list: string;
  /** `status` of the MCPServer in YAML. */
  readonly status: string;
  readonly state: string;
  readonly stateTone: Tone;
  readonly sessionTone: Tone;
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
const tickMs = 60_000;

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
    stateTone: toneOf(row, 'STATE'),
    sessionTone: toneOf(row, 'SESSION'),
    session,
    sessionCell: session === undefined ? undefined : sessionCell(row),
    reason,
    summary: entry.summary,
    hint: nextStep(choice, entry, session),
  });
}

function toneOf(row: Row, header: string): Tone {
  const columns = usualColumns([row], { signedIn: true });
  return columns.find((column) => column.header === header)?.style?.(row) ?? 'none';
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

const minutesAgo = (minutes: number): Date => new Date(now.getTime() - minutes * tickMs);

/** A server after what it answered before, and then this answer this many times in a row. */
function observed({ answer, times: count, signIn, before }: Choice): McpServer {
  const isNew = before === 'nothing';
  let server = neverProbed(signIn);
  if (!isNew) server = after(server, answerOf(before).outcome, minutesAgo(count));
  const { outcome } = answerOf(answer);
  for (let index = count - 1; index >= 0; index -= 1)
    server = after(server, outcome, minutesAgo(index), isNew);
  return server;
}

/** A server after one more probe. Without a verdict, only a new one is written. */
function after(server: McpServer, answer: ProbeOutcome, moment: Date, isNew = true): McpServer {
  const verdict = classify(asSwept(server, answer, moment));
  if (verdict.kind !== 'undecided')
    return {
      ...server,
      status: statusToWrite(server, verdict, moment, { heartbeatMs }) ?? server.status,
    };
  return isNew ? { ...server, status: offlineStatus(server, verdict.message, moment) } : server;
}

/** The sweep asks about sign-in and MCP only when that is due. */
function asSwept(server: McpServer, answer: ProbeOutcome, moment: Date): ProbeOutcome {
  if (answer.kind !== 'answered' || isClassificationDue(server, moment, tickMs)) return answer;
  const { classification: _classification, speaksMcp: _speaksMcp, ...seen } = answer;
  return seen;
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

/**
 * All cases as an HTML table, for readers without JavaScript and for programs.
 */
export function caseTable(): string {
  const rows = answers.map(({ name: answer, label }) => {
    const at = (count: Times): Shown => show({ ...firstChoice, answer, times: count });
    const states = times.map((count) => at(count).state);
    const state =
      new Set(states).size === 1 ? states[0] : `${states[0]}, ${states[1]}, then ${states[2]}`;
    const sessions = (['none', 'fresh', 'expired', 'sso'] as const).map(
      (signIn) => show({ ...firstChoice, answer, times: 3, signIn }).sessionCell ?? '',
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
  return `<div class="table-scroll" data-pagefind-ignore tabindex="0" role="group" aria-label="All cases"><table class="cases"><thead><tr>${heads
    .map((head) => `<th scope="col">${head}</th>`)
    .join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
}
