/**
 * What a structural schema does to a value: prunes unknown fields, fills defaults and reports
 * violations.
 */
import type { Schema } from './definition.ts';
import { isList, isObject, type Json, type JsonObject } from './json-object.ts';

/**
 * One entry of `details.causes` of an Invalid answer. `field` is `<nil>` where the whole object is
 * meant.
 */
export type Cause = { readonly reason: string; readonly message: string; readonly field: string };

/**
 * The value without the fields that the schema neither knows nor preserves; their paths go into
 * `unknown`.
 */
export function prune(schema: Schema, value: Json, unknown: string[], path = ''): Json {
  if (isList(value))
    return value.map((item, index) =>
      schema.items ? prune(schema.items, item, unknown, `${path}[${index}]`) : item,
    );
  if (!isObject(value)) return value;
  const kept: [string, Json][] = [];
  for (const [key, child] of Object.entries(value)) {
    const known = childSchema(schema, key);
    if (known) kept.push([key, prune(known, child, unknown, join(path, key))]);
    else if (schema['x-kubernetes-preserve-unknown-fields']) kept.push([key, child]);
    else unknown.push(join(path, key));
  }
  return Object.fromEntries(kept);
}

/** The value with the schema's defaults, which are filled only where the parent exists. */
export function fill(schema: Schema, value: Json): Json {
  const { items } = schema;
  if (isList(value)) return items ? value.map((item) => fill(items, item)) : value;
  if (!isObject(value)) return value;
  const filled = new Map<string, Json>();
  for (const [key, child] of Object.entries(value)) {
    const known = childSchema(schema, key);
    if (child === null && known?.default !== undefined) continue;
    filled.set(key, known ? fill(known, child) : child);
  }
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    if (property.default !== undefined && !filled.has(key)) filled.set(key, property.default);
  }
  return Object.fromEntries(filled);
}

/** Everything in the value that the schema does not allow, with the texts of the API server. */
export function check(schema: Schema, value: Json, path = ''): readonly Cause[] {
  const actual = typeOf(value);
  if (actual !== schema.type) return [mistyped(path, schema.type, actual)];
  if (isObject(value)) return checkObject(schema, value, path);
  if (isList(value)) return checkList(schema, value, path);
  return checkScalar(schema, value, path);
}

export const join = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`);

export const childSchema = (schema: Schema, key: string): Schema | undefined =>
  Object.hasOwn(schema.properties ?? {}, key)
    ? schema.properties?.[key]
    : schema.additionalProperties;

function typeOf(value: Json): string {
  if (value === null) return 'null';
  if (isList(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function checkObject(schema: Schema, value: JsonObject, path: string): readonly Cause[] {
  const missing = (schema.required ?? []).filter((key) => !Object.hasOwn(value, key));
  return [
    ...tooMany(Object.keys(value).length, schema.maxProperties, path),
    ...missing.map((key) => ({
      reason: 'FieldValueRequired',
      message: 'Required value',
      field: join(path, key),
    })),
    ...Object.entries(value).flatMap(([key, child]) => {
      const known = childSchema(schema, key);
      return known ? check(known, child, join(path, key)) : [];
    }),
  ];
}

function checkList(schema: Schema, value: readonly Json[], path: string): readonly Cause[] {
  const { items } = schema;
  const causes = items
    ? value.flatMap((item, index) => check(items, item, `${path}[${index}]`))
    : [];
  return [
    ...tooMany(value.length, schema.maxItems, path),
    ...causes,
    ...duplicates(schema, value, path),
  ];
}

const tooMany = (actual: number, most = Infinity, field: string): readonly Cause[] =>
  actual <= most
    ? []
    : [
        {
          reason: 'FieldValueTooMany',
          message: `Too many: ${actual}: must have at most ${most} items`,
          field,
        },
      ];

/** In a list of type map no two items have the same keys. */
function duplicates(schema: Schema, value: readonly Json[], path: string): readonly Cause[] {
  const keys = schema['x-kubernetes-list-map-keys'];
  if (!keys) return [];
  const seen = new Set<string>();
  return value.flatMap((item, index) => {
    const identity = JSON.stringify(
      Object.fromEntries(keys.map((key) => [key, isObject(item) ? item[key] : undefined])),
    );
    if (seen.has(identity))
      return [
        {
          reason: 'FieldValueDuplicate',
          message: `Duplicate value: ${identity}`,
          field: `${path}[${index}]`,
        },
      ];
    seen.add(identity);
    return [];
  });
}

function checkScalar(schema: Schema, value: Json, path: string): readonly Cause[] {
  const causes: Cause[] = [];
  const invalid = (message: string): void => {
    causes.push({
      reason: 'FieldValueInvalid',
      message: `Invalid value: ${JSON.stringify(value)}: ${path} in body ${message}`,
      field: path,
    });
  };
  if (schema.enum && !schema.enum.includes(value)) {
    const supported = schema.enum.map((allowed) => JSON.stringify(allowed)).join(', ');
    const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported}`;
    causes.push({ reason: 'FieldValueNotSupported', message, field: path });
  }
  if (typeof value === 'number') {
    if (value < (schema.minimum ?? -Infinity))
      invalid(`should be greater than or equal to ${schema.minimum}`);
    if (value > (schema.maximum ?? Infinity))
      invalid(`should be less than or equal to ${schema.maximum}`);
  }
  if (typeof value === 'string') {
    const { length } = Array.from(value);
    if (length < (schema.minLength ?? 0))
      invalid(`should be at least ${schema.minLength} chars long`);
    if (length > (schema.maxLength ?? Infinity)) {
      causes.push({
        reason: 'FieldValueTooLong',
        message: `Too long: may not be more than ${schema.maxLength} bytes`,
        field: path,
      });
    }
    if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(value))
      invalid(`should match '${schema.pattern}'`);
    if (schema.format === 'date-time' && !isDateTime(value))
      causes.push(mistyped(path, 'date-time', value));
  }
  return causes;
}

const isDateTime = (value: string): boolean =>
  /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/i.test(value) &&
  !Number.isNaN(Date.parse(value));

const mistyped = (path: string, type: string, actual: string): Cause => ({
  reason: 'FieldValueTypeInvalid',
  message: `Invalid value: "${actual}": ${path} in body must be of type ${type}: "${actual}"`,
  field: path,
});
