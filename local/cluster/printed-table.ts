/**
 * What `kubectl get` prints: the API server makes the table, from the printer columns of the CRD
 * (`meta.k8s.io/v1` Table; Kubernetes API concepts, "Receiving resources as Tables").
 */
import type { Definition, PrinterColumn } from './definition.ts';
import { isList, isObject, type Json, type JsonObject } from './json-object.ts';
import { toJson } from './object-body.ts';
import type { Stored } from './object-store.ts';

/** The table without its metadata, which is that of the list or of the object. */
export const tableOf = (
  definition: Definition,
  objects: readonly Stored[],
  now: Date,
): JsonObject => ({
  kind: 'Table',
  apiVersion: 'meta.k8s.io/v1',
  columnDefinitions: columnsOf(definition).map(
    ({ name, type, jsonPath, format = '', description, priority = 0 }) => ({
      name,
      type,
      format,
      description:
        description ?? `Custom resource definition column (in JSONPath format): ${jsonPath}`,
      priority,
    }),
  ),
  rows: objects.map((object) => ({
    cells: columnsOf(definition).map((column) => cellOf(column, toJson(definition, object), now)),
    object: {
      kind: 'PartialObjectMetadata',
      apiVersion: 'meta.k8s.io/v1',
      metadata: object.metadata,
    },
  })),
});

const nameColumn: PrinterColumn = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description:
    'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names',
  jsonPath: '.metadata.name',
};

const age: PrinterColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };

function columnsOf({ printerColumns = [], isNameHidden }: Definition): readonly PrinterColumn[] {
  const columns = printerColumns.length > 0 ? printerColumns : [age];
  return isNameHidden === true ? columns : [nameColumn, ...columns];
}

/** Null: the object has no such value, and kubectl prints nothing. */
function cellOf({ type, jsonPath, cell }: PrinterColumn, object: JsonObject, now: Date): Json {
  const value = cell === undefined ? valueAt(object, jsonPath) : cell(object);
  if (value === undefined) return null;
  if (type === 'date')
    return humanDuration(typeof value === 'string' ? now.getTime() - Date.parse(value) : NaN);
  return type === 'string' && typeof value !== 'string' ? JSON.stringify(value) : value;
}

/** The JSONPath that printer columns here use: names, and one filter `[?(@.type=="X")]`. */
function valueAt(object: JsonObject, path: string): Json | undefined {
  let at: Json | undefined = object;
  for (const [, name, wanted] of path.matchAll(/\.(\w+)|\[\?\(@\.type=="(\w+)"\)\]/g)) {
    if (name !== undefined) at = isObject(at) ? at[name] : undefined;
    else at = isList(at) ? at.find((item) => isObject(item) && item['type'] === wanted) : undefined;
  }
  return at;
}

const [minute, hour, day, year] = [60, 3_600, 86_400, 365 * 86_400] as const;

/** `HumanDuration` of k8s.io/apimachinery/pkg/util/duration: two units while the first is small. */
export function humanDuration(spanMs: number): string {
  const seconds = Math.trunc(spanMs / 1000);
  if (Number.isNaN(seconds)) return '<unknown>';
  if (seconds < -1) return '<invalid>';
  if (seconds < 2 * minute) return `${String(Math.max(seconds, 0))}s`;
  if (seconds < 10 * minute) return inTwo(seconds, [minute, 'm'], [1, 's']);
  if (seconds < 3 * hour) return inOne(seconds, minute, 'm');
  if (seconds < 8 * hour) return inTwo(seconds, [hour, 'h'], [minute, 'm']);
  if (seconds < 2 * day) return inOne(seconds, hour, 'h');
  if (seconds < 8 * day) return inTwo(seconds, [day, 'd'], [hour, 'h']);
  if (seconds < 2 * year) return inOne(seconds, day, 'd');
  if (seconds < 8 * year) return inTwo(seconds, [year, 'y'], [day, 'd']);
  return inOne(seconds, year, 'y');
}

const inOne = (seconds: number, unit: number, letter: string): string =>
  `${String(Math.floor(seconds / unit))}${letter}`;

type Unit = readonly [seconds: number, letter: string];

function inTwo(seconds: number, [large, first]: Unit, [small, second]: Unit): string {
  const rest = Math.floor((seconds % large) / small);
  return inOne(seconds, large, first) + (rest === 0 ? '' : `${String(rest)}${second}`);
}
