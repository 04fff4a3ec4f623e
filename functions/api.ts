import type { Hono } from 'hono';
import { accessReviewer } from './adapters/cluster/access-review.ts';
import type { Cluster } from './adapters/cluster/apiserver.ts';
import { pageLister, serverReader } from './adapters/cluster/kubernetes.ts';
import { leaseReader } from './adapters/cluster/lease.ts';
import { sealer } from './adapters/dynamodb/seal.ts';
import { textSealer } from './adapters/dynamodb/sealed-text.ts';
import { circuit, pauseMs } from './adapters/network/circuit.ts';
import { allPages } from './model/all-pages.ts';
import { defined } from './model/defined.ts';
import { readSelector } from './model/label-selector.ts';
import { asksForSignIn, type McpServer, type ReadServer } from './model/mcpserver.ts';
import { missedTicks } from './reachability/due.ts';
import { explain, notProbed } from './reachability/explain.ts';
import { accessCheck, type MaySee } from './routes/access.ts';
import { type ApiPorts, composeApi } from './routes/compose.ts';
import { keyRoutes } from './routes/key-routes.ts';
import { liveRoutes } from './routes/live-routes.ts';
import { functionUrlHandler } from './routes/function-url.ts';
import type { Variables } from './routes/bearer.ts';
import type { ServerPorts } from './routes/server-routes.ts';
import { recentCopy } from './routes/recent-copy.ts';
import { sessionRoutes } from './routes/session-routes.ts';
import type { Grant } from './sessions/grant.ts';
import { join } from './sessions/join.ts';
import { lastUses, withLastUses } from './sessions/last-use.ts';
import type { Person } from './sessions/person.ts';
import { wantedAudiences } from './sessions/policy.ts';
import type { GrantStore } from './sessions/ports.ts';
import { rateLimits, type TakeLimit } from './sessions/rate-limits.ts';
import type { Environment } from './model/setting-reader.ts';
import { type ApiSettings, readApiSettings } from './settings.ts';
import { auditTrail } from './telemetry/audit.ts';
import { auditCounter } from './telemetry/metrics.ts';
import { lineWriter } from './telemetry/log.ts';
import { createCluster } from './wiring/cluster-client.ts';
import { createConnector } from './wiring/network-client.ts';
import { tokenVerifiers } from './wiring/token-verifiers.ts';

/**
 * The endpoint by its settings. Sends nothing yet. Throws `SettingError` or `ClusterError`, whose
 * message says what to do.
 */
export function createApi(environment: Environment): Hono<{ Variables: Variables }> {
  const settings = readApiSettings(environment);
  const clients = clientsOf(settings);
  const verifiers = tokenVerifiers(settings);
  const { verify, verifyIdToken } = verifiers;
  const facts = signInFacts(settings, clients);
  return composeApi(
    defined({
      facts,
      verify,
      log,
      servers: serverPorts(settings, clients),
      changesOf: async ({ uid }: Pick<McpServer, 'uid'>) => (await clients.history()).list(uid),
      sessions: sessionRoutes(clients.signInPorts),
      keys: keyRoutes(async () => ({
        ...(await clients.signInPorts()),
        ...(await clients.store()),
        verifyIdToken,
      })),
      live: settings.livePage ? liveOf(settings, clients, { ...verifiers, ...facts }) : undefined,
    }),
  );
}

const liveOf = (
  settings: ApiSettings,
  { sealedTexts }: Clients,
  {
    verify,
    verifyIdToken,
    audienceScopes,
  }: ReturnType<typeof tokenVerifiers> & Pick<ApiPorts['facts'], 'audienceScopes'>,
) =>
  liveRoutes({
    publicUrl: settings.publicUrl,
    now,
    load: once(async () =>
      (await import('./routes/live-answers.ts')).liveAnswers({
        publicUrl: settings.publicUrl,
        sealedTexts,
        now,
        verify,
        load: once(async () => {
          const { livePorts } = await import('./wiring/live-ports.ts');
          return livePorts(settings, { verify, verifyIdToken, audienceScopes, now });
        }),
      }),
    ),
  });

const log = lineWriter('api');
const now = () => new Date();

// A call that failed was repeated already; three in a row are no accident.
const clusterRules = { failures: 3, pauseMs };

/**
 * The clients of the endpoint. Most cold starts answer a list: what a list does not need is loaded
 * by the first request that needs it.
 */
function clientsOf(settings: ApiSettings) {
  const cluster = { ...createCluster(settings), circuit: circuit(clusterRules, now) };
  const connector = createConnector(settings);
  const readServer = readerOf(cluster);
  const seal = sealer(settings.tokenKeys);
  const prober = once(async () =>
    (await import('./wiring/probe-client.ts')).createProber(settings, connector, cluster),
  );
  const audit = auditTrail(log, auditCounter(settings.metricsNamespace));
  const store = once(async () =>
    (await import('./wiring/table-client.ts')).createGrantStore(settings.table, {
      sealer: seal,
      now,
      audit,
    }),
  );
  const history = once(async () =>
    (await import('./wiring/table-client.ts')).createHistory(settings.table),
  );
  const rates = once(async () =>
    (await import('./wiring/table-client.ts')).createRateLimits(settings.table),
  );
  const limits = rateLimits({
    now,
    audit,
    log,
    countUse: async (use) => (await rates()).countUse(use),
  });
  const signInPorts = once(async () =>
    (await import('./wiring/signin-ports.ts')).signInPorts(settings, {
      store: await store(),
      connector,
      cluster,
      readServer,
      now,
      limits,
      audit,
    }),
  );
  const sealedTexts = textSealer(seal);
  const listPage = listerOf(cluster, settings.accessRules !== undefined);
  return {
    cluster,
    listPage,
    readServer,
    prober,
    store,
    history,
    signInPorts,
    takeLimit: limits.takeLimit,
    sealedTexts,
  };
}

type Clients = ReturnType<typeof clientsOf>;

/** The first call makes it, the others get the same. One that failed is not kept. */
function once<Made>(make: () => Promise<Made>): () => Promise<Made> {
  let made: Promise<Made> | undefined;
  return () =>
    (made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    }));
}

function signInFacts(settings: ApiSettings, { listPage }: Clients): ApiPorts['facts'] {
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

const serverPorts = (
  { policy, release, heartbeatMs, anonymousList, ...settings }: ApiSettings,
  { cluster, listPage, readServer, prober, store, signInPorts, takeLimit, sealedTexts }: Clients,
): ServerPorts => ({
  now,
  listPage,
  takeLimit,
  continueTokens: sealedTexts,
  readServer,
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
    (await import('./sessions/check-sign-in.ts')).checkSignIn(await signInPorts(), server, caller),
  heartbeatMs,
  anonymousList,
  lastSweep: lastSweepOf(settings, cluster),
  ...defined({ maySee: accessOf(settings, cluster, takeLimit), siteUrl: settings.siteUrl }),
});

const accessOf = (
  { accessRules: rules }: Pick<ApiSettings, 'accessRules'>,
  cluster: Cluster,
  takeLimit: TakeLimit,
): MaySee | undefined =>
  rules && accessCheck({ now, review: accessReviewer(cluster), takeLimit, log, rules });

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
): NonNullable<ServerPorts['lastSweep']> {
  const read = leaseReader(cluster, lease);
  const longestMs = missedTicks * tickMs;
  return async () => {
    const at = await read();
    return at && { at, stopped: now().getTime() - at.getTime() > longestMs };
  };
}

/**
 * A namespace and labels that a caller asks for narrow the owner's selection; they never widen it.
 * Where namespaces may be hidden from a person, the cluster is not asked for their labels over all
 * namespaces: `continue` would count the hidden MCPServers that have them.
 */
function listerOf(cluster: Cluster, mayHide: boolean): ServerPorts['listPage'] {
  const listAll = pageLister(cluster);
  return async ({ namespace, labelSelector, ...page }) => {
    const own = cluster.selection;
    if (namespace === undefined && labelSelector === undefined) return listAll(page);
    if (namespace !== undefined && (own.namespace ?? namespace) !== namespace)
      return { kind: 'page', page: { servers: [], malformed: [] } };
    const isFilteredHere = mayHide && namespace === undefined;
    const labels = [own.labelSelector, isFilteredHere ? undefined : labelSelector];
    const selection = defined({
      namespace: namespace ?? own.namespace,
      labelSelector: labels.filter((text) => text).join(',') || undefined,
    });
    const selects = isFilteredHere ? readSelector(labelSelector ?? '') : undefined;
    return pageLister({ ...cluster, selection }, selects)(page);
  };
}

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

let answer: ReturnType<typeof functionUrlHandler> | undefined;

/**
 * Handler of the endpoint. It is made on the first request, so that a missing setting is in the log
 * of the request and not a failed start.
 */
export const handler: ReturnType<typeof functionUrlHandler> = async (event, context) => {
  // AWS says at which address the function was called. The address is not known before, and no
  // caller can forge it.
  const ownUrl =
    'domainName' in event.requestContext ? `https://${event.requestContext.domainName}` : undefined;
  answer ??= functionUrlHandler(createApi({ PUBLIC_URL: ownUrl, ...process.env }));
  return answer(event, context);
};
