import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Hono } from 'hono';
import type { Cluster } from '../adapters/cluster/apiserver.ts';
import { tokenExchanger } from '../adapters/oauth/token-exchange.ts';
import type { Connector } from '../adapters/network/guard.ts';
import { guardedFetch } from '../adapters/network/http.ts';
import { oauthClient } from '../adapters/oauth/oauth-client.ts';
import { clientDocument } from '../adapters/oauth/registration.ts';
import { tokenVerifier } from '../adapters/mcp/token-verifier.ts';
import { secretReader } from '../adapters/cluster/secrets.ts';
import type { SessionStore } from '../adapters/dynamodb/grant-store.ts';
import type { Variables } from '../routes/bearer.ts';
import { sessionRoutes } from '../routes/session-routes.ts';
import type { TokenPolicy } from '../sessions/policy.ts';
import type { readClients } from '../settings.ts';
import type { ReadServer } from '../model/mcpserver.ts';

export type SignInParts = {
  readonly store: SessionStore;
  readonly connector: Connector;
  readonly cluster: Cluster;
  readonly readServer: ReadServer;
  readonly now: () => Date;
  readonly publicUrl: string;
  readonly policy: TokenPolicy;
  readonly configured: ReturnType<typeof readClients>;
};

/**
 * The routes of the sign-in story with all that they need, in a module of its own: it is loaded by
 * the first request for one of them.
 */
export function signInRoutes({
  store,
  connector,
  cluster,
  readServer,
  now,
  publicUrl,
  policy,
  configured,
}: SignInParts): Hono<{
  Variables: Variables;
}> {
  const fetch = guardedFetch(connector);
  const { allowInsecure } = policy;
  return sessionRoutes({
    ...store,
    ...oauthClient({ fetch, publicUrl, allowInsecure, now, clients: store, configured }),
    now,
    wait: (ms) => wait(ms),
    readServer,
    newSecret: () => randomBytes(32).toString('base64url'),
    verifyToken: tokenVerifier(connector),
    exchangeToken: tokenExchanger({ fetch, now, readCredentials: secretReader(cluster) }),
    policy,
    clientDocument: clientDocument(publicUrl),
  });
}
