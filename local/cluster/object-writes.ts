import { randomUUID } from 'node:crypto';
import { defined } from '../../functions/model/defined.ts';
import { parseJson } from '../../functions/model/json.ts';
import * as say from './answer.ts';
import type { Answer } from './answer.ts';
import { commit, rulesSkipped, type Write } from './commit.ts';
import type { Definition } from './definition.ts';
import { isObject, type JsonObject, merge, without } from './json-object.ts';
import { type Body, otherKind, readBody, readObject, toJson } from './object-body.ts';
import type { Metadata, Stored } from './object-store.ts';
import type { Context, ResourceRequest } from './resource-context.ts';
import type { Cause } from './structural-schema.ts';

/** POST to the collection. */
export function create(context: Context, request: ResourceRequest, namespace: string): Answer {
  const { definition, store } = context;
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
  return commit(context, request, {
    metadata,
    sent: body.content,
    wanted: without(body.content, 'status'),
    refuse: cannotDecode(definition),
  });
}

/** PUT of one object. */
export function replace(context: Context, request: ResourceRequest, stored: Stored): Answer {
  const { definition } = context;
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
  return update(context, request, stored, body, cannotDecode(definition));
}

/** PATCH of one object: JSON merge patch only. */
export function patch(context: Context, request: ResourceRequest, stored: Stored): Answer {
  const { definition } = context;
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
  return update(context, request, stored, body, (unknown) =>
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
  context: Context,
  request: ResourceRequest,
  stored: Stored,
  body: Body,
  refuse: Write['refuse'],
): Answer {
  const { definition } = context;
  const { metadata } = stored;
  const { resourceVersion, uid } = body.metadata;
  if (resourceVersion && resourceVersion !== metadata.resourceVersion)
    return say.conflict(definition, metadata.name, say.modified);
  if (request.part === 'status') {
    const wanted = { ...without(stored.content, 'status'), ...pick(body.content, 'status') };
    return commit(context, request, { stored, metadata, sent: body.content, wanted, refuse });
  }
  if (uid !== undefined && uid !== metadata.uid)
    return anotherObject(definition, request, metadata, uid);
  const { labels: _labels, annotations: _annotations, ...rest } = metadata;
  const wanted = { ...without(body.content, 'status'), ...pick(stored.content, 'status') };
  return commit(context, request, {
    stored,
    metadata: { ...rest, ...labelsOf(body) },
    sent: body.content,
    wanted,
    refuse,
  });
}

function anotherObject(
  definition: Definition,
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

const cannotDecode =
  ({ kind, version }: Definition): Write['refuse'] =>
  (unknown) =>
    say.badRequest(
      `${kind} in version "${version}" cannot be handled as a ${kind}: strict decoding error: ${unknown}`,
    );

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
