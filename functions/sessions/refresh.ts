/**
 * The story of a grant that is used: its tokens are made fresh first, by one at a time, and never
 * lost.
 */
import type { Grant, StoredGrant, PersonKey, Tokens } from './grant.ts';
import { defined } from '../model/defined.ts';

export type RefreshResult =
  | {
      readonly kind: 'refreshed';
      readonly tokens: Tokens;
      readonly scopes: readonly string[];
      readonly expiresAt?: Date;
    }
  /** The issuer has ended the grant: nothing but a new sign-in helps. */
  | { readonly kind: 'refused'; readonly message: string }
  /** The issuer could not be asked, or has a bad day. That ends nothing. */
  | { readonly kind: 'unavailable'; readonly message: string };

export type RefreshPorts = {
  readonly now: () => Date;
  readonly wait: (ms: number) => Promise<void>;
  readonly newSecret: () => string;
  readonly refresh: (grant: Grant, tokens: Tokens) => Promise<RefreshResult>;
  readonly getGrant: (person: PersonKey, serverUid: string) => Promise<StoredGrant | undefined>;
  readonly replaceGrant: (next: StoredGrant, expected: string) => Promise<boolean>;
  readonly acquireLease: (
    person: PersonKey,
    serverUid: string,
    until: Date,
  ) => Promise<string | undefined>;
  readonly releaseLease: (person: PersonKey, serverUid: string, lease: string) => Promise<void>;
};

export type TokenResult =
  | { readonly kind: 'usable'; readonly held: StoredGrant; readonly tokens: Tokens }
  | { readonly kind: 'missing' }
  /** Refused, or expired and not refreshable; the grant says which. */
  | { readonly kind: 'expired'; readonly grant: Grant }
  /**
   * Not now: the issuer is away, or somebody else's refresh takes too long. The grant stays as it
   * is.
   */
  | { readonly kind: 'retryLater'; readonly grant: Grant; readonly message: string };

/** A token this close to its end could be late at the server. */
const longestMarginMs = 30_000;

/**
 * Longer than the patience of our OAuth client, so that a lease ends only when its holder is gone.
 */
const leaseMs = 30_000;

const patienceMs = 35_000;

/** Whoever waits looks again soon at first, then twice a second. */
const pollMs = (looks: number): number => Math.min(25 * 2 ** looks, 500);

/**
 * The tokens of this grant, refreshed where that is due. However many want them at the same time, a
 * refresh token is used once: only the holder of the lease asks the issuer, the others wait for
 * what it brings. `stale` names tokens that the server did not accept.
 */
export async function usableTokens(
  ports: RefreshPorts,
  person: PersonKey,
  serverUid: string,
  stale?: string,
): Promise<TokenResult> {
  const giveUpAt = ports.now().getTime() + patienceMs;
  for (let looks = 0; ; looks += 1) {
    const held = await ports.getGrant(person, serverUid);
    if (held === undefined) return { kind: 'missing' };
    if (held.tokens === undefined && held.grant.refused === undefined)
      return keep(ports, lost(held, ports.now()), held.generation);
    const usable = withoutRefresh(held, ports.now(), stale);
    if (usable !== undefined) return usable;
    const lease = await ports.acquireLease(
      person,
      serverUid,
      new Date(ports.now().getTime() + leaseMs),
    );
    if (lease !== undefined) return leased(ports, held, lease, stale);
    if (ports.now().getTime() >= giveUpAt)
      return orRetryLater(
        held,
        ports.now(),
        stale,
        'Somebody else is refreshing the grant, for too long.',
      );
    await ports.wait(pollMs(looks));
  }
}

/** Sealed with a key that is not there any more: nobody will ever use it again. */
const lost = ({ grant, generation }: StoredGrant, at: Date): StoredGrant => ({
  grant: {
    ...grant,
    refused: {
      at,
      by: 'issuer',
      message: 'What was stored of the grant cannot be opened any more (TOKEN_KEYS).',
    },
  },
  generation,
});

/** What can be told without the issuer; undefined when the tokens have to be refreshed. */
function withoutRefresh(
  held: StoredGrant,
  now: Date,
  stale: string | undefined,
): TokenResult | undefined {
  const { grant, tokens, generation } = held;
  if (grant.refused !== undefined || tokens === undefined) return { kind: 'expired', grant };
  if ((generation === stale || isDue(grant, now)) && tokens.refreshToken !== undefined)
    return undefined;
  const isOver = grant.expiresAt !== undefined && grant.expiresAt <= now;
  return isOver ? { kind: 'expired', grant } : { kind: 'usable', held, tokens };
}

/**
 * A token that lives for seconds only is used for most of them: what was refreshed just now is
 * never due.
 */
function isDue({ obtainedAt, expiresAt }: Grant, now: Date): boolean {
  if (expiresAt === undefined) return false;
  const lifetimeMs = expiresAt.getTime() - obtainedAt.getTime();
  return expiresAt.getTime() - Math.min(longestMarginMs, lifetimeMs / 5) <= now.getTime();
}

async function leased(
  ports: RefreshPorts,
  seen: StoredGrant,
  lease: string,
  stale: string | undefined,
): Promise<TokenResult> {
  const { person, serverUid } = seen.grant;
  try {
    // Between the look and the lease somebody may have been faster.
    const held = await ports.getGrant(person, serverUid);
    if (held === undefined) return { kind: 'missing' };
    const usable = withoutRefresh(held, ports.now(), stale);
    if (usable !== undefined || held.tokens === undefined)
      return usable ?? { kind: 'expired', grant: held.grant };
    return await refreshed(ports, held, held.tokens, stale);
  } finally {
    await ports.releaseLease(person, serverUid, lease);
  }
}

async function refreshed(
  ports: RefreshPorts,
  held: StoredGrant,
  tokens: Tokens,
  stale: string | undefined,
): Promise<TokenResult> {
  const { grant, generation } = held;
  const outcome = await ports.refresh(grant, tokens);
  switch (outcome.kind) {
    case 'refreshed':
      return keep(ports, renewed(ports, held, outcome), generation);
    case 'unavailable':
      return orRetryLater(held, ports.now(), stale, outcome.message);
    case 'refused': {
      // A lease that ended too early, or a sign-in just now: whoever has newer tokens is right.
      const refused = { at: ports.now(), by: 'issuer' as const, message: outcome.message };
      return keep(ports, { ...held, grant: { ...grant, refused } }, generation);
    }
  }
}

function renewed(
  { now, newSecret }: RefreshPorts,
  { grant, tokens: old }: StoredGrant,
  fresh: RefreshResult & { kind: 'refreshed' },
): StoredGrant {
  const { expiresAt: _expiresAt, refused: _refused, ...rest } = grant;
  const refreshToken = fresh.tokens.refreshToken ?? old?.refreshToken;
  const { expiresAt } = fresh;
  return {
    grant: defined({
      ...rest,
      scopes: fresh.scopes,
      obtainedAt: now(),
      expiresAt,
      refreshable: refreshToken !== undefined,
    }),
    tokens: defined({
      accessToken: fresh.tokens.accessToken,
      refreshToken,
    }),
    generation: newSecret(),
  };
}

/**
 * Writes unless newer tokens are there, and goes on with what is there then: the answer of a write
 * that did happen may have been lost.
 */
async function keep(
  ports: RefreshPorts,
  next: StoredGrant,
  expected: string,
): Promise<TokenResult> {
  const { person, serverUid } = next.grant;
  const isKept = await ports.replaceGrant(next, expected);
  const now = isKept ? next : await ports.getGrant(person, serverUid);
  if (now === undefined) return { kind: 'missing' };
  return now.grant.refused !== undefined || now.tokens === undefined
    ? { kind: 'expired', grant: now.grant }
    : { kind: 'usable', held: now, tokens: now.tokens };
}

/** While the old token is good, an issuer that is away harms nobody. */
function orRetryLater(
  { tokens, ...held }: StoredGrant,
  now: Date,
  stale: string | undefined,
  message: string,
): TokenResult {
  const { grant, generation } = held;
  const isGood = generation !== stale && (grant.expiresAt === undefined || grant.expiresAt > now);
  return isGood && tokens !== undefined
    ? { kind: 'usable', held: { ...held, tokens }, tokens }
    : { kind: 'retryLater', grant, message };
}
