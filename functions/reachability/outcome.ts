import type { McpServer } from '../model/mcpserver.ts';
import type { Stage } from '../model/wire.ts';

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
  | 'notHttp';

/** Where a redirect led that was not followed. */
export type Redirect = 'otherHost' | 'downgrade' | 'tooMany' | 'unusable';

/** What `POST server/discover` without credentials said about sign-in. */
export type Classification = 'asksForSignIn' | 'asksForNothing' | 'unclear';

/** What one unauthenticated probe saw. What it means is decided by `classify`. */
export type ProbeOutcome = {
  readonly timings: Timings;
  /** The way that the probe took, as a sentence for people. Absent: straight to the address. */
  readonly via?: string;
} & (
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** True when the answer carries `WWW-Authenticate: Bearer`. */
      readonly bearerChallenge: boolean;
      /** `spec.headers` has `Authorization`, which the way of the probe takes off. */
      readonly withoutAuthorization?: boolean;
      readonly redirect?: Redirect;
      readonly retryAfterMs?: number;
      /** Present when the classification probe also ran. */
      readonly classification?: Classification;
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

/** An egress proxy and a captive portal (RFC 6585) answer these: both are on our side. */
export const isProberError = (status: number): boolean => status === 407 || status === 511;

/** One server and what its probe saw. */
export type Observation = { readonly server: McpServer; readonly outcome: ProbeOutcome };
