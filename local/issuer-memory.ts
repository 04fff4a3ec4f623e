/**
 * The storage adapter that oidc-provider requires, in memory. It ends with the process.
 */
import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';

type Entry = { payload: AdapterPayload; readonly expiresAt: number };

/** One memory for one issuer; two issuers never share it. */
export function issuerMemory(): AdapterFactory {
  const kinds = new Map<string, Map<string, Entry>>();
  return (kind) => {
    const entries = kinds.get(kind) ?? new Map<string, Entry>();
    kinds.set(kind, entries);
    return shelf(entries, kinds);
  };
}

function shelf(
  entries: Map<string, Entry>,
  kinds: ReadonlyMap<string, Map<string, Entry>>,
): Adapter {
  const alive = (entry: Entry | undefined) =>
    entry !== undefined && entry.expiresAt > Date.now() ? entry.payload : undefined;
  const findWhere = (matches: (payload: AdapterPayload) => boolean) =>
    alive([...entries.values()].find(({ payload }) => matches(payload)));
  return {
    upsert: async (id, payload, expiresIn) => {
      entries.set(id, {
        payload,
        expiresAt: expiresIn === undefined ? Infinity : Date.now() + expiresIn * 1_000,
      });
    },
    find: async (id) => alive(entries.get(id)),
    findByUserCode: async (userCode) => findWhere((payload) => payload.userCode === userCode),
    findByUid: async (uid) => findWhere((payload) => payload.uid === uid),
    consume: async (id) => {
      const entry = entries.get(id);
      if (entry !== undefined)
        entry.payload = { ...entry.payload, consumed: Math.floor(Date.now() / 1_000) };
    },
    destroy: async (id) => {
      entries.delete(id);
    },
    // Called on the shelf of one kind, meant for the tokens of all kinds.
    revokeByGrantId: async (grantId) => {
      for (const kind of kinds.values()) {
        for (const [id, { payload }] of kind) if (payload.grantId === grantId) kind.delete(id);
      }
    },
  };
}
