/** Real MCP servers on loopback: the reference server of npm, open to all or behind OAuth. */
import { randomUUID } from 'node:crypto';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';
import type { OAuthTokenVerifier } from '@modelcontextprotocol/sdk/server/auth/provider.js';
import {
  getOAuthProtectedResourceMetadataUrl,
  mcpAuthMetadataRouter,
} from '@modelcontextprotocol/sdk/server/auth/router.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import {
  type EventStore,
  StreamableHTTPServerTransport,
} from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js';
import { type OAuthMetadata, OAuthMetadataSchema } from '@modelcontextprotocol/sdk/shared/auth.js';
import { createServer as createEverything } from '@modelcontextprotocol/server-everything/dist/server/index.js';
import express, { type RequestHandler, type Router } from 'express';
import { createRemoteJWKSet, customFetch, errors, jwtVerify } from 'jose';
import type { Certificate } from './certificates.ts';
import { listenLocally } from './listen.ts';
import { scopesIn } from '../functions/model/scopes.ts';

export type McpServerOptions = {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** The default is streamable HTTP; `sse` is the transport of revision 2024-11-05. */
  readonly transport?: 'sse';
  /** Streams can be resumed. */
  readonly resumable?: boolean;
  /** Serve https with this certificate; it must be valid for 127.0.0.1. */
  readonly tls?: Certificate;
  /** Requires access tokens of this issuer. Without it the server is open to all. */
  readonly oauth?: {
    readonly issuer: string;
    /** Every token must have them. */
    readonly scopes?: readonly string[];
    /**
     * The audience that tokens must have; without it this server's own address. A forwarded ID
     * token has a client as its audience.
     */
    readonly audience?: string;
    /** For an issuer with a certificate of our own authority. */
    readonly fetch?: typeof globalThis.fetch;
  };
};

export type LocalMcpServer = { readonly url: string; readonly close: () => Promise<void> };

/** Starts one at `/mcp`, for any number of sessions. Throws `PortInUse` when the port is taken. */
export async function startMcpServer({
  port = 0,
  tls,
  oauth,
  transport,
  resumable = false,
}: McpServerOptions = {}): Promise<LocalMcpServer> {
  const app = express();
  app.disable('x-powered-by');
  const server =
    tls === undefined
      ? createHttpServer(app)
      : createHttpsServer({ cert: tls.certPem, key: tls.keyPem }, app);
  const listening = await listenLocally(server, port);
  const url = new URL(`${tls === undefined ? 'http' : 'https'}://127.0.0.1:${listening.port}/mcp`);
  const endpoint = transport === 'sse' ? sseEndpoint() : mcpEndpoint(resumable);
  if (oauth !== undefined) app.use(await protectedResource(url, oauth));
  app.all(['/mcp', '/messages'], endpoint.handle);
  const close = async () => {
    await endpoint.close();
    await listening.close();
  };
  return { url: url.href, close };
}

/** The reference server over streamable HTTP, one for each session. */
function mcpEndpoint(resumable: boolean) {
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const open = async () => {
    const { server, cleanup } = createEverything();
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      ...(resumable && { eventStore: eventMemory() }),
      onsessioninitialized: (id) => void sessions.set(id, transport),
    });
    server.server.onclose = () => {
      cleanup(transport.sessionId);
      if (transport.sessionId !== undefined) sessions.delete(transport.sessionId);
    };
    await server.connect(transport);
    return transport;
  };
  const handle: RequestHandler = async (request, response) => {
    const id = request.header('mcp-session-id');
    const transport = id === undefined ? await open() : sessions.get(id);
    if (transport === undefined)
      response
        .status(404)
        .json({ jsonrpc: '2.0', error: { code: -32_001, message: 'Session not found' }, id: null });
    else await transport.handleRequest(request, response);
    // A request that opened no session leaves no transport behind.
    if (transport !== undefined && transport.sessionId === undefined) await transport.close();
  };
  const close = async () => {
    await Promise.all([...sessions.values()].map((transport) => transport.close()));
  };
  return { handle, close };
}

/** The events of one session, for streams that are opened again with `Last-Event-ID`. */
function eventMemory(): EventStore {
  const events: { readonly streamId: string; readonly message: JSONRPCMessage }[] = [];
  return {
    storeEvent: async (streamId, message) => String(events.push({ streamId, message }) - 1),
    getStreamIdForEventId: async (id) => events[Number(id)]?.streamId,
    replayEventsAfter: async (last, { send }) => {
      const { streamId = '' } = events[Number(last)] ?? {};
      for (const [id, event] of events.entries())
        if (id > Number(last) && event.streamId === streamId) await send(String(id), event.message);
      return streamId;
    },
  };
}

/** The same server over SSE: the stream at `/mcp`, messages at `/messages`. */
function sseEndpoint() {
  const sessions = new Map<string, SSEServerTransport>();
  const handle: RequestHandler = async (request, response) => {
    if (request.method === 'GET') {
      const { server, cleanup } = createEverything();
      const transport = new SSEServerTransport('/messages', response);
      sessions.set(transport.sessionId, transport);
      server.server.onclose = () => {
        cleanup(transport.sessionId);
        sessions.delete(transport.sessionId);
      };
      await server.connect(transport);
      return;
    }
    const { sessionId } = request.query;
    const transport = typeof sessionId === 'string' ? sessions.get(sessionId) : undefined;
    if (transport === undefined) response.status(404).send('Session not found');
    else await transport.handlePostMessage(request, response);
  };
  const close = async () => {
    await Promise.all([...sessions.values()].map((transport) => transport.close()));
  };
  return { handle, close };
}

type Protection = NonNullable<McpServerOptions['oauth']>;

/**
 * RFC 9728 metadata for clients without a token, and a 401 that names it. The SDK's own middleware
 * verifies tokens.
 */
async function protectedResource(
  url: URL,
  { issuer, scopes = ['mcp'], audience = url.href, fetch = globalThis.fetch }: Protection,
): Promise<Router> {
  const answer = await fetch(`${issuer}/.well-known/oauth-authorization-server`);
  const oauthMetadata = OAuthMetadataSchema.parse(await answer.json());
  const router = express.Router();
  router.use(
    mcpAuthMetadataRouter({
      oauthMetadata,
      resourceServerUrl: url,
      scopesSupported: [...scopes],
      resourceName: 'a local MCP server',
    }),
  );
  router.all(
    ['/mcp', '/messages'],
    requireBearerAuth({
      verifier: tokenVerifier(oauthMetadata, { url, audience, fetch }),
      requiredScopes: [...scopes],
      resourceMetadataUrl: getOAuthProtectedResourceMetadataUrl(url),
      expectedResource: url,
    }),
  );
  return router;
}

function tokenVerifier(
  { issuer, jwks_uri }: OAuthMetadata & { jwks_uri?: unknown },
  {
    url,
    audience,
    fetch,
  }: { readonly url: URL; readonly audience: string; readonly fetch: typeof globalThis.fetch },
): OAuthTokenVerifier {
  if (typeof jwks_uri !== 'string')
    throw new TypeError(`${issuer} has no jwks_uri in its metadata.`);
  const keys = createRemoteJWKSet(new URL(jwks_uri), { [customFetch]: fetch });
  return {
    verifyAccessToken: async (token) => {
      try {
        const { payload } = await jwtVerify(token, keys, { issuer, audience });
        const { client_id, scope, exp = 0 } = payload;
        const scopes = typeof scope === 'string' ? [...scopesIn(scope)] : [];
        return { token, clientId: String(client_id), scopes, expiresAt: exp, resource: url };
      } catch (error) {
        if (error instanceof errors.JOSEError) throw new InvalidTokenError(error.code);
        throw error;
      }
    },
  };
}
