/**
 * What the Function URL offers, once: the OpenAPI document is built from this table, and a test
 * holds the routes against it.
 */
import * as z from 'zod/mini';
import {
  checkSchema,
  completeRequestSchema,
  conditionSchema,
  configSchema,
  listSchema,
  meSchema,
  problemSchema,
  rowSchema,
  sessionAnswerSchema,
  sessionSchema,
  signInRequestSchema,
  signInStartedSchema,
} from '../model/wire.ts';

/** Rows of one page: at about 2 KB each far below the 6 MB that a Function URL answers at most. */
export const maxLimit = 500;

/** Query of `GET /v1/mcpservers`. */
export const listQuerySchema = z.object({
  namespace: z.optional(z.string().check(z.regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/))),
  limit: z._default(z.coerce.number().check(z.int(), z.minimum(1), z.maximum(maxLimit)), maxLimit),
  continue: z.optional(z.string().check(z.minLength(1))),
});

/** The bodies that cross the wire, by the name they have in the document. */
export const bodies = {
  Check: checkSchema,
  CompleteRequest: completeRequestSchema,
  Condition: conditionSchema,
  Config: configSchema,
  List: listSchema,
  Me: meSchema,
  Problem: problemSchema,
  Row: rowSchema,
  Session: sessionSchema,
  SessionAnswer: sessionAnswerSchema,
  SignInRequest: signInRequestSchema,
  SignInStarted: signInStartedSchema,
} as const;
export type BodyName = keyof typeof bodies;

/** `list`: without a bearer only where the owner set ANONYMOUS_LIST=on. */
type Access = 'anyone' | 'list' | 'person';

export type Route = {
  readonly method: 'get' | 'post' | 'delete';
  /** Parameters in braces, as OpenAPI writes them. */
  readonly path: string;
  readonly summary: string;
  readonly access: Access;
  readonly query?: typeof listQuerySchema;
  readonly body?: BodyName;
  /** Absent: the answer is a document of somebody else's making, or a page for people, or empty. */
  readonly answer?: BodyName;
};

const server = '/v1/mcpservers/{namespace}/{name}';

export const contract: readonly Route[] = [
  {
    method: 'get',
    path: '/v1/mcpservers',
    summary: 'All MCPServers, page by page.',
    access: 'list',
    query: listQuerySchema,
    answer: 'List',
  },
  { method: 'get', path: server, summary: 'One MCPServer.', access: 'list', answer: 'Row' },
  {
    method: 'post',
    path: `${server}/check`,
    summary: 'Probe it now; nothing is written.',
    access: 'person',
    answer: 'Check',
  },
  {
    method: 'post',
    path: `${server}/session`,
    summary: 'Start a sign-in.',
    access: 'person',
    body: 'SignInRequest',
    answer: 'SignInStarted',
  },
  {
    method: 'post',
    path: `${server}/session/complete`,
    summary: 'Finish a sign-in with its one-time secret.',
    access: 'person',
    body: 'CompleteRequest',
    answer: 'SessionAnswer',
  },
  {
    method: 'post',
    path: `${server}/session/verify`,
    summary: 'One authenticated request to the server decides; single sign-on is run for it.',
    access: 'person',
    answer: 'SessionAnswer',
  },
  {
    method: 'delete',
    path: `${server}/session`,
    summary: 'Forget the grant.',
    access: 'person',
    answer: 'SessionAnswer',
  },
  { method: 'delete', path: '/v1/sessions', summary: 'Forget all of my grants.', access: 'person' },
  {
    method: 'get',
    path: '/v1/oauth/callback',
    summary: 'Where an issuer sends the browser back; a page for people.',
    access: 'anyone',
  },
  {
    method: 'get',
    path: '/v1/me',
    summary: 'Who am I, until when.',
    access: 'person',
    answer: 'Me',
  },
  {
    method: 'get',
    path: '/v1/config',
    summary: 'What the command line needs to sign in.',
    access: 'anyone',
    answer: 'Config',
  },
  { method: 'get', path: '/v1/openapi.json', summary: 'This document.', access: 'anyone' },
  {
    method: 'get',
    path: '/.well-known/oauth-protected-resource',
    summary: 'Protected resource metadata (RFC 9728).',
    access: 'anyone',
  },
  {
    method: 'get',
    path: '/.well-known/oauth-client',
    summary: 'Our OAuth client metadata document.',
    access: 'anyone',
  },
  { method: 'get', path: '/healthz', summary: 'The function runs.', access: 'anyone' },
];
