import type { PersonKey } from './grant.ts';

/** A sign-in that was started, known by its `state`. It expires after ten minutes. */
export type SignIn = {
  readonly starter: PersonKey;
  /** The name of the starter on the page in the browser. */
  readonly starterName: string;
  readonly serverUid: string;
  readonly serverName: string;
  readonly serverUrl: string;
  readonly headersDigest: string;
  readonly request: AuthorizationRequest;
  /** The page that started it: a loopback page of the command line, or the live page. */
  readonly returnTo?: string;
  readonly expiresAt: Date;
};

/**
 * What the issuer was asked, and what the code exchange has to repeat. `verifier` is secret
 * (RFC 7636).
 */
export type AuthorizationRequest = {
  readonly issuer: string;
  readonly clientId: string;
  /** The callback of this issuer. The same answer at another callback is refused. */
  readonly redirectUri: string;
  readonly resource: string;
  readonly scopes: readonly string[];
  readonly verifier: string;
  /** The issuer announced that its answers name it (RFC 9207): one without `iss` is refused. */
  readonly isNamed: boolean;
};

/** What the issuer sent the browser back with. `iss` is that of RFC 9207. */
export type AuthorizationAnswer = { readonly code: string; readonly iss?: string };

/** What an issuer that refuses sends the browser back with (RFC 6749, section 4.1.2.1). */
export type AuthorizationRefusal = { readonly error?: string; readonly description?: string };

/** A sign-in whose code waits for its starter, known by the one-time secret. */
export type PendingCode = { readonly signIn: SignIn; readonly answer: AuthorizationAnswer };
