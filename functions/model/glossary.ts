/**
 * What each word means and what to do about it, once: the pages of `docs/` and the site print these
 * sentences.
 */
import { eventSource, stateChangedType } from './bus-events.ts';
import type { StateChange } from '../reachability/state-changes.ts';
import type {
  authRequiredReasons,
  ConnectedReason,
  contendedReasons,
  FailedReason,
  FailingReason,
  State,
} from './mcpserver.ts';
import type { SessionWord, SsoWord } from './wire.ts';

export type Meaning = {
  /** One sentence. */
  readonly meaning: string;
  /** The next step, as a sentence that says what to do. */
  readonly next: string;
};

/** `-` is the STATE of a server that nobody ever probed. */
export const stateMeanings = {
  Connected: {
    meaning: 'The last probe got an HTTP answer, whatever it said.',
    next: 'Nothing; look at SESSION.',
  },
  Connecting: {
    meaning: 'No answer, for the first or the second time in a row.',
    next: 'Wait for the next probe, or look now with `muster check NAME --explain`.',
  },
  Failed: {
    meaning: 'No answer three times in a row, or a reason that trying again does not mend.',
    next: 'See its reason; the next answer ends it.',
  },
  '-': {
    meaning: 'Nobody ever probed it; stdio servers never are.',
    next: 'Wait for the next sweep; a stdio server needs nothing.',
  },
} as const satisfies Record<State | '-', Meaning>;

export const sessionMeanings = {
  Authenticated: {
    meaning: 'You have a grant that is valid, or that refreshes itself.',
    next: 'Use the server.',
  },
  'Pending Auth': {
    meaning: 'The server asks for a sign-in, and you have none that it takes.',
    next: 'Run `muster auth login --server NAME`.',
  },
  Expired: {
    meaning: 'Your grant was refused, or is over and cannot be refreshed.',
    next: 'Run `muster auth login --server NAME`.',
  },
  '-': {
    meaning:
      'There is nothing to sign in to: the server cannot be reached, was never probed, is stdio, or asks for no sign-in.',
    next: 'Nothing, or see why it cannot be reached.',
  },
} as const satisfies Record<SessionWord, Meaning>;

/** What stands behind the word in brackets: `Authenticated [SSO: Forwarded]`. */
export const ssoMeanings = {
  Forwarded: { meaning: 'Your own token is sent along to the server.', next: 'Use the server.' },
  Exchanged: {
    meaning: 'Your own token was exchanged for one of the server.',
    next: 'Use the server.',
  },
  Failed: {
    meaning: 'Single sign-on did not get you in.',
    next: 'Run `muster auth status --server NAME`; it names the problem and the setting or command that mends it.',
  },
} as const satisfies Record<SsoWord, Meaning>;

/** Reasons of the condition `Reachable`, and what `muster check` says where there is no verdict. */
export const reasonMeanings = {
  Responded: { meaning: 'The server answered.', next: 'Nothing.' },
  AuthenticationRequired: {
    meaning:
      'The server answered 401, or 403 with a Bearer challenge: it is up and asks who you are.',
    next: 'Run `muster auth login --server NAME`, if your SESSION is not Authenticated already.',
  },
  Redirected: {
    meaning:
      'The server answered with a redirect that is not followed: to another host, from https to http, or in a circle.',
    next: 'Put the address that it leads to into `spec.url`, if you trust it.',
  },
  EndpointNotFound: {
    meaning: 'The host answers, but has nothing at this path.',
    next: 'Compare the path of `spec.url` with the documentation of the server; often it ends in /mcp or /sse.',
  },
  EndpointGone: {
    meaning: 'The server says that this path is gone for good.',
    next: 'Ask its owner for the new address, and change `spec.url`.',
  },
  RateLimited: {
    meaning: 'The server asks for fewer requests; it is up.',
    next: 'Nothing: the next probe waits as long as its Retry-After asks, at most an hour.',
  },
  ServerError: {
    meaning: 'The server answered with an error of its own.',
    next: 'Show its owner the status and the time; the probe reached it.',
  },
  InvalidSpec: {
    meaning: 'The URL or a header of the MCPServer cannot be used; nothing was contacted.',
    next: 'Mend `spec.url` or `spec.headers`; the changed spec is probed in the next sweep.',
  },
  BlockedByPolicy: {
    meaning: 'The address is private, loopback, or of a metadata service; nothing was contacted.',
    next: 'Use a public address, or let the owner of the functions open the range with GUARD_ALLOW.',
  },
  DNSFailure: {
    meaning: 'The host name does not resolve.',
    next: 'Look for a typing error in `spec.url`, then ask the owner of the name.',
  },
  TLSExpired: {
    meaning: 'The certificate of the server has expired.',
    next: 'Its owner renews the certificate.',
  },
  TLSNotYetValid: {
    meaning: 'The certificate of the server is not valid yet.',
    next: 'Its owner looks at the clock of the machine that issued it, or waits.',
  },
  TLSUntrusted: {
    meaning:
      'The certificate is signed by an authority that is not trusted here, or the chain is not complete.',
    next: 'The owner of the server sends the whole chain; a private authority goes into EXTRA_CA_FILE.',
  },
  TLSHostname: {
    meaning: 'The certificate is for another host name.',
    next: 'Use a name that the certificate has, or let the owner of the server add this one.',
  },
  TLSProtocol: {
    meaning: 'No TLS version or cipher could be agreed on, or plain HTTP stands behind https.',
    next: 'Compare the scheme and port of `spec.url` with what the server speaks; it needs TLS 1.2 or newer.',
  },
  NotHTTP: {
    meaning: 'What answered does not speak HTTP.',
    next: 'Compare the port of `spec.url` with what listens there.',
  },
  ConnectionRefused: {
    meaning: 'The machine is there, and nothing listens on this port.',
    next: 'Start the server, or mend the port of `spec.url`.',
  },
  ConnectionReset: {
    meaning: 'The connection was closed without an answer.',
    next: 'Look into the logs of the server and of the proxy before it; http towards a TLS port ends like this, too.',
  },
  HostUnreachable: {
    meaning: 'There is no route to the host.',
    next: 'Look at routes, firewalls and security groups between the functions and the server.',
  },
  Timeout: {
    meaning: 'No answer within the smaller of `spec.timeout` and 10 seconds.',
    next: 'Run `muster check NAME --explain`: the last stage is the one that hangs. Silence while connecting is mostly a firewall.',
  },
  UpstreamUnavailable: {
    meaning:
      'A front door answered that the server behind it is away (502, 503, 504, 521, 522, 523, 525, 526, 530).',
    next: 'Start the server behind the proxy or load balancer; the proxy itself is fine.',
  },
  ProberOffline: {
    meaning:
      'The prober has trouble of its own; nothing is said about the server and nothing is written.',
    next: 'Look at the network, the resolver and the egress proxy of the functions.',
  },
  NotProbed: {
    meaning: 'A stdio server is started by whoever uses it; there is nothing to reach.',
    next: 'Nothing.',
  },
} as const satisfies Record<
  ConnectedReason | FailedReason | FailingReason | 'ProberOffline' | 'NotProbed',
  Meaning
>;

/** Reasons of the condition `AuthRequired`. */
export const authRequiredMeanings = {
  AuthenticationRequired: {
    meaning: 'The server asks for a sign-in.',
    next: 'Each person runs `muster auth login --server NAME`.',
  },
  AuthenticationNotRequired: {
    meaning: 'The server answers in MCP without a sign-in.',
    next: 'Nothing.',
  },
  NotDetermined: {
    meaning: 'The server did not say whether it wants a sign-in.',
    next: 'Declare it in `spec.auth`, if people have to sign in.',
  },
} as const satisfies Record<
  (typeof authRequiredReasons)[keyof typeof authRequiredReasons],
  Meaning
>;

/** Reasons of the condition `StateContended`. */
export const contendedMeanings = {
  OtherWriter: {
    meaning:
      'Somebody else, such as giantswarm/muster, writes `status.state`, too; `Reachable` is the verdict of the sweep.',
    next: 'Read the condition, or take the server out of the sweep with the label `muster-serverless/sweep=off`.',
  },
  OnlyWriter: {
    meaning: 'The other writer has ceased; `status.state` is what the sweep wrote.',
    next: 'Nothing.',
  },
} as const satisfies Record<(typeof contendedReasons)[keyof typeof contendedReasons], Meaning>;

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
