/** MCPServers on the wire: rows with the SESSION of the caller, lists, and changes of STATE. */
import * as z from 'zod/mini';
import { conditionStatuses, serverTypes } from '../mcpserver.ts';
import { meSchema } from './person-wire.ts';
import { field, name, namespace, text, texts, time } from './wire-field.ts';

/** The SESSION column. One value per person and server. */
export const sessionStatuses = ['Authenticated', 'Pending Auth', 'Expired', '-'] as const;
export type SessionStatus = (typeof sessionStatuses)[number];

/** How a server lets people in without a sign-in of their own. */
export const singleSignOns = ['exchange', 'forwarding'] as const;

/** How single sign-on supplied, or failed to supply, a session. */
export const ssoStatuses = ['Forwarded', 'Exchanged', 'Failed'] as const;
export type SsoStatus = (typeof ssoStatuses)[number];

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
  description: field(z.optional(text), 'Purpose of the server.'),
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
  since: field(
    z.optional(time),
    'Since when the server can be reached, or cannot. Present only with `conditions=none`, in place of the condition that says it.',
  ),
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
  reasonPages: field(
    z.optional(z.record(text, text)),
    'Addresses of the pages about reasons of these rows that have a next step, by reason. Absent without a site.',
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
