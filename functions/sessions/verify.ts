/** The verify flow: runs single sign-on or a refresh, then asks the server for its answer. */
import { exchangeIssuer, type McpServer, qualifiedName } from '../model/mcpserver.ts';
import { defined } from '../model/defined.ts';
import { resourceOf } from '../model/canonical-resource.ts';
import {
  canonicalUrl,
  type ExchangeResult,
  type Grant,
  mismatch,
  type StoredGrant,
} from './grant.ts';
import type { Caller, Person } from './person.ts';
import { refusal, type TokenPolicy } from './policy.ts';
import { type RefreshPorts, type TokenResult, usableTokens } from './refresh.ts';
import { sessionOf } from './session.ts';
import {
  applyVerification,
  recordVerification,
  saveVerified,
  type VerificationPorts,
  type VerifyResult,
} from './verification.ts';

/** A token exchange can fail for reasons that are not the person's: the stored grant stays. */
export type TokenExchangeResult =
  | ExchangeResult
  | { readonly kind: 'unavailable'; readonly message: string };

export type VerifyPorts = VerificationPorts &
  RefreshPorts & {
    readonly policy: TokenPolicy;
    /** RFC 8693: the person's own token for one that the server's issuer made. */
    readonly exchangeToken: (server: McpServer, token: string) => Promise<TokenExchangeResult>;
  };

/** The person to verify, and the token that single sign-on may send. */
type SignedIn = Pick<Caller, 'person' | 'token'>;

/**
 * Asks the server whether it accepts this person. Single sign-on runs first where the policy allows
 * it; a grant is refreshed when that is due. No grant ends because something is down.
 */
export async function verifySession(
  ports: VerifyPorts,
  server: McpServer,
  { person, token }: SignedIn,
): Promise<VerifyResult> {
  const held = await ports.getGrant(person, server.uid);
  const known = defined({ grant: held?.grant });
  const { status } = sessionOf(server, person, held?.grant, ports.now(), { policy: ports.policy });
  if (status === '-' || refusal(server, ports.policy) !== undefined) return known;
  switch (server.singleSignOn) {
    case 'forwarding':
      return verifyForwarding(ports, server, { person, token }, held);
    case 'exchange':
      return verifyExchange(ports, server, { person, token }, held);
    case undefined:
      return held === undefined || mismatch(held.grant, server) !== undefined
        ? known
        : verifyStored(ports, server, held);
  }
}

async function verifyForwarding(
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
  // A token that is known not to work is not sent to the server.
  const { status } = sessionOf(server, person, grant, ports.now(), { policy: ports.policy });
  if (status !== 'Authenticated') return {};
  const result = await ports.verifyToken(server, token);
  if (result.kind === 'unclear') return defined({ grant: held?.grant, message: result.message });
  const verified = applyVerification(grant, result, ports.now());
  await ports.putGrant(verified);
  return { grant: verified };
}

async function verifyExchange(
  ports: VerifyPorts,
  server: McpServer,
  { person, token }: SignedIn,
  held: StoredGrant | undefined,
): Promise<VerifyResult> {
  const exchanged = await ports.exchangeToken(server, token);
  if (exchanged.kind === 'unavailable')
    return defined({ grant: held?.grant, message: exchanged.message });
  const now = ports.now();
  const grant = {
    ...identity(server, person),
    kind: 'exchange' as const,
    issuer: exchangeIssuer(server) ?? '',
    clientId: '',
    resource: resourceOf(new URL(server.url ?? '')),
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
  const made: Grant = defined({ ...grant, scopes, expiresAt });
  return saveVerified(ports, server, made, { accessToken: tokens.accessToken });
}

const identity = (server: McpServer, { issuer, subject }: Person) => ({
  person: { issuer, subject },
  serverUid: server.uid,
  serverName: qualifiedName(server),
  serverUrl: canonicalUrl(server.url) ?? '',
  headersDigest: server.headersDigest,
});

async function verifyStored(
  ports: VerifyPorts,
  server: McpServer,
  { grant: { person } }: StoredGrant,
): Promise<VerifyResult> {
  // A server may refuse a good token for a moment, while it reads new keys: its word is asked again.
  const usable = await usableTokens(ports, person, server.uid, { despiteServer: true });
  if (usable.kind !== 'usable') return unverified(usable);
  const result = await ports.verifyToken(server, usable.tokens.accessToken);
  if (result.kind !== 'refused' || usable.tokens.refreshToken === undefined)
    return recordVerification(ports, usable.held, result);
  // A server may drop a token before it expires; a fresh one decides.
  const again = await usableTokens(ports, person, server.uid, {
    stale: usable.held.generation,
    despiteServer: true,
  });
  if (again.kind !== 'usable') return unverified(again);
  return recordVerification(
    ports,
    again.held,
    await ports.verifyToken(server, again.tokens.accessToken),
  );
}

function unverified(result: Exclude<TokenResult, { kind: 'usable' }>): VerifyResult {
  switch (result.kind) {
    case 'missing':
      return {};
    case 'expired':
      return { grant: result.grant };
    case 'retryLater':
      return { grant: result.grant, message: result.message };
  }
}
