/** Events of the cluster (events.k8s.io/v1), which `kubectl describe` shows below an object. */
import { randomUUID } from 'node:crypto';
import type { EventRecord } from '../../reachability/event-records.ts';
import type { PagePorts } from '../../reachability/sweep-page.ts';
import { call, type Cluster, microTime } from './apiserver.ts';
import { clusterErrorFor, refusal } from './refusal.ts';
import { defined } from '../../model/defined.ts';
import { longestMessage, oneLine } from '../../model/outside-text.ts';

/** Gives the function that writes Events. It never throws for an API server or network failure. */
export function eventWriter(cluster: Cluster): PagePorts['recordEvents'] {
  return async (records) => {
    const problems = await Promise.all(records.map((record) => write(cluster, record)));
    const failed = problems.filter((message) => message !== undefined);
    const [message] = failed;
    return defined({
      count: failed.length,
      message,
    });
  };
}

const resource = { group: 'events.k8s.io', version: 'v1', plural: 'events' } as const;

async function write(cluster: Cluster, record: EventRecord): Promise<string | undefined> {
  const { namespace } = record.server;
  const body = eventOf(record);
  try {
    await call(cluster, () =>
      cluster.api.createNamespacedCustomObject({ ...resource, namespace, body }),
    );
    return undefined;
  } catch (error) {
    // Only we use this name: an earlier attempt, whose answer was lost, has written it.
    if (refusal(error)?.code === 409) return undefined;
    return clusterErrorFor(cluster, 'create events', error).message;
  }
}

const eventOf = ({ server, type, reason, message, at }: EventRecord) => ({
  apiVersion: 'events.k8s.io/v1',
  kind: 'Event',
  metadata: { name: `${server.name.slice(0, 200)}.${randomUUID()}`, namespace: server.namespace },
  eventTime: microTime(at),
  reportingController: 'muster-serverless/sweep',
  reportingInstance: 'sweep',
  action: 'Probe',
  reason,
  type,
  note: oneLine(message, longestMessage),
  regarding: {
    apiVersion: 'muster.giantswarm.io/v1alpha1',
    kind: 'MCPServer',
    namespace: server.namespace,
    name: server.name,
    uid: server.uid,
    resourceVersion: server.resourceVersion,
  },
});
