/** The release flow: a person's access token for one server goes to the person's own machine. */
import type { LimitName } from '../model/limits.ts';
import type { McpServer } from '../model/mcpserver.ts';
import { defined } from '../model/defined.ts';
import type { Session } from '../model/wire/server-wire.ts';
import { exchangeForGrant, type ExchangePorts, type SignedIn } from './exchanged-grant.ts';
import { type Grant, mismatch, type StoredGrant } from './grant.ts';
import type { GrantStore, ReleaseStore } from './ports.ts';
import type { TokenPolicy } from './policy.ts';
import type { LimitRefusal, LimitResult, TakeServerLimit } from './rate-limits.ts';
import { isDue, type RefreshPorts, type TokenResult, usableTokens } from './refresh.ts';
import { judgeRelease, type ReleasePolicy, type ReleaseVerdict } from './release.ts';
import { heldSession } from './session.ts';
import { recordVerification, type VerificationPorts } from './verification.ts';
import { qualifiedName } from '../model/mcpserver.ts';

export type ReleasePorts = RefreshPorts &
  VerificationPorts &
  ExchangePorts &
  Pick<GrantStore, 'putGrant'> &
  Pick<ReleaseStore, 'saveRelease'> & {
    readonly policy: TokenPolicy;
    readonly release: ReleasePolicy;
    readonly takeServerLimit: TakeServerLimit;
  };

export type WantedRelease = {
  /** Key of the machine that asks. */
  readonly thumbprint: string;
  /** Generation of a token that the server refused. */
  readonly stale?: string;
  /** Generation of a refreshed token that the server refused again. */
  readonly refused?: string;
};

export type ReleaseResult =
  | Exclude<ReleaseVerdict, { kind: 'token' }>
  | {
      readonly kind: 'released';
      readonly url: string;
      readonly grant: Grant;
      readonly accessToken: string;
      readonly generation: string;
      readonly refreshed: boolean;
    }
  /** The issuer is down. The session stays. */
  | { readonly kind: 'retryLater'; readonly message: string; readonly retryAt?: Date }
  | {
      readonly kind: 'limited';
      readonly limit: LimitName;
      readonly refused: LimitRefusal;
    };

/**
 * Gives the access token of this person's session, fresh. A refresh token never leaves. What the
 * machine reports about a token is believed, as far as it is still the present one: it is about the
 * person's own session.
 */
export async function releaseToken(
  ports: ReleasePorts,
  server: McpServer,
  signedIn: SignedIn,
  { thumbprint, stale, refused }: WantedRelease,
): Promise<ReleaseResult> {
  const { person } = signedIn;
  const held = await ports.getGrant(person, server.uid);
  const verdict = judgeRelease(server, person, held?.grant, ports.now(), ports);
  if (verdict.kind !== 'token') return verdict;
  if (held === undefined) return pendingAuth;
  const taken = await ports.takeServerLimit(person, 'tokenRelease', server.uid);
  if (taken.kind !== 'allowed') return { kind: 'limited', limit: 'tokenRelease', refused: taken };
  if (refused === held.generation) return ended(ports, server, signedIn, held);

  const mayForce = () => ports.takeServerLimit(person, 'forcedRefresh', server.uid);
  const result =
    server.singleSignOn === 'exchange'
      ? await exchangedTokens(ports, server, signedIn, held, defined({ stale, mayForce }))
      : await usableTokens(ports, person, server.uid, defined({ stale, mayForce }));
  switch (result.kind) {
    case 'missing':
      return pendingAuth;
    case 'expired':
      return noSession(ports, server, signedIn, result.grant);
    case 'retryLater':
      return defined({
        kind: 'retryLater',
        message: result.message,
        retryAt: result.grant.refreshFailed?.retryAt,
      });
    case 'notForced':
      return { kind: 'limited', limit: 'forcedRefresh', refused: result.refused };
    case 'usable': {
      const { held: present, tokens } = result;
      const { grant, generation } = present;
      // Another sign-in may have replaced the grant that was judged.
      if (mismatch(grant, server) !== undefined) return noSession(ports, server, signedIn, grant);
      // The server refused it, and there is no way to get a fresh one.
      if (generation === stale) return ended(ports, server, signedIn, present);
      const release = { serverUid: server.uid, thumbprint, at: ports.now() };
      await ports.saveRelease(person, defined({ ...release, endsAt: grant.expiresAt }));
      return {
        kind: 'released',
        url: verdict.url,
        grant,
        accessToken: tokens.accessToken,
        generation,
        refreshed: generation !== held.generation,
      };
    }
  }
}

const pendingAuth: ReleaseResult = { kind: 'noSession', session: { status: 'Pending Auth' } };

/** The server refused the present token: SESSION says so until the next sign-in or verification. */
async function ended(
  ports: ReleasePorts,
  server: McpServer,
  signedIn: SignedIn,
  held: StoredGrant,
): Promise<ReleaseResult> {
  const message = 'The server refused the token that your machine sent (401).';
  const { grant } = await recordVerification(ports, held, { kind: 'refused', message });
  return noSession(ports, server, signedIn, grant);
}

const noSession = (
  { now, policy }: ReleasePorts,
  server: McpServer,
  { person }: SignedIn,
  grant: Grant | undefined,
): { readonly kind: 'noSession'; readonly session: Session } => ({
  kind: 'noSession',
  session: heldSession(server, person, grant, now(), { policy, label: qualifiedName }),
});

/**
 * As a refresh, by exchanging the person's own token again. It uses nothing up: several at the same
 * time do no harm, and each of them gets a token that works.
 */
async function exchangedTokens(
  ports: ReleasePorts,
  server: McpServer,
  signedIn: SignedIn,
  held: StoredGrant,
  { stale, mayForce }: { readonly stale?: string; readonly mayForce: () => Promise<LimitResult> },
): Promise<TokenResult> {
  const { grant, tokens, generation } = held;
  const isGood = tokens !== undefined && !isDue(grant, ports.now());
  if (isGood && generation !== stale) return { kind: 'usable', held, tokens };
  const forced = isGood ? await mayForce() : undefined;
  if (forced !== undefined && forced.kind !== 'allowed')
    return { kind: 'notForced', refused: forced };
  const exchanged = await exchangeForGrant(ports, server, signedIn);
  switch (exchanged.kind) {
    case 'unavailable':
      return { kind: 'retryLater', grant, message: exchanged.message };
    case 'refused':
      await ports.putGrant(exchanged.grant);
      return { kind: 'expired', grant: exchanged.grant };
    case 'exchanged': {
      const made = await ports.putGrant(exchanged.grant, exchanged.tokens);
      const fresh = { grant: exchanged.grant, generation: made };
      return { kind: 'usable', held: fresh, tokens: exchanged.tokens };
    }
  }
}
