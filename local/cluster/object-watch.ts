/**
 * The watch of the Kubernetes API, as `kubectl get --watch` and `kubectl wait` use it: a line of JSON
 * for each change (Kubernetes API concepts, "Efficient detection of changes").
 */
import type { ServerResponse } from 'node:http';
import { failure } from './answer.ts';
import type { JsonObject } from './json-object.ts';
import type { Change, ObjectStore, Stored } from './object-store.ts';

export type Watch = {
  readonly store: ObjectStore;
  readonly query: URLSearchParams;
  readonly matches: (object: Stored) => boolean;
  /** The form that the client asks for. */
  readonly shown: (object: Stored) => JsonObject;
};

/** Minutes, as the API server: a client that wants more asks again. */
const longestSeconds = 1_800;

/**
 * Answers until the client leaves or its `timeoutSeconds` are over. Without a resourceVersion, or
 * with `sendInitialEvents`, it begins with everything that is there.
 */
export function streamChanges({ store, query, matches, shown }: Watch, response: ServerResponse) {
  const write = (type: string, object: JsonObject): void =>
    void response.write(`${JSON.stringify({ type, object })}\n`);
  const show = ({ type, object }: Omit<Change, 'revision'>): void => {
    if (matches(object)) write(type, shown(object));
  };
  response.writeHead(200, { 'content-type': 'application/json' });
  // A client waits for the head, also while nothing happens.
  response.flushHeaders();
  const wanted = query.get('resourceVersion') ?? '';
  const wantsAll = query.get('sendInitialEvents') === 'true';
  if (wanted === '' || wanted === '0' || wantsAll) {
    const { revision, objects } = store.snapshot();
    for (const object of objects) show({ type: 'ADDED', object });
    if (wantsAll) write('BOOKMARK', endOfAll(revision));
  } else {
    const missed = store.changesSince(Number(wanted));
    if (missed === undefined) {
      const { body } = failure(410, 'Expired', 'too old resource version');
      if (typeof body !== 'string') write('ERROR', body);
      response.end();
      return;
    }
    missed.forEach(show);
  }
  const stop = store.onChange(show);
  const seconds = Math.min(Number(query.get('timeoutSeconds')) || longestSeconds, longestSeconds);
  const timer = setTimeout(() => response.end(), seconds * 1_000);
  timer.unref();
  response.once('close', () => {
    stop();
    clearTimeout(timer);
  });
}

const endOfAll = (revision: number): JsonObject => ({
  metadata: {
    resourceVersion: String(revision),
    annotations: { 'k8s.io/initial-events-end': 'true' },
  },
});
