/**
 * The JSON between the endpoint and the command line. Times are UTC, RFC 3339. The OpenAPI
 * document and the reference page print the sentence that stands beside each field.
 */
import * as z from 'zod/mini';
import { conditionStatuses, serverTypes } from './mcpserver.ts';
import { failedParts } from './failed-parts.ts';
import { fixers, linkStatuses, signInLinks } from './sign-in-links.ts';

/** The SESSION column. One value per person and server. */
export const sessionStatuses = ['Authenticated', 'Pending Auth', 'Expired', '-'] as const;
export type SessionStatus = (typeof sessionStatuses)[number];

/** How a server lets people in without a sign-in of their own. */
export const singleSignOns = ['exchange', 'forwarding'] as const;

/** How single sign-on supplied, or failed to supply, a session. */
export const ssoStatuses = ['Forwarded', 'Exchanged', 'Failed'] as const;
export type SsoStatus = (typeof ssoStatuses)[number];

/** A field and its sentence. */
const field = <Schema extends z.ZodMiniType>(schema: Schema, description: string): Schema =>
  schema.check(z.describe(description));

const text = z.string();
const texts = z.array(text);
const time = z.iso.datetime();

const namespace = field(text, 'Namespace of the MCPServer.');
const name = field(text, 'Name of the MCPServer.');

export const lastUsedSchema = z.object({
  at: field(time, 'When a machine of the person last got a token of the session.'),
  machines: field(z.number(), 'Registered machines that got one within 30 days.'),
});
export type LastUsed = z.infer<typeof lastUsedSchema>;

export const sessionSchema = z.object({
  status: field(z.enum(sessionStatuses), 'The SESSION column.'),
  sso: field(
    z.optional(z.enum(ssoStatuses)),
    'How single sign-on supplied, or failed to supply, the session.',
  ),
  issuer: field(z.optional(text), 'Issuer of the grant.'),
  scopes: field(z.optional(texts), 'Scopes of the grant.'),
  expiresAt: field(z.optional(time), 'When the grant expires.'),
  refreshable: field(z.optional(z.boolean()), 'Whether the grant refreshes itself.'),
  lastVerified: field(z.optional(time), "When the server last accepted the person's token."),
  lastUsed: field(
    z.optional(lastUsedSchema),
    'The last use of the session by `muster connect` or `muster auth token`. Absent if there was none, or the endpoint releases no tokens.',
  ),
  missingScopes: field(
    z.optional(texts),
    'Scopes that the server requires and the grant lacks. The next sign-in requests them.',
  ),
  message: field(z.optional(text), 'Explains the status where there is a problem or soon will be.'),
  hint: field(z.optional(text), 'Suggested next command.'),
});
export type Session = z.infer<typeof sessionSchema>;

export const conditionSchema = z.object({
  type: field(
    text,
    'Type of the condition: `Reachable`, `AuthRequired`, `SpeaksMCP`, or one of another controller.',
  ),
  status: field(z.enum(conditionStatuses), 'Whether the condition holds.'),
  reason: field(text, 'Reason of the status, as a code for programs.'),
  message: field(
    z.optional(text),
    'Reason of the status, as a sentence for people. Absent in anonymous answers.',
  ),
  lastTransitionTime: field(time, 'When the status of the condition last changed.'),
  observedGeneration: field(z.optional(z.number()), 'The `metadata.generation` that was probed.'),
});

/** The sentences of the glossary about one server. */
export const explainedSchema = z.object({
  means: field(text, 'What the reason means, as a sentence.'),
  hints: field(texts, 'What to do, as sentences. Empty if there is nothing to do.'),
  page: field(z.optional(text), 'Address of the page about the reason. Absent without a site.'),
});
export type Explained = z.infer<typeof explainedSchema>;

/**
 * One MCPServer as `muster list mcpserver` shows it. `headers`, `env`, `args` and `command` never
 * cross the wire.
 */
export const rowSchema = z.object({
  namespace,
  name,
  uid: field(text, 'Identity of the object. A server that was deleted and created has a new one.'),
  type: field(z.enum(serverTypes), 'Transport of the server.'),
  url: field(
    z.optional(text),
    'URL of a remote server, without user, password and query. Absent in anonymous answers.',
  ),
  description: field(z.optional(text), 'What the server is for.'),
  toolPrefix: field(z.optional(text), "Prefix of the names of the server's tools."),
  autoStart: field(z.boolean(), 'Whether muster connects to the server by itself.'),
  timeoutSeconds: field(
    z.number(),
    'Seconds after which a request to the server times out. A probe never waits longer than 10.',
  ),
  state: field(z.optional(text), 'The STATE column. Absent if the server was never probed.'),
  reason: field(z.optional(text), 'Reason of the condition `Reachable`.'),
  authRequired: field(z.enum(conditionStatuses), 'Whether the server requires a sign-in.'),
  speaksMcp: field(z.enum(conditionStatuses), 'Whether what answers is an MCP server.'),
  singleSignOn: field(
    z.optional(z.enum(singleSignOns)),
    'How the server lets people in without a sign-in of their own. Absent if it uses no single sign-on.',
  ),
  conditions: field(z.array(conditionSchema), 'All conditions of the object.'),
  lastError: field(z.optional(text), 'Why the last probe failed. Absent in anonymous answers.'),
  consecutiveFailures: field(z.number(), 'Failed probes in a row.'),
  lastAttempt: field(z.optional(time), 'Time of the last probe that was written to the status.'),
  lastConnected: field(z.optional(time), 'Time of the last answer that was written to the status.'),
  nextRetryAfter: field(z.optional(time), 'When a failing server is probed again.'),
  stale: field(
    z.boolean(),
    'True when the last observation is older than two heartbeats, or the prober is offline (`ProberOffline`). Check that the sweep runs.',
  ),
  session: field(
    z.optional(sessionSchema),
    "The caller's own session. Present only when the caller is signed in.",
  ),
});
export type Row = z.infer<typeof rowSchema>;

/** Answer about one server. */
export const explainedRowSchema = z.extend(rowSchema, {
  explained: field(
    z.optional(explainedSchema),
    'What the reason means. Absent for a reason that is not known.',
  ),
});
export type ExplainedRow = z.infer<typeof explainedRowSchema>;

/** The owner of the token that came with the request. */
export const meSchema = z.object({
  subject: field(text, 'Subject of the token.'),
  issuer: field(text, 'Issuer of the token.'),
  email: field(z.optional(text), 'Email address of the person, if the issuer has verified it.'),
  name: field(z.optional(text), 'Name of the person, if the issuer provides it.'),
  expiresAt: field(time, 'When the token expires.'),
});
export type Me = z.infer<typeof meSchema>;

export const listSchema = z.object({
  items: field(z.array(rowSchema), 'The MCPServers of this page, sorted by namespace and name.'),
  continue: field(
    z.optional(text),
    'Send it as `?continue=` to get the next page. Absent on the last page.',
  ),
  me: field(
    z.optional(meSchema),
    'The person who asks. Present only when the caller is signed in.',
  ),
  sweptAt: field(
    z.optional(time),
    'When the last sweep began. Absent if the cluster does not say.',
  ),
  sweepsStopped: field(
    z.optional(z.boolean()),
    'Whether the last sweep began more than three ticks ago. Absent if the cluster does not say.',
  ),
  problems: field(
    z.array(
      z.object({ namespace, name, message: field(text, 'Why the object could not be read.') }),
    ),
    'MCPServers that could not be read, each with the reason.',
  ),
});
export type List = z.infer<typeof listSchema>;

/** One change of STATE. */
export const changeSchema = z.object({
  at: field(time, 'When the probe saw it.'),
  from: field(z.optional(text), 'STATE before. Absent for the first one.'),
  to: field(text, 'STATE after.'),
  reason: field(text, 'Reason of the condition `Reachable` after the change.'),
  message: field(
    z.optional(text),
    'The reason as a sentence for people. Absent in anonymous answers.',
  ),
});
export type Change = z.infer<typeof changeSchema>;

export const changesSchema = z.object({
  items: field(
    z.array(changeSchema),
    'The last 100 changes of STATE within 90 days, newest first.',
  ),
});
export type Changes = z.infer<typeof changesSchema>;

/** What the command line needs to sign a person in. */
export const configSchema = z.object({
  issuer: field(text, 'Issuer where people sign in to muster.'),
  clientId: field(text, 'Client ID of the command line at that issuer.'),
  scopes: field(texts, 'Scopes that the command line requests.'),
  optionalScopes: field(
    z.optional(texts),
    'Scopes that the command line requests only if the issuer lists them in `scopes_supported`.',
  ),
  audienceScopes: field(
    z.optional(texts),
    'Those of the scopes that MCPServers added (requiredAudiences). If the issuer refuses the sign-in with invalid_scope, the command line leaves them out.',
  ),
  resource: field(
    z.optional(text),
    'Audience of the access token that the endpoint accepts (RFC 8707). Absent if it accepts the ID token.',
  ),
  redirect: field(
    z.optional(text),
    'Loopback address that the browser returns to. Without a port, any free port is used.',
  ),
  parameters: field(
    z.optional(z.record(text, text)),
    'Parameters that the command line adds to the authorization request.',
  ),
  publicClientSecret: field(
    z.optional(text),
    'Client secret of a desktop client, which is public (RFC 8252, section 8.5).',
  ),
});
export type Config = z.infer<typeof configSchema>;

/** Issuers put the groups of a person into it. */
export const longestIdToken = 32_768;

/** Body of `POST /v1/me/key`. */
export const enrollRequestSchema = z.object({
  idToken: field(
    text.check(z.maxLength(longestIdToken)),
    'ID token of the sign-in. Its nonce is the thumbprint (RFC 7638) of the key of the proof.',
  ),
});

/** A registered key of one machine of the person. */
export const keySchema = z.object({
  thumbprint: field(text, 'Thumbprint of the public key (RFC 7638, SHA-256).'),
  createdAt: field(time, 'When the key was registered.'),
  lastUsedAt: field(time, 'When the key was last used, within a minute.'),
});

export const keysSchema = z.object({
  items: field(z.array(keySchema), 'The registered keys, the most recently used first.'),
});
export type Keys = z.infer<typeof keysSchema>;

// A row of the table holds the address.
const longestUrl = 2_048;
const longestSecret = 256;

/** Body of `POST .../session`. */
export const signInRequestSchema = z.object({
  returnTo: field(
    z.optional(text.check(z.maxLength(longestUrl))),
    'Loopback address that the browser returns to. Without it the callback page shows the one-time secret.',
  ),
});

export const signInStartedSchema = z.object({
  authorizationUrl: field(text, 'Address to open in a browser.'),
  expiresAt: field(time, 'When the sign-in expires unless it is completed.'),
});
export type SignInStarted = z.infer<typeof signInStartedSchema>;

/** Body of `POST .../session/complete`. */
export const completeRequestSchema = z.object({
  secret: field(
    text.check(z.maxLength(longestSecret)),
    'The one-time secret that the callback gave to the browser.',
  ),
});

/** Access tokens that a sign-out cannot take back. */
export const inUseSchema = z.object({
  until: field(
    z.optional(time),
    'When the last of them ends. Absent if an issuer did not say when.',
  ),
});
export type InUse = z.infer<typeof inUseSchema>;

/** Answer of `complete`, `verify` and sign-out. */
export const sessionAnswerSchema = z.object({
  namespace,
  name,
  session: field(sessionSchema, 'The session after the request.'),
  inUse: field(
    z.optional(inUseSchema),
    'After a sign-out: access tokens that machines of the person still have. Absent if there are none.',
  ),
});
export type SessionAnswer = z.infer<typeof sessionAnswerSchema>;

/** Answer of `DELETE /v1/sessions`. */
export const signedOutSchema = z.object({
  inUse: field(
    z.optional(inUseSchema),
    'Access tokens that machines of the person still have. Absent if there are none.',
  ),
});
export type SignedOut = z.infer<typeof signedOutSchema>;

// Longer than the name of any generation.
const longestGeneration = 128;

/** Body of `POST .../session/token`. */
export const tokenRequestSchema = z.object({
  stale: field(
    z.optional(text.check(z.maxLength(longestGeneration))),
    'Generation of a token that the server refused (401). If it is still the present one, it is refreshed first.',
  ),
  refused: field(
    z.optional(text.check(z.maxLength(longestGeneration))),
    'Generation of a refreshed token that the server refused again. If it is still the present one, the session ends: it is Expired.',
  ),
});

/** What a person's machine gets to use a server itself. */
export const releasedTokenSchema = z.object({
  url: field(text, 'URL of the server. Send the token to its origin only.'),
  type: field(z.enum(serverTypes), 'Transport of the server.'),
  kind: field(
    z.enum(['token', 'open', 'forwarded']),
    'What to send to `url`. `token`: `accessToken`. `open`: nothing, the server asks for no sign-in. `forwarded`: the token of this request.',
  ),
  tokenType: field(z.optional(z.literal('Bearer')), 'Type of the token. Only with `token`.'),
  accessToken: field(z.optional(text), 'Access token of the session. Only with `token`.'),
  expiresAt: field(
    z.optional(time),
    'When the token expires. Absent if the issuer did not say, or without `token`.',
  ),
  scopes: field(z.optional(texts), 'Scopes of the session. Only with `token`.'),
  generation: field(
    z.optional(text),
    'Names this token in `stale` and `refused`. Only with `token`.',
  ),
});
export type ReleasedToken = z.infer<typeof releasedTokenSchema>;

/**
 * The stages of one probe, in the order they happen. `redirects`: all requests that were answered
 * with a redirect. `discover`: the whole `POST server/discover`, its own connection included.
 */
export const stages = ['redirects', 'dns', 'tcp', 'tls', 'headers', 'discover'] as const;
export type Stage = (typeof stages)[number];

/** Body of `POST .../check`. */
export const checkRequestSchema = z.object({
  signIn: field(
    z.optional(z.boolean()),
    'Whether the answer also has every link of the sign-in. Nothing is registered, refreshed or written.',
  ),
});

/** One thing that was found about the sign-in to a server. */
export const signInLinkSchema = z.object({
  link: field(z.enum(signInLinks), 'Link of the chain.'),
  finding: field(text, 'Stable id of the finding. Its page on the site is `page`.'),
  status: field(
    z.enum(linkStatuses),
    'Whether the link is `ok`, `odd` (tolerated), or `broken` (a sign-in fails here, or a session has ended).',
  ),
  message: field(text, 'What was found, as a sentence for people.'),
  fixedBy: field(
    z.optional(z.enum(fixers)),
    'Whose it is to fix: the owner of the server, of its issuer, of muster, or the person who asks.',
  ),
  fix: field(z.optional(text), 'What to do, as a sentence.'),
  page: field(text, 'Path of the page about the finding on the site.'),
  details: field(
    z.optional(
      z.array(
        z.object({
          name: field(text, 'An address that was asked, or the name of a value to copy.'),
          value: field(text, 'What the address answered, or the value.'),
        }),
      ),
    ),
    'What was seen: each place with its answer, and values to copy.',
  ),
});
export type SignInLink = z.infer<typeof signInLinkSchema>;

export const signInCheckSchema = z.object({
  possible: field(z.boolean(), 'Whether the person could sign in, or needs no sign-in.'),
  links: field(z.array(signInLinkSchema), 'The findings, in the order of the chain.'),
});
export type SignInCheck = z.infer<typeof signInCheckSchema>;

/** Answer of `POST .../check`: one probe, its verdict, and the status a sweep would write. */
export const checkSchema = z.object({
  namespace,
  name,
  observed: field(
    text,
    'What the probe saw, as one line for people: `HTTP 401`, `connection refused`.',
  ),
  via: field(
    z.optional(text),
    'The way that the probe took, if it is not straight to the URL: for a Service inside the cluster, through the API server.',
  ),
  stages: field(
    z.array(
      z.object({
        stage: field(z.enum(stages), 'Stage of the probe.'),
        ms: field(z.number(), 'Duration in milliseconds.'),
      }),
    ),
    'The stages of the probe in the order they happened.',
  ),
  state: field(
    z.optional(text),
    'STATE as the next sweep would write it. Absent for stdio and for prober errors.',
  ),
  reason: field(text, 'Reason of the condition `Reachable`, or why there is no verdict.'),
  message: field(text, 'The reason as a sentence for people.'),
  bearerChallenge: field(
    z.optional(z.boolean()),
    'Whether an answer 401 or 403 had the header `WWW-Authenticate: Bearer`. Absent for other answers.',
  ),
  authRequired: field(z.enum(conditionStatuses), 'Whether the server requires a sign-in.'),
  speaksMcp: field(z.enum(conditionStatuses), 'Whether what answers is an MCP server.'),
  consecutiveFailures: field(z.number(), 'Failed probes in a row, including this one.'),
  failedPart: field(z.optional(z.enum(failedParts)), 'What failed. Absent if nothing did.'),
  since: field(z.optional(time), 'Since when the server can be reached, or cannot.'),
  lastConnected: field(
    z.optional(time),
    'The last answer before this probe, as the status has it.',
  ),
  hop: field(
    z.optional(
      z.object({
        from: field(text, 'Address that answered with the redirect.'),
        to: field(text, 'Address that the probe ended at.'),
      }),
    ),
    'The last redirect that was followed.',
  ),
  certificateExpiresAt: field(z.optional(time), 'When the certificate of the server expires.'),
  warning: field(z.optional(text), 'What will fail soon.'),
  hint: field(z.optional(text), 'What to do next.'),
  page: field(z.optional(text), 'Address of the page about the reason. Absent without a site.'),
  signIn: field(
    z.optional(signInCheckSchema),
    'The chain of the sign-in. Present only if the request asked for it.',
  ),
});
export type Check = z.infer<typeof checkSchema>;

/** The health check. */
export const healthSchema = z.object({
  status: field(z.literal('ok'), 'The function runs.'),
  version: field(text, 'Version of the endpoint.'),
});
export type Health = z.infer<typeof healthSchema>;

/** RFC 9457 problem document. */
export const problemSchema = z.object({
  type: field(text, 'Type of the problem (RFC 9457).'),
  title: field(text, 'What happened, in a few words.'),
  status: field(z.number(), 'The HTTP status.'),
  detail: field(z.optional(text), 'What happened in this case.'),
  hint: field(z.optional(text), 'What to do next, often a command.'),
});
export type Problem = z.infer<typeof problemSchema>;
