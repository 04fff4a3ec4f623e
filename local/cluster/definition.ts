import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import * as z from 'zod/mini';
import type { Json, JsonObject } from './json-object.ts';

/** What a CustomResourceDefinition says about its one served version. */
export type Definition = {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly listKind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly schema: Schema;
  /** Beside the name. Absent: kubectl prints the age. */
  readonly printerColumns?: readonly PrinterColumn[];
  /** kubectl prints no name. */
  readonly isNameHidden?: true;
};

/** A column of `kubectl get`. A priority above 0 is for `-o wide`. */
export type PrinterColumn = {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly jsonPath: string;
  readonly format?: string;
  readonly description?: string;
  readonly priority?: number;
  /** Makes the cell instead of `jsonPath`. */
  readonly cell?: (object: JsonObject) => Json;
};

/** The part of a structural schema that CRDs here use. */
export type Schema = {
  readonly type: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly default?: Json;
  readonly enum?: readonly Json[];
  readonly pattern?: string;
  readonly format?: 'date-time' | 'int64';
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly 'x-kubernetes-list-type'?: 'map' | 'atomic' | 'set';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-preserve-unknown-fields'?: true;
  readonly 'x-kubernetes-validations'?: readonly Rule[];
};

/** One CEL rule and what it says when it does not hold. */
export type Rule = { readonly rule: string; readonly message: string };

/**
 * Strict: the local cluster rejects a CRD with a keyword that it does not support.
 */
const schema: z.ZodMiniType<Schema> = z.strictObject({
  description: z.optional(z.string()),
  type: z.enum(['object', 'array', 'string', 'integer', 'boolean']),
  properties: z.exactOptional(
    z.record(
      z.string(),
      z.lazy(() => schema),
    ),
  ),
  additionalProperties: z.exactOptional(z.lazy(() => schema)),
  items: z.exactOptional(z.lazy(() => schema)),
  required: z.exactOptional(z.array(z.string())),
  default: z.exactOptional(z.json()),
  enum: z.exactOptional(z.array(z.json())),
  pattern: z.exactOptional(z.string()),
  format: z.exactOptional(z.enum(['date-time', 'int64'])),
  minimum: z.exactOptional(z.number()),
  maximum: z.exactOptional(z.number()),
  minLength: z.exactOptional(z.number()),
  maxLength: z.exactOptional(z.number()),
  maxItems: z.exactOptional(z.number()),
  maxProperties: z.exactOptional(z.number()),
  'x-kubernetes-list-type': z.exactOptional(z.enum(['map', 'atomic', 'set'])),
  'x-kubernetes-list-map-keys': z.exactOptional(z.array(z.string())),
  'x-kubernetes-preserve-unknown-fields': z.exactOptional(z.literal(true)),
  'x-kubernetes-validations': z.exactOptional(
    z.array(z.object({ rule: z.string(), message: z.string() })),
  ),
});

const printerColumn: z.ZodMiniType<PrinterColumn> = z.strictObject({
  name: z.string(),
  type: z.enum(['string', 'integer', 'number', 'boolean', 'date']),
  jsonPath: z.string(),
  format: z.exactOptional(z.string()),
  description: z.exactOptional(z.string()),
  priority: z.exactOptional(z.number()),
});

const definition = z.object({
  spec: z.object({
    group: z.string(),
    scope: z.literal('Namespaced'),
    names: z.object({
      kind: z.string(),
      listKind: z.string(),
      plural: z.string(),
      singular: z.string(),
      shortNames: z._default(z.array(z.string()), []),
    }),
    versions: z.tuple([
      z.object({
        name: z.string(),
        schema: z.object({ openAPIV3Schema: schema }),
        additionalPrinterColumns: z._default(z.array(printerColumn), []),
      }),
    ]),
  }),
});

/**
 * Reads a CRD of one version from YAML. Throws when it uses a keyword that the local cluster does not support.
 */
export async function readDefinition(file: URL | string): Promise<Definition> {
  const { spec } = definition.parse(parse(await readFile(file, 'utf8')));
  const [version] = spec.versions;
  return {
    group: spec.group,
    ...spec.names,
    version: version.name,
    schema: version.schema.openAPIV3Schema,
    printerColumns: version.additionalPrinterColumns,
  };
}
