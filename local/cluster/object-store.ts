import type { JsonObject } from './json-object.ts';

/** What the cluster keeps of an object's metadata. */
export type Metadata = {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly creationTimestamp: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
};

/** One object; `content` is everything beside apiVersion, kind and metadata. */
export type Stored = { readonly metadata: Metadata; readonly content: JsonObject };

/** The objects as they were at one revision, in the order of their keys (namespace, then name). */
export type Snapshot = { readonly revision: number; readonly objects: readonly Stored[] };

export type ObjectStore = {
  readonly read: (namespace: string, name: string) => Stored | undefined;
  /** Stores the object under a new resourceVersion and returns it so. */
  readonly write: (object: Stored) => Stored;
  readonly remove: (object: Stored) => void;
  readonly snapshot: () => Snapshot;
  /** What happened after a revision, the oldest first. Undefined: that is no longer known. */
  readonly changesSince: (revision: number) => readonly Change[] | undefined;
  /** Calls the listener with each later change, until the returned function is called. */
  readonly onChange: (listener: (change: Change) => void) => () => void;
};

export type Change = {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly revision: number;
  readonly object: Stored;
};

/** A watch that asks for what is older begins again with a list. */
const mostChanges = 1_000;

/** Names hold no `/`, as in the keys of etcd. */
export const keyOf = ({ metadata }: Stored): string => `${metadata.namespace}/${metadata.name}`;

export function objectStore(): ObjectStore {
  const objects = new Map<string, Stored>();
  let revision = 1;
  let latest: Snapshot | undefined;
  const changes: Change[] = [];
  let forgotten = 0;
  const listeners = new Set<(change: Change) => void>();

  const report = (type: Change['type'], object: Stored): void => {
    const change = { type, revision, object };
    changes.push(change);
    if (changes.length > mostChanges) forgotten = changes.shift()?.revision ?? forgotten;
    for (const listener of listeners) listener(change);
  };
  const changed = (): string => {
    latest = undefined;
    revision += 1;
    return String(revision);
  };

  return {
    read: (namespace, name) => objects.get(`${namespace}/${name}`),
    write: ({ metadata, content }) => {
      const object = { metadata: { ...metadata, resourceVersion: changed() }, content };
      const type = objects.has(keyOf(object)) ? 'MODIFIED' : 'ADDED';
      objects.set(keyOf(object), object);
      report(type, object);
      return object;
    },
    remove: (object) => {
      const { metadata, content } = object;
      const last = { metadata: { ...metadata, resourceVersion: changed() }, content };
      objects.delete(keyOf(object));
      report('DELETED', last);
    },
    changesSince: (since) =>
      since < forgotten ? undefined : changes.filter((change) => change.revision > since),
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    snapshot: () => {
      latest ??= {
        revision,
        objects: [...objects.entries()].sort(byKey).map(([, object]) => object),
      };
      return latest;
    },
  };
}

const byKey = ([left]: readonly [string, Stored], [right]: readonly [string, Stored]): number =>
  left < right ? -1 : 1;
