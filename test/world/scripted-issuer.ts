/**
 * An issuer on loopback that says what a test wants at each of its places, and an OAuth client of
 * ours that knows where it is.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { resolver } from '../../functions/adapters/network/dns.ts';
import { trustStore } from '../../functions/adapters/network/connect.ts';
import { addressGuard } from '../../functions/adapters/network/guard.ts';
import { guardedFetch } from '../../functions/adapters/network/http.ts';
import { sealer } from '../../functions/adapters/dynamodb/seal.ts';
import {
  type SessionStore,
  sessionStore,
} from '../../functions/adapters/dynamodb/session-store.ts';
import {
  type OAuthClient,
  oauthClient,
  type OAuthOptions,
} from '../../functions/adapters/oauth/oauth-client.ts';
import type { McpServer } from '../../functions/model/mcpserver.ts';
import { listen } from '../../local/listen.ts';
import { memoryTable } from '../../local/memory-table.ts';
import { anAuth, aServer, connected } from './server.ts';

export type Said = {
  readonly status?: number;
  /** Sent as it is where it is text, else as JSON. */
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

/** A request that the issuer got: its path, and what was in its form or JSON. */
export type Got = { readonly path: string; readonly sent: Readonly<Record<string, unknown>> };

export type Script = {
  metadata?: Readonly<Record<string, unknown>>;
  register?: (sent: Got['sent']) => Said;
  token?: (sent: Got['sent']) => Said;
  revoke?: (sent: Got['sent']) => Said;
};

export type ScriptedIssuer = {
  readonly url: string;
  readonly host: string;
  readonly script: Script;
  readonly got: Got[];
  /** A server whose owner names this issuer. */
  readonly server: McpServer;
  readonly store: SessionStore;
  readonly clock: { now: Date };
  readonly oauth: (more?: Partial<OAuthOptions>) => OAuthClient;
  readonly close: () => Promise<void>;
};

export const goodTokens: Said = {
  body: {
    access_token: 'access-token-of-the-test',
    refresh_token: 'refresh-token-of-the-test',
    token_type: 'Bearer',
    expires_in: 3_600,
  },
};

export async function startScriptedIssuer(): Promise<ScriptedIssuer> {
  const script: Script = {};
  const got: Got[] = [];
  let registered = 0;
  const issuer = await listen(createServer((request, response) => void answer(request, response)));
  const { url } = issuer;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    const body = await text(request);
    const sent = body.startsWith('{')
      ? JSON.parse(body)
      : Object.fromEntries(new URLSearchParams(body));
    if (!path.startsWith('/.well-known/')) got.push({ path, sent });
    say(response, saidAt(path, sent));
  }

  function saidAt(path: string, sent: Got['sent']): Said {
    if (path === '/.well-known/oauth-authorization-server')
      return {
        body: {
          issuer: url,
          authorization_endpoint: `${url}/auth`,
          token_endpoint: `${url}/token`,
          registration_endpoint: `${url}/register`,
          revocation_endpoint: `${url}/revoke`,
          code_challenge_methods_supported: ['S256'],
          token_endpoint_auth_methods_supported: ['none'],
          ...script.metadata,
        },
      };
    if (path === '/register') return script.register?.(sent) ?? newClient();
    if (path === '/token') return script.token?.(sent) ?? goodTokens;
    if (path === '/revoke') return script.revoke?.(sent) ?? { body: '' };
    return { status: path === '/mcp' ? 401 : 404, body: '' };
  }

  const newClient = (): Said => {
    registered += 1;
    return { status: 201, body: { client_id: `client-${String(registered)}` } };
  };

  const clock = { now: new Date('2026-11-26T12:00:00Z') };
  const now = () => clock.now;
  const store = sessionStore({
    table: memoryTable(),
    sealer: sealer([`k:${Buffer.alloc(32, 1).toString('base64url')}`]),
    now,
  });
  const fetch = guardedFetch({
    guard: addressGuard({ allowLocal: true }),
    resolve: resolver(),
    secureContext: trustStore(),
  });
  return {
    url,
    host: new URL(url).host,
    script,
    got,
    clock,
    store,
    server: aServer({
      url: `${url}/mcp`,
      status: connected('True'),
      auth: anAuth({ type: 'oauth', authorizationServer: { issuer: url, scopes: 'mcp' } }),
    }),
    oauth: (more = {}) =>
      oauthClient({
        fetch,
        readChallenge: async () => ({}),
        publicUrl: 'https://muster.example.com',
        allowInsecure: true,
        now,
        clients: store,
        ...more,
      }),
    close: issuer.close,
  };
}

function say(response: ServerResponse, { status = 200, body, headers = {} }: Said): void {
  const isText = typeof body === 'string';
  response
    .writeHead(status, { 'content-type': isText ? 'text/plain' : 'application/json', ...headers })
    .end(isText ? body : JSON.stringify(body));
}
