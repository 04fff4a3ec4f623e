import { type McpServer, namesAmong, qualifiedName } from '../model/mcpserver.ts';
import type { Session } from '../model/wire/server-wire.ts';
import type { Grant } from './grant.ts';
import type { Person } from './person.ts';
import { hasSession, sessionOf } from './session.ts';
import type { TokenPolicy } from './policy.ts';
import { defined } from '../model/defined.ts';

/**
 * The person's session with each of the servers, by uid. Grants for other servers are ignored: a
 * deleted server has no session. Only where a server has none of its own, a grant of the same name
 * shows that the server was deleted and created again: it is named as the reason, and gives nothing.
 * The hint says `namespace/name` where two of the servers share a name.
 */
export function join(
  servers: readonly McpServer[],
  person: Person,
  grants: readonly Grant[],
  now: Date,
  policy?: TokenPolicy,
): ReadonlyMap<string, Session> {
  const byUid = new Map(grants.map((grant) => [grant.serverUid, grant]));
  const byName = new Map(grants.map((grant) => [grant.serverName, grant]));
  const view = defined({ label: namesAmong(servers), policy });
  const grantFor = (server: McpServer): Grant | undefined =>
    byUid.get(server.uid) ?? byName.get(qualifiedName(server));
  return new Map(
    servers.map((server) => {
      // Most servers of a list have no session, and need no grant.
      const grant = hasSession(server) ? grantFor(server) : undefined;
      return [server.uid, sessionOf(server, person, grant, now, view)];
    }),
  );
}
