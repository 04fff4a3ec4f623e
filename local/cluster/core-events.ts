/**
 * Events under their old address, `/api/v1/events`, where kubectl reads them. The API server stores
 * them once and serves them in both forms.
 */
import type { Definition, Schema } from './definition.ts';
import { isObject, type Json, type JsonObject } from './json-object.ts';
import type { Change, ObjectStore, Stored } from './object-store.ts';

const text: Schema = { type: 'string' };
const texts = (...names: readonly string[]): Readonly<Record<string, Schema>> =>
  Object.fromEntries(names.map((name) => [name, text]));

export const coreEvents: Definition = {
  group: '',
  version: 'v1',
  kind: 'Event',
  listKind: 'EventList',
  plural: 'events',
  singular: 'event',
  shortNames: ['ev'],
  schema: {
    type: 'object',
    properties: {
      ...texts('reason', 'message', 'type', 'action', 'reportingComponent', 'reportingInstance'),
      involvedObject: { type: 'object', properties: texts('kind', 'namespace', 'name', 'uid') },
    },
  },
  // pkg/printers/internalversion/printers.go of Kubernetes.
  printerColumns: [
    { name: 'Last Seen', type: 'date', jsonPath: '.eventTime' },
    { name: 'Type', type: 'string', jsonPath: '.type' },
    { name: 'Reason', type: 'string', jsonPath: '.reason' },
    { name: 'Object', type: 'string', jsonPath: '', cell: objectOf },
    { name: 'Message', type: 'string', jsonPath: '.message' },
  ],
  isNameHidden: true,
};

function objectOf({ involvedObject }: JsonObject): Json {
  const { kind, name } = isObject(involvedObject) ? involvedObject : {};
  return typeof kind === 'string' && typeof name === 'string'
    ? `${kind.toLowerCase()}/${name}`
    : null;
}

/** The store of `events.k8s.io`, read in the old form. Nothing is written through it. */
export function coreEventsIn(store: ObjectStore): ObjectStore {
  const oldForm = ({ metadata, content }: Stored): Stored => {
    const { note = '', regarding = {}, reportingController = '', ...rest } = content;
    const named = {
      message: note,
      involvedObject: regarding,
      reportingComponent: reportingController,
      source: {},
      firstTimestamp: null,
      lastTimestamp: null,
    };
    return { metadata, content: { ...rest, ...named } };
  };
  const inOldForm = ({ type, revision, object }: Change): Change => ({
    type,
    revision,
    object: oldForm(object),
  });
  return {
    ...store,
    read: (namespace, name) => {
      const found = store.read(namespace, name);
      return found && oldForm(found);
    },
    snapshot: () => {
      const { revision, objects } = store.snapshot();
      return { revision, objects: objects.map(oldForm) };
    },
    changesSince: (revision) => store.changesSince(revision)?.map(inOldForm),
    onChange: (listener) => store.onChange((change) => listener(inOldForm(change))),
  };
}
