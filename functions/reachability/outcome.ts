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
  | 'clientCertificateRequired'
  | 'notHttp';

/** Where a redirect led that was not followed. */
export type Redirect = 'otherHost' | 'downgrade' | 'tooMany' | 'unusable';

/** What `POST server/discover` without credentials said about sign-in. */
export type Classification = 'asksForSignIn' | 'asksForNothing' | 'unclear';

/** What one unauthenticated probe saw. What it means is decided by `classify`. */
export type ProbeOutcome = { readonly timings: Timings } & (
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** True when the answer carries `WWW-Authenticate: Bearer`. */
      readonly bearerChallenge: boolean;
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

/** One server and what its probe saw. */
export type Observation = { readonly server: McpServer; readonly outcome: ProbeOutcome };
