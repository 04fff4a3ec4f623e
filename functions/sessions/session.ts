import { asksForSignIn, isReachable, type McpServer } from '../model/mcpserver.ts';
import type { Session } from '../model/wire/server-wire.ts';
import { type Grant, isSamePerson, mismatch, withoutTokens } from './grant.ts';
import type { Person } from './person.ts';
import { lacksAudience, nothingAllowed, refusal, type TokenPolicy } from './policy.ts';
import { defined } from '../model/defined.ts';

export type SessionView = {
  /** Default: no token is sent anywhere. */
  readonly policy?: TokenPolicy;
  /** The value of `--server`: the name, or `namespace/name` where two servers share one. */
  readonly label?: (server: McpServer) => string;
};

/**
 * The SESSION of one person with one server: the one answer behind `muster list mcpserver` and
 * `muster auth status`. First match wins, as in the table of the design. `grant` is the person's
 * grant for this server's uid, if there is one.
 */
export function sessionOf(
  server: McpServer,
  person: Person,
  grant: Grant | undefined,
  now: Date,
  view: SessionView = {},
): Session {
  return hasSession(server) ? heldSession(server, person, grant, now, view) : { status: '-' };
}

/** Whether there is a SESSION with this server, for anyone. */
export const hasSession = (server: McpServer): boolean =>
  server.type !== 'stdio' &&
  server.suspended !== true &&
  isReachable(server.status) &&
  asksForSignIn(server);

/** The session of a person with a server that asks for a sign-in, whether it can be reached or not. */
export function heldSession(
  server: McpServer,
  person: Person,
  grant: Grant | undefined,
  now: Date,
  { policy = nothingAllowed, label = ({ name }) => name }: SessionView = {},
): Session {
  const hint = `muster auth login --server ${label(server)}`;
  const sso = server.singleSignOn;
  const forbidden = refusal(server, policy);
  if (forbidden !== undefined)
    return defined({
      status: 'Pending Auth',
      sso: sso === undefined ? undefined : ('Failed' as const),
      message: forbidden,
    });
  // A grant of another person says nothing, not even why it does not fit.
  const own = grant !== undefined && isSamePerson(grant.person, person) ? grant : undefined;
  const apart = own === undefined ? undefined : mismatch(own, server);
  const theirs = apart === undefined ? own : undefined;
  if (sso === 'forwarding') return forwarded(server, person, theirs, { policy, now });

  if (theirs === undefined) return defined({ status: 'Pending Auth', message: apart, hint });
  if (sso === 'exchange') return exchanged(person, theirs, { now, hint });
  const isLost = theirs.isKeyMissing === true && theirs.refused === undefined;
  const held = isLost ? withoutTokens(theirs, now) : theirs;
  const facts = factsOf(held);
  const ending = endOf(held, now);
  if (ending !== undefined) {
    const { missingScopes } = held.refused ?? {};
    return defined({
      status: 'Expired',
      ...facts,
      message: ending,
      missingScopes: missingScopes === undefined ? undefined : [...missingScopes],
      hint,
    });
  }
  const soon = nearEnd(held, now);
  return defined({
    status: 'Authenticated',
    ...facts,
    message: soon ?? trouble(held, now),
    hint: soon === undefined ? undefined : hint,
  });
}

/**
 * As forwarding is judged: while the person's own token is good, it is exchanged again whenever that
 * is needed, without asking anyone. So the end of an exchanged token ends nothing.
 */
function exchanged(
  person: Person,
  grant: Grant,
  { now, hint }: { readonly now: Date; readonly hint: string },
): Session {
  const { refused } = grant;
  const facts = factsOf(grant);
  if (refused?.by === 'server') {
    const { message, missingScopes } = refused;
    const missing = missingScopes === undefined ? undefined : [...missingScopes];
    return defined({ status: 'Expired', ...facts, message, missingScopes: missing, hint });
  }
  // Another try of the person has the same answer: the issuer and the owner have to change something.
  if (refused !== undefined)
    return { status: 'Pending Auth', sso: 'Failed', ...facts, message: refused.message };
  if (person.expiresAt <= now)
    return { status: 'Pending Auth', sso: 'Failed', ...facts, ...signInEnded };
  return { status: 'Authenticated', sso: 'Exchanged', ...facts, refreshable: true };
}

const signInEnded = {
  message: 'Your sign-in to muster has expired.',
  hint: 'muster auth login',
} as const;

/** The person's present token decides, and the server's answer to the last one. */
function forwarded(
  server: McpServer,
  person: Person,
  grant: Grant | undefined,
  { policy, now }: { readonly policy: TokenPolicy; readonly now: Date },
): Session {
  const { issuer, expiresAt } = person;
  const verified =
    grant?.lastVerified === undefined ? {} : { lastVerified: grant.lastVerified.toISOString() };
  const facts = { issuer, expiresAt: expiresAt.toISOString(), ...verified };
  if (expiresAt <= now) return { status: 'Pending Auth', sso: 'Failed', ...facts, ...signInEnded };
  const lacking = lacksAudience(server, person, policy);
  if (lacking !== undefined)
    return defined({
      status: 'Pending Auth',
      sso: 'Failed',
      ...facts,
      message: lacking.message,
      hint: lacking.canSignIn ? 'muster auth login' : undefined,
    });
  // The same token again has the same answer: only the server's owner can change it.
  if (grant?.refused !== undefined)
    return { status: 'Pending Auth', sso: 'Failed', ...facts, message: grant.refused.message };
  return { status: 'Authenticated', sso: 'Forwarded', ...facts };
}

/** Why a grant no longer works; undefined while it is valid or can be refreshed. */
function endOf({ refused, expiresAt, refreshable }: Grant, now: Date): string | undefined {
  if (refused !== undefined) return refused.message;
  if (expiresAt === undefined || refreshable || expiresAt > now) return undefined;
  return `The grant expired at ${expiresAt.toISOString()} and cannot be refreshed.`;
}

const nearMs = 5 * 60_000;

/** A warning shortly before a grant expires, while there is time to sign in again. */
function nearEnd({ expiresAt, refreshable }: Grant, now: Date): string | undefined {
  const isNear =
    expiresAt !== undefined && !refreshable && expiresAt.getTime() - now.getTime() < nearMs;
  return isNear ? 'The grant expires in less than 5 minutes and cannot be refreshed.' : undefined;
}

/** Past its expiry, a grant that could not be refreshed is still one: the issuer has not ended it. */
function trouble({ expiresAt, refreshFailed }: Grant, now: Date): string | undefined {
  if (refreshFailed === undefined || expiresAt === undefined || expiresAt > now) return undefined;
  const { message, retryAt } = refreshFailed;
  const when = retryAt > now ? `after ${retryAt.toISOString()}` : 'when you use or verify it';
  return `The sign-in has not ended, but could not be refreshed: ${message} It is tried again ${when}.`;
}

const factsOf = ({ issuer, scopes, expiresAt, refreshable, refused, lastVerified }: Grant) =>
  defined({
    issuer,
    scopes: [...scopes],
    expiresAt: expiresAt?.toISOString(),
    // What its issuer has ended no longer refreshes itself.
    refreshable: refreshable && refused?.by !== 'issuer',
    lastVerified: lastVerified?.toISOString(),
  });
