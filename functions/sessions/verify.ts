/**
 * The story of proof: one authenticated request to the server decides whether a grant is worth
 * something.
 */
import { exchangeIssuer, type McpServer } from '../model/mcpserver.ts';
import {
  canonicalUrl,
  type Grant,
  type StoredGrant,
  mismatch,
  type Tokens,
  type ExchangeResult,
} from './grant.ts';
import type { Caller, Person } from './person.ts';
import type { TokenPolicy } from './policy.ts';
import { usableTokens, type RefreshPorts } from './refresh.ts';
import { refusal, sessionOf } from './session.ts';
import { defined } from '../model/defined.ts';
import { qualifiedName } from '../model/mcpserver.ts';

/** What the server said to one request with a token. */
export type VerificationResult =
  | { readonly kind: 'accepted' }
  /** 401. `reason` is in words for people, without secrets. */
  | { readonly kind: 'refused'; readonly message: string }
  /** 403 with `insufficient_scope` (RFC 6750): these are wanted. */
  | { readonly kind: 'insufficientScope'; readonly scopes: readonly string[] }
  /** Neither yes nor no: it was away, busy, or answered something else. */
  | { readonly kind: 'unclear'; readonly message: string };

export type VerificationPorts = {
  readonly now: () => Date;
  readonly verifyToken: (server: McpServer, token: string) => Promise<VerificationResult>;
  readonly putGrant: (grant: Grant, tokens?: Tokens) => Promise<string>;
  readonly replaceGrant: (next: StoredGrant, expected: string) => Promise<boolean>;
};

/**
 * A token exchange can fail in a way that says nothing about the person: then what is stored stays.
 */
export type TokenExchangeResult =
  | ExchangeResult
  | { readonly kind: 'unavailable'; readonly message: string };

export type VerifyPorts = VerificationPorts &
  RefreshPorts & {
    readonly policy: TokenPolicy;
    /** RFC 8693: the person's own token for one that the server's issuer made. */
    readonly exchangeToken: (server: McpServer, token: string) => Promise<TokenExchangeResult>;
  };

/** Who the server is asked for, and the token that single sign-on may send. */
type SignedIn = Pick<Caller, 'person' | 'token'>;

/** The grant as it is now, and what keeps it from being told for sure. */
export type VerifyResult = { readonly grant?: Grant; readonly message?: string };

/**
 * Asks the server whether it lets this person in. Single sign-on is run for it, if the policy
 * allows; an own grant is refreshed if that is due. Nobody's grant ends because something was away.
 */
export async function verifySession(
  ports: VerifyPorts,
  server: McpServer,
  { person, token }: SignedIn,
): Promise<VerifyResult> {
  const held = await ports.getGrant(person, server.uid);
  const known = held === undefined ? {} : { grant: held.grant };
  const { status } = sessionOf(server, person, held?.grant, ports.now(), { policy: ports.policy });
  if (status === '-' || refusal(server, ports.policy) !== undefined) return known;
  switch (server.singleSignOn) {
    case 'forwarding':
      return forward(ports, server, { person, token }, held);
    case 'exchange':
      return exchange(ports, server, { person, token }, held);
    case undefined:
      return held === undefined || mismatch(held.grant, server) !== undefined
        ? known
        : verifyGrant(ports, server, held);
  }
}

/** Keeps a new grant, asks the server, and keeps what it said. */
export async function saveVerified(
  ports: VerificationPorts,
  server: McpServer,
  grant: Grant,
  tokens: Tokens,
): Promise<VerifyResult> {
  const generation = await ports.putGrant(grant, tokens);
  const proof = await ports.verifyToken(server, tokens.accessToken);
  return recordVerification(ports, { grant, tokens, generation }, proof);
}

async function forward(
  ports: VerifyPorts,
  server: McpServer,
  { person, token }: SignedIn,
  held: StoredGrant | undefined,
): Promise<VerifyResult> {
  const grant: Grant = {
    ...identity(server, person),
    kind: 'forwarding',
    issuer: person.issuer,
    clientId: '',
    resource: '',
    scopes: [],
    obtainedAt: ports.now(),
    expiresAt: person.expiresAt,
    refreshable: false,
  };
  // What the person's own token is worth can be told without showing it to anybody.
  if (
    sessionOf(server, person, grant, ports.now(), { policy: ports.policy }).status !==
    'Authenticated'
  )
    return {};
  const proof = await ports.verifyToken(server, token);
  if (proof.kind === 'unclear')
    return defined({
      grant: held?.grant,
      message: proof.message,
    });
  const judged = applyVerification(grant, proof, ports.now());
  await ports.putGrant(judged);
  return { grant: judged };
}

async function exchange(
  ports: VerifyPorts,
  server: McpServer,
  { person, token }: SignedIn,
  held: StoredGrant | undefined,
): Promise<VerifyResult> {
  const exchanged = await ports.exchangeToken(server, token);
  if (exchanged.kind === 'unavailable')
    return defined({
      grant: held?.grant,
      message: exchanged.message,
    });
  const now = ports.now();
  const grant = {
    ...identity(server, person),
    kind: 'exchange' as const,
    issuer: exchangeIssuer(server) ?? '',
    clientId: '',
    resource: canonicalUrl(server.url) ?? '',
    obtainedAt: now,
    refreshable: false,
  };
  if (exchanged.kind === 'refused') {
    const failed: Grant = {
      ...grant,
      scopes: [],
      refused: { at: now, by: 'issuer', message: exchanged.message },
    };
    await ports.putGrant(failed);
    return { grant: failed };
  }
  const { tokens, scopes, expiresAt } = exchanged;
  const made: Grant = defined({
    ...grant,
    scopes,
    expiresAt,
  });
  return saveVerified(ports, server, made, { accessToken: tokens.accessToken });
}

const identity = (server: McpServer, { issuer, subject }: Person) => ({
  person: { issuer, subject },
  serverUid: server.uid,
  serverName: qualifiedName(server),
  serverUrl: canonicalUrl(server.url) ?? '',
});

async function verifyGrant(
  ports: VerifyPorts,
  server: McpServer,
  { grant: { person } }: StoredGrant,
): Promise<VerifyResult> {
  const usable = await usableTokens(ports, person, server.uid);
  if (usable.kind !== 'usable') return withoutVerification(usable);
  const proof = await ports.verifyToken(server, usable.tokens.accessToken);
  if (proof.kind !== 'refused' || usable.tokens.refreshToken === undefined)
    return recordVerification(ports, usable.held, proof);
  // A server may forget a token before its time; a fresh one decides.
  const again = await usableTokens(ports, person, server.uid, usable.held.generation);
  if (again.kind !== 'usable') return withoutVerification(again);
  return recordVerification(
    ports,
    again.held,
    await ports.verifyToken(server, again.tokens.accessToken),
  );
}

const withoutVerification = (
  usable: Exclude<Awaited<ReturnType<typeof usableTokens>>, { kind: 'usable' }>,
): VerifyResult => {
  switch (usable.kind) {
    case 'missing':
      return {};
    case 'expired':
      return { grant: usable.grant };
    case 'retryLater':
      return { grant: usable.grant, message: usable.message };
  }
};

/**
 * Keeps what the server said about these tokens; said about older ones than are there by now, it is
 * worth nothing.
 */
async function recordVerification(
  ports: VerificationPorts,
  held: StoredGrant,
  proof: VerificationResult,
): Promise<VerifyResult> {
  if (proof.kind === 'unclear') return { grant: held.grant, message: proof.message };
  const grant = applyVerification(held.grant, proof, ports.now());
  await ports.replaceGrant({ ...held, grant }, held.generation);
  return { grant };
}

function applyVerification(
  grant: Grant,
  proof: Exclude<VerificationResult, { kind: 'unclear' }>,
  now: Date,
): Grant {
  const { refused: _refused, ...rest } = grant;
  switch (proof.kind) {
    case 'accepted':
      return { ...rest, lastVerified: now };
    case 'refused':
      return { ...rest, refused: { at: now, by: 'server', message: proof.message } };
    case 'insufficientScope': {
      const missing = proof.scopes.filter((scope) => !grant.scopes.includes(scope));
      const message =
        missing.length > 0
          ? `The server wants more scopes: ${missing.join(' ')}.`
          : 'The server says that scopes are missing, but names none that the grant has not.';
      // Each further sign-in has to add a scope: a server cannot send people in circles.
      const wanted = missing.length > 0 ? { missingScopes: missing } : {};
      return { ...rest, refused: { at: now, by: 'server', message, ...wanted } };
    }
  }
}
