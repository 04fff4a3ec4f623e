/**
 * Every reason that a condition, an Event or `muster check` can carry: what it means (glossary),
 * which part it is about, and who can change it. `muster check`, Events and the site use this.
 */
import {
  authRequiredGlossary,
  contendedGlossary,
  type GlossaryEntry,
  reasonGlossary,
  speaksMcpGlossary,
  warningGlossary,
} from './glossary.ts';
import { defined } from './defined.ts';
import type { FailedPart } from './failed-parts.ts';
import type { Explained, Row } from './wire/server-wire.ts';

/** Every reason that we write or report. */
export type ReasonName =
  | keyof typeof reasonGlossary
  | keyof typeof authRequiredGlossary
  | keyof typeof speaksMcpGlossary
  | keyof typeof contendedGlossary
  | keyof typeof warningGlossary;

/** What the page of a reason shows. */
export type ReasonFacts = GlossaryEntry & {
  /** The condition or Event that carries it. */
  readonly carrier: string;
  /** Absent: nothing failed. */
  readonly part?: FailedPart;
  /** Who can change it, as a sentence. */
  readonly owner: string;
};

const owners = {
  nobody: 'Nothing needs to change.',
  manifest: 'The owner of the MCPServer.',
  server: 'The owner of the server.',
  domain: 'The owner of the domain, or the owner of the MCPServer if `spec.url` has a typo.',
  network: 'The owner of the server, or the owner of the network between it and the functions.',
  functions: 'The owner of the functions.',
  person: 'Each person.',
} as const;

type Owner = keyof typeof owners;

/** Who can change it, and what failed, of every reason of `Reachable`. */
const reachable: Readonly<Record<keyof typeof reasonGlossary, readonly [Owner, FailedPart?]>> = {
  Responded: ['nobody'],
  AuthenticationRequired: ['person'],
  Redirected: ['manifest'],
  EndpointNotFound: ['manifest'],
  EndpointGone: ['manifest'],
  RateLimited: ['nobody'],
  ServerError: ['server'],
  NotProbed: ['nobody'],
  Suspended: ['manifest'],
  InvalidSpec: ['manifest', 'spec'],
  BlockedByPolicy: ['functions', 'policy'],
  DNSFailure: ['domain', 'name'],
  TLSExpired: ['server', 'tls'],
  TLSNotYetValid: ['server', 'tls'],
  TLSUntrusted: ['server', 'tls'],
  TLSHostname: ['server', 'tls'],
  TLSProtocol: ['server', 'tls'],
  ClientCertificateRequired: ['server', 'tls'],
  NotHTTP: ['manifest', 'server'],
  ConnectionRefused: ['server', 'server'],
  ConnectionReset: ['server', 'server'],
  HostUnreachable: ['network', 'network'],
  Timeout: ['network', 'server'],
  UpstreamUnavailable: ['server', 'gateway'],
  ProberOffline: ['functions', 'prober'],
};

/** The part that a reason of `Reachable` is about. Undefined: nothing failed. */
export const failedPartOf = (reason: string): FailedPart | undefined =>
  reasonFacts.get(reason)?.part;

/** By the name of the reason. `AuthenticationRequired` is one of two conditions, and one page. */
export const namedReasons: ReadonlyMap<ReasonName, ReasonFacts> = new Map([
  ...factsOf('the condition `AuthRequired`', authRequiredGlossary, {
    AuthenticationRequired: ['person'],
    AuthenticationNotRequired: ['nobody'],
    NotDetermined: ['manifest'],
  }),
  ...factsOf('the condition `Reachable` and in `muster check`', reasonGlossary, reachable),
  ...factsOf('the condition `SpeaksMCP`', speaksMcpGlossary, {
    MCPResponse: ['nobody'],
    NoMCPResponse: ['manifest'],
    MCPNotDetermined: ['nobody'],
  }),
  ...factsOf('the condition `StateContended`', contendedGlossary, {
    OtherWriter: ['manifest'],
    OnlyWriter: ['nobody'],
  }),
  ...factsOf('an Event of the MCPServer', warningGlossary, { CertificateExpiring: ['server'] }),
]);

/** The same for a reason from outside, which another writer may have made up. */
export const reasonFacts: ReadonlyMap<string, ReasonFacts> = namedReasons;

function factsOf<Reason extends string>(
  carrier: string,
  glossary: Readonly<Record<Reason, GlossaryEntry>>,
  table: Readonly<Record<Reason, readonly [Owner, FailedPart?]>>,
): readonly (readonly [Reason, ReasonFacts])[] {
  return Object.keys(table)
    .filter((reason): reason is Reason => Object.hasOwn(glossary, reason))
    .map((reason) => {
      const [owner, part] = table[reason];
      const { summary, hint } = glossary[reason];
      return [reason, defined({ summary, hint, carrier, part, owner: owners[owner] })];
    });
}

/** The next step for a reason, for a terminal, with the name of the server in it. */
export const reasonHint = (reason: string, server: string): string | undefined =>
  reasonFacts
    .get(reason)
    ?.hint.replaceAll('`', '')
    .replaceAll(/\bNAME\b/g, server);

/** `connection-refused`: the name of the reason in addresses, which are in lower case everywhere. */
export const reasonSlug = (reason: string): string =>
  reason
    .split(/(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/)
    .join('-')
    .toLowerCase();

/** The address of a reason's page. Undefined without a site, or for a reason of another writer. */
export const reasonPage = (site: URL | undefined, reason: string): string | undefined =>
  site === undefined || !reasonFacts.has(reason)
    ? undefined
    : `${site.href.replace(/\/+$/, '')}/reasons/${reasonSlug(reason)}/`;

/**
 * The pages about the reasons of these rows that have a next step, by reason. A sign-in is not one:
 * SESSION has its command. Undefined without a site, or where there is none.
 */
export function reasonPagesOf(
  rows: readonly Pick<Row, 'reason'>[],
  site: URL | undefined,
): Readonly<Record<string, string>> | undefined {
  const pages = new Map<string, string>();
  for (const { reason } of rows) {
    const page =
      reason === undefined || !hasNextStep(reason) ? undefined : reasonPage(site, reason);
    if (reason !== undefined && page !== undefined) pages.set(reason, page);
  }
  return pages.size === 0 ? undefined : Object.fromEntries(pages);
}

/** Whether there is something to do about it. SESSION has the command of a sign-in. */
export const hasNextStep = (reason: string): boolean =>
  reason !== 'AuthenticationRequired' &&
  reasonFacts.get(reason)?.hint.startsWith('Nothing to do') === false;

/**
 * What the reason of a row means, for a terminal, and what to do about it and about an answer that
 * is no MCP. Undefined for a server that was never probed, and for a reason of another writer.
 */
export function explainRow(
  { namespace, name, type, reason, conditions }: ExplainableRow,
  site: URL | undefined,
): Explained | undefined {
  const given = reason ?? (type === 'stdio' ? 'NotProbed' : '');
  const facts = reasonFacts.get(given);
  if (facts === undefined) return undefined;
  const mcp = conditions.find((condition) => condition.type === 'SpeaksMCP');
  const hints = [given, mcp?.status === 'False' ? mcp.reason : undefined]
    .filter((about) => about !== undefined && hasNextStep(about))
    .flatMap((about = '') => reasonHint(about, `${namespace}/${name}`) ?? []);
  return defined({
    means: facts.summary.replaceAll('`', ''),
    hints,
    page: reasonPage(site, given),
  });
}

type ExplainableRow = Pick<Row, 'namespace' | 'name' | 'type' | 'reason' | 'conditions'>;
