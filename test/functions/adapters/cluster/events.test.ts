import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectCluster } from '../../../../functions/adapters/cluster/apiserver.ts';
import { eventWriter } from '../../../../functions/adapters/cluster/events.ts';
import type { EventRecord } from '../../../../functions/reachability/event-records.ts';
import { type LocalCluster, startCluster } from '../../../../local/cluster/local-cluster.ts';
import { crdFile } from '../../../world/manifest.ts';
import { aServer } from '../../../world/server.ts';

let local: LocalCluster;
beforeEach(async () => {
  local = await startCluster({ crdFile });
});
afterEach(() => local.close());

const anEventRecord = (facts: Partial<EventRecord> = {}): EventRecord => ({
  server: aServer(),
  type: 'Warning',
  reason: 'ConnectionRefused',
  message: 'STATE is Connecting: Connection refused.',
  at: new Date('2026-01-02T03:04:05.678Z'),
  ...facts,
});

const write = (...notices: readonly EventRecord[]) =>
  eventWriter(connectCluster({ kubeconfig: local.kubeconfig }))(notices);
const written = async (): Promise<unknown> =>
  (await fetch(`${local.url}/apis/events.k8s.io/v1/namespaces/default/events`)).json();

test('an Event is about the very object, in the namespace of it, with a time of six digits', async () => {
  expect(await write(anEventRecord())).toEqual({ count: 0 });
  expect(await written()).toMatchObject({
    items: [
      {
        metadata: { namespace: 'default', name: expect.stringMatching(/^server-a\./) },
        eventTime: '2026-01-02T03:04:05.678000Z',
        reportingController: 'muster-serverless/sweep',
        action: 'Probe',
        type: 'Warning',
        reason: 'ConnectionRefused',
        regarding: {
          kind: 'MCPServer',
          namespace: 'default',
          name: 'server-a',
          uid: 'uid-of-server-a',
        },
      },
    ],
  });
});

test('a note of any length and a name of any length fit', async () => {
  expect(
    await write(
      anEventRecord({ message: 'x'.repeat(5000), server: aServer({ name: 'y'.repeat(253) }) }),
    ),
  ).toEqual({ count: 0 });
});

test('one that cannot be written costs the others nothing', async () => {
  const odd = anEventRecord({ server: aServer({ namespace: 'default', name: 'Not A Name' }) });
  expect(await write(odd, anEventRecord())).toMatchObject({
    count: 1,
    message: expect.stringContaining('answered 422 to our request to create events'),
  });
  expect(await written()).toMatchObject({ items: [{ reason: 'ConnectionRefused' }] });
});
