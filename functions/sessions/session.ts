import { asksForSignIn, isReachable, type Server } from '../server.ts';
import type { Session } from '../wire.ts';
import { type Grant, isSamePerson, mismatch } from './grant.ts';
import type { Person } from './person.ts';

/** What `--server` calls a server: its name, or `namespace/name` where two share one. */
export type Label = (server: Server) => string;

/**
 * The SESSION of one person with one server: the one answer behind `muster list mcpserver` and `muster auth status`.
 * First match wins, as in the table of the design. `grant` is the person's grant for this server's uid, if there is one.
 */
export function sessionOf(server: Server, person: Person, grant: Grant | undefined, now: Date, label: Label = ({ name }) => name): Session {
  if (server.type === 'stdio' || !isReachable(server.status) || !asksForSignIn(server)) return { word: '-' };
  if (singleSignOn(server) === 'forwarding') return forwarded();

  const next = `muster auth login --server ${label(server)}`;
  const apart = grant === undefined ? undefined : mismatch(grant, server);
  if (grant === undefined || apart !== undefined || !isSamePerson(grant.person, person)) {
    if (singleSignOn(server) === 'exchange') return exchangeMissing();
    return { word: 'Pending Auth', ...(apart === undefined ? {} : { problem: apart }), next };
  }
  const facts = factsOf(grant);
  const ending = endOf(grant, now);
  if (ending !== undefined) return { word: 'Expired', ...facts, problem: ending, next };
  return { word: 'Authenticated', ...(grant.kind === 'exchange' ? { sso: 'Exchanged' as const } : {}), ...facts };
}

/** How `spec.auth` wants people to get in without a sign-in of their own. Exchange wins over forwarding. */
export function singleSignOn({ auth }: Server): 'exchange' | 'forwarding' | undefined {
  if (auth?.tokenExchange?.enabled === true) return 'exchange';
  return auth?.forwardToken === true ? 'forwarding' : undefined;
}

// A manifest must not be able to collect tokens: until the owner's settings allow a host or an issuer, nothing is sent there.
const forwarded = (): Session => ({
  word: 'Pending Auth',
  sso: 'Failed',
  problem: 'spec.auth.forwardToken asks for your own token; this endpoint is not allowed to forward tokens to any host.',
});

const exchangeMissing = (): Session => ({
  word: 'Pending Auth',
  sso: 'Failed',
  problem: 'spec.auth.tokenExchange asks for a token exchange; this endpoint is not allowed to exchange tokens at any issuer.',
});

/** Why a grant is of no use any more; undefined while it is valid or can be refreshed. */
function endOf({ refused, expiresAt, refreshable }: Grant, now: Date): string | undefined {
  if (refused !== undefined) return refused.reason;
  if (expiresAt === undefined || refreshable || expiresAt > now) return undefined;
  return `The grant expired at ${expiresAt.toISOString()} and cannot be refreshed.`;
}

const factsOf = ({ issuer, scopes, expiresAt, refreshable, lastVerified }: Grant) => ({
  issuer,
  scopes: [...scopes],
  ...(expiresAt === undefined ? {} : { expiresAt: expiresAt.toISOString() }),
  refreshable,
  ...(lastVerified === undefined ? {} : { lastVerified: lastVerified.toISOString() }),
});
