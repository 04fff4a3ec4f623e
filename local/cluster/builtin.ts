/**
 * The kinds of Kubernetes itself that the product writes, with the fields that it writes. Every API
 * server has them without a CRD.
 */
import { failure, type Answer } from './answer.ts';
import type { Definition, Schema } from './definition.ts';
import { isObject, type JsonObject } from './json-object.ts';
import { parseJson } from '../../functions/model/json.ts';

const text: Schema = { type: 'string' };
const time: Schema = { type: 'string', format: 'date-time' };
const whole: Schema = { type: 'integer' };
const texts = (...names: readonly string[]): Readonly<Record<string, Schema>> =>
  Object.fromEntries(names.map((name) => [name, text]));

const named = {
  apiVersion: text,
  kind: text,
  metadata: { type: 'object' },
} as const satisfies Readonly<Record<string, Schema>>;

const ports: Schema = {
  type: 'array',
  items: {
    type: 'object',
    required: ['port'],
    properties: { ...texts('name', 'protocol'), port: { ...whole, minimum: 1, maximum: 65535 } },
  },
};

/**
 * Leases (coordination.k8s.io/v1), Events (events.k8s.io/v1), and what the service proxy reads:
 * Services and Endpoints (v1).
 */
export const builtins: readonly Definition[] = [
  {
    group: 'coordination.k8s.io',
    version: 'v1',
    kind: 'Lease',
    listKind: 'LeaseList',
    plural: 'leases',
    singular: 'lease',
    shortNames: [],
    schema: {
      type: 'object',
      properties: {
        ...named,
        spec: {
          type: 'object',
          properties: {
            holderIdentity: text,
            leaseDurationSeconds: { ...whole, minimum: 1 },
            acquireTime: time,
            renewTime: time,
          },
        },
      },
    },
  },
  {
    group: 'events.k8s.io',
    version: 'v1',
    kind: 'Event',
    listKind: 'EventList',
    plural: 'events',
    singular: 'event',
    shortNames: ['ev'],
    schema: {
      type: 'object',
      required: [
        'eventTime',
        'reportingController',
        'reportingInstance',
        'action',
        'reason',
        'type',
      ],
      properties: {
        ...named,
        ...texts('reportingController', 'reportingInstance', 'action', 'reason'),
        eventTime: time,
        type: { type: 'string', enum: ['Normal', 'Warning'] },
        note: { type: 'string', maxLength: 1024 },
        regarding: {
          type: 'object',
          properties: texts('apiVersion', 'kind', 'namespace', 'name', 'uid', 'resourceVersion'),
        },
      },
    },
  },
  {
    group: '',
    version: 'v1',
    kind: 'Service',
    listKind: 'ServiceList',
    plural: 'services',
    singular: 'service',
    shortNames: ['svc'],
    schema: {
      type: 'object',
      required: ['spec'],
      properties: {
        ...named,
        spec: {
          type: 'object',
          required: ['ports'],
          properties: { ...texts('clusterIP', 'type'), ports },
        },
      },
    },
  },
  {
    group: '',
    version: 'v1',
    kind: 'Endpoints',
    listKind: 'EndpointsList',
    plural: 'endpoints',
    singular: 'endpoints',
    shortNames: ['ep'],
    schema: {
      type: 'object',
      properties: {
        ...named,
        subsets: {
          type: 'array',
          items: {
            type: 'object',
            properties: {
              addresses: {
                type: 'array',
                items: { type: 'object', required: ['ip'], properties: texts('ip') },
              },
              ports,
            },
          },
        },
      },
    },
  },
];

/** The user of a SubjectAccessReview, and the namespace. */
export type Review = {
  readonly user: string;
  readonly groups: readonly string[];
  readonly namespace: string;
};

export const reviewPath = '/apis/authorization.k8s.io/v1/subjectaccessreviews';

export const selfReviewPath = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';

/** What a SelfSubjectAccessReview asks about. */
export type AskedRight = { readonly verb: string; readonly resource: string };

/** Answers a SelfSubjectAccessReview. The local cluster has no roles: `mayDo` decides. */
export function selfReview(body: string, mayDo: (right: AskedRight) => boolean): Answer {
  const asked = parseJson(body);
  if (!isObject(asked)) return failure(400, 'BadRequest', 'the object provided is unrecognized');
  const {
    verb = '',
    resource = '',
    subresource = '',
  } = textsIn(objectIn(objectIn(asked, 'spec'), 'resourceAttributes') ?? {});
  const path = subresource === '' ? resource : `${resource}/${subresource}`;
  const allowed = mayDo({ verb, resource: path });
  return { code: 201, body: { ...asked, status: { allowed } } };
}

/** Answers a SubjectAccessReview. The local cluster has no roles: `isAllowed` decides. */
export function review(body: string, isAllowed: (review: Review) => boolean): Answer {
  const asked = parseJson(body);
  const spec = objectIn(asked, 'spec');
  const user = spec?.['user'];
  if (!isObject(asked) || spec === undefined || typeof user !== 'string') {
    return failure(
      422,
      'Invalid',
      'SubjectAccessReview.authorization.k8s.io "" is invalid: spec.user: Required value',
    );
  }
  const namespace = objectIn(spec, 'resourceAttributes')?.['namespace'];
  const groups = Array.isArray(spec['groups'])
    ? spec['groups'].filter((group) => typeof group === 'string')
    : [];
  const allowed = isAllowed({
    user,
    groups,
    namespace: typeof namespace === 'string' ? namespace : '',
  });
  return { code: 201, body: { ...asked, status: { allowed } } };
}

function objectIn(value: unknown, key: string): JsonObject | undefined {
  const inner = isObject(value) ? value[key] : undefined;
  return isObject(inner) ? inner : undefined;
}

const textsIn = (object: JsonObject): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(object).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value]] : [],
    ),
  );
