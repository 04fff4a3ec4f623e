/**
 * What each value means and what to do about it, written once: the pages of `docs/`, the site and
 * `muster check` print these sentences.
 */
import { eventSource, stateChangedType, type PublishedChange } from './bus-events.ts';
import type {
  authRequiredReasons,
  ConnectedReason,
  contendedReasons,
  FailedReason,
  FailingReason,
  speaksMcpReasons,
  State,
  suspendedReason,
} from './mcpserver.ts';
import type { SessionStatus, SsoStatus } from './wire/server-wire.ts';

export type GlossaryEntry = {
  /** One sentence. */
  readonly summary: string;
  /** The next step, as a sentence that says what to do. */
  readonly hint: string;
};

/** `-` is the STATE of a server that was never probed. */
export const stateGlossary = {
  Connected: {
    summary: 'The last probe got an HTTP response, whatever its status.',
    hint: 'Nothing to do for STATE. SESSION shows whether you are signed in.',
  },
  Connecting: {
    summary: 'The server did not answer, for the first or second time in a row.',
    hint: 'Wait for the next probe, or probe now with `muster check NAME --explain`.',
  },
  Failed: {
    summary:
      'The server did not answer three times in a row, or the reason is one that a retry cannot fix.',
    hint: 'See the reason. The first answer makes STATE Connected again.',
  },
  '-': {
    summary:
      'The server was never probed, or its owner suspended it. Servers of type stdio never are.',
    hint: 'Wait for the next sweep. For a stdio or suspended server there is nothing to do.',
  },
} as const satisfies Record<State | '-', GlossaryEntry>;

export const sessionGlossary = {
  Authenticated: {
    summary: 'You have a grant that is valid or can be refreshed.',
    hint: 'Use the server.',
  },
  'Pending Auth': {
    summary: 'The server requires you to sign in, and you have no grant that it accepts.',
    hint: 'Run `muster auth login --server NAME`.',
  },
  Expired: {
    summary: 'Your grant was refused, or has expired and cannot be refreshed.',
    hint: 'Run `muster auth login --server NAME`.',
  },
  '-': {
    summary:
      'There is nothing to sign in to: the server cannot be reached, was never probed, is suspended, is of type stdio, requires no sign-in, or did not show whether it does.',
    hint: 'Nothing to do, unless STATE shows that the server cannot be reached.',
  },
} as const satisfies Record<SessionStatus, GlossaryEntry>;

/** The value in brackets: `Authenticated [SSO: Forwarded]`. */
export const ssoGlossary = {
  Forwarded: { summary: 'Your own token is forwarded to the server.', hint: 'Use the server.' },
  Exchanged: {
    summary: 'Your own token was exchanged for a token that the server accepts.',
    hint: 'Use the server.',
  },
  Failed: {
    summary: 'Single sign-on failed.',
    hint: 'Run `muster auth status --server NAME`. It names the problem and the setting or command that fixes it.',
  },
} as const satisfies Record<SsoStatus, GlossaryEntry>;

/** Reasons of the condition `Reachable`, and what `muster check` reports without a verdict. */
export const reasonGlossary = {
  Responded: { summary: 'The server answered.', hint: 'Nothing to do.' },
  AuthenticationRequired: {
    summary:
      'The server answered 401, or 403 with a Bearer challenge. It is up and requires a sign-in.',
    hint: 'If your SESSION is not Authenticated, run `muster auth login --server NAME`.',
  },
  Redirected: {
    summary:
      'The server answered with a redirect that is not followed: to another host, from https to http, or in a loop.',
    hint: 'If you trust the target of the redirect, set `spec.url` to it.',
  },
  EndpointNotFound: {
    summary: 'The host answers, but there is nothing at this path.',
    hint: 'Compare the path of `spec.url` with the documentation of the server. It often ends in /mcp or /sse.',
  },
  EndpointGone: {
    summary: 'The server reports that this path is permanently gone.',
    hint: 'Ask the owner of the server for the new address, and change `spec.url`.',
  },
  RateLimited: {
    summary: 'The server is up and limits the rate of requests.',
    hint: 'Nothing to do. The next probe waits for the Retry-After of the server, at most one hour.',
  },
  ServerError: {
    summary: 'The server is up and answered with an internal error.',
    hint: 'Send the status and the time to the owner of the server.',
  },
  InvalidSpec: {
    summary: 'The URL or a header of the MCPServer is invalid. The server was not contacted.',
    hint: 'Fix `spec.url` or `spec.headers`. The next sweep probes the changed spec.',
  },
  BlockedByPolicy: {
    summary:
      'The address is private, loopback, a metadata service, or a Service of another namespace. The server was not contacted.',
    hint: 'Use a public address, or ask the owner of the functions to allow the range with GUARD_ALLOW, or the namespace with SERVICE_NAMESPACES.',
  },
  DNSFailure: {
    summary: 'The host name does not resolve.',
    hint: 'Check `spec.url` for typos, then ask the owner of the domain. For a Service inside the cluster, ask the owner of the functions for SERVICE_PROXY.',
  },
  TLSExpired: {
    summary: 'The certificate of the server has expired.',
    hint: 'Ask the owner of the server to renew the certificate.',
  },
  TLSNotYetValid: {
    summary: 'The certificate of the server is not valid yet.',
    hint: 'Ask the owner of the server to check the clock of the issuing CA.',
  },
  TLSUntrusted: {
    summary:
      'The certificate is signed by an authority that the prober does not trust, the chain is incomplete, or its key or signature is too weak.',
    hint: 'Ask the owner of the server to send the whole chain of an up-to-date certificate. For a private authority, ask the owner of the functions to add it to EXTRA_CA.',
  },
  TLSHostname: {
    summary: 'The certificate is for a different host name.',
    hint: 'Use a host name that the certificate lists, or ask the owner of the server to add this one.',
  },
  TLSProtocol: {
    summary:
      'The prober and the server have no TLS version or cipher in common, or the port serves plain HTTP.',
    hint: 'Check the scheme and port of `spec.url`. The server needs TLS 1.2 or newer.',
  },
  ClientCertificateRequired: {
    summary:
      'The server accepts only clients that show a certificate of their own (mutual TLS). The prober and the sign-in have none.',
    hint: 'Use an address of the server in `spec.url` that works without a client certificate.',
  },
  NotHTTP: {
    summary: 'The response is not HTTP.',
    hint: 'Check the port of `spec.url`: another service listens there.',
  },
  ConnectionRefused: {
    summary: 'The machine is up, and nothing listens on this port.',
    hint: 'Start the server, or fix the port in `spec.url`.',
  },
  ConnectionReset: {
    summary: 'The connection was closed without a response.',
    hint: 'Check the logs of the server and of its proxy. Plain http to a TLS port also ends like this.',
  },
  HostUnreachable: {
    summary: 'There is no route to the host.',
    hint: 'Check routes, firewalls and security groups between the functions and the server.',
  },
  Timeout: {
    summary: 'The server did not answer within `spec.timeout` or 10 seconds, whichever is shorter.',
    hint: 'Look at the stages of the probe: the last one hangs. A timeout while connecting is usually a firewall.',
  },
  UpstreamUnavailable: {
    summary:
      'A reverse proxy or load balancer reports that the server behind it is down (502, 503, 504, 521, 522, 523, 525, 526, 530).',
    hint: 'Start the server behind the reverse proxy or load balancer.',
  },
  ProberOffline: {
    summary:
      'The prober itself had an error. It reports nothing about the server. After heartbeat + 3 ticks, `Reachable` is Unknown.',
    hint: 'Check the network, the resolver and the egress proxy of the functions.',
  },
  NotProbed: {
    summary: 'A stdio server runs on the machine of its user. It has no address to probe.',
    hint: 'Nothing to do.',
  },
  Suspended: {
    summary: 'Its owner suspended the server (`spec.suspended`). The sweep does not probe it.',
    hint: 'To have it probed again, ask its owner to set `spec.suspended` to false.',
  },
} as const satisfies Record<
  | ConnectedReason
  | FailedReason
  | FailingReason
  | 'ProberOffline'
  | 'NotProbed'
  | typeof suspendedReason,
  GlossaryEntry
>;

/** Reasons of the condition `AuthRequired`. */
export const authRequiredGlossary = {
  AuthenticationRequired: {
    summary: 'The server requires a sign-in.',
    hint: 'Each person runs `muster auth login --server NAME`.',
  },
  AuthenticationNotRequired: {
    summary: 'The server answers MCP requests without a sign-in.',
    hint: 'Nothing to do.',
  },
  NotDetermined: {
    summary: 'The server did not show whether it requires a sign-in.',
    hint: 'If people have to sign in, declare it in `spec.auth`.',
  },
} as const satisfies Record<
  (typeof authRequiredReasons)[keyof typeof authRequiredReasons],
  GlossaryEntry
>;

/** Reasons of the condition `SpeaksMCP`. */
export const speaksMcpGlossary = {
  MCPResponse: {
    summary: 'The server answered an MCP request with a JSON-RPC result or error.',
    hint: 'Nothing to do.',
  },
  NoMCPResponse: {
    summary:
      'Something answers over HTTP, but not MCP: a web page, another API, or a path without MCP. STATE stays Connected.',
    hint: 'Compare `spec.url` and `spec.type` with the documentation of the server.',
  },
  MCPNotDetermined: {
    summary:
      'The server refused the MCP request without a token, or its answer does not show whether it is MCP.',
    hint: 'Nothing to do.',
  },
} as const satisfies Record<
  (typeof speaksMcpReasons)[keyof typeof speaksMcpReasons],
  GlossaryEntry
>;

/** Reasons of Events that warn about a server that still answers. */
export const warningGlossary = {
  CertificateExpiring: {
    summary: 'The certificate of the server expires within 14 days. Then STATE becomes Failed.',
    hint: 'Ask the owner of the server to renew the certificate.',
  },
} as const satisfies Record<string, GlossaryEntry>;

/** Reasons of the condition `StateContended`. */
export const contendedGlossary = {
  OtherWriter: {
    summary:
      'Another writer, such as giantswarm/muster, also writes `status.state`. `Reachable` holds the verdict of the sweep.',
    hint: 'Read `Reachable`, or exclude the server from the sweep with the label `muster-serverless/sweep=off`.',
  },
  OnlyWriter: {
    summary: 'The other writer has stopped. `status.state` holds the verdict of the sweep.',
    hint: 'Nothing to do.',
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
    id: 'Made of uid, time and new STATE. The same change has the same id, however often it is published.',
    namespace: 'Namespace of the MCPServer.',
    name: 'Name of the MCPServer.',
    uid: '`metadata.uid` of the MCPServer.',
    from: 'Previous STATE. Absent for the first one.',
    to: 'New STATE.',
    reason: 'Reason of the condition `Reachable`.',
    failingSince:
      'Time (UTC, RFC 3339) since which the server has been failing or, for a recovery, had been. Absent if it was not failing.',
    summary:
      'The change in words, for a mail or a chat: at most 1,000 characters, without quotes, markup or text of the server.',
    at: 'Time of the change, in UTC (RFC 3339).',
  },
} as const satisfies {
  source: string;
  type: string;
  fields: Readonly<Record<keyof PublishedChange, string>>;
};
