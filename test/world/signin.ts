/** Everything around a sign-in, real and on loopback: an issuer for MCP servers, one MCP server behind it, the store, and our OAuth client. */
import { randomBytes } from 'node:crypto';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { resolver } from '../../functions/adapters/dns.ts';
import { type SessionStore, sessionStore } from '../../functions/adapters/dynamodb.ts';
import { addressGuard, trust } from '../../functions/adapters/guard.ts';
import { type GuardedFetch, guardedFetch } from '../../functions/adapters/http.ts';
import { type OAuthClient, oauthClient } from '../../functions/adapters/oauth.ts';
import { sealer } from '../../functions/adapters/seal.ts';
import { type Issuer, type IssuerOptions, startIssuer } from '../../local/issuer.ts';
import { type LocalMcpServer, startMcpServer } from '../../local/servers.ts';
import { type Store, startStore } from '../../local/store.ts';

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
  /** What our OAuth client sent, in order. */
  readonly sent: Sent[];
  /** May be turned. */
  readonly clock: { now: Date };
  readonly close: () => Promise<void>;
};

/** The public address is one that nobody listens at: tests play the browser and hand the callback over themselves. */
export async function startSignInWorld({
  issuer: issuerOptions = {},
  publicUrl = 'http://127.0.0.1:8787',
  extraCa,
}: {
  issuer?: IssuerOptions;
  publicUrl?: string;
  extraCa?: string;
} = {}): Promise<SignInWorld> {
  const [issuer, local] = await Promise.all([startIssuer(issuerOptions), startStore()]);
  const mcp = await startMcpServer({ oauth: { issuer: issuer.url } });
  const clock = { now: new Date() };
  const now = () => clock.now;
  const sent: Sent[] = [];
  const guarded = guardedFetch({ guard: addressGuard({ allowLocal: true }), resolve: resolver(), secureContext: trust(extraCa) });
  const fetch: GuardedFetch = (url, init) => {
    sent.push({ method: init?.method ?? 'GET', url: new URL(url), form: new URLSearchParams(init?.body?.toString()) });
    return guarded(url, init);
  };
  const store = sessionStore({
    client: DynamoDBDocumentClient.from(local.client),
    table: local.table,
    sealer: sealer([`test:${randomBytes(32).toString('base64url')}`]),
    now,
  });
  const oauth = oauthClient({ fetch, publicUrl, allowInsecure: true, now, clients: store });
  const close = async () => void (await Promise.all([issuer.close(), mcp.close(), local.close()]));
  return { publicUrl, issuer, mcp, local, store, oauth, fetch, sent, clock, close };
}
