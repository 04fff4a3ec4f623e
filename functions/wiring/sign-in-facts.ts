import { allPages } from '../model/all-pages.ts';
import { defined } from '../model/defined.ts';
import type { McpServer } from '../model/mcpserver.ts';
import type { ApiPorts } from '../routes/compose.ts';
import { recentCopy } from '../routes/recent-copy.ts';
import type { ServerPorts } from '../routes/server-routes.ts';
import { wantedAudiences } from '../sessions/policy.ts';
import type { ApiSettings } from '../settings.ts';
import type { Clients } from './api-clients.ts';

export function signInFacts(
  settings: ApiSettings,
  { listPage, now, log }: Clients,
): ApiPorts['facts'] {
  const { publicUrl, issuer, clientId, signIn, bearerAudience, policy } = settings;
  return defined({
    publicUrl,
    issuer,
    clientId,
    ...signIn,
    scopes: [...signIn.scopes],
    optionalScopes: [...signIn.optionalScopes],
    parameters: { ...signIn.parameters },
    // Anyone may ask: the cluster is read once a minute, however many do.
    audienceScopes: recentCopy({
      now,
      freshMs: 60_000,
      keptMs: 600_000,
      read: async () => {
        const asks = policy.forwardHosts.length > 0 && policy.audienceNamespaces.length > 0;
        const servers = asks ? await allServers(listPage) : [];
        const { audiences, leftOut } = wantedAudiences(servers, policy);
        if (leftOut > 0)
          log({ level: 'warn', message: 'audiences left out of the sign-in', count: leftOut });
        return audiences.map((audience) => `${settings.audienceScope}${audience}`);
      },
    }),
    resource: bearerAudience,
  });
}

/** If the list expires while it is read, the servers up to there. */
async function allServers(listPage: ServerPorts['listPage']): Promise<readonly McpServer[]> {
  const pages = await allPages(async (token) => {
    const read = await listPage(defined({ limit: 500, continue: token }));
    return read.kind === 'page' ? read.page : undefined;
  });
  return pages.flatMap(({ servers }) => servers);
}
