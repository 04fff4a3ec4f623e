import * as z from 'zod/mini';
import { parseJson } from '../../functions/model/json.ts';
import { keyOf, type ObjectStore, type Snapshot, type Stored } from './object-store.ts';

/** One page of a list, or why there is none. */
type Paged =
  | {
      readonly kind: 'page';
      readonly revision: number;
      readonly objects: readonly Stored[];
      readonly continue: string;
      readonly remaining: number;
    }
  | { readonly kind: 'expired'; readonly continue: string }
  | { readonly kind: 'malformed' };

type PageRequest = {
  readonly limit: number;
  readonly continue: string;
  readonly matches: (object: Stored) => boolean;
};

export type Pager = {
  /** `limit` 0 asks for everything, `continue` '' for the first page. */
  readonly page: (request: PageRequest) => Paged;
  /** Drops all snapshots, as the API server does when etcd compacts. */
  readonly expire: () => void;
};

/** etcd compacts every 5 minutes; the number bounds memory. */
const keptForMs = 5 * 60_000;
const keptAtMost = 50;

/**
 * The token of the API server: base64url of the revision and the first key. Revision -1: continue in
 * the present list.
 */
const tokenSchema = z.object({ v: z.literal('meta.k8s.io/v1'), rv: z.number(), start: z.string() });
type Token = z.infer<typeof tokenSchema>;

/** Pages through snapshots: all pages of one list show the objects as they were at the first. */
export function pager(store: ObjectStore): Pager {
  const kept = new Map<number, { readonly snapshot: Snapshot; readonly since: number }>();

  const keep = (snapshot: Snapshot): void => {
    const oldest = Date.now() - keptForMs;
    for (const [revision, { since }] of kept)
      if (since < oldest || kept.size >= keptAtMost) kept.delete(revision);
    if (!kept.has(snapshot.revision)) kept.set(snapshot.revision, { snapshot, since: Date.now() });
  };

  return {
    page: ({ limit, continue: text, matches }) => {
      const token = text === '' ? undefined : readToken(text);
      if (text !== '' && !token) return { kind: 'malformed' };
      const snapshot = token && token.rv !== -1 ? kept.get(token.rv)?.snapshot : store.snapshot();
      if (!snapshot) return { kind: 'expired', continue: writeToken(-1, token?.start ?? '') };

      const rest = snapshot.objects
        .slice(firstFrom(snapshot.objects, token?.start ?? ''))
        .filter(matches);
      const objects = limit === 0 ? rest : rest.slice(0, limit);
      const next = rest[objects.length];
      if (next) keep(snapshot);
      return {
        kind: 'page',
        revision: snapshot.revision,
        objects,
        continue: next ? writeToken(snapshot.revision, keyOf(next)) : '',
        remaining: rest.length - objects.length,
      };
    },
    expire: () => kept.clear(),
  };
}

/** Where the objects from this key on begin: they are in the order of their keys. */
function firstFrom(objects: readonly Stored[], key: string): number {
  let [low, high] = [0, objects.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const object = objects[middle];
    if (object !== undefined && keyOf(object) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

const writeToken = (rv: number, start: string): string =>
  Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv, start } satisfies Token)).toString(
    'base64url',
  );

const readToken = (text: string): Token | undefined =>
  tokenSchema.safeParse(parseJson(Buffer.from(text, 'base64url').toString())).data;
