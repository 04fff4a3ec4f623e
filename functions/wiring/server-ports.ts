import { accessReviewer } from '../adapters/cluster/access-review.ts';
import type { Cluster } from '../adapters/cluster/apiserver.ts';
import { leaseReader } from '../adapters/cluster/lease.ts';
import { defined } from '../model/defined.ts';
import { asksForSignIn, type McpServer } from '../model/mcpserver.ts';
import { missedTicks } from '../reachability/due.ts';
import { explain, notProbed } from '../reachability/explain.ts';
import { accessCheck, type MaySee } from '../routes/access.ts';
import type { ServerPorts } from '../routes/server-routes.ts';
import type { Grant } from '../sessions/grant.ts';
import { join } from '../sessions/join.ts';
import { lastUses, withLastUses } from '../sessions/last-use.ts';
import type { Person } from '../sessions/person.ts';
import type { GrantStore } from '../sessions/ports.ts';
import type { ApiSettings } from '../settings.ts';
import type { Clients } from './api-clients.ts';

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
  sessionsOf: async (person, servers) => {
    const [uid, stored] = [onlyUid(servers), await store()];
    const [grants, used] = await Promise.all([
      grantsFor(stored, person, servers),
      release.isOn ? lastUses(stored, person, uid) : undefined,
    ]);
    return withLastUses(join(servers, person, grants, now(), policy), used);
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

/** For one server there is no need to read the grants of all. */
const onlyUid = (servers: readonly McpServer[]): string | undefined =>
  servers.length === 1 ? servers[0]?.uid : undefined;

/**
 * A single server without a grant may have been created again: then the grants of all servers are
 * read, and one of its name is the reason.
 */
async function grantsFor(
  { listGrants }: Pick<GrantStore, 'listGrants'>,
  person: Person,
  servers: readonly McpServer[],
): Promise<readonly Grant[]> {
  const uid = onlyUid(servers);
  const grants = await listGrants(person, uid);
  const mayBeAgain = uid !== undefined && grants.length === 0 && servers.some(asksForSignIn);
  return mayBeAgain ? listGrants(person) : grants;
}

function lastSweepOf(
  { lease, tickMs }: Pick<ApiSettings, 'lease' | 'tickMs'>,
  cluster: Cluster,
  now: () => Date,
): NonNullable<ServerPorts['lastSweep']> {
  const read = leaseReader(cluster, lease);
  const longestMs = missedTicks * tickMs;
  return async () => {
    const at = await read();
    return at && { at, stopped: now().getTime() - at.getTime() > longestMs };
  };
}
