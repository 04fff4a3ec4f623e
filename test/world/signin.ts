/**
 * Everything around a sign-in, real and on loopback: an issuer for MCP servers, one MCP server
 * behind it, the store, and our OAuth client.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { resolver } from '../../functions/adapters/network/dns.ts';
import { dynamoTable } from '../../functions/adapters/dynamodb/dynamo-table.ts';
import { tokenExchanger } from '../../functions/adapters/oauth/token-exchange.ts';
import { type Connector, trustStore } from '../../functions/adapters/network/connect.ts';
import { addressGuard } from '../../functions/adapters/network/guard.ts';
import type { GuardedFetch } from '../../functions/adapters/network/guarded-fetch.ts';
import { guardedFetch } from '../../functions/adapters/network/http.ts';
import { type OAuthClient, oauthClient } from '../../functions/adapters/oauth/oauth-client.ts';
import {
  clientDocument,
  type ConfiguredClient,
} from '../../functions/adapters/oauth/registration.ts';
import { proofReader } from '../../functions/adapters/oauth/proof-reader.ts';
import { challengeReader } from '../../functions/adapters/mcp/challenge-reader.ts';
import { tokenVerifier } from '../../functions/adapters/mcp/token-verifier.ts';
import { sealer } from '../../functions/adapters/dynamodb/seal.ts';
import {
  type SessionStore,
  sessionStore,
} from '../../functions/adapters/dynamodb/session-store.ts';
import type { SessionPorts } from '../../functions/routes/session-routes.ts';
import type { AuditEvent } from '../../functions/model/audit-event.ts';
import type { McpServer } from '../../functions/model/mcpserver.ts';
import { type IssuerRules, noIssuerRules } from '../../functions/model/issuer-rules.ts';
import type { TokenPolicy } from '../../functions/sessions/policy.ts';
import { type Issuer, type IssuerOptions, startIssuer } from '../../local/issuer.ts';
import { type LocalMcpServer, startMcpServer } from '../../local/mcp-servers.ts';
import { type Store, startStore } from '../../local/dynamodb.ts';
import type { Credentials } from '../../functions/sessions/ports.ts';
import { defined } from '../../functions/model/defined.ts';

/** A request that went out, and the parameters of its form. */
type Sent = { readonly method: string; readonly url: URL; readonly form: URLSearchParams };

export type SignInWorld = {
  readonly publicUrl: string;
  readonly issuer: Issuer;
  readonly mcp: LocalMcpServer;
  readonly local: Store;
  readonly store: SessionStore;
  readonly oauth: OAuthClient;
  readonly fetch: GuardedFetch;
  readonly connector: Connector;
  /** Everything that the flows of the sessions need. Servers are read from `servers`. */
  readonly ports: SessionPorts;
  readonly servers: Map<string, McpServer>;
  /** What our OAuth client sent, in order. */
  readonly sent: Sent[];
  /** The security events of the routes, in order. */
  readonly audited: AuditEvent[];
  /** Tests may set it. */
  readonly clock: { now: Date };
  readonly close: () => Promise<void>;
};

/**
 * Nothing listens at the public address: tests play the browser and call the callback themselves.
 */
export async function startSignInWorld({
  issuer: issuerOptions = {},
  running,
  publicUrl = 'http://127.0.0.1:8787',
  extraCa,
  scopes = ['mcp'],
  configured = [],
  policy = {},
  issuerRules = noIssuerRules,
  credentials,
}: {
  issuer?: IssuerOptions;
  /** An issuer that is there already, instead of one of our own; its tokens have this audience. */
  running?: { readonly issuer: Issuer; readonly audience: string };
  publicUrl?: string;
  extraCa?: string;
  /** What the MCP server asks for. */
  scopes?: readonly string[];
  configured?: readonly ConfiguredClient[];
  policy?: Partial<TokenPolicy>;
  issuerRules?: IssuerRules;
  /** What the Secret holds that token exchange reads. */
  credentials?: Credentials;
} = {}): Promise<SignInWorld> {
  const [issuer, local] = await Promise.all([
    running?.issuer ?? startIssuer(issuerOptions),
    startStore(),
  ]);
  const mcp = await startMcpServer({
    oauth: defined({ issuer: issuer.url, scopes, audience: running?.audience }),
  });
  const clock = { now: new Date() };
  const now = () => clock.now;
  const sent: Sent[] = [];
  const audited: AuditEvent[] = [];
  const connector = {
    guard: addressGuard({ allowLocal: true }),
    resolve: resolver(),
    secureContext: trustStore(extraCa),
  };
  const guarded = guardedFetch(connector);
  const fetch: GuardedFetch = (url, init) => {
    sent.push({
      method: init?.method ?? 'GET',
      url: new URL(url),
      form: new URLSearchParams(init?.body?.toString()),
    });
    return guarded(url, init);
  };
  const store = sessionStore({
    table: dynamoTable(DynamoDBDocumentClient.from(local.client), local.table),
    sealer: sealer([`test:${randomBytes(32).toString('base64url')}`]),
    now,
  });
  const oauth = oauthClient({
    fetch,
    readChallenge: challengeReader(fetch),
    publicUrl,
    allowInsecure: true,
    now,
    clients: store,
    configured,
  });
  const servers = new Map<string, McpServer>();
  const ports: SessionPorts = {
    ...store,
    ...oauth,
    now,
    takeLimit: async () => ({ kind: 'allowed' }),
    takeServerLimit: async () => ({ kind: 'allowed' }),
    audit: (event) => void audited.push(event),
    publicUrl,
    readProof: proofReader(now),
    wait: (ms) => wait(ms),
    newSecret: () => randomBytes(32).toString('base64url'),
    readServer: async (_namespace, name) => servers.get(name),
    clientDocument: clientDocument(publicUrl),
    verifyToken: tokenVerifier(connector),
    exchangeToken: tokenExchanger({
      fetch,
      now,
      issuerRules,
      hasIdTokens: policy.hasIdTokens ?? true,
      readCredentials: async () => credentials,
    }),
    release: { isOn: true, hosts: [], clusterDomain: 'cluster.local' },
    policy: {
      forwardHosts: [],
      exchangeIssuers: [],
      audienceNamespaces: [],
      secretNamespaces: [],
      hasIdTokens: true,
      allowInsecure: true,
      ...policy,
    },
  };
  const close = async () => void (await Promise.all([issuer.close(), mcp.close(), local.close()]));
  return {
    publicUrl,
    issuer,
    mcp,
    local,
    store,
    oauth,
    fetch,
    connector,
    ports,
    servers,
    sent,
    audited,
    clock,
    close,
  };
}
