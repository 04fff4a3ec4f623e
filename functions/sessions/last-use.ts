/** When a person's machines last got a token for a server, and what of it may still be in use. */
import { defined } from '../model/defined.ts';
import type { LastUsed, Session } from '../model/wire/server-wire.ts';
import type { InUse } from '../model/wire/session-wire.ts';
import type { PersonKey } from './grant.ts';
import type { KeyStore, PersonRows, ReleaseStore, TokenRelease } from './ports.ts';

export type LastUsePorts = Pick<ReleaseStore, 'listReleases'> & Pick<KeyStore, 'listKeys'>;

/** By the uid of the server. A machine whose key was removed, as at its sign-out, is not counted. */
export async function lastUses(
  ports: LastUsePorts,
  person: PersonKey,
  serverUid?: string,
): Promise<ReadonlyMap<string, LastUsed>> {
  const [releases, keys] = await Promise.all([
    ports.listReleases(person, serverUid),
    ports.listKeys(person),
  ]);
  return lastUsesOf({ releases, keys });
}

/** The same of what has been read. */
export function lastUsesOf({
  releases,
  keys,
}: Pick<PersonRows, 'releases' | 'keys'>): ReadonlyMap<string, LastUsed> {
  const machines = new Set(keys.map(({ thumbprint }) => thumbprint));
  const byServer = Map.groupBy(releases, (release) => release.serverUid);
  return new Map([...byServer].map(([uid, all]) => [uid, lastUseOf(all, machines)]));
}

const lastUseOf = (releases: readonly TokenRelease[], machines: ReadonlySet<string>): LastUsed => ({
  at: new Date(Math.max(...releases.map(({ at }) => at.getTime()))).toISOString(),
  machines: releases.filter(({ thumbprint }) => machines.has(thumbprint)).length,
});

/** The sessions of servers, by uid, with their last use. A session that does not exist has none. */
export function withLastUses(
  sessions: ReadonlyMap<string, Session>,
  used: ReadonlyMap<string, LastUsed> = new Map(),
): ReadonlyMap<string, Session> {
  const all = new Map(sessions);
  for (const [uid, lastUsed] of used) {
    const session = sessions.get(uid);
    if (session !== undefined) all.set(uid, withLastUse(session, lastUsed));
  }
  return all;
}

export const withLastUse = (session: Session, lastUsed: LastUsed | undefined): Session =>
  session.status === '-' ? session : defined({ ...session, lastUsed });

/** What a sign-out cannot take back: tokens that are out last as long as their issuer said. */
export function inUseAt(releases: readonly TokenRelease[], now: Date): InUse | undefined {
  const alive = releases.filter(({ endsAt }) => endsAt === undefined || endsAt > now);
  if (alive.length === 0) return undefined;
  const ends = alive.flatMap(({ endsAt }) => (endsAt === undefined ? [] : [endsAt.getTime()]));
  const isKnown = ends.length === alive.length;
  return defined({ until: isKnown ? new Date(Math.max(...ends)).toISOString() : undefined });
}
