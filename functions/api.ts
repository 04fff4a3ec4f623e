import type { Hono } from 'hono';
import { handle } from 'hono/aws-lambda';
import { accessReviewer } from './adapters/cluster/access-review.ts';
import { guardedFetch } from './adapters/network/http.ts';
import type { Cluster } from './adapters/cluster/apiserver.ts';
import { pageLister, serverReader } from './adapters/cluster/kubernetes.ts';
import { leaseReader } from './adapters/cluster/lease.ts';
import { bearerVerifier } from './adapters/oauth/bearer-verifier.ts';
import { sealer } from './adapters/dynamodb/seal.ts';
import { createCluster, createConnector, createIssuerConnector } from './wiring/cluster-client.ts';
import { explain, notProbed } from './reachability/explain.ts';
import { accessCheck, type AccessPorts, type MaySee } from './routes/access.ts';
import { lineWriter } from './telemetry/log.ts';
import { composeApi } from './routes/compose.ts';
import { lazyRoutes } from './routes/lazy.ts';
import type { Variables } from './routes/bearer.ts';
import type { ServerPorts } from './routes/server-routes.ts';
import type { McpServer, ReadServer } from './model/mcpserver.ts';
import { join } from './sessions/join.ts';
import { type TokenPolicy, wantedAudiences } from './sessions/policy.ts';
import {
  type Environment,
  readClients,
  readList,
  readNumber,
  readSetting,
  readSwitch,
  SettingError,
} from './settings.ts';
import { defined } from './model/defined.ts';
import { missedTicks } from './reachability/due.ts';

/**
 * The Function URL by its settings. Sends nothing yet. Throws `SettingError` or `ClusterError`,
 * each one line that says what to do.
 */
export function createApi(environment: Environment): Hono<{ Variables: Variables }> {
  const now = () => new Date();
  const publicUrl = readSetting(environment, 'PUBLIC_URL').replace(/\/+$/, '');
  const issuer = readSetting(environment, 'OIDC_ISSUER');
  const clientId = readSetting(environment, 'OIDC_CLIENT_ID');
  const resource = readSetting(environment, 'BEARER_AUDIENCE');
  const cluster = createCluster(environment);
  const readServer = readerOf(cluster);
  const connector = createConnector(environment);
  const policy = policyOf(environment);
  const configured = readClients(environment);
  const seal = sealer(readList(environment, 'TOKEN_KEYS'));
  const table = readSetting(environment, 'TABLE_NAME');
  // Most cold starts answer a list: what that does not need is loaded by the first request that
  // does.
  const prober = once(async () => (await import('./adapters/mcp/probe.ts')).prober(connector));
  const store = once(async () =>
    (await import('./wiring/table-client.ts')).createGrantStore(environment, {
      table,
      sealer: seal,
      now,
    }),
  );
  const signIn = once(async () => {
    const { signInRoutes } = await import('./wiring/signin-ports.ts');
    return signInRoutes({
      store: await store(),
      connector,
      cluster,
      readServer,
      now,
      publicUrl,
      policy,
      configured,
    });
  });
  const listPage = listerOf(cluster);
  const audienceScope = readSetting(environment, 'AUDIENCE_SCOPE');
  const audienceScopes = async () => {
    const servers = policy.forwardHosts.length === 0 ? [] : await allServers(listPage);
    return wantedAudiences(servers, policy).map((audience) => `${audienceScope}${audience}`);
  };
  return composeApi({
    facts: defined({
      publicUrl,
      issuer,
      clientId,
      scopes: readSetting(environment, 'OIDC_SCOPES').split(' '),
      audienceScopes,
      resource: resource !== '' ? resource : undefined,
    }),
    verify: bearerVerifier({
      issuer,
      audience: resource || clientId,
      kind: resource === '' ? 'idToken' : 'accessToken',
      fetch: guardedFetch(createIssuerConnector(environment)),
    }),
    log,
    servers: {
      now,
      listPage,
      readServer,
      sessionsOf: async (person, servers) =>
        join(
          servers,
          person,
          await (await store()).listGrants(person, onlyUid(servers)),
          now(),
          policy,
        ),
      check: async (server) =>
        server.type === 'stdio'
          ? notProbed(server)
          : explain(server, await (await prober())(server, { classify: true }), now()),
      heartbeatMs: readNumber(environment, 'HEARTBEAT_SECONDS') * 1000,
      anonymousList: readSwitch(environment, 'ANONYMOUS_LIST'),
      lastSweep: lastSweepOf(environment, cluster, now),
      ...accessOf(environment, { now, review: accessReviewer(cluster), log }),
    },
    sessions: lazyRoutes(signIn),
  });
}

/** For one server there is no need to read the grants of all. */
const onlyUid = (servers: readonly McpServer[]): string | undefined =>
  servers.length === 1 ? servers[0]?.uid : undefined;

/** The first call makes it, the others get the same. One that failed is not kept. */
function once<Made>(make: () => Promise<Made>): () => Promise<Made> {
  let made: Promise<Made> | undefined;
  return () =>
    (made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    }));
}

const log = lineWriter('api');

function lastSweepOf(
  environment: Environment,
  cluster: Cluster,
  now: () => Date,
): NonNullable<ServerPorts['lastSweep']> {
  const read = leaseReader(cluster, readSetting(environment, 'LEASE_NAMESPACE'));
  const longestMs = missedTicks * readNumber(environment, 'TICK_SECONDS') * 1000;
  return async () => {
    const at = await read();
    return at && { at, stopped: now().getTime() - at.getTime() > longestMs };
  };
}

function accessOf(
  environment: Environment,
  ports: Omit<AccessPorts, 'rules'>,
): { readonly maySee?: MaySee } {
  if (!readSwitch(environment, 'ACCESS_REVIEW')) return {};
  if (readSwitch(environment, 'ANONYMOUS_LIST')) {
    throw new SettingError(
      'ACCESS_REVIEW and ANONYMOUS_LIST are both on: nobody can be asked about who is nobody. Switch one of them off.',
    );
  }
  const prefix = readSetting(environment, 'ACCESS_USERNAME_PREFIX');
  const rules = defined({
    usernameClaim: readSetting(environment, 'ACCESS_USERNAME_CLAIM'),
    usernamePrefix: prefix !== '' ? prefix : undefined,
    groupsClaim: readSetting(environment, 'ACCESS_GROUPS_CLAIM'),
    groupsPrefix: readSetting(environment, 'ACCESS_GROUPS_PREFIX'),
  });
  return { maySee: accessCheck({ ...ports, rules }) };
}

/** A namespace that a caller asks for narrows the owner's selection; it never widens it. */
function listerOf(cluster: Cluster): ServerPorts['listPage'] {
  const listAll = pageLister(cluster);
  return async ({ namespace, ...page }) => {
    const { selection } = cluster;
    if (namespace === undefined || namespace === selection.namespace) return listAll(page);
    if (selection.namespace !== undefined)
      return { kind: 'page', page: { servers: [], malformed: [] } };
    return pageLister({ ...cluster, selection: { ...selection, namespace } })(page);
  };
}

async function allServers(listPage: ServerPorts['listPage']): Promise<readonly McpServer[]> {
  const servers: McpServer[] = [];
  let next: string | undefined;
  do {
    const read = await listPage(
      defined({
        limit: 500,
        continue: next,
      }),
    );
    if (read.kind === 'expired') return servers;
    servers.push(...read.page.servers);
    next = read.page.continue;
  } while (next !== undefined);
  return servers;
}

const policyOf = (environment: Environment): TokenPolicy => ({
  forwardHosts: readList(environment, 'FORWARD_HOSTS'),
  exchangeIssuers: readList(environment, 'EXCHANGE_ISSUERS'),
  secretNamespaces: readList(environment, 'SECRET_NAMESPACES'),
  hasIdTokens: readSetting(environment, 'BEARER_AUDIENCE') === '',
  allowInsecure: !readSwitch(environment, 'GUARD'),
});

/**
 * What the owner does not list cannot be read by name, and only names reach the address of a
 * request to the cluster.
 */
function readerOf(cluster: Cluster): ReadServer {
  const read = serverReader(cluster);
  const { namespace: only } = cluster.selection;
  return async (namespace, name) => {
    const isOurs = isName(namespace) && isName(name) && (only === undefined || only === namespace);
    return isOurs ? read(namespace, name) : undefined;
  };
}

/** What Kubernetes allows as a name (RFC 1123 subdomain). */
const isName = (text: string): boolean =>
  text.length <= 253 && /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(text);

let answer: ReturnType<typeof handle> | undefined;

/**
 * Handler of the Function URL. Made on the first request, so that a missing setting is told in the
 * logs and not as a failed start.
 */
export const handler: ReturnType<typeof handle> = async (event, context) => {
  // AWS says at which address the function was called; it cannot be told beforehand, and no caller
  // can make it up.
  const ownUrl =
    'domainName' in event.requestContext ? `https://${event.requestContext.domainName}` : undefined;
  answer ??= handle(createApi({ PUBLIC_URL: ownUrl, ...process.env }));
  return answer(event, context);
};
