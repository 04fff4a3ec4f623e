import * as z from 'zod/mini';
import { parseJson } from '../../functions/model/json.ts';
import * as say from './answer.ts';
import type { Answer } from './answer.ts';
import type { Definition } from './definition.ts';
import { isObject, type JsonObject, without } from './json-object.ts';
import type { Stored } from './object-store.ts';

const labels = z.nullish(z.record(z.string(), z.string()));

const bodySchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.object({
    name: z.optional(z.string()),
    namespace: z.optional(z.string()),
    uid: z.optional(z.string()),
    resourceVersion: z.optional(z.string()),
    labels,
    annotations: labels,
  }),
});

/** An object as a client sent it: its metadata was read, the rest is unchanged. */
export type Body = {
  readonly metadata: z.infer<typeof bodySchema>['metadata'];
  readonly content: JsonObject;
};

export const readBody = (definition: Definition, text: string): Body | undefined =>
  readObject(definition, parseJson(text));

/** Undefined when the value is not an object of this kind. */
export function readObject(definition: Definition, value: unknown): Body | undefined {
  const parsed = bodySchema.safeParse(value);
  if (!parsed.success || !isObject(value)) return undefined;
  const { apiVersion, kind, metadata } = parsed.data;
  if (apiVersion !== apiVersionOf(definition) || kind !== definition.kind) return undefined;
  return { metadata, content: without(value, 'apiVersion', 'kind', 'metadata') };
}

/** The refusal of a body that is of another kind of the same group. */
export function otherKind(definition: Definition, text: string): Answer | undefined {
  const parsed = bodySchema.safeParse(parseJson(text));
  if (
    !parsed.success ||
    parsed.data.apiVersion !== apiVersionOf(definition) ||
    parsed.data.kind === definition.kind
  )
    return undefined;
  const { kind, metadata } = parsed.data;
  const message = `Invalid value: ${JSON.stringify(kind)}: must be ${definition.kind}`;
  return say.invalid({ kind, group: definition.group }, metadata.name ?? '', [
    { reason: 'FieldValueInvalid', message, field: 'kind' },
  ]);
}

export const apiVersionOf = ({ group, version }: Definition): string =>
  group === '' ? version : `${group}/${version}`;

/** The object as the cluster sends it. */
export const toJson = (definition: Definition, { metadata, content }: Stored): JsonObject => ({
  apiVersion: apiVersionOf(definition),
  kind: definition.kind,
  metadata,
  ...content,
});
