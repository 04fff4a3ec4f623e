import { isDeepStrictEqual } from 'node:util';
import * as say from './answer.ts';
import type { Answer } from './answer.ts';
import { checkRules } from './cel-rules.ts';
import { isObject, type JsonObject, without } from './json-object.ts';
import { toJson } from './object-body.ts';
import type { Metadata, Stored } from './object-store.ts';
import type { Context, ResourceRequest } from './resource-context.ts';
import { type Cause, check, fill, prune } from './structural-schema.ts';

/** One write that can be checked. Without `stored` it creates. */
export type Write = {
  readonly stored?: Stored;
  readonly metadata: Metadata;
  /** As the client sent it, for the warnings. */
  readonly sent: JsonObject;
  /** The half that was sent and the half that stays. */
  readonly wanted: JsonObject;
  /** Answers a strict client that sent unknown fields. */
  readonly refuse: (unknown: string) => Answer;
};

/**
 * Prunes, fills defaults, checks, counts generations and stores. A write that changes nothing
 * keeps the resourceVersion.
 */
export function commit(
  { definition, store }: Context,
  { query }: ResourceRequest,
  { stored, metadata, sent, wanted, refuse }: Write,
): Answer {
  const unknown: string[] = [];
  prune(definition.schema, sent, unknown);
  const warnings = unknown.map((field) => `unknown field "${field}"`);
  if (warnings.length > 0 && query.get('fieldValidation') === 'Strict')
    return refuse(warnings.join(', '));

  const content = fill(definition.schema, prune(definition.schema, wanted, []));
  const whole = isObject(content) ? content : {};
  const misfits = check(definition.schema, whole);
  const causes = misfits.some(isBlocking)
    ? [...misfits, rulesSkipped]
    : [...misfits, ...checkRules(definition.schema, whole)];
  if (causes.length > 0) return say.invalid(definition, metadata.name, causes);

  if (
    stored &&
    isDeepStrictEqual(
      { metadata, content: whole },
      { metadata: stored.metadata, content: stored.content },
    )
  ) {
    return { code: 200, body: toJson(definition, stored), warnings };
  }
  const respecified =
    stored !== undefined &&
    !isDeepStrictEqual(without(whole, 'status'), without(stored.content, 'status'));
  const generation = metadata.generation + (respecified ? 1 : 0);
  const written = store.write({ metadata: { ...metadata, generation }, content: whole });
  return { code: stored ? 200 : 201, body: toJson(definition, written), warnings };
}

/**
 * CEL rules are not checked on an object whose shape is wrong (apiextensions-apiserver,
 * hasBlockingErr).
 */
const blocking: ReadonlySet<string> = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
]);
const isBlocking = ({ reason }: Cause): boolean => blocking.has(reason);

export const rulesSkipped: Cause = {
  reason: 'FieldValueInvalid',
  message:
    'Invalid value: null: some validation rules were not checked because the object was invalid; ' +
    'correct the existing errors to complete validation',
  field: '<nil>',
};
