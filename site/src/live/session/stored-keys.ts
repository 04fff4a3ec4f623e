/** The keys of this browser, in IndexedDB: the current one, and those of sign-ins under way. */
import { isRecord } from '../../../../functions/model/json.ts';
import type { BrowserKey } from './browser-key.ts';

export type CurrentKey = BrowserKey & {
  /** Whose it is: issuer and subject. */
  readonly owner: string;
  /** When its sign-in ends, in ms by the clock of this computer. */
  readonly endsAt: number;
};

export type StoredKeys = {
  /** Keeps the key of a sign-in that starts. False: this browser stores no keys. */
  readonly await: (key: BrowserKey) => Promise<boolean>;
  readonly awaited: (thumbprint: string) => Promise<BrowserKey | undefined>;
  readonly current: () => Promise<CurrentKey | undefined>;
  /** Makes an awaited key the current one. Returns the one before it. */
  readonly replace: (key: CurrentKey) => Promise<CurrentKey | undefined>;
  /** Removes a key, whichever it is. */
  readonly remove: (thumbprint: string) => Promise<void>;
  /** Its sign-in has ended. The next one of its owner removes it, also at the endpoint. */
  readonly end: (thumbprint: string) => Promise<void>;
  /** Whether a sign-out could not remove the cookie. */
  readonly owesCookie: () => Promise<boolean>;
  readonly oweCookie: (owes: boolean) => Promise<void>;
};

const database = 'muster-live';
const keys = 'keys';
const [current, cookie] = ['current', 'cookie'] as const;
/** Longer than an issuer waits for a person. */
const awaitedMs = 3_600_000;

export const storedKeys = (now: () => number): StoredKeys => ({
  await: async (key) => {
    const kept = await run('readwrite', (store) => {
      const cursor = store.openCursor();
      cursor.onsuccess = () => {
        const found = cursor.result;
        if (found === null) return;
        if (isAwaited(found.value) && found.value.since < now() - awaitedMs) found.delete();
        found.continue();
      };
      return store.put({ ...key, since: now() }, key.thumbprint);
    });
    return kept !== undefined;
  },
  awaited: async (thumbprint) => {
    const found = await run('readonly', (store) => store.get(thumbprint));
    return isBrowserKey(found) ? found : undefined;
  },
  current: async () => {
    const found = await run('readonly', (store) => store.get(current));
    return isCurrentKey(found) ? found : undefined;
  },
  replace: async (key) => {
    const earlier = await run('readwrite', (store) => {
      const before = store.get(current);
      store.put(key, current);
      store.delete(key.thumbprint);
      return before;
    });
    return isCurrentKey(earlier) ? earlier : undefined;
  },
  remove: async (thumbprint) => {
    await run('readwrite', (store) => {
      changeCurrent(store, thumbprint, (found) => found.delete());
      return store.delete(thumbprint);
    });
  },
  end: async (thumbprint) => {
    await run('readwrite', (store) =>
      changeCurrent(store, thumbprint, (found, key) => found.update({ ...key, endsAt: 0 })),
    );
  },
  owesCookie: async () => (await run('readonly', (store) => store.get(cookie))) === true,
  oweCookie: async (owes) => {
    await run('readwrite', (store) => (owes ? store.put(true, cookie) : store.delete(cookie)));
  },
});

/** Another tab may have replaced it meanwhile: only the key that is meant is changed. */
function changeCurrent(
  store: IDBObjectStore,
  thumbprint: string,
  change: (found: IDBCursorWithValue, key: CurrentKey) => void,
): IDBRequest {
  const cursor = store.openCursor(current);
  cursor.onsuccess = () => {
    const found = cursor.result;
    if (found !== null && isCurrentKey(found.value) && found.value.thumbprint === thumbprint)
      change(found, found.value);
  };
  return cursor;
}

/** The result of a request, once its transaction is complete. Undefined where nothing is stored. */
async function run(
  mode: IDBTransactionMode,
  work: (store: IDBObjectStore) => IDBRequest,
): Promise<unknown> {
  let opened: IDBDatabase | undefined;
  try {
    opened = await openDatabase();
    return await inTransaction(opened.transaction(keys, mode), work);
  } catch (error) {
    // In a private window, without space, or where the person forbids it.
    if (error instanceof DOMException) return undefined;
    throw error;
  } finally {
    opened?.close();
  }
}

const openDatabase = (): Promise<IDBDatabase> =>
  new Promise((resolve, reject) => {
    const opening = indexedDB.open(database, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(keys);
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error ?? new DOMException('IndexedDB failed.'));
  });

const inTransaction = (
  transaction: IDBTransaction,
  work: (store: IDBObjectStore) => IDBRequest,
): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const fail = () => reject(transaction.error ?? new DOMException('IndexedDB failed.'));
    transaction.onabort = fail;
    transaction.onerror = fail;
    const request = work(transaction.objectStore(keys));
    transaction.oncomplete = () => resolve(request.result);
  });

const isBrowserKey = (value: unknown): value is BrowserKey =>
  isRecord(value) &&
  value['privateKey'] instanceof CryptoKey &&
  isRecord(value['publicJwk']) &&
  typeof value['thumbprint'] === 'string';

const isAwaited = (value: unknown): value is BrowserKey & { readonly since: number } =>
  isBrowserKey(value) && 'since' in value && typeof value.since === 'number';

const isCurrentKey = (value: unknown): value is CurrentKey =>
  isBrowserKey(value) &&
  'owner' in value &&
  typeof value.owner === 'string' &&
  'endsAt' in value &&
  typeof value.endsAt === 'number';
