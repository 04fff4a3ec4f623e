import { conditionOf, type McpServer, type Status, ownState } from '../model/mcpserver.ts';

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
 * began or stopped replacing it.
 */
export function eventsFor(server: McpServer, next: Status, at: Date): readonly EventRecord[] {
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
      message: `${change}: ${reachable.message}`,
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
