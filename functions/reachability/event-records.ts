import { conditionOf, type McpServer, type Status, ownState } from '../model/mcpserver.ts';
import type { warningGlossary } from '../model/glossary.ts';
import { reasonPage } from '../model/reason-facts.ts';
import { certificateWarning, isCertificateEventDue } from './certificate.ts';
import type { Observation } from './outcome.ts';

/** A change that becomes an Event of the cluster, as `kubectl describe mcpserver` shows it. */
export type EventRecord = {
  readonly server: Pick<McpServer, 'namespace' | 'name' | 'uid' | 'resourceVersion'>;
  readonly type: 'Normal' | 'Warning';
  /** For programs: the reason of the condition that changed. */
  readonly reason: string;
  readonly message: string;
  readonly at: Date;
};

/**
 * The Events of one written status: the state of the sweep changed, or another writer
 * began or stopped replacing it. `site` has a page about each reason.
 */
export function eventsFor(
  server: McpServer,
  next: Status,
  at: Date,
  site?: URL,
): readonly EventRecord[] {
  const { namespace, name, uid, resourceVersion, status: previous } = server;
  const about = { server: { namespace, name, uid, resourceVersion }, at };
  const records: EventRecord[] = [];
  const reachable = conditionOf(next, 'Reachable');
  // While the prober was offline, STATE stayed as it was.
  const kept =
    conditionOf(previous, 'Reachable')?.status === 'Unknown' ? previous.state : undefined;
  const [from, to] = [ownState(previous) ?? kept, ownState(next)];
  if (to !== undefined && to !== from && reachable !== undefined) {
    const change = from === undefined ? `STATE is ${to}` : `STATE changed from ${from} to ${to}`;
    records.push({
      ...about,
      type: to === 'Connected' ? 'Normal' : 'Warning',
      reason: reachable.reason,
      message: withPage(`${change}: ${reachable.message}`, site, reachable.reason),
    });
  }
  const contended = conditionOf(next, 'StateContended');
  const wasContended = conditionOf(previous, 'StateContended')?.status === 'True';
  if (contended !== undefined && (contended.status === 'True') !== wasContended) {
    records.push({
      ...about,
      type: wasContended ? 'Normal' : 'Warning',
      reason: contended.reason,
      message: contended.message,
    });
  }
  return records;
}

const withPage = (message: string, site: URL | undefined, reason: string): string => {
  const page = reasonPage(site, reason);
  return page === undefined ? message : `${message} See ${page}`;
};

/**
 * The Event about a certificate that expires soon. Nothing is remembered: it is written in the one
 * sweep of each day that the server's uid hashes to.
 */
export function certificateEvents(
  { server, outcome }: Observation,
  {
    tick,
    tickMs,
    siteUrl,
  }: { readonly tick: Date; readonly tickMs: number; readonly siteUrl?: URL },
): readonly EventRecord[] {
  const warning = certificateWarning(outcome.certificateExpiresAt, tick);
  if (warning === undefined || !isCertificateEventDue(server.uid, tick, tickMs)) return [];
  const { namespace, name, uid, resourceVersion } = server;
  const reason = 'CertificateExpiring' satisfies keyof typeof warningGlossary;
  return [
    {
      server: { namespace, name, uid, resourceVersion },
      at: tick,
      type: 'Warning',
      reason,
      message: withPage(warning, siteUrl, reason),
    },
  ];
}
