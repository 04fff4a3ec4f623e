import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Hono } from 'hono';
import { handle } from 'hono/aws-lambda';
import { accessReviewer } from './adapters/access.ts';
import { dynamoTable } from './adapters/dynamodb.ts';
import { tokenExchanger } from './adapters/exchange.ts';
import { guardedFetch } from './adapters/http.ts';
import { type Cluster, pageLister, serverReader } from './adapters/kubernetes.ts';
import { leaseReader, missedTicks } from './adapters/lease.ts';
import { prober } from './adapters/mcp.ts';
import { clientDocument, oauthClient } from './adapters/oauth.ts';
import { bearerVerifier } from './adapters/oidc.ts';
import { prover } from './adapters/proof.ts';
import { sealer } from './adapters/seal.ts';
import { secretReader } from './adapters/secrets.ts';
import { type SessionStore, sessionStore } from './adapters/store.ts';
import { clusterOf, diallerOf, issuerDiallerOf } from './clients.ts';
import { explain, notProbed } from './reachability/explain.ts';
import type { ReadServer } from './reachability/round.ts';
import { accessCheck, type AccessPorts, type MaySee } from './routes/access.ts';
import { composeApi } from './routes/compose.ts';
import type { Variables } from './routes/problem.ts';
import type { ServerPorts } from './routes/servers.ts';
import { sessionRoutes } from './routes/sessions.ts';
import type { Server } from './server.ts';
import { join } from './sessions/join.ts';
import { type TokenPolicy, wantedAudiences } from './sessions/policy.ts';
import { type Environment, readClients, readList, readNumber, readSetting, readSwitch, SettingError } from './settings.ts';

/** The Function URL by its settings. Sends nothing yet. Throws `SettingError` or `ClusterError`, each one line that says what to do. */
export function createApi(environment: Environment): Hono<{ Variables: Variables }> {
  const now = () => new Date();
  const publicUrl = readSetting(environment, 'PUBLIC_URL').replace(/\/+$/, '');
  const issuer = readSetting(environment, 'OIDC_ISSUER');
  const clientId = readSetting(environment, 'OIDC_CLIENT_ID');
  const cluster = clusterOf(environment);
  const readServer = readerOf(cluster);
  const dialler = diallerOf(environment);
  const probe = prober(dialler);
  const fetch = guardedFetch(dialler);
  const store = storeOf(environment, now);
  const policy = policyOf(environment);
  const { allowInsecure } = policy;
  const oauth = oauthClient({ fetch, publicUrl, allowInsecure, now, clients: store, configured: readClients(environment) });
  const listPage = listerOf(cluster);
  const audienceScope = readSetting(environment, 'AUDIENCE_SCOPE');
  const audienceScopes = async () => {
    const servers = policy.forwardHosts.length === 0 ? [] : await allServers(listPage);
    return wantedAudiences(servers, policy).map((audience) => `${audienceScope}${audience}`);
  };
  return composeApi({
    facts: { publicUrl, issuer, clientId, scopes: readSetting(environment, 'OIDC_SCOPES').split(' '), audienceScopes },
    verify: bearerVerifier({ issuer, audience: clientId, fetch: guardedFetch(issuerDiallerOf(environment)) }),
    log,
    servers: {
      now,
      listPage,
      readServer,
      sessionsOf: async (person, servers) => join(servers, person, await store.grantsOf(person), now(), policy),
      check: async (server) =>
        server.type === 'stdio' ? notProbed(server) : explain(server, await probe(server, { classify: true }), now()),
      heartbeatMs: readNumber(environment, 'HEARTBEAT_SECONDS') * 1000,
      anonymousList: readSwitch(environment, 'ANONYMOUS_LIST'),
      lastSweep: lastSweepOf(environment, cluster, now),
      ...accessOf(environment, { now, review: accessReviewer(cluster), log }),
    },
    sessions: sessionRoutes({
      ...store,
      ...oauth,
      now,
      wait: (ms) => wait(ms),
      readServer,
      newSecret: () => randomBytes(32).toString('base64url'),
      prove: prover(dialler),
      exchangeToken: tokenExchanger({ fetch, now, readCredentials: secretReader(cluster) }),
      policy,
      clientDocument: clientDocument(publicUrl),
    }),
  });
}

const log = (line: Readonly<Record<string, unknown>>): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

function lastSweepOf(environment: Environment, cluster: Cluster, now: () => Date): NonNullable<ServerPorts['lastSweep']> {
  const read = leaseReader(cluster, readSetting(environment, 'LEASE_NAMESPACE'));
  const longestMs = missedTicks * readNumber(environment, 'TICK_SECONDS') * 1000;
  return async () => {
    const at = await read();
    return at && { at, stopped: now().getTime() - at.getTime() > longestMs };
  };
}

function accessOf(environment: Environment, ports: Omit<AccessPorts, 'rules'>): { readonly maySee?: MaySee } {
  if (!readSwitch(environment, 'ACCESS_REVIEW')) return {};
  if (readSwitch(environment, 'ANONYMOUS_LIST')) {
    throw new SettingError(
      'ACCESS_REVIEW and ANONYMOUS_LIST are both on: nobody can be asked about who is nobody. Switch one of them off.',
    );
  }
  const prefix = readSetting(environment, 'ACCESS_USERNAME_PREFIX');
  const rules = {
    usernameClaim: readSetting(environment, 'ACCESS_USERNAME_CLAIM'),
    ...(prefix !== '' && { usernamePrefix: prefix }),
    groupsClaim: readSetting(environment, 'ACCESS_GROUPS_CLAIM'),
    groupsPrefix: readSetting(environment, 'ACCESS_GROUPS_PREFIX'),
  };
  return { maySee: accessCheck({ ...ports, rules }) };
}

/** A namespace that a caller asks for narrows the owner's selection; it never widens it. */
function listerOf(cluster: Cluster): ServerPorts['listPage'] {
  const listAll = pageLister(cluster);
  return async ({ namespace, ...page }) => {
    const { selection } = cluster;
    if (namespace === undefined || namespace === selection.namespace) return listAll(page);
    if (selection.namespace !== undefined) return { kind: 'page', page: { servers: [], malformed: [] } };
    return pageLister({ ...cluster, selection: { ...selection, namespace } })(page);
  };
}

async function allServers(listPage: ServerPorts['listPage']): Promise<readonly Server[]> {
  const servers: Server[] = [];
  let next: string | undefined;
  do {
    const read = await listPage({ limit: 500, ...(next === undefined ? {} : { continue: next }) });
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
  allowInsecure: !readSwitch(environment, 'GUARD'),
});

/** What the owner does not list cannot be read by name, and only names reach the address of a request to the cluster. */
function readerOf(cluster: Cluster): ReadServer {
  const read = serverReader(cluster);
  const { namespace: only } = cluster.selection;
  return async (namespace, name) => {
    const isOurs = isName(namespace) && isName(name) && (only === undefined || only === namespace);
    return isOurs ? read(namespace, name) : undefined;
  };
}

/** What Kubernetes allows as a name (RFC 1123 subdomain). */
const isName = (text: string): boolean => text.length <= 253 && /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(text);

/** The store of the settings; `AWS_ENDPOINT_URL_DYNAMODB` leads to a stand-in. */
function storeOf(environment: Environment, now: () => Date): SessionStore {
  const endpoint = environment['AWS_ENDPOINT_URL_DYNAMODB'];
  // Many tries: what an issuer answered to a refresh exists once, and here only.
  const client = new DynamoDBClient({ maxAttempts: 8, ...(endpoint === undefined ? {} : { endpoint }) });
  const table = dynamoTable(DynamoDBDocumentClient.from(client), readSetting(environment, 'TABLE_NAME'));
  return sessionStore({ table, sealer: sealer(readList(environment, 'TOKEN_KEYS')), now });
}

let answer: ReturnType<typeof handle> | undefined;

/** Handler of the Function URL. Made on the first request, so that a missing setting is told in the logs and not as a failed start. */
export const handler: ReturnType<typeof handle> = async (event, context) => {
  answer ??= handle(createApi(process.env));
  return answer(event, context);
};
