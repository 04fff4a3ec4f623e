import type { McpServer } from '../../model/mcpserver.ts';
import type { VerificationResult } from '../../sessions/verification.ts';
import type { Connector } from '../network/connect.ts';
import { NameFailure } from '../network/connect.ts';
import { RefusedByPolicy } from '../network/guard.ts';
import { exchange } from '../network/http.ts';
import type { ProbeRequest, ProbeResponse } from '../network/http-exchange.ts';
import { clientInfo, discoverRequest } from './discover.ts';
import { outgoingHeaders } from './outgoing-headers.ts';
import { scopesIn } from '../../model/scopes.ts';
import { repeatsSecret } from '../../model/secret-pieces.ts';
import { inClusterName } from '../../model/service-name.ts';
import { bearerChallengeIn } from '../network/challenges.ts';

export type TokenVerifierOptions = {
  /** For the whole verification, all its requests together. */
  readonly timeoutMs?: number;
  /** By which names inside the cluster are recognized. */
  readonly clusterDomain?: string;
};

/**
 * Gives the function that checks whether a server accepts a person's token: by `server/discover`,
 * or else by `initialize` and a DELETE for the session that it opened; by a stream for servers of
 * type `sse`. The token goes only to the configured origin: redirects within it are followed, any
 * other one is an answer.
 */
export function tokenVerifier(
  connector: Connector,
  { timeoutMs = 10_000, clusterDomain = 'cluster.local' }: TokenVerifierOptions = {},
) {
  return async (server: McpServer, token: string): Promise<VerificationResult> => {
    const url = URL.parse(server.url ?? '');
    if (url === null) return { kind: 'unclear', message: 'spec.url of the server is not a URL.' };
    if (inClusterName(server.url, clusterDomain) !== undefined)
      return {
        kind: 'unclear',
        message: `No token was sent: ${url.hostname} is a name inside the cluster, and no token of a person goes through the API server. Whether the server accepts it is not known.`,
      };
    const outgoing = outgoingHeaders(server.headers, 'person');
    if (outgoing.kind === 'unusable')
      return { kind: 'unclear', message: `No token was sent: ${outgoing.message}.` };
    const signal = AbortSignal.timeout(Math.min(server.timeoutMs, timeoutMs));
    const ask = follower(url, (address, request, headers) =>
      exchange(
        {
          ...request,
          url: address,
          headers: outgoing.with({ ...headers, authorization: `Bearer ${token}` }),
        },
        connector,
        signal,
      ),
    );
    try {
      return server.type === 'sse' ? await byStream(ask, token) : await byRequest(ask, token);
    } catch (error) {
      return { kind: 'unclear', message: `The request to ${url.host} failed: ${detailOf(error)}.` };
    }
  };
}

type Ask = (
  request: Omit<ProbeRequest, 'url' | 'headers'>,
  headers: Readonly<Record<string, string>>,
) => Promise<ProbeResponse>;

/**
 * Follows redirects within the origin of `url`, three at most for all requests together: FastMCP and
 * Starlette mounts answer 307 at /mcp and mean /mcp/. The requests that follow begin where the last
 * one ended. A redirect that would change the method of a POST is an answer.
 */
function follower(
  url: URL,
  send: (address: URL, ...request: Parameters<Ask>) => Promise<ProbeResponse>,
): Ask {
  let address = url;
  let left = 3;
  return async (request, headers) => {
    for (;;) {
      const response = await send(address, request, headers);
      const keepsMethod = response.status === 307 || response.status === 308;
      const isFollowed = keepsMethod || (request.method === 'GET' && isMoved(response));
      const target = isFollowed
        ? URL.parse(response.headers['location'] ?? '', address.href)
        : null;
      if (target === null || target.origin !== url.origin || left === 0) return response;
      left -= 1;
      target.hash = '';
      target.username = '';
      target.password = '';
      address = target;
    }
  };
}

const isMoved = ({ status }: ProbeResponse): boolean => [301, 302, 303].includes(status);

async function byStream(ask: Ask, token: string): Promise<VerificationResult> {
  const answer = await ask({ method: 'GET' }, { accept: 'text/event-stream' });
  return (
    (await refusalIn(answer, token)) ?? (isFine(answer) ? { kind: 'accepted' } : unclear(answer))
  );
}

async function byRequest(ask: Ask, token: string): Promise<VerificationResult> {
  const discovered = await ask(
    { method: discoverRequest.method, body: discoverRequest.body, read: peek },
    { ...json, ...discoverRequest.headers },
  );
  const refused = await refusalIn(discovered, token);
  if (refused !== undefined) return refused;
  if (isFine(discovered) && hasResult(discovered)) return { kind: 'accepted' };
  // An older server: only its handshake shows whether it accepts a request with this token.
  const opened = await ask({ method: 'POST', body: initialize, read: peek }, json);
  const session = opened.headers['mcp-session-id'];
  // A server that does not let clients end a session ends it later by itself.
  if (session !== undefined)
    await ask(
      { method: 'DELETE' },
      { 'mcp-session-id': session, 'mcp-protocol-version': legacy },
    ).catch(() => {});
  return (
    (await refusalIn(opened, token)) ??
    (isFine(opened) && hasResult(opened) ? { kind: 'accepted' } : unclear(opened))
  );
}

const legacy = '2025-06-18';
const json = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
  'user-agent': 'muster',
};

// Enough to tell a result from an error. An answer that is a stream may stay open.
const peek = { bytes: 64 * 1024, ms: 2_000 };

const initialize = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: legacy, capabilities: {}, clientInfo },
});

const isFine = ({ status }: ProbeResponse) => status >= 200 && status < 300;

/** In JSON or in the first event of a stream. Without a visible body, the status decides. */
const hasResult = ({ body }: ProbeResponse) =>
  body.length === 0 || /"result"\s*:/.test(body.toString());

const unclear = ({ status }: ProbeResponse): VerificationResult => ({
  kind: 'unclear',
  message:
    status === 403
      ? 'The server answered HTTP 403 to a request with your token: it does not let you in. Ask its owner for access.'
      : `The server answered HTTP ${status} to a request with the token.`,
});

async function refusalIn(
  { status, headers }: ProbeResponse,
  token: string,
): Promise<VerificationResult | undefined> {
  if (status !== 401 && status !== 403) return undefined;
  const { error, scope } = await bearerChallengeIn(new Response(null, { status, headers }));
  if (status === 401) {
    const code = error !== undefined && refusalCodes.has(error) ? `: ${error}` : '';
    return { kind: 'refused', message: `The server refused the token${code}.` };
  }
  return error === 'insufficient_scope'
    ? { kind: 'insufficientScope', scopes: withoutPieces(scopesIn(scope ?? ''), token) }
    : undefined;
}

/**
 * RFC 6750, section 3.1. Only these words of a server are kept: it was sent the token, and its other
 * words may repeat it, whole, in pieces or encoded.
 */
const refusalCodes: ReadonlySet<string> = new Set([
  'invalid_request',
  'invalid_token',
  'insufficient_scope',
]);

/**
 * Scopes are kept and requested at the next sign-in, so none of them may hold a piece of the token.
 * Pieces that are short alone are seen where they follow one another: then no scope is kept.
 */
function withoutPieces(scopes: readonly string[], token: string): readonly string[] {
  const kept = scopes.filter((scope) => !repeatsSecret(scope, token));
  return repeatsSecret(kept.join(''), token) ? [] : kept;
}

/** Why there was no answer. Rethrows what is not an error. */
function detailOf(error: unknown): string {
  if (error instanceof RefusedByPolicy || error instanceof NameFailure) return error.message;
  if (error instanceof DOMException && error.name === 'TimeoutError') return 'no answer in time';
  if (error instanceof Error)
    return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  throw error;
}
