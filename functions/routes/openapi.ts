import * as z from 'zod/mini';
import { type BodyName, bodies, contract, type Route } from './contract.ts';
import { liveCookieName } from './live-cookie.ts';
import { defined } from '../model/defined.ts';

/**
 * The OpenAPI 3.1 document of the endpoint, built from the table of routes and the schemas of the
 * wire.
 */
export function openApi(publicUrl: string) {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(bodies)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { uri: (id) => `#/components/schemas/${id}` });
  return {
    openapi: '3.1.1',
    info: {
      title: 'muster-serverless',
      version: '1',
      description:
        'Can each MCP server be reached, and am I signed in to it? STATE is the same for everyone. SESSION belongs to one person.',
    },
    servers: [{ url: publicUrl }],
    paths: paths(),
    components: {
      schemas,
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'The ID token of `muster auth login`.',
        },
        livePage: {
          type: 'apiKey',
          in: 'cookie',
          name: liveCookieName,
          description: 'The sealed token of a sign-in on the live page.',
        },
        proof: {
          type: 'apiKey',
          in: 'header',
          name: 'DPoP',
          description:
            'A proof in the form of RFC 9449, signed with ES256 by a registered key: htm, htu (the public address of the route without query), iat within 60 seconds, jti used once, ath of the token.',
        },
      },
    },
  };
}

function paths() {
  const byPath = new Map<string, Record<string, ReturnType<typeof operation>>>();
  for (const route of contract)
    byPath.set(route.path, { ...byPath.get(route.path), [route.method]: operation(route) });
  return Object.fromEntries(byPath);
}

function operation(route: Route) {
  return defined({
    summary: route.summary,
    security: security[route.access],
    parameters: [
      ...pathParameters(route.path),
      ...queryParameters(route),
      ...(route.isTagged === true ? tagParameters : []),
    ],
    requestBody:
      route.body === undefined ? undefined : { required: true, content: json(route.body) },
    responses: {
      200: defined({
        description: route.summary,
        headers: route.isTagged === true ? { ...tagHeaders, ...encodingHeader } : undefined,
        content: route.answer === undefined ? undefined : json(route.answer),
      }),
      ...(route.isTagged === true
        ? { 304: { description: 'The caller has this answer already.', headers: tagHeaders } }
        : {}),
      default: {
        description: 'What went wrong and what to do next (RFC 9457).',
        content: { 'application/problem+json': reference('Problem') },
      },
    },
  });
}

/** An empty requirement means that the token is optional. */
const security = {
  anyone: [],
  page: [],
  cookie: [{ livePage: [] }],
  list: [{ bearer: [] }, {}],
  person: [{ bearer: [] }],
  proof: [{ bearer: [], proof: [] }],
};

const pathParameters = (path: string) =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));

const queryParameters = ({ query }: Route) =>
  query === undefined
    ? []
    : Object.entries(
        z.toJSONSchema(query, { io: 'input', unrepresentable: 'any' }).properties ?? {},
      ).map(([name, schema]) => ({
        name,
        in: 'query',
        required: false,
        schema,
      }));

const text = { type: 'string' };

/** What a caller sends to get less (RFC 9110, sections 12.5.3 and 13.1.2). */
const tagParameters = [
  {
    name: 'If-None-Match',
    in: 'header',
    required: false,
    description: 'ETag of an answer that the caller has. If it is still right, the answer is 304.',
    schema: text,
  },
  {
    name: 'Accept-Encoding',
    in: 'header',
    required: false,
    description: 'With `gzip`, an answer of 1 KB or more is compressed.',
    schema: text,
  },
];

const tagHeaders = {
  ETag: {
    description:
      'Strong, for this caller, this query and this encoding. Only for its If-None-Match.',
    schema: text,
  },
  Vary: { description: '`authorization, accept-encoding`', schema: text },
};

const encodingHeader = {
  'Content-Encoding': { description: '`gzip` if the answer is compressed.', schema: text },
};

const reference = (name: BodyName) => ({ schema: { $ref: `#/components/schemas/${name}` } });
const json = (name: BodyName) => ({ 'application/json': reference(name) });
