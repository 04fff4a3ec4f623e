import { conditionOf, type McpServer, type Status, ownState } from '../model/mcpserver.ts';

/** A change that the cluster's own Events tell: `kubectl describe mcpserver`. */
export type EventRecord = {
  readonly server: Pick<McpServer, 'namespace' | 'name' | 'uid' | 'resourceVersion'>;
  readonly type: 'Normal' | 'Warning';
  /** One word for programs: a reason of the condition that changed. */
  readonly reason: string;
  readonly message: string;
  readonly at: Date;
};

/**
 * What is worth an Event in one written status: the sweep's word changed, or another writer began
 * or ceased to replace it.
 */
export function eventsFor(server: McpServer, next: Status, at: Date): readonly EventRecord[] {
  const { namespace, name, uid, resourceVersion, status: previous } = server;
  const about = { server: { namespace, name, uid, resourceVersion }, at };
  const records: EventRecord[] = [];
  const [from, to] = [ownState(previous), ownState(next)];
  const reachable = conditionOf(next, 'Reachable');
  if (to !== undefined && to !== from && reachable !== undefined) {
    const message = `STATE is ${to}${from === undefined ? '' : `, it was ${from}`}: ${reachable.message}`;
    records.push({
      ...about,
      type: to === 'Connected' ? 'Normal' : 'Warning',
      reason: reachable.reason,
      message,
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
