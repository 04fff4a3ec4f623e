import { type Item, readItem } from '../adapters/cluster/mcpserver-object.ts';
import { isRecord } from '../model/json.ts';
import { serverSize } from './server-size.ts';

type Remembered = { readonly version: string; readonly item: Item; readonly size: number };

/**
 * Gives a function that reads objects as `readItem` does, and one that has not changed since only
 * once: whatever changes an object changes its `resourceVersion` (Kubernetes API conventions,
 * "Concurrency Control and Consistency"). The servers it gives are the same ones, so what was made
 * of them still fits. It keeps those of at most `mostSize`, the last read.
 */
export function rememberedItems(mostSize: number): (object: unknown) => Item {
  const known = new Map<string, Remembered>();
  let total = 0;

  const forget = (uid: string): void => {
    total -= known.get(uid)?.size ?? 0;
    known.delete(uid);
  };
  const remember = (uid: string, one: Remembered): void => {
    forget(uid);
    known.set(uid, one);
    total += one.size;
    for (const oldest of known.keys()) {
      if (total <= mostSize) return;
      forget(oldest);
    }
  };

  return (object) => {
    const { uid, resourceVersion: version } = metadataOf(object);
    const found = typeof uid === 'string' ? known.get(uid) : undefined;
    if (typeof uid !== 'string' || typeof version !== 'string') return readItem(object);
    if (found?.version === version) {
      remember(uid, found);
      return found.item;
    }
    const item = readItem(object);
    if (item.kind === 'server') remember(uid, { version, item, size: serverSize(item.server) });
    return item;
  };
}

const metadataOf = (object: unknown): Readonly<Record<string, unknown>> => {
  const metadata = isRecord(object) ? object['metadata'] : undefined;
  return isRecord(metadata) ? metadata : {};
};
