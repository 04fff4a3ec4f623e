/**
 * The routes of the endpoint: the OpenAPI document is built from this table, and a test compares
 * the routes with it.
 */
import * as z from 'zod/mini';
import { longestSelector, readSelector } from '../model/label-selector.ts';
import { oneLine } from '../model/outside-text.ts';
import {
  checkRequestSchema,
  checkSchema,
  signInCheckSchema,
  signInLinkSchema,
} from '../model/wire/check-wire.ts';
import { healthSchema, problemSchema } from '../model/wire/endpoint-wire.ts';
import {
  configSchema,
  enrollRequestSchema,
  keySchema,
  keysSchema,
  meSchema,
} from '../model/wire/person-wire.ts';
import {
  liveCompleteRequestSchema,
  liveResumedSchema,
  liveSignedInSchema,
  liveSignInRequestSchema,
  liveSignInStartedSchema,
} from '../model/wire/live-wire.ts';
import {
  changeSchema,
  changesSchema,
  conditionSchema,
  explainedRowSchema,
  explainedSchema,
  listSchema,
  rowSchema,
  sessionSchema,
} from '../model/wire/server-wire.ts';
import {
  completeRequestSchema,
  releasedTokenSchema,
  sessionAnswerSchema,
  signedOutSchema,
  signInRequestSchema,
  signInStartedSchema,
  tokenRequestSchema,
} from '../model/wire/session-wire.ts';

/** Rows of one answer, for callers that ask for so many. It ends earlier where they are too large. */
export const maxLimit = 5_000;
const usualLimit = 500;

/** What Kubernetes allows as the name of a namespace (RFC 1123 label). */
const namespacePattern = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
export const isNamespace = (text: string): boolean => namespacePattern.test(text);

const longestQuote = 100;

/** Query of `GET /v1/mcpservers`. */
export const listQuerySchema = z.object({
  namespace: z.optional(
    z.string().check(z.regex(namespacePattern), z.describe('Only MCPServers of this namespace.')),
  ),
  labelSelector: z.optional(
    z.string().check(
      z.maxLength(longestSelector),
      z.refine((text) => readSelector(text) !== undefined, {
        error: ({ input }) => `"${oneLine(String(input), longestQuote)}" is not a label selector`,
      }),
      z.describe(
        'Only MCPServers with these labels, as in Kubernetes: `team=search,tier!=test`. Requires a token.',
      ),
    ),
  ),
  limit: z._default(
    z.coerce
      .number()
      .check(
        z.int(),
        z.minimum(1),
        z.maximum(maxLimit),
        z.describe('At most so many MCPServers in one answer. An answer of large rows has fewer.'),
      ),
    usualLimit,
  ),
  conditions: z.optional(
    z
      .literal('none')
      .check(z.describe('`none`: rows without their conditions, for a list of thousands.')),
  ),
  continue: z.optional(
    z.string().check(z.minLength(1), z.describe('`continue` of the answer before, same query.')),
  ),
});

/** The bodies that cross the wire, by the name they have in the document. */
export const bodies = {
  Change: changeSchema,
  Changes: changesSchema,
  Check: checkSchema,
  CheckRequest: checkRequestSchema,
  CompleteRequest: completeRequestSchema,
  Condition: conditionSchema,
  Config: configSchema,
  EnrollRequest: enrollRequestSchema,
  Health: healthSchema,
  Explained: explainedSchema,
  ExplainedRow: explainedRowSchema,
  Key: keySchema,
  Keys: keysSchema,
  List: listSchema,
  LiveCompleteRequest: liveCompleteRequestSchema,
  LiveResumed: liveResumedSchema,
  LiveSignedIn: liveSignedInSchema,
  LiveSignInRequest: liveSignInRequestSchema,
  LiveSignInStarted: liveSignInStartedSchema,
  Me: meSchema,
  Problem: problemSchema,
  ReleasedToken: releasedTokenSchema,
  Row: rowSchema,
  Session: sessionSchema,
  SessionAnswer: sessionAnswerSchema,
  SignedOut: signedOutSchema,
  SignInCheck: signInCheckSchema,
  SignInLink: signInLinkSchema,
  SignInRequest: signInRequestSchema,
  SignInStarted: signInStartedSchema,
  TokenRequest: tokenRequestSchema,
} as const;
export type BodyName = keyof typeof bodies;

/**
 * `list`: without a token only where the operator set ANONYMOUS_LIST=on. `proof`: a person, with a
 * proof of possession, as on every route that changes something. `page`: anyone on the live page.
 * `cookie`: the live page, which keeps its sign-in in a cookie.
 */
type Access = 'anyone' | 'list' | 'person' | 'proof' | 'page' | 'cookie';

export type Route = {
  readonly method: 'get' | 'post' | 'delete';
  /** Parameters in braces, as OpenAPI writes them. */
  readonly path: string;
  readonly summary: string;
  readonly access: Access;
  readonly query?: typeof listQuerySchema;
  readonly body?: BodyName;
  /** Absent: the answer is a document that a standard defines, a page for people, or empty. */
  readonly answer?: BodyName;
  /** The answer has an ETag and is compressed for a caller that reads gzip. */
  readonly isTagged?: true;
};

const server = '/v1/mcpservers/{namespace}/{name}';
const onlyLive = 'Only for that page, and only where the operator set LIVE_PAGE=on.';

export const contract: readonly Route[] = [
  {
    method: 'get',
    path: '/v1/mcpservers',
    summary: 'List all MCPServers, page by page.',
    access: 'list',
    query: listQuerySchema,
    answer: 'List',
    isTagged: true,
  },
  {
    method: 'get',
    path: server,
    summary: 'Get one MCPServer.',
    access: 'list',
    answer: 'ExplainedRow',
  },
  {
    method: 'get',
    path: `${server}/events`,
    summary: 'List the last changes of STATE of one MCPServer.',
    access: 'list',
    answer: 'Changes',
  },
  {
    method: 'post',
    path: `${server}/check`,
    summary:
      'Probe the server now. With signIn, also check every link of the sign-in. Nothing is written.',
    access: 'person',
    body: 'CheckRequest',
    answer: 'Check',
  },
  {
    method: 'post',
    path: `${server}/session`,
    summary: 'Start a sign-in.',
    access: 'proof',
    body: 'SignInRequest',
    answer: 'SignInStarted',
  },
  {
    method: 'post',
    path: `${server}/session/complete`,
    summary: 'Complete a sign-in with its one-time secret.',
    access: 'proof',
    body: 'CompleteRequest',
    answer: 'SessionAnswer',
  },
  {
    method: 'post',
    path: `${server}/session/verify`,
    summary:
      'Verify the session with one authenticated request to the server. Single sign-on runs if needed.',
    access: 'proof',
    answer: 'SessionAnswer',
  },
  {
    method: 'delete',
    path: `${server}/session`,
    summary: 'Sign out of the server: delete and revoke the grant.',
    access: 'proof',
    answer: 'SessionAnswer',
  },
  {
    method: 'post',
    path: `${server}/session/token`,
    summary:
      'Get the access token of the session, for the machine that signed in. Only where the operator set RELEASE_TOKENS=on.',
    access: 'proof',
    body: 'TokenRequest',
    answer: 'ReleasedToken',
  },
  {
    method: 'delete',
    path: '/v1/sessions',
    summary: 'Sign out of all servers.',
    access: 'proof',
    answer: 'SignedOut',
  },
  {
    method: 'get',
    path: '/v1/oauth/callback/{issuer}',
    summary:
      'Callback of the sign-in: the issuer sends the browser here. Each issuer has its own, {issuer} is the SHA-256 of its identifier.',
    access: 'anyone',
  },
  {
    method: 'get',
    path: '/v1/me',
    summary: 'Show who is signed in, and until when.',
    access: 'person',
    answer: 'Me',
  },
  {
    method: 'post',
    path: '/v1/me/key',
    summary: 'Register the key of this machine, within ten minutes of its sign-in.',
    access: 'proof',
    body: 'EnrollRequest',
  },
  {
    method: 'get',
    path: '/v1/me/keys',
    summary: 'List the registered keys of your machines.',
    access: 'person',
    answer: 'Keys',
  },
  {
    method: 'delete',
    path: '/v1/me/keys/{thumbprint}',
    summary: 'Remove a key: its machine can then only read.',
    access: 'proof',
  },
  {
    method: 'post',
    path: '/v1/live/sign-in',
    summary: `Start a sign-in to muster on the live page. ${onlyLive}`,
    access: 'page',
    body: 'LiveSignInRequest',
    answer: 'LiveSignInStarted',
  },
  {
    method: 'post',
    path: '/v1/live/sign-in/complete',
    summary: `Exchange the code of that sign-in. The answer sets a cookie with the sealed token. ${onlyLive}`,
    access: 'page',
    body: 'LiveCompleteRequest',
    answer: 'LiveSignedIn',
  },
  {
    method: 'post',
    path: '/v1/live/resume',
    summary: `Get the token of the cookie after a reload. ${onlyLive}`,
    access: 'cookie',
    answer: 'LiveResumed',
  },
  {
    method: 'delete',
    path: '/v1/live/session',
    summary: `Clear the cookie: the live page is signed out of muster. ${onlyLive}`,
    access: 'cookie',
  },
  {
    method: 'get',
    path: '/v1/config',
    summary: 'Get what the command line needs to sign in.',
    access: 'anyone',
    answer: 'Config',
  },
  { method: 'get', path: '/v1/openapi.json', summary: 'Get this document.', access: 'anyone' },
  {
    method: 'get',
    path: '/.well-known/oauth-protected-resource',
    summary: 'Get the protected resource metadata (RFC 9728).',
    access: 'anyone',
  },
  {
    method: 'get',
    path: '/.well-known/oauth-client',
    summary: 'Get the OAuth client metadata document.',
    access: 'anyone',
  },
  {
    method: 'get',
    path: '/healthz',
    summary: 'Check that the function runs, and get its version.',
    access: 'anyone',
    answer: 'Health',
  },
];
