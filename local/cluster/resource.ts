import * as z from 'zod/mini';
import { defined } from '../../functions/model/defined.ts';
import { parseJson } from '../../functions/model/json.ts';
import * as say from './answer.ts';
import type { Answer } from './answer.ts';
import type { JsonObject } from './json-object.ts';
import { apiVersionOf, toJson } from './object-body.ts';
import type { Stored } from './object-store.ts';
import { create, patch, replace } from './object-writes.ts';
import { tableOf } from './printed-table.ts';
import type { Context, ResourceRequest } from './resource-context.ts';
import { selectionIn } from './selected-objects.ts';

export type Resource = (request: ResourceRequest) => Answer;

/** The verbs of one custom resource, as kube-apiserver 1.36 does them. */
export const resource =
  (context: Context): Resource =>
  (request) => {
    const missing = unsupported.find((parameter) => request.query.has(parameter));
    if (missing) return say.notImplemented(missing);
    return request.name === undefined
      ? onCollection(context, request)
      : onObject(context, request, request.name);
  };

/** Parameters that the product never sends. */
const unsupported = ['dryRun'];

function onCollection(context: Context, request: ResourceRequest): Answer {
  const { method, namespace } = request;
  if (method === 'GET') return list(context, request);
  return method === 'POST' && namespace !== undefined
    ? create(context, request, namespace)
    : say.methodNotAllowed();
}

function onObject(context: Context, request: ResourceRequest, name: string): Answer {
  const stored = context.store.read(request.namespace ?? '', name);
  if (!stored) return say.notFound(context.definition, name);
  switch (request.method) {
    case 'GET':
      return get(context, request, stored);
    case 'PUT':
      return replace(context, request, stored);
    case 'PATCH':
      return patch(context, request, stored);
    case 'DELETE':
      return request.part === 'main' ? remove(context, request, stored) : say.methodNotAllowed();
    default:
      return say.methodNotAllowed();
  }
}

const get = ({ definition }: Context, { as }: ResourceRequest, stored: Stored): Answer => ({
  code: 200,
  body:
    as === 'table'
      ? {
          ...tableOf(definition, [stored], new Date()),
          metadata: { resourceVersion: stored.metadata.resourceVersion },
        }
      : toJson(definition, stored),
});

function list({ definition, pager }: Context, { query, namespace, as }: ResourceRequest): Answer {
  const version = query.get('resourceVersion') ?? '';
  if (!/^\d*$/.test(version))
    return say.badRequest(`resourceVersion: Invalid value: "${version}": must be a number`);
  const selection = selectionIn(definition, query, namespace);
  if (selection.kind === 'refused') return selection.answer;
  const isSelected = ['labelSelector', 'fieldSelector'].some((one) => query.get(one));
  // Version 0 asks for whatever the watch cache holds, and the cache does not page.
  const limit = version === '0' ? 0 : Number(query.get('limit') ?? 0);
  const paged = pager.page({
    limit,
    continue: query.get('continue') ?? '',
    matches: selection.matches,
  });
  switch (paged.kind) {
    case 'malformed':
      return say.badRequest('continue key is not valid');
    case 'expired':
      return say.expired(paged.continue);
    case 'page': {
      return {
        code: 200,
        body: {
          ...listIn(as, definition, paged.objects),
          metadata: defined({
            continue: paged.continue,
            remainingItemCount: paged.remaining > 0 && !isSelected ? paged.remaining : undefined,
            resourceVersion: String(paged.revision),
          }),
        },
      };
    }
  }
}

function listIn(
  as: ResourceRequest['as'],
  definition: Context['definition'],
  objects: readonly Stored[],
): JsonObject {
  switch (as) {
    case 'metadata':
      return {
        apiVersion: 'meta.k8s.io/v1',
        items: objects.map(partialObject),
        kind: 'PartialObjectMetadataList',
      };
    case 'table':
      return tableOf(definition, objects, new Date());
    case 'objects':
      return {
        apiVersion: apiVersionOf(definition),
        items: objects.map((object) => toJson(definition, object)),
        kind: definition.listKind,
      };
  }
}

const partialObject = ({ metadata }: Stored) => ({
  kind: 'PartialObjectMetadata',
  apiVersion: 'meta.k8s.io/v1',
  metadata,
});

function remove({ definition, store }: Context, { text }: ResourceRequest, stored: Stored): Answer {
  const { name, uid, resourceVersion } = stored.metadata;
  const { preconditions } = deleteOptions.safeParse(parseJson(text)).data ?? {};
  if (preconditions?.uid !== undefined && preconditions.uid !== uid) {
    const why = `the UID in the precondition (${preconditions.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`;
    return say.conflict(definition, name, why);
  }
  if (
    preconditions?.resourceVersion !== undefined &&
    preconditions.resourceVersion !== resourceVersion
  ) {
    const why = `the ResourceVersion in the precondition (${preconditions.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`;
    return say.conflict(definition, name, why);
  }
  store.remove(stored);
  const details = { name, group: definition.group, kind: definition.plural, uid };
  return {
    code: 200,
    body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details },
  };
}

const deleteOptions = z.object({
  preconditions: z.optional(
    z.object({ uid: z.optional(z.string()), resourceVersion: z.optional(z.string()) }),
  ),
});
