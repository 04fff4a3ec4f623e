/** The verify flow: runs single sign-on or a refresh, then asks the server for its answer. */
import type { McpServer } from '../model/mcpserver.ts';
import { defined } from '../model/defined.ts';
import { type Grant, mismatch, type StoredGrant } from './grant.ts';
import {
  exchangeForGrant,
  type ExchangePorts,
  identityOf,
  type SignedIn,
} from './exchanged-grant.ts';
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

export type VerifyPorts = VerificationPorts &
  RefreshPorts &
  ExchangePorts & { readonly policy: TokenPolicy };

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
    ...identityOf(server, person),
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
  const exchanged = await exchangeForGrant(ports, server, { person, token });
  switch (exchanged.kind) {
    case 'unavailable':
      return defined({ grant: held?.grant, message: exchanged.message });
    case 'refused':
      await ports.putGrant(exchanged.grant);
      return { grant: exchanged.grant };
    case 'exchanged':
      return saveVerified(ports, server, exchanged.grant, exchanged.tokens);
  }
}

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
    case 'notForced':
      return {};
    case 'expired':
      return { grant: result.grant };
    case 'retryLater':
      return { grant: result.grant, message: result.message };
  }
}
