/**
 * One MCP server on loopback that can be any of those that people have: streamable HTTP behind
 * OAuth, with its challenge, its resource metadata (RFC 9728) and what it does with a token.
 *
 * A test that needs a new condition adds an option to `ServerQuirks` with its source, and the line
 * here that does it. `become` changes what it does from then on.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text as bodyText } from 'node:stream/consumers';
import { defined } from '../../functions/model/defined.ts';
import { listen } from '../../local/listen.ts';
import type { Changes, PlaceAnswer } from './issuer-quirks.ts';
import { changed, json, page, sendPlace } from './place-answer.ts';
import type { WildIssuer } from './wild-issuer.ts';

export type ServerQuirks = {
  /**
   * Its challenge names its metadata: its own place, an address inside its network that nobody
   * reaches, a place that is not there, another origin, or none. vercel/mcp-handler#110
   */
  readonly namesMetadata?: 'self' | 'inner' | 'missing' | 'relative' | 'nothing';
  /** What the places of the metadata answer. mcp-remote#267, agentgateway#449, mcp-ts-core#293 */
  readonly places?: Partial<Record<'path' | 'root', PlaceAnswer>>;
  /** The metadata names no issuer although the owner pins one. mcp-ts-core#293 */
  readonly namesNoIssuer?: boolean;
  /** The issuer as its metadata names it. */
  readonly issuerNamed?: (issuer: string) => string;
  /** More issuers, before the one that works. */
  readonly otherIssuers?: readonly string[];
  /** `null` for what is not set. open-metadata/OpenMetadata#30642 */
  readonly nulls?: boolean;
  /** Scopes in its challenge, and those in its metadata. */
  readonly challengeScopes?: string;
  readonly scopes?: readonly string[];
  /** The challenge as it is, instead of the usual one. `METADATA` stands for the place. */
  readonly challenge?: string;

  /** `/mcp` is at `/mcp/`: same origin, or another one. FastMCP, Starlette mounts */
  readonly moved?: 307 | 308;
  /** Where it moved to: another origin must never see the token. */
  readonly movedTo?: string;
  /** So many requests with a good token are answered 401: the cache of a JWKS. */
  readonly refusesGoodTokens?: number;
  /** What it says to everything after a sign-in: no licence, no seat. */
  readonly afterSignIn?: { readonly status: number; readonly html?: true; readonly body?: unknown };
  /** Discovery is open, 401 comes at `tools/call`. preset-io/agor#1938, upstash/context7#2958 */
  readonly lazy?: boolean;
  /** A JSON-RPC error with 403 before the check of the token. dynatrace-mcp#540 */
  readonly hostCheck?: boolean;
  /** Only a token of this audience or scope works. */
  readonly needs?: string;
  /** A good token without this scope is answered 403 `insufficient_scope` (MCP, step-up). */
  readonly stepsUp?: string;
  /** Tokens of any person are taken: a server that trusts the person's own ID token. */
  readonly acceptsAny?: boolean;
};

export type WildServer = {
  readonly url: string;
  readonly become: (changes: Changes<ServerQuirks>) => void;
  /** Requests with a token so far. */
  readonly withToken: () => number;
  readonly close: () => Promise<void>;
};

export async function startWildServer(
  issuer: WildIssuer,
  first: ServerQuirks = {},
): Promise<WildServer> {
  let quirks = first;
  let withToken = 0;
  let refused = 0;
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  const { url: origin, close } = await listen(server);
  const url = `${origin}/mcp`;
  const wellKnown = '/.well-known/oauth-protected-resource';

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', origin);
    const body = await bodyText(request);
    if (pathname === `${wellKnown}/mcp` || pathname === `${wellKnown}/mcp/`)
      return sendPlace(response, quirks.places?.path ?? 'document', resourceMetadata);
    if (pathname === wellKnown)
      return sendPlace(response, quirks.places?.root ?? 'document', resourceMetadata);
    const { moved, movedTo = '/mcp/' } = quirks;
    if (pathname === '/mcp' && moved !== undefined) {
      response.writeHead(moved, { location: movedTo }).end();
      return;
    }
    if (pathname !== (moved === undefined ? '/mcp' : '/mcp/')) return json(response, 404, {});
    const [, token] = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '') ?? [];
    if (token === undefined) withoutToken(request, response, body);
    else called(request, response, { token, body });
  }

  function withoutToken({ method }: IncomingMessage, response: ServerResponse, body: string): void {
    if (quirks.hostCheck)
      return json(response, 403, {
        jsonrpc: '2.0',
        error: { code: -32_000, message: 'Invalid Host' },
        id: null,
      });
    if (quirks.lazy && !body.includes('"tools/call"')) return mcp(method, response, body);
    challenge(response);
  }

  function challenge(response: ServerResponse, error?: string): void {
    const { namesMetadata = 'self', challengeScopes } = quirks;
    const place = {
      self: `${origin}${wellKnown}/mcp`,
      // Nothing listens there.
      inner: `http://127.0.0.1:9${wellKnown}/mcp`,
      missing: `${origin}/nowhere`,
      relative: `${wellKnown}/mcp`,
      nothing: undefined,
    }[namesMetadata];
    const parameters = Object.entries(
      defined({ error, resource_metadata: place, scope: challengeScopes }),
    ).map(([name, value]) => `${name}="${value}"`);
    const header =
      quirks.challenge?.replaceAll('METADATA', place ?? '') ??
      `Bearer ${parameters.join(', ')}`.trimEnd();
    response.writeHead(401, { 'www-authenticate': header, 'content-type': 'application/json' });
    response.end('{"error":"unauthorized"}');
  }

  function called(
    { method }: IncomingMessage,
    response: ServerResponse,
    { token, body }: { readonly token: string; readonly body: string },
  ): void {
    withToken += 1;
    const { refusesGoodTokens = 0, afterSignIn, needs, stepsUp } = quirks;
    const isGood =
      quirks.acceptsAny ||
      (issuer.accepts(token) && (needs === undefined || issuer.madeFor(token).includes(needs)));
    if (!isGood) return challenge(response, 'invalid_token');
    if (stepsUp !== undefined && !issuer.madeFor(token).includes(stepsUp))
      return insufficientScope(response, stepsUp);
    if (refused < refusesGoodTokens) {
      refused += 1;
      return challenge(response, 'invalid_token');
    }
    if (afterSignIn !== undefined)
      return afterSignIn.html
        ? page(response, afterSignIn.status, 'Forbidden')
        : json(response, afterSignIn.status, afterSignIn.body ?? {});
    mcp(method, response, body);
  }

  function insufficientScope(response: ServerResponse, scope: string): void {
    const header = `Bearer error="insufficient_scope", scope="${scope}"`;
    response.writeHead(403, { 'www-authenticate': header, 'content-type': 'application/json' });
    response.end('{"error":"insufficient_scope"}');
  }

  function resourceMetadata(): Readonly<Record<string, unknown>> {
    const { otherIssuers = [], issuerNamed = (name) => name, namesNoIssuer, nulls } = quirks;
    return {
      ...(nulls ? { scopes_supported: null, jwks_uri: null, resource_documentation: null } : {}),
      ...defined({
        resource: url,
        authorization_servers: namesNoIssuer
          ? undefined
          : [...otherIssuers, issuerNamed(issuer.url)],
        scopes_supported: quirks.scopes && [...quirks.scopes],
      }),
    };
  }

  return {
    url,
    become: (changes) => {
      quirks = changed(quirks, changes);
    },
    withToken: () => withToken,
    close,
  };
}

/** As much of MCP as a handshake needs. */
function mcp(method: string | undefined, response: ServerResponse, body: string): void {
  if (method !== 'POST') return json(response, 405, {});
  const { id = null, method: name }: { id?: unknown; method?: string } =
    body === '' ? {} : JSON.parse(body);
  if (name === 'initialize')
    return json(response, 200, {
      jsonrpc: '2.0',
      id,
      result: {
        protocolVersion: '2025-06-18',
        capabilities: { tools: {} },
        serverInfo: { name: 'wild', version: '1' },
      },
    });
  json(response, 200, { jsonrpc: '2.0', id, error: { code: -32_601, message: 'Not found' } });
}
