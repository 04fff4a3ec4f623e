/** The refresh flow: before a grant is used, one request at a time refreshes its tokens. */
import { defined } from '../model/defined.ts';
import { endsGrant, nextRefreshAt, type RefreshFailure } from './grant-end.ts';
import {
  type Grant,
  type PersonKey,
  type StoredGrant,
  type Tokens,
  withoutTokens,
} from './grant.ts';
import type { Clock, GrantStore, SecretSource } from './ports.ts';
import type { LimitRefusal, LimitResult } from './rate-limits.ts';

export type RefreshResult =
  | {
      readonly kind: 'refreshed';
      readonly tokens: Tokens;
      readonly scopes: readonly string[];
      readonly expiresAt?: Date;
    }
  | {
      readonly kind: 'failed';
      readonly failure: RefreshFailure;
      /** A sentence for people, without secrets. */
      readonly message: string;
    };

export type RefreshPorts = Clock &
  SecretSource &
  Pick<GrantStore, 'getGrant' | 'replaceGrant' | 'acquireLease' | 'releaseLease'> & {
    readonly wait: (ms: number) => Promise<void>;
    readonly refresh: (grant: Grant, tokens: Tokens) => Promise<RefreshResult>;
  };

export type TokenResult =
  | { readonly kind: 'usable'; readonly held: StoredGrant; readonly tokens: Tokens }
  | { readonly kind: 'missing' }
  /** Refused, or expired and not refreshable; the grant says which. */
  | { readonly kind: 'expired'; readonly grant: Grant }
  /** The issuer is down, or another request takes too long to refresh. The grant stays. */
  | { readonly kind: 'retryLater'; readonly grant: Grant; readonly message: string }
  /** `mayForce` said no. */
  | { readonly kind: 'notForced'; readonly refused: LimitRefusal };

export type WantedTokens = {
  /** The generation of tokens that the server did not accept. */
  readonly stale?: string;
  /** Also tokens that the server, and not the issuer, has refused: it is asked again. */
  readonly despiteServer?: boolean;
  /** Asked by the one request that is about to refresh stale tokens that are not due. */
  readonly mayForce?: () => Promise<LimitResult>;
};

/** A token this close to its expiry could arrive too late at the server. */
const longestMarginMs = 30_000;

/** Longer than any timeout of our OAuth client: a lease expires only when its holder is gone. */
const leaseMs = 30_000;

const patienceMs = 35_000;

/** The first polls come quickly, later ones twice a second. */
const pollMs = (looks: number): number => Math.min(25 * 2 ** looks, 500);

/**
 * The tokens of this grant, refreshed when that is due. A refresh token is used once, also by many
 * requests at the same time: only the holder of the lease asks the issuer, the others wait for its
 * result.
 */
export async function usableTokens(
  ports: RefreshPorts,
  person: PersonKey,
  serverUid: string,
  wanted: WantedTokens = {},
): Promise<TokenResult> {
  const giveUpAt = ports.now().getTime() + patienceMs;
  for (let looks = 0; ; looks += 1) {
    const held = await ports.getGrant(person, serverUid);
    if (held === undefined) return { kind: 'missing' };
    if (held.tokens === undefined && held.grant.refused === undefined)
      return keep(
        ports,
        { grant: withoutTokens(held.grant, ports.now()), generation: held.generation },
        held.generation,
      );
    const usable = withoutRefresh(held, ports.now(), wanted) ?? tooSoon(held, ports.now(), wanted);
    if (usable !== undefined) return usable;
    const lease = await ports.acquireLease(
      person,
      serverUid,
      new Date(ports.now().getTime() + leaseMs),
    );
    if (lease !== undefined) return leased(ports, held, lease, wanted);
    if (ports.now().getTime() >= giveUpAt)
      return orRetryLater(
        held,
        ports.now(),
        wanted,
        'Timed out while another request was refreshing the grant.',
      );
    await ports.wait(pollMs(looks));
  }
}

/** The result without asking the issuer; undefined when the tokens have to be refreshed. */
function withoutRefresh(
  held: StoredGrant,
  now: Date,
  wanted: WantedTokens,
): TokenResult | undefined {
  const { grant, tokens, generation } = held;
  const { refused } = grant;
  const isAskedAgain = refused?.by === 'server' && wanted.despiteServer === true;
  const hasEnded = refused !== undefined && !isAskedAgain;
  if (hasEnded || tokens === undefined) return { kind: 'expired', grant };
  if ((generation === wanted.stale || isDue(grant, now)) && tokens.refreshToken !== undefined)
    return undefined;
  const isOver = grant.expiresAt !== undefined && grant.expiresAt <= now;
  return isOver ? { kind: 'expired', grant } : { kind: 'usable', held, tokens };
}

/** The issuer failed a moment ago: it is not asked for every command. */
function tooSoon(held: StoredGrant, now: Date, wanted: WantedTokens): TokenResult | undefined {
  const { refreshFailed } = held.grant;
  return refreshFailed === undefined || refreshFailed.retryAt <= now
    ? undefined
    : orRetryLater(held, now, wanted, refreshFailed.message);
}

/** A token with a lifetime of seconds is used for most of them: a fresh one is never due. */
export function isDue({ obtainedAt, expiresAt }: Grant, now: Date): boolean {
  if (expiresAt === undefined) return false;
  const lifetimeMs = expiresAt.getTime() - obtainedAt.getTime();
  return expiresAt.getTime() - Math.min(longestMarginMs, lifetimeMs / 5) <= now.getTime();
}

async function leased(
  ports: RefreshPorts,
  seen: StoredGrant,
  lease: string,
  wanted: WantedTokens,
): Promise<TokenResult> {
  const { person, serverUid } = seen.grant;
  try {
    // Another request may have refreshed between the read and the lease.
    const held = await ports.getGrant(person, serverUid);
    if (held === undefined) return { kind: 'missing' };
    const usable = withoutRefresh(held, ports.now(), wanted) ?? tooSoon(held, ports.now(), wanted);
    if (usable !== undefined || held.tokens === undefined)
      return usable ?? { kind: 'expired', grant: held.grant };
    const forced = isDue(held.grant, ports.now()) ? undefined : await wanted.mayForce?.();
    if (forced !== undefined && forced.kind !== 'allowed')
      return { kind: 'notForced', refused: forced };
    return await refreshed(ports, held, held.tokens, wanted);
  } finally {
    await ports.releaseLease(person, serverUid, lease);
  }
}

async function refreshed(
  ports: RefreshPorts,
  held: StoredGrant,
  tokens: Tokens,
  wanted: WantedTokens,
): Promise<TokenResult> {
  const { grant, generation } = held;
  const outcome = await ports.refresh(grant, tokens);
  switch (outcome.kind) {
    case 'refreshed':
      return keep(ports, renewed(ports, held, outcome), generation);
    case 'failed': {
      const { failure, message } = outcome;
      if (endsGrant(failure)) {
        // After an expired lease or a new sign-in, newer tokens win.
        const refused = { at: ports.now(), by: 'issuer' as const, message };
        return keep(ports, { ...held, grant: { ...grant, refused } }, generation);
      }
      const failing = withFailure(held, message, ports.now());
      // Newer tokens that are stored by now stay as they are; the next use takes them.
      await ports.replaceGrant(failing, generation);
      return orRetryLater(failing, ports.now(), wanted, message);
    }
  }
}

function withFailure({ grant, ...held }: StoredGrant, message: string, now: Date): StoredGrant {
  const failures = (grant.refreshFailed?.failures ?? 0) + 1;
  const refreshFailed = { at: now, message, failures, retryAt: nextRefreshAt(failures, now) };
  return { ...held, grant: { ...grant, refreshFailed } };
}

function renewed(
  { now, newSecret }: RefreshPorts,
  { grant, tokens: old }: StoredGrant,
  fresh: RefreshResult & { kind: 'refreshed' },
): StoredGrant {
  const { expiresAt: _expiresAt, refused: _refused, refreshFailed: _failed, ...rest } = grant;
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
 * Writes unless newer tokens are stored, then continues with what is stored: a write may succeed
 * although its answer was lost.
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

/** While the old token works, an issuer that is down does no harm. */
function orRetryLater(
  { tokens, ...held }: StoredGrant,
  now: Date,
  wanted: WantedTokens,
  message: string,
): TokenResult {
  const { grant, generation } = held;
  const isGood =
    generation !== wanted.stale && (grant.expiresAt === undefined || grant.expiresAt > now);
  return isGood && tokens !== undefined
    ? { kind: 'usable', held: { ...held, tokens }, tokens }
    : { kind: 'retryLater', grant, message };
}
