/** The JSON between the Function URL and the command line. Times are UTC, RFC 3339. */
import * as z from 'zod/mini';
import { conditionStatuses, serverTypes } from './mcpserver.ts';

/** The SESSION column. One word per person and server. */
export const sessionStatuses = ['Authenticated', 'Pending Auth', 'Expired', '-'] as const;
export type SessionStatus = (typeof sessionStatuses)[number];

/** How a server wants people to get in without a sign-in of their own. */
export const singleSignOns = ['exchange', 'forwarding'] as const;

/** How single sign-on supplied, or failed to supply, a session. */
export const ssoStatuses = ['Forwarded', 'Exchanged', 'Failed'] as const;
export type SsoStatus = (typeof ssoStatuses)[number];

const time = z.iso.datetime();

export const sessionSchema = z.object({
  status: z.enum(sessionStatuses),
  sso: z.optional(z.enum(ssoStatuses)),
  issuer: z.optional(z.string()),
  scopes: z.optional(z.array(z.string())),
  expiresAt: z.optional(time),
  refreshable: z.optional(z.boolean()),
  /** When the server last said that it lets this person in. */
  lastVerified: z.optional(time),
  /** Scopes the server wants besides those of the grant: signing in again asks for them. */
  missingScopes: z.optional(z.array(z.string())),
  /** Why it is so, when something is wrong or soon will be. */
  message: z.optional(z.string()),
  /** The command that gets the person further. */
  hint: z.optional(z.string()),
});
export type Session = z.infer<typeof sessionSchema>;

export const conditionSchema = z.object({
  type: z.string(),
  status: z.enum(conditionStatuses),
  reason: z.string(),
  /** Left out of anonymous answers. */
  message: z.optional(z.string()),
  lastTransitionTime: time,
  observedGeneration: z.optional(z.number()),
});

/**
 * One MCPServer as `muster list mcpserver` shows it. `headers`, `env`, `args` and `command` never
 * cross the wire.
 */
export const rowSchema = z.object({
  namespace: z.string(),
  name: z.string(),
  uid: z.string(),
  type: z.enum(serverTypes),
  url: z.optional(z.string()),
  description: z.optional(z.string()),
  toolPrefix: z.optional(z.string()),
  autoStart: z.boolean(),
  timeoutSeconds: z.number(),
  /** Absent: nobody ever probed it. */
  state: z.optional(z.string()),
  /** Reason of the condition `Reachable`. */
  reason: z.optional(z.string()),
  authRequired: z.enum(conditionStatuses),
  /** Absent: people sign in to the server itself, or not at all. */
  singleSignOn: z.optional(z.enum(singleSignOns)),
  conditions: z.array(conditionSchema),
  lastError: z.optional(z.string()),
  consecutiveFailures: z.number(),
  lastAttempt: z.optional(time),
  lastConnected: z.optional(time),
  nextRetryAfter: z.optional(time),
  /** True when the last observation is older than two heartbeats. */
  stale: z.boolean(),
  /** There if and only if the caller is signed in. */
  session: z.optional(sessionSchema),
});
export type Row = z.infer<typeof rowSchema>;

/** Who the bearer of the request belongs to. */
export const meSchema = z.object({
  subject: z.string(),
  issuer: z.string(),
  email: z.optional(z.string()),
  name: z.optional(z.string()),
  expiresAt: time,
});
export type Me = z.infer<typeof meSchema>;

export const listSchema = z.object({
  items: z.array(rowSchema),
  /** Give it back as `?continue=` for the next page. */
  continue: z.optional(z.string()),
  /** There if and only if the caller is signed in. */
  me: z.optional(meSchema),
  /**
   * When the last sweep began, and whether that is longer ago than three ticks. Absent: the cluster
   * does not tell.
   */
  sweptAt: z.optional(time),
  sweepsStopped: z.optional(z.boolean()),
  /** MCPServers that could not be read, each with its problem. */
  problems: z.array(z.object({ namespace: z.string(), name: z.string(), message: z.string() })),
});
export type List = z.infer<typeof listSchema>;

/** What the command line needs to sign a person in. */
export const configSchema = z.object({
  issuer: z.string(),
  clientId: z.string(),
  scopes: z.array(z.string()),
  /** Audience of the access token that is the bearer (RFC 8707). Absent: the ID token is. */
  resource: z.optional(z.string()),
});
export type Config = z.infer<typeof configSchema>;

/**
 * Body of `POST .../session`: where the browser ends up. Without `returnTo` the callback page shows
 * the one-time secret.
 */
export const signInRequestSchema = z.object({ returnTo: z.optional(z.string()) });

export const signInStartedSchema = z.object({ authorizationUrl: z.string(), expiresAt: time });
export type SignInStarted = z.infer<typeof signInStartedSchema>;

/**
 * Body of `POST .../session/complete`: the one-time secret that the callback sent to the starter.
 */
export const completeRequestSchema = z.object({ secret: z.string() });

/** Answer of `complete`, `verify` and sign-out: the session as it is now. */
export const sessionAnswerSchema = z.object({
  namespace: z.string(),
  name: z.string(),
  session: sessionSchema,
});
export type SessionAnswer = z.infer<typeof sessionAnswerSchema>;

/** The stages of one probe, in the order they happen. */
export const stages = ['dns', 'tcp', 'tls', 'headers'] as const;
export type Stage = (typeof stages)[number];

/**
 * Answer of `POST .../check`: one probe, its stages in milliseconds, the verdict, and the status a
 * sweep would write.
 */
export const checkSchema = z.object({
  namespace: z.string(),
  name: z.string(),
  /** What was seen, as one line for people: `HTTP 401`, `connection refused`. */
  observed: z.string(),
  stages: z.array(z.object({ stage: z.enum(stages), ms: z.number() })),
  /** STATE as the next sweep would write it. Absent for stdio and for the prober's own trouble. */
  state: z.optional(z.string()),
  reason: z.string(),
  message: z.string(),
  authRequired: z.enum(conditionStatuses),
  consecutiveFailures: z.number(),
});
export type Check = z.infer<typeof checkSchema>;

/** RFC 9457 problem document; `hint` names what to do next. */
export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  detail: z.optional(z.string()),
  hint: z.optional(z.string()),
});
export type Problem = z.infer<typeof problemSchema>;
