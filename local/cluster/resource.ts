import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod/mini';
import * as say from './answer.ts';
import type { Answer } from './answer.ts';
import type { Definition } from './definition.ts';
import { isObject, type Json, type JsonObject, merge, parseJson, without } from './json-object.ts';
import type { Metadata, ObjectStore, Stored } from './object-store.ts';
import type { Pager } from './list-pages.ts';
import { checkRules } from './cel-rules.ts';
import { type Cause, check, fill, prune } from './structural-schema.ts';
import { readSelector } from './label-selector.ts';
import { defined } from '../../functions/model/defined.ts';

/**
 * One request to the resource. `name` is absent for the collection, `namespace` for all namespaces.
 */
export type ResourceRequest = {
  readonly method: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly part: Part;
  readonly query: URLSearchParams;
  readonly contentType: string;
  readonly text: string;
};

/**
 * The two halves of an object are written by different people, and neither write touches the other
 * half.
 */
type Part = 'main' | 'status';

/** One write that is fit to be checked. Without `stored` it creates. */
type Write = {
  readonly stored?: Stored;
  readonly metadata: Metadata;
  /** As the client sent it, for the warnings. */
  readonly sent: JsonObject;
  /** The half that was sent and the half that stays. */
  readonly wanted: JsonObject;
  /** Answers a strict client that sent unknown fields. */
  readonly refuse: (unknown: string) => Answer;
};

export type Resource = (request: ResourceRequest) => Answer;

/** The verbs of one custom resource, as kube-apiserver 1.36 does them. */
export function resource(definition: Definition, store: ObjectStore, pager: Pager): Resource {
  return (request) => {
    const absent = ['watch', 'dryRun', 'fieldSelector'].find((parameter) =>
      request.query.has(parameter),
    );
    if (absent) return say.notImplemented(absent);
    const { namespace, name } = request;
    if (name === undefined) {
      if (request.method === 'GET') return list(request);
      return request.method === 'POST' && namespace !== undefined
        ? create(request, namespace)
        : say.methodNotAllowed();
    }
    const stored = store.read(namespace ?? '', name);
    if (!stored) return say.notFound(definition, name);
    switch (request.method) {
      case 'GET':
        return { code: 200, body: toJson(definition, stored) };
      case 'PUT':
        return replace(request, stored);
      case 'PATCH':
        return patch(request, stored);
      case 'DELETE':
        return request.part === 'main' ? remove(request, stored) : say.methodNotAllowed();
      default:
        return say.methodNotAllowed();
    }
  };

  function list({ query, namespace }: ResourceRequest): Answer {
    const version = query.get('resourceVersion') ?? '';
    if (!/^\d*$/.test(version))
      return say.badRequest(`resourceVersion: Invalid value: "${version}": must be a number`);
    const selector = query.get('labelSelector') ?? '';
    const selects = readSelector(selector);
    if (!selects) return say.badRequest(`unable to parse requirement: "${selector}"`);
    // Version 0 asks for whatever the watch cache holds, and the cache does not page.
    const limit = version === '0' ? 0 : Number(query.get('limit') ?? 0);
    const paged = pager.page({
      limit,
      continue: query.get('continue') ?? '',
      matches: ({ metadata }) =>
        (namespace === undefined || metadata.namespace === namespace) &&
        selects(metadata.labels ?? {}),
    });
    switch (paged.kind) {
      case 'malformed':
        return say.badRequest('continue key is not valid');
      case 'expired':
        return say.expired(paged.continue);
      case 'page': {
        const counted =
          paged.remaining > 0 && selector === '' ? { remainingItemCount: paged.remaining } : {};
        return {
          code: 200,
          body: {
            apiVersion: apiVersionOf(definition),
            items: paged.objects.map((object) => toJson(definition, object)),
            kind: definition.listKind,
            metadata: {
              continue: paged.continue,
              ...counted,
              resourceVersion: String(paged.revision),
            },
          },
        };
      }
    }
  }

  function create(request: ResourceRequest, namespace: string): Answer {
    const other = otherKind(definition, request.text);
    if (other) return other;
    const body = readBody(definition, request.text);
    if (!body) return say.badRequest('the body is not an object of this kind');
    const { name, namespace: own } = body.metadata;
    if (name === undefined) {
      return say.invalid(definition, '', [
        {
          reason: 'FieldValueRequired',
          message: 'Required value: name or generateName is required',
          field: 'metadata.name',
        },
        rulesSkipped,
      ]);
    }
    if (!isName(name)) return say.invalid(definition, name, [wrongName(name)]);
    if (own !== undefined && own !== namespace) {
      return say.badRequest(
        'the namespace of the provided object does not match the namespace sent on the request',
      );
    }
    if (store.read(namespace, name)) return say.alreadyExists(definition, name);
    const metadata: Metadata = {
      name,
      namespace,
      uid: randomUUID(),
      resourceVersion: '',
      generation: 1,
      creationTimestamp: `${new Date().toISOString().slice(0, 19)}Z`,
      ...labelsOf(body),
    };
    return commit(request, {
      metadata,
      sent: body.content,
      wanted: without(body.content, 'status'),
      refuse: cannotDecode,
    });
  }

  function replace(request: ResourceRequest, stored: Stored): Answer {
    const body = readBody(definition, request.text);
    const { name } = stored.metadata;
    if (!body) return say.badRequest('the body is not an object of this kind');
    if (body.metadata.name !== name) {
      return say.badRequest(
        `the name of the object (${body.metadata.name ?? ''}) does not match the name on the URL (${name})`,
      );
    }
    if (!body.metadata.resourceVersion) {
      const message = 'Invalid value: 0: must be specified for an update';
      return say.invalid(definition, name, [
        { reason: 'FieldValueInvalid', message, field: 'metadata.resourceVersion' },
      ]);
    }
    return update(request, stored, body, cannotDecode);
  }

  function cannotDecode(unknown: string): Answer {
    const { kind, version } = definition;
    return say.badRequest(
      `${kind} in version "${version}" cannot be handled as a ${kind}: strict decoding error: ${unknown}`,
    );
  }

  function patch(request: ResourceRequest, stored: Stored): Answer {
    const given = parseJson(request.text);
    switch (request.contentType) {
      case 'application/merge-patch+json':
        break;
      case 'application/json-patch+json':
        if (!Array.isArray(given))
          return say.badRequest(
            'json: cannot unmarshal object into Go value of type jsonpatch.Patch',
          );
        return say.notImplemented('JSON patch');
      case 'application/apply-patch+yaml':
        return say.notImplemented('server-side apply');
      default:
        return say.unsupportedMediaType();
    }
    if (!isObject(given)) return say.badRequest('the merge patch is not a JSON object');
    const body = readObject(definition, merge(toJson(definition, stored), given));
    if (!body) return say.badRequest('the patched object is not of this kind');
    return update(request, stored, body, (unknown) =>
      say.invalid({ kind: '', group: '' }, '', [
        {
          reason: 'FieldValueInvalid',
          message: `Invalid value: ${JSON.stringify(request.text)}: strict decoding error: ${unknown}`,
          field: 'patch',
        },
      ]),
    );
  }

  /** Fences the write and keeps what the other half owns. */
  function update(
    request: ResourceRequest,
    stored: Stored,
    body: Body,
    refuse: Write['refuse'],
  ): Answer {
    const { metadata } = stored;
    const { resourceVersion, uid } = body.metadata;
    if (resourceVersion && resourceVersion !== metadata.resourceVersion)
      return say.conflict(definition, metadata.name, say.modified);
    if (request.part === 'status') {
      const wanted = { ...without(stored.content, 'status'), ...pick(body.content, 'status') };
      return commit(request, { stored, metadata, sent: body.content, wanted, refuse });
    }
    if (uid !== undefined && uid !== metadata.uid) return anotherObject(request, metadata, uid);
    const { labels: _labels, annotations: _annotations, ...rest } = metadata;
    const wanted = { ...without(body.content, 'status'), ...pick(stored.content, 'status') };
    return commit(request, {
      stored,
      metadata: { ...rest, ...labelsOf(body) },
      sent: body.content,
      wanted,
      refuse,
    });
  }

  function anotherObject(
    { method }: ResourceRequest,
    { name, uid }: Metadata,
    claimed: string,
  ): Answer {
    if (method === 'PUT') {
      return say.conflict(
        definition,
        name,
        `Precondition failed: UID in precondition: ${claimed}, UID in object meta: ${uid}`,
      );
    }
    const message = `Invalid value: ${JSON.stringify(claimed)}: field is immutable`;
    return say.invalid(definition, name, [
      { reason: 'FieldValueInvalid', message, field: 'metadata.uid' },
    ]);
  }

  /**
   * Prunes, fills defaults, checks, counts generations and stores. A write that changes nothing
   * keeps the resourceVersion.
   */
  function commit(
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

  function remove({ text }: ResourceRequest, stored: Stored): Answer {
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
}

/**
 * Rules are not asked about an object whose shape is wrong (apiextensions-apiserver,
 * hasBlockingErr).
 */
const blocking: ReadonlySet<string> = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTypeInvalid',
]);
const isBlocking = ({ reason }: Cause): boolean => blocking.has(reason);

const rulesSkipped: Cause = {
  reason: 'FieldValueInvalid',
  message:
    'Invalid value: null: some validation rules were not checked because the object was invalid; ' +
    'correct the existing errors to complete validation',
  field: '<nil>',
};

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

const deleteOptions = z.object({
  preconditions: z.optional(
    z.object({ uid: z.optional(z.string()), resourceVersion: z.optional(z.string()) }),
  ),
});

/** An object as a client sent it, its metadata read, the rest as it came. */
type Body = {
  readonly metadata: z.infer<typeof bodySchema>['metadata'];
  readonly content: JsonObject;
};

const readBody = (definition: Definition, text: string): Body | undefined =>
  readObject(definition, parseJson(text));

function readObject(definition: Definition, value: Json | undefined): Body | undefined {
  const parsed = bodySchema.safeParse(value);
  if (!parsed.success || !isObject(value)) return undefined;
  const { apiVersion, kind, metadata } = parsed.data;
  if (apiVersion !== apiVersionOf(definition) || kind !== definition.kind) return undefined;
  return { metadata, content: without(value, 'apiVersion', 'kind', 'metadata') };
}

/** The refusal of a body that is of another kind of the same group. */
function otherKind(definition: Definition, text: string): Answer | undefined {
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

const apiVersionOf = ({ group, version }: Definition): string => `${group}/${version}`;

const toJson = (definition: Definition, { metadata, content }: Stored): JsonObject => ({
  apiVersion: apiVersionOf(definition),
  kind: definition.kind,
  metadata,
  ...content,
});

const labelsOf = ({ metadata }: Body): Pick<Metadata, 'labels' | 'annotations'> =>
  defined({
    labels: metadata.labels ?? undefined,
    annotations: metadata.annotations ?? undefined,
  });

const pick = (object: JsonObject, key: string): JsonObject => {
  const value = object[key];
  return value === undefined ? {} : { [key]: value };
};

/** RFC 1123 subdomain. */
const isName = (name: string): boolean =>
  name.length <= 253 &&
  /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(name);

const wrongName = (name: string): Cause => ({
  reason: 'FieldValueInvalid',
  message: `Invalid value: ${JSON.stringify(name)}: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character`,
  field: 'metadata.name',
});
