import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { AuditEvent } from '../model/audit-event.ts';
import type { SweepReport } from './report.ts';

/**
 * Publishes the report of one invocation as CloudWatch metrics, by lines in the log (embedded
 * metric format). The only dimensions are `service` and `Reason`, whose values are the closed list in
 * `model/mcpserver.ts`: the name of a server never becomes one.
 */
export function publishSweep(namespace: string, report: SweepReport): void {
  const all = new Metrics({ namespace, serviceName: 'sweep' });
  for (const [name, value] of Object.entries(measures(report))) {
    all.addMetric(name, name.endsWith('Ms') ? MetricUnit.Milliseconds : MetricUnit.Count, value);
  }
  all.publishStoredMetrics();
  for (const [reason, count] of Object.entries(report.outcomes ?? {})) {
    const outcomes = all.singleMetric();
    outcomes.addDimension('Reason', reason);
    outcomes.addMetric('OutcomeCount', MetricUnit.Count, count);
  }
}

/** The numbers of a report that alarms and graphs use. */
export function measures(report: SweepReport): Readonly<Record<string, number>> {
  return {
    SweepCount: report.hop === 0 && report.probed !== undefined ? 1 : 0,
    SweepMs: report.ms,
    LagMs: report.lagMs ?? 0,
    ProbeCount: report.probed ?? 0,
    WriteCount: report.written ?? 0,
    ConflictCount: report.conflicts ?? 0,
    ChangeCount: report.changes ?? 0,
    UnpublishedCount: report.unpublished ?? 0,
    PendingPublishedCount: report.pending?.published ?? 0,
    SweepTruncatedCount: report.ended === undefined ? 0 : 1,
    ProberOfflineCount: report.proberOffline === undefined ? 0 : 1,
    MalformedCount: report.malformed?.length ?? 0,
  };
}

/**
 * Counts the security events that alarms use. Their only dimension is `service`. Without a namespace
 * nothing is counted.
 */
export function auditCounter(namespace: string | undefined): (event: AuditEvent) => void {
  if (namespace === undefined) return () => {};
  const metrics = new Metrics({ namespace, serviceName: 'api' });
  return (event) => {
    const name = metricOf(event);
    if (name === undefined) return;
    metrics.addMetric(name, MetricUnit.Count, 1);
    metrics.publishStoredMetrics();
  };
}

function metricOf({ kind }: AuditEvent): string | undefined {
  switch (kind) {
    case 'limitReached':
      return 'LimitReachedCount';
    case 'rowUnreadable':
      return 'UnreadableRowCount';
    case 'tokenReleased':
      return 'TokenReleasedCount';
    // Only with a person's valid token: a machine is out of date, or the token in other hands.
    case 'proofRefused':
      return 'ProofRefusedCount';
    // Anyone can make refusals: they are no alarm.
    case 'signInRefused':
    case 'forwardingRefused':
    case 'exchangeRefused':
    case 'signInCompleted':
    case 'signedOut':
    case 'signedOutEverywhere':
    case 'clientRegistered':
    case 'keyEnrolled':
    case 'keyRemoved':
      return undefined;
  }
}
