/**
 * The story of proof: one authenticated request to the server decides whether a grant is worth
 * something.
 */
import { exchangeIssuer, type Server } from '../model/mcpserver.ts';
import type { Exchanged } from './signin.ts';
import {
  canonicalUrl,
  type Grant,
  type HeldGrant,
  mismatch,
  singleSignOn,
  type Tokens,
} from './grant.ts';
import type { Person } from './person.ts';
import type { TokenPolicy } from './policy.ts';
import { freshGrant, type RefreshPorts } from './refresh.ts';
import { refusal, sessionOf } from './session.ts';

/** What the server said to one request with a token. */
export type Proof =
  | { readonly kind: 'accepted' }
  /** 401. `reason` is in words for people, without secrets. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** 403 with `insufficient_scope` (RFC 6750): these are wanted. */
  | { readonly kind: 'insufficientScope'; readonly scopes: readonly string[] }
  /** Neither yes nor no: it was away, busy, or answered something else. */
  | { readonly kind: 'unclear'; readonly problem: string };

export type ProofPorts = {
  readonly now: () => Date;
  readonly prove: (server: Server, token: string) => Promise<Proof>;
  readonly keepGrant: (grant: Grant, tokens?: Tokens) => Promise<string>;
  readonly swapGrant: (next: HeldGrant, expected: string) => Promise<boolean>;
};

/**
 * A token exchange can fail in a way that says nothing about the person: then what is stored stays.
 */
export type TokenExchanged = Exchanged | { readonly kind: 'unavailable'; readonly problem: string };

export type VerifyPorts = ProofPorts &
  RefreshPorts & {
    readonly policy: TokenPolicy;
    /** RFC 8693: this person's bearer for a token that the server's issuer made. */
    readonly exchangeToken: (server: Server, person: Person) => Promise<TokenExchanged>;
  };

/** The grant as it is now, and what keeps it from being told for sure. */
export type Verified = { readonly grant?: Grant; readonly problem?: string };

/**
 * Asks the server whether it lets this person in. Single sign-on is run for it, if the policy
 * allows; an own grant is refreshed if that is due. Nobody's grant ends because something was away.
 */
export async function verifySession(
  ports: VerifyPorts,
  server: Server,
  person: Person,
): Promise<Verified> {
  const held = await ports.heldGrant(person, server.uid);
  const known = held === undefined ? {} : { grant: held.grant };
  const { word } = sessionOf(server, person, held?.grant, ports.now(), { policy: ports.policy });
  if (word === '-' || refusal(server, ports.policy) !== undefined) return known;
  switch (singleSignOn(server)) {
    case 'forwarding':
      return forward(ports, server, person, held);
    case 'exchange':
      return exchange(ports, server, person, held);
    case undefined:
      return held === undefined || mismatch(held.grant, server) !== undefined
        ? known
        : proveGrant(ports, server, held);
  }
}

/** Keeps a new grant, asks the server, and keeps what it said. */
export async function keepProven(
  ports: ProofPorts,
  server: Server,
  grant: Grant,
  tokens: Tokens,
): Promise<Verified> {
  const generation = await ports.keepGrant(grant, tokens);
  const proof = await ports.prove(server, tokens.accessToken);
  return note(ports, { grant, tokens, generation }, proof);
}

async function forward(
  ports: VerifyPorts,
  server: Server,
  person: Person,
  held: HeldGrant | undefined,
): Promise<Verified> {
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
    sessionOf(server, person, grant, ports.now(), { policy: ports.policy }).word !== 'Authenticated'
  )
    return {};
  const proof = await ports.prove(server, person.token);
  if (proof.kind === 'unclear')
    return { ...(held === undefined ? {} : { grant: held.grant }), problem: proof.problem };
  const judged = judge(grant, proof, ports.now());
  await ports.keepGrant(judged);
  return { grant: judged };
}

async function exchange(
  ports: VerifyPorts,
  server: Server,
  person: Person,
  held: HeldGrant | undefined,
): Promise<Verified> {
  const exchanged = await ports.exchangeToken(server, person);
  if (exchanged.kind === 'unavailable')
    return { ...(held === undefined ? {} : { grant: held.grant }), problem: exchanged.problem };
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
      refused: { at: now, by: 'issuer', reason: exchanged.problem },
    };
    await ports.keepGrant(failed);
    return { grant: failed };
  }
  const { tokens, scopes, expiresAt } = exchanged;
  const made: Grant = { ...grant, scopes, ...(expiresAt === undefined ? {} : { expiresAt }) };
  return keepProven(ports, server, made, { accessToken: tokens.accessToken });
}

const identity = (server: Server, { issuer, subject }: Person) => ({
  person: { issuer, subject },
  serverUid: server.uid,
  serverName: `${server.namespace}/${server.name}`,
  serverUrl: canonicalUrl(server.url) ?? '',
});

async function proveGrant(
  ports: VerifyPorts,
  server: Server,
  { grant: { person } }: HeldGrant,
): Promise<Verified> {
  const usable = await freshGrant(ports, person, server.uid);
  if (usable.kind !== 'usable') return withoutProof(usable);
  const proof = await ports.prove(server, usable.tokens.accessToken);
  if (proof.kind !== 'refused' || usable.tokens.refreshToken === undefined)
    return note(ports, usable.held, proof);
  // A server may forget a token before its time; a fresh one decides.
  const again = await freshGrant(ports, person, server.uid, usable.held.generation);
  if (again.kind !== 'usable') return withoutProof(again);
  return note(ports, again.held, await ports.prove(server, again.tokens.accessToken));
}

const withoutProof = (
  usable: Exclude<Awaited<ReturnType<typeof freshGrant>>, { kind: 'usable' }>,
): Verified => {
  switch (usable.kind) {
    case 'none':
      return {};
    case 'ended':
      return { grant: usable.grant };
    case 'later':
      return { grant: usable.grant, problem: usable.problem };
  }
};

/**
 * Keeps what the server said about these tokens; said about older ones than are there by now, it is
 * worth nothing.
 */
async function note(ports: ProofPorts, held: HeldGrant, proof: Proof): Promise<Verified> {
  if (proof.kind === 'unclear') return { grant: held.grant, problem: proof.problem };
  const grant = judge(held.grant, proof, ports.now());
  await ports.swapGrant({ ...held, grant }, held.generation);
  return { grant };
}

function judge(grant: Grant, proof: Exclude<Proof, { kind: 'unclear' }>, now: Date): Grant {
  const { refused: _refused, ...rest } = grant;
  switch (proof.kind) {
    case 'accepted':
      return { ...rest, lastVerified: now };
    case 'refused':
      return { ...rest, refused: { at: now, by: 'server', reason: proof.reason } };
    case 'insufficientScope': {
      const missing = proof.scopes.filter((scope) => !grant.scopes.includes(scope));
      const reason =
        missing.length > 0
          ? `The server wants more scopes: ${missing.join(' ')}.`
          : 'The server says that scopes are missing, but names none that the grant has not.';
      // Each further sign-in has to add a scope: a server cannot send people in circles.
      const wanted = missing.length > 0 ? { missingScopes: missing } : {};
      return { ...rest, refused: { at: now, by: 'server', reason, ...wanted } };
    }
  }
}
