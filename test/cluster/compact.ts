import { setTimeout as wait } from 'node:timers/promises';
import * as z from 'zod/mini';

/**
 * Lets every continue token expire, as etcd's compaction does every 5 minutes: at the newest
 * revision, by the key through which API servers agree on it
 * (k8s.io/apiserver/pkg/storage/etcd3/compact.go), so that their caches drop their snapshots, too.
 */
export async function compact(etcdUrl: string): Promise<void> {
  const call = async (path: string, body: object): Promise<unknown> => {
    const response = await fetch(`${etcdUrl}/v3/kv/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    if (!response.ok)
      throw new Error(`etcd answered ${response.status} to ${path}: ${await response.text()}`);
    return response.json();
  };
  const key = base64('compact_rev_key');
  // A revision is compacted only when there is a newer one.
  await call('put', { key: base64('muster-test'), value: '' });
  const { header } = revisionSchema.parse(await call('range', { key }));
  await call('put', { key, value: base64(header.revision) });
  await call('compaction', { revision: header.revision, physical: true });
  await wait(settleMs);
}

/**
 * The caches of the API server look for compactions every 15 s
 * (k8s.io/apiserver/pkg/storage/cacher/compactor.go).
 */
const settleMs = 15_500;

const revisionSchema = z.object({ header: z.object({ revision: z.string() }) });

const base64 = (text: string): string => Buffer.from(text).toString('base64');
