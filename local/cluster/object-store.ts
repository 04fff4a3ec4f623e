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
};

/** Names hold no `/`, as in the keys of etcd. */
export const keyOf = ({ metadata }: Stored): string => `${metadata.namespace}/${metadata.name}`;

export function objectStore(): ObjectStore {
  const objects = new Map<string, Stored>();
  let revision = 1;
  let latest: Snapshot | undefined;

  const changed = (): string => {
    latest = undefined;
    revision += 1;
    return String(revision);
  };

  return {
    read: (namespace, name) => objects.get(`${namespace}/${name}`),
    write: ({ metadata, content }) => {
      const object = { metadata: { ...metadata, resourceVersion: changed() }, content };
      objects.set(keyOf(object), object);
      return object;
    },
    remove: (object) => {
      changed();
      objects.delete(keyOf(object));
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
