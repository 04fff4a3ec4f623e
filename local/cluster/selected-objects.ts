import { readSelector } from '../../functions/model/label-selector.ts';
import { badRequest, type Answer } from './answer.ts';
import { readFieldSelector } from './field-selector.ts';
import { toJson } from './object-body.ts';
import type { Stored } from './object-store.ts';
import type { Definition } from './definition.ts';

export type Selection =
  | { readonly kind: 'selects'; readonly matches: (object: Stored) => boolean }
  | { readonly kind: 'refused'; readonly answer: Answer };

/** What a list or a watch asks for: a namespace, labels and fields. */
export function selectionIn(
  definition: Definition,
  query: URLSearchParams,
  namespace: string | undefined,
): Selection {
  const labels = query.get('labelSelector') ?? '';
  const hasLabels = readSelector(labels);
  const fields = query.get('fieldSelector') ?? '';
  const hasFields = readFieldSelector(fields);
  if (!hasLabels || !hasFields)
    return {
      kind: 'refused',
      answer: badRequest(`unable to parse requirement: "${hasLabels ? fields : labels}"`),
    };
  return {
    kind: 'selects',
    matches: (object) =>
      (namespace === undefined || object.metadata.namespace === namespace) &&
      hasLabels(object.metadata.labels ?? {}) &&
      (fields === '' || hasFields(toJson(definition, object))),
  };
}
