/**
 * What each word means and what to do about it, once: the pages of `docs/` and the site print these
 * sentences.
 */
import { eventSource, stateChangedType, type StateChange } from './bus-events.ts';
import type {
  authRequiredReasons,
  ConnectedReason,
  contendedReasons,
  FailedReason,
  FailingReason,
  State,
} from './mcpserver.ts';
import type { SessionStatus, SsoStatus } from './wire.ts';

export type GlossaryEntry = {
  /** One sentence. */
  readonly summary: string;
  /** The next step, as a sentence that says what to do. */
  readonly hint: string;
};

/** `-` is the STATE of a server that nobody ever probed. */
export const stateGlossary = {
  Connected: {
    summary: 'The last probe got an HTTP answer, whatever it said.',
    hint: 'Nothing; look at SESSION.',
  },
  Connecting: {
    summary: 'No answer, for the first or the second time in a row.',
    hint: 'Wait for the next probe, or look now with `muster check NAME --explain`.',
  },
  Failed: {
    summary: 'No answer three times in a row, or a reason that trying again does not mend.',
    hint: 'See its reason; the next answer ends it.',
  },
  '-': {
    summary: 'Nobody ever probed it; stdio servers never are.',
    hint: 'Wait for the next sweep; a stdio server needs nothing.',
  },
} as const satisfies Record<State | '-', GlossaryEntry>;

export const sessionGlossary = {
  Authenticated: {
    summary: 'You have a grant that is valid, or that refreshes itself.',
    hint: 'Use the server.',
  },
  'Pending Auth': {
    summary: 'The server asks for a sign-in, and you have none that it takes.',
    hint: 'Run `muster auth login --server NAME`.',
  },
  Expired: {
    summary: 'Your grant was refused, or is over and cannot be refreshed.',
    hint: 'Run `muster auth login --server NAME`.',
  },
  '-': {
    summary:
      'There is nothing to sign in to: the server cannot be reached, was never probed, is stdio, or asks for no sign-in.',
    hint: 'Nothing, or see why it cannot be reached.',
  },
} as const satisfies Record<SessionStatus, GlossaryEntry>;

/** What stands behind the word in brackets: `Authenticated [SSO: Forwarded]`. */
export const ssoGlossary = {
  Forwarded: { summary: 'Your own token is sent along to the server.', hint: 'Use the server.' },
  Exchanged: {
    summary: 'Your own token was exchanged for one of the server.',
    hint: 'Use the server.',
  },
  Failed: {
    summary: 'Single sign-on did not get you in.',
    hint: 'Run `muster auth status --server NAME`; it names the problem and the setting or command that mends it.',
  },
} as const satisfies Record<SsoStatus, GlossaryEntry>;

/** Reasons of the condition `Reachable`, and what `muster check` says where there is no verdict. */
export const reasonGlossary = {
  Responded: { summary: 'The server answered.', hint: 'Nothing.' },
  AuthenticationRequired: {
    summary:
      'The server answered 401, or 403 with a Bearer challenge: it is up and asks who you are.',
    hint: 'Run `muster auth login --server NAME`, if your SESSION is not Authenticated already.',
  },
  Redirected: {
    summary:
      'The server answered with a redirect that is not followed: to another host, from https to http, or in a circle.',
    hint: 'Put the address that it leads to into `spec.url`, if you trust it.',
  },
  EndpointNotFound: {
    summary: 'The host answers, but has nothing at this path.',
    hint: 'Compare the path of `spec.url` with the documentation of the server; often it ends in /mcp or /sse.',
  },
  EndpointGone: {
    summary: 'The server says that this path is gone for good.',
    hint: 'Ask its owner for the new address, and change `spec.url`.',
  },
  RateLimited: {
    summary: 'The server asks for fewer requests; it is up.',
    hint: 'Nothing: the next probe waits as long as its Retry-After asks, at most an hour.',
  },
  ServerError: {
    summary: 'The server answered with an error of its own.',
    hint: 'Show its owner the status and the time; the probe reached it.',
  },
  InvalidSpec: {
    summary: 'The URL or a header of the MCPServer cannot be used; nothing was contacted.',
    hint: 'Mend `spec.url` or `spec.headers`; the changed spec is probed in the next sweep.',
  },
  BlockedByPolicy: {
    summary: 'The address is private, loopback, or of a metadata service; nothing was contacted.',
    hint: 'Use a public address, or let the owner of the functions open the range with GUARD_ALLOW.',
  },
  DNSFailure: {
    summary: 'The host name does not resolve.',
    hint: 'Look for a typing error in `spec.url`, then ask the owner of the name.',
  },
  TLSExpired: {
    summary: 'The certificate of the server has expired.',
    hint: 'Its owner renews the certificate.',
  },
  TLSNotYetValid: {
    summary: 'The certificate of the server is not valid yet.',
    hint: 'Its owner looks at the clock of the machine that issued it, or waits.',
  },
  TLSUntrusted: {
    summary:
      'The certificate is signed by an authority that is not trusted here, or the chain is not complete.',
    hint: 'The owner of the server sends the whole chain; a private authority goes into EXTRA_CA_FILE.',
  },
  TLSHostname: {
    summary: 'The certificate is for another host name.',
    hint: 'Use a name that the certificate has, or let the owner of the server add this one.',
  },
  TLSProtocol: {
    summary: 'No TLS version or cipher could be agreed on, or plain HTTP stands behind https.',
    hint: 'Compare the scheme and port of `spec.url` with what the server speaks; it needs TLS 1.2 or newer.',
  },
  NotHTTP: {
    summary: 'What answered does not speak HTTP.',
    hint: 'Compare the port of `spec.url` with what listens there.',
  },
  ConnectionRefused: {
    summary: 'The machine is there, and nothing listens on this port.',
    hint: 'Start the server, or mend the port of `spec.url`.',
  },
  ConnectionReset: {
    summary: 'The connection was closed without an answer.',
    hint: 'Look into the logs of the server and of the proxy before it; http towards a TLS port ends like this, too.',
  },
  HostUnreachable: {
    summary: 'There is no route to the host.',
    hint: 'Look at routes, firewalls and security groups between the functions and the server.',
  },
  Timeout: {
    summary: 'No answer within the smaller of `spec.timeout` and 10 seconds.',
    hint: 'Run `muster check NAME --explain`: the last stage is the one that hangs. Silence while connecting is mostly a firewall.',
  },
  UpstreamUnavailable: {
    summary:
      'A front door answered that the server behind it is away (502, 503, 504, 521, 522, 523, 525, 526, 530).',
    hint: 'Start the server behind the proxy or load balancer; the proxy itself is fine.',
  },
  ProberOffline: {
    summary:
      'The prober has trouble of its own; nothing is said about the server and nothing is written.',
    hint: 'Look at the network, the resolver and the egress proxy of the functions.',
  },
  NotProbed: {
    summary: 'A stdio server is started by whoever uses it; there is nothing to reach.',
    hint: 'Nothing.',
  },
} as const satisfies Record<
  ConnectedReason | FailedReason | FailingReason | 'ProberOffline' | 'NotProbed',
  GlossaryEntry
>;

/** Reasons of the condition `AuthRequired`. */
export const authRequiredGlossary = {
  AuthenticationRequired: {
    summary: 'The server asks for a sign-in.',
    hint: 'Each person runs `muster auth login --server NAME`.',
  },
  AuthenticationNotRequired: {
    summary: 'The server answers in MCP without a sign-in.',
    hint: 'Nothing.',
  },
  NotDetermined: {
    summary: 'The server did not say whether it wants a sign-in.',
    hint: 'Declare it in `spec.auth`, if people have to sign in.',
  },
} as const satisfies Record<
  (typeof authRequiredReasons)[keyof typeof authRequiredReasons],
  GlossaryEntry
>;

/** Reasons of the condition `StateContended`. */
export const contendedGlossary = {
  OtherWriter: {
    summary:
      'Somebody else, such as giantswarm/muster, writes `status.state`, too; `Reachable` is the verdict of the sweep.',
    hint: 'Read the condition, or take the server out of the sweep with the label `muster-serverless/sweep=off`.',
  },
  OnlyWriter: {
    summary: 'The other writer has ceased; `status.state` is what the sweep wrote.',
    hint: 'Nothing.',
  },
} as const satisfies Record<
  (typeof contendedReasons)[keyof typeof contendedReasons],
  GlossaryEntry
>;

/** The event that follows every change of STATE. */
export const stateChanged = {
  source: eventSource,
  type: stateChangedType,
  fields: {
    id: 'Uid, time and new state: the same change has the same id, however often it is announced.',
    namespace: 'Namespace of the MCPServer.',
    name: 'Name of the MCPServer.',
    uid: 'Identity of the object.',
    from: 'STATE before. Absent the first time.',
    to: 'STATE after.',
    reason: 'Reason of the condition `Reachable`.',
    at: 'When, in UTC (RFC 3339).',
  },
} as const satisfies {
  source: string;
  type: string;
  fields: Readonly<Record<keyof StateChange, string>>;
};
