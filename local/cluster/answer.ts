import type { Definition } from './definition.ts';
import type { JsonObject } from './json-object.ts';
import type { Cause } from './structural-schema.ts';

/**
 * The answer of the cluster to one request. A text body is for what is not part of the API, such as
 * an unknown path.
 */
export type Answer = {
  readonly code: number;
  readonly body: JsonObject | string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly warnings?: readonly string[];
};

/** metav1.Status of a refusal, with the texts of Kubernetes 1.36. */
export function failure(
  code: number,
  reason: string,
  message: string,
  rest: { details?: JsonObject; metadata?: JsonObject } = {},
): Answer {
  return {
    code,
    body: {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      reason,
      ...rest,
      code,
    },
  };
}

export const badRequest = (message: string): Answer => failure(400, 'BadRequest', message);

export const notFound = (definition: Definition, name: string): Answer =>
  failure(404, 'NotFound', `${resourceOf(definition)} "${name}" not found`, {
    details: detailsOf(definition, name),
  });

export const alreadyExists = (definition: Definition, name: string): Answer =>
  failure(409, 'AlreadyExists', `${resourceOf(definition)} "${name}" already exists`, {
    details: detailsOf(definition, name),
  });

export const conflict = (definition: Definition, name: string, why: string): Answer =>
  failure(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${resourceOf(definition)} "${name}": ${why}`,
    {
      details: detailsOf(definition, name),
    },
  );

export const modified =
  'the object has been modified; please apply your changes to the latest version and try again';

export function invalid(
  { kind, group }: Pick<Definition, 'kind' | 'group'>,
  name: string,
  causes: readonly Cause[],
): Answer {
  const problems = causes.map(({ field, message }) => `${field}: ${message}`);
  const list = problems.length === 1 ? problems.join('') : `[${problems.join(', ')}]`;
  const subject = kind === '' ? '' : `${kind}.${group}`;
  return failure(422, 'Invalid', `${subject} "${name}" is invalid: ${list}`, {
    details: { name, group, kind, causes },
  });
}

/**
 * The `continue` in the body continues at the same place in the present list (an inconsistent
 * list).
 */
export const expired = (next: string): Answer =>
  failure(
    410,
    'Expired',
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue ' +
      'parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided ' +
      'token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was ' +
      'returned and now may show up in the list.',
    { metadata: { continue: next } },
  );

export const unsupportedMediaType = (): Answer =>
  failure(
    415,
    'UnsupportedMediaType',
    'the body of the request was in an unknown format - accepted media types include: ' +
      'application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
  );

export const tooLarge = (limit: number): Answer =>
  failure(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${limit}`);

export const methodNotAllowed = (): Answer =>
  failure(
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
  );

/** For what the real API server does and the local one does not. */
export const notImplemented = (what: string): Answer =>
  failure(501, 'NotImplemented', `The local cluster does not support ${what}.`);

export const pathNotFound = (): Answer => ({ code: 404, body: '404 page not found\n' });

const resourceOf = ({ plural, group }: Definition): string =>
  group === '' ? plural : `${plural}.${group}`;

const detailsOf = ({ plural, group }: Definition, name: string): JsonObject => ({
  name,
  group,
  kind: plural,
});
