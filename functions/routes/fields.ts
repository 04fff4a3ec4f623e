/**
 * What each field of a body holds: the OpenAPI document and the reference pages say it in these
 * words.
 */
import type * as z from 'zod/mini';
import type { BodyName, bodies } from './contract.ts';

export type FieldMeanings = {
  readonly [Name in BodyName]: Readonly<Record<keyof z.infer<(typeof bodies)[Name]>, string>>;
};

const which = {
  namespace: 'Namespace of the MCPServer.',
  name: 'Name of the MCPServer.',
} as const;

export const fieldMeanings: FieldMeanings = {
  Check: {
    ...which,
    observed: 'What the probe saw, as one line for people: `HTTP 401`, `connection refused`.',
    stages:
      'The stages of the probe in the order they happened, each with its time in milliseconds.',
    state:
      'STATE as the next sweep would write it. Absent for stdio and for trouble of the prober itself.',
    reason: 'Reason of the condition `Reachable`, or why there is no verdict.',
    message: 'The same for people.',
    authRequired: 'Whether the server asks for a sign-in.',
    consecutiveFailures: 'Failed probes in a row, this one included.',
  },
  CompleteRequest: {
    secret: 'The one-time secret that the callback sent to the starter of the sign-in.',
  },
  Condition: {
    type: 'What the condition is about: `Reachable`, `AuthRequired`, or one of another writer.',
    status: 'Whether it holds.',
    reason: 'Why, in one word for programs.',
    message: 'Why, for people. Left out of anonymous answers.',
    lastTransitionTime: 'When the status of the condition last changed.',
    observedGeneration: 'The `metadata.generation` that was probed.',
  },
  Config: {
    issuer: 'Issuer where people sign in to muster.',
    clientId: 'Client id of the command line at that issuer.',
    scopes: 'Scopes the command line asks for.',
    resource:
      'Audience of the access token that is the bearer (RFC 8707). Absent: the ID token is the bearer.',
  },
  List: {
    items: 'The MCPServers of this page, sorted by namespace and name.',
    continue: 'Give it back as `?continue=` for the next page. Absent: this is the last one.',
    me: 'Who asks. There if and only if the caller is signed in.',
    sweptAt: 'When the last sweep began. Absent: the cluster does not tell.',
    sweepsStopped:
      'Whether that is longer ago than three ticks. Absent: the cluster does not tell.',
    problems: 'MCPServers that could not be read, each with its problem.',
  },
  Me: {
    subject: 'Subject of the bearer at its issuer.',
    issuer: 'Issuer of the bearer.',
    email: 'Address of the person, where the issuer tells it.',
    name: 'Name of the person, where the issuer tells it.',
    expiresAt: 'When the bearer ends.',
  },
  Problem: {
    type: 'Kind of the problem (RFC 9457).',
    title: 'What happened, in a few words.',
    status: 'The HTTP status.',
    detail: 'What happened, this time.',
    hint: 'What to do next, often a command.',
  },
  Row: {
    ...which,
    uid: 'Identity of the object: a server that was created again has another one.',
    type: 'How to talk to the server.',
    url: 'Address of a remote server, without user and password. Left out of anonymous answers.',
    description: 'What the server is for.',
    toolPrefix: "Prefix of the names of the server's tools.",
    autoStart: 'Whether muster connects to the server by itself.',
    timeoutSeconds:
      'Seconds after which the server counts as not answering; a probe never waits longer than 10.',
    state: 'STATE. Absent: nobody ever probed it.',
    reason: 'Reason of the condition `Reachable`.',
    authRequired: 'Whether the server asks for a sign-in.',
    singleSignOn:
      'How the server wants people to get in without a sign-in of their own. Absent: they sign in to it, or not at all.',
    conditions: 'All conditions of the object.',
    lastError: 'Why the last probe failed. Left out of anonymous answers.',
    consecutiveFailures: 'Failed probes in a row.',
    lastAttempt: 'When the server was last probed and that was written down.',
    lastConnected: 'When the server last answered and that was written down.',
    nextRetryAfter: 'When a failing server is probed again.',
    stale: 'True when the last observation is older than two heartbeats: is the sweep running?',
    session: "The caller's own session. There if and only if the caller is signed in.",
  },
  Session: {
    status: 'The SESSION column.',
    sso: 'How single sign-on supplied, or failed to supply, the session.',
    issuer: 'Issuer that made the grant.',
    scopes: 'Scopes of the grant.',
    expiresAt: 'When the grant ends.',
    refreshable: 'Whether it refreshes itself.',
    lastVerified: 'When the server last said that it lets this person in.',
    missingScopes:
      'Scopes the server wants besides those of the grant; signing in again asks for them.',
    message: 'Why it is so, when something is wrong or soon will be.',
    hint: 'The command that gets the person further.',
  },
  SessionAnswer: { ...which, session: 'The session as it is now.' },
  SignInRequest: {
    returnTo:
      'Loopback page that the browser ends up on. Without it the callback page shows the one-time secret.',
  },
  SignInStarted: {
    authorizationUrl: 'The address to open in a browser.',
    expiresAt: 'Until when the sign-in can be finished.',
  },
};
