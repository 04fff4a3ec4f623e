import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Cluster } from '../adapters/cluster/apiserver.ts';
import { secretReader } from '../adapters/cluster/secrets.ts';
import type { SessionStore } from '../adapters/dynamodb/session-store.ts';
import { challengeReader } from '../adapters/mcp/challenge-reader.ts';
import { tokenVerifier } from '../adapters/mcp/token-verifier.ts';
import type { Connector } from '../adapters/network/connect.ts';
import { guardedFetch } from '../adapters/network/http.ts';
import { oauthClient } from '../adapters/oauth/oauth-client.ts';
import { proofReader } from '../adapters/oauth/proof-reader.ts';
import { clientDocument } from '../adapters/oauth/registration.ts';
import { signInInspector } from '../adapters/oauth/sign-in-inspector.ts';
import { tokenExchanger } from '../adapters/oauth/token-exchange.ts';
import type { Audit } from '../model/audit-event.ts';
import { defined } from '../model/defined.ts';
import { livePageOf } from '../model/live-page.ts';
import type { CheckSignInPorts } from '../sessions/check-sign-in.ts';
import type { Client } from '../sessions/client.ts';
import type { ReadServer } from '../model/mcpserver.ts';
import type { SessionPorts } from '../routes/session-routes.ts';
import type { ApiSettings } from '../settings.ts';

export type SignInParts = {
  readonly store: SessionStore;
  readonly connector: Connector;
  readonly cluster: Cluster;
  readonly readServer: ReadServer;
  readonly now: () => Date;
  readonly limits: Pick<SessionPorts, 'takeLimit' | 'takeServerLimit'>;
  readonly audit: Audit;
};

/**
 * Everything the sign-in flow needs, in a module of its own: the first request for one of its
 * routes loads it.
 */
export function signInPorts(
  {
    publicUrl,
    policy,
    release,
    clients,
    issuerRules,
    serviceProxy: { clusterDomain },
    livePage,
  }: Pick<
    ApiSettings,
    'publicUrl' | 'policy' | 'release' | 'clients' | 'issuerRules' | 'serviceProxy' | 'livePage'
  >,
  { store, connector, cluster, readServer, now, limits, audit }: SignInParts,
): SessionPorts & CheckSignInPorts {
  const fetch = guardedFetch(connector);
  const { allowInsecure } = policy;
  const oauth = {
    fetch,
    readChallenge: challengeReader(fetch),
    publicUrl,
    allowInsecure,
    now,
    clients: {
      ...store,
      saveClient: async (client: Client) => {
        audit({ kind: 'clientRegistered', issuer: client.issuer });
        return store.saveClient(client);
      },
    },
    configured: clients,
    clusterDomain,
    issuerRules,
  };
  return {
    ...store,
    ...oauthClient(oauth),
    inspectSignIn: signInInspector(oauth),
    now,
    ...limits,
    audit,
    publicUrl,
    readProof: proofReader(now),
    wait: (ms) => wait(ms),
    readServer,
    newSecret: () => randomBytes(32).toString('base64url'),
    verifyToken: tokenVerifier(connector, { clusterDomain }),
    exchangeToken: tokenExchanger({
      fetch,
      now,
      issuerRules,
      hasIdTokens: policy.hasIdTokens,
      readCredentials: secretReader(cluster),
    }),
    ...defined({ livePage: livePage ? livePageOf(publicUrl) : undefined }),
    policy,
    release: { ...release, clusterDomain },
    clientDocument: clientDocument(publicUrl),
  };
}
