import type { ConditionStatus, McpServer } from '../model/mcpserver.ts';
import type { Stage } from '../model/wire/check-wire.ts';

/**
 * How long each stage took, in milliseconds. A stage that was not reached, or not needed, is
 * absent.
 */
export type Timings = Readonly<Partial<Record<Stage, number>>>;

/** Why no HTTP answer came, as the prober names it. */
export type Cause =
  | 'nameNotFound'
  | 'resolverFailed'
  | 'refused'
  | 'reset'
  | 'unreachable'
  | 'timeout'
  | 'tlsExpired'
  | 'tlsNotYetValid'
  | 'tlsUntrusted'
  | 'tlsHostname'
  | 'tlsProtocol'
  | 'clientCertificateRequired'
  | 'notHttp';

/** Where a redirect led that was not followed. */
export type Redirect = 'otherHost' | 'downgrade' | 'tooMany' | 'unusable';

/**
 * What `POST server/discover` without credentials said about sign-in. `unanswered`: it hung, was
 * cut off, or met a server error, a rate limit or a proxy.
 */
export type Classification = 'asksForSignIn' | 'asksForNothing' | 'unclear' | 'unanswered';

/** What became of the GET of a probe whose POST was answered. */
export type GetEnd = 'silent' | 'closed' | 'gateway';

/** A redirect that was followed; both as people may see them. */
export type Hop = { readonly from: string; readonly to: string };

/** What one unauthenticated probe saw. What it means is decided by `classify`. */
export type ProbeOutcome = {
  readonly timings: Timings;
  /** The last redirect that was followed. */
  readonly hop?: Hop;
  /** When the certificate that the server showed expires. */
  readonly certificateExpiresAt?: Date;
  /** The way that the probe took, as a sentence for people. Absent: straight to the address. */
  readonly via?: string;
} & (
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** Present when the answer is that to `POST server/discover`. */
      readonly getEnd?: GetEnd;
      /** True when the answer carries `WWW-Authenticate: Bearer`. */
      readonly bearerChallenge: boolean;
      /** `spec.headers` has `Authorization`, which the way of the probe takes off. */
      readonly withoutAuthorization?: boolean;
      readonly redirect?: Redirect;
      readonly retryAfterMs?: number;
      /** Present when `server/discover` was sent, or the stream of an SSE server was read. */
      readonly classification?: Classification;
      /** The same request: whether the answer is MCP. */
      readonly speaksMcp?: ConditionStatus;
    }
  | { readonly kind: 'headersTooLarge' }
  | {
      readonly kind: 'unreachable';
      readonly stage: Stage;
      readonly cause: Cause;
      readonly detail: string;
    }
  | { readonly kind: 'refusedByPolicy'; readonly message: string }
  | { readonly kind: 'unusable'; readonly message: string }
  | { readonly kind: 'proberTrouble'; readonly detail: string }
);

/** One server and what its probe saw. */
export type Observation = { readonly server: McpServer; readonly outcome: ProbeOutcome };
