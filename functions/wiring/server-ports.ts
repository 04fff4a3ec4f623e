import { accessReviewer } from '../adapters/cluster/access-review.ts';
import type { Cluster } from '../adapters/cluster/apiserver.ts';
import { leaseReader } from '../adapters/cluster/lease.ts';
import { defined } from '../model/defined.ts';
import { asksForSignIn, type McpServer } from '../model/mcpserver.ts';
import { missedTicks } from '../reachability/due.ts';
import { explain, notProbed } from '../reachability/explain.ts';
import type { LastUsed } from '../model/wire/server-wire.ts';
import { accessCheck, type MaySee } from '../routes/access.ts';
import type { ServerPorts } from '../routes/server-routes.ts';
import type { Grant } from '../sessions/grant.ts';
import { join } from '../sessions/join.ts';
import { lastUses, lastUsesOf, type LastUsePorts, withLastUses } from '../sessions/last-use.ts';
import type { Person } from '../sessions/person.ts';
import type { GrantStore, PersonStore } from '../sessions/ports.ts';
import type { ApiSettings } from '../settings.ts';
import type { Clients } from './api-clients.ts';
import { sharedSweepTime } from './shared-list.ts';

/** What the routes of servers need: the cluster, and the sessions of the caller. */
export const serverPorts = (
  { policy, release, heartbeatMs, anonymousList, ...settings }: ApiSettings,
  { now, store, prober, signInPorts, ...clients }: Clients,
): ServerPorts => ({
  now,
  listPage: clients.listPage,
  takeLimit: clients.takeLimit,
  continueTokens: clients.sealedTexts,
  readServer: clients.readServer,
  sessionsOf: async (person, only) => {
    const stored = await store();
    const { grants, used } = await (only === undefined
      ? heldOf(stored, person, release.isOn)
      : heldWith(stored, person, only, release.isOn));
    return (servers) => withLastUses(join(servers, person, grants, now(), policy), used);
  },
  check: async (server) =>
    server.type === 'stdio'
      ? notProbed(server, settings.siteUrl)
      : explain(
          server,
          await (await prober())(server, { classify: true }),
          now(),
          settings.siteUrl,
        ),
  checkSignIn: async (server, caller) =>
    (await import('../sessions/check-sign-in.ts')).checkSignIn(await signInPorts(), server, caller),
  heartbeatMs,
  anonymousList,
  lastSweep: lastSweepOf(settings, clients.cluster, now),
  ...defined({ maySee: accessOf(settings, { now, ...clients }), siteUrl: settings.siteUrl }),
});

const accessOf = (
  { accessRules: rules }: Pick<ApiSettings, 'accessRules'>,
  { cluster, ...ports }: Pick<Clients, 'cluster' | 'now' | 'takeLimit' | 'log'>,
): MaySee | undefined => rules && accessCheck({ ...ports, review: accessReviewer(cluster), rules });

/** What a person has: their grants, and when the sessions were last used, if that is known. */
type Held = {
  readonly grants: readonly Grant[];
  readonly used?: ReadonlyMap<string, LastUsed>;
};

/** With all servers, in one read of the table. */
async function heldOf(
  stored: Pick<GrantStore, 'listGrants'> & PersonStore,
  person: Person,
  isReleased: boolean,
): Promise<Held> {
  if (!isReleased) return { grants: await stored.listGrants(person) };
  const rows = await stored.readPerson(person);
  return { grants: rows.grants, used: lastUsesOf(rows) };
}

/**
 * With one server: there is no need to read the grants of all. Without a grant it may have been
 * created again: then the grants of all servers are read, and one of its name is the reason.
 */
async function heldWith(
  stored: Pick<GrantStore, 'listGrants'> & LastUsePorts,
  person: Person,
  server: McpServer,
  isReleased: boolean,
): Promise<Held> {
  const { uid } = server;
  const [grants, used] = await Promise.all([
    stored.listGrants(person, uid),
    isReleased ? lastUses(stored, person, uid) : undefined,
  ]);
  const mayBeAgain = grants.length === 0 && asksForSignIn(server);
  return defined({ grants: mayBeAgain ? await stored.listGrants(person) : grants, used });
}

function lastSweepOf(
  { lease, tickMs, listSharedMs }: Pick<ApiSettings, 'lease' | 'tickMs' | 'listSharedMs'>,
  cluster: Cluster,
  now: () => Date,
): NonNullable<ServerPorts['lastSweep']> {
  const read = sharedSweepTime(leaseReader(cluster, lease), { now, freshMs: listSharedMs });
  const longestMs = missedTicks * tickMs;
  return async () => {
    const at = await read();
    return at && { at, stopped: now().getTime() - at.getTime() > longestMs };
  };
}
