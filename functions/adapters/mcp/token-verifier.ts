import type { McpServer } from '../../model/mcpserver.ts';
import type { VerificationResult } from '../../sessions/verify.ts';
import type { Connector } from '../network/connect.ts';
import { NameFailure, RefusedByPolicy } from '../network/connect.ts';
import { exchange, lowerCased, type ProbeRequest, type ProbeResponse } from '../network/http.ts';
import { clientInfo, discoverRequest } from './discover.ts';
import { scopesIn } from '../../model/scopes.ts';
import { bearerChallengeIn } from '../network/challenges.ts';

export type TokenVerifierOptions = {
  /** Whole proof, all its requests together. */
  readonly timeoutMs?: number;
};

/**
 * Asks a server once, with a person's token, whether it lets them in: `server/discover`, else
 * `initialize` and a DELETE for the session it opened; a stream for servers of type `sse`. The
 * token goes to the configured origin only: redirects are answers.
 */
export function tokenVerifier(
  connector: Connector,
  { timeoutMs = 10_000 }: TokenVerifierOptions = {},
) {
  return async (server: McpServer, token: string): Promise<VerificationResult> => {
    const url = URL.parse(server.url ?? '');
    if (url === null) return { kind: 'unclear', message: 'The URL of the server is no URL.' };
    const signal = AbortSignal.timeout(Math.min(server.timeoutMs, timeoutMs));
    const ask = (
      request: Omit<ProbeRequest, 'url' | 'headers'>,
      headers: Readonly<Record<string, string>>,
    ) =>
      exchange(
        {
          ...request,
          url,
          headers: { ...lowerCased(server.headers), ...headers, authorization: `Bearer ${token}` },
        },
        connector,
        signal,
      );
    try {
      return server.type === 'sse' ? await byStream(ask, token) : await byRequest(ask, token);
    } catch (error) {
      return { kind: 'unclear', message: `${url.host} could not be asked: ${reasonOf(error)}.` };
    }
  };
}

type Ask = (
  request: Omit<ProbeRequest, 'url' | 'headers'>,
  headers: Readonly<Record<string, string>>,
) => Promise<ProbeResponse>;

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
  // An older server; only its handshake tells whether a request with this token gets anywhere.
  const opened = await ask({ method: 'POST', body: initialize, read: peek }, json);
  const session = opened.headers['mcp-session-id'];
  // A server that does not want to hear of the end of a session ends it by itself, later.
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

// As much as tells a result from an error; an answer as a stream may stay open.
const peek = { bytes: 64 * 1024, ms: 2_000 };

const initialize = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: legacy, capabilities: {}, clientInfo },
});

const isFine = ({ status }: ProbeResponse) => status >= 200 && status < 300;

/**
 * As JSON or as the first event of a stream; an answer without a body we can see is taken at its
 * status.
 */
const hasResult = ({ body }: ProbeResponse) =>
  body.length === 0 || /"result"\s*:/.test(body.toString());

const unclear = ({ status }: ProbeResponse): VerificationResult => ({
  kind: 'unclear',
  message: `The server answered HTTP ${status} to a request with the token.`,
});

async function refusalIn(
  { status, headers }: ProbeResponse,
  token: string,
): Promise<VerificationResult | undefined> {
  if (status !== 401 && status !== 403) return undefined;
  const { error, errorDescription, scope } = await bearerChallengeIn(
    new Response(null, { status, headers }),
  );
  if (status === 401) {
    const words = [error, errorDescription].filter((word) => word !== undefined).join(': ');
    return {
      kind: 'refused',
      message:
        words === ''
          ? 'The server refused the token.'
          : `The server refused the token: ${harmless(words, token)}.`,
    };
  }
  return error === 'insufficient_scope'
    ? { kind: 'insufficientScope', scopes: scopesIn(scope ?? '') }
    : undefined;
}

/**
 * A server may repeat what it was sent; neither that nor anything that looks like a secret is kept.
 */
const harmless = (words: string, token: string): string =>
  words
    .replaceAll(token, '[left out]')
    .replace(/[\w.~+/=-]{24,}/g, '[left out]')
    .replace(/\p{Cc}/gu, ' ')
    .slice(0, 200)
    .replace(/\.$/, '');

/** Whatever keeps a request from being answered is the server's or the network's. */
function reasonOf(error: unknown): string {
  if (error instanceof RefusedByPolicy || error instanceof NameFailure) return error.message;
  if (error instanceof DOMException && error.name === 'TimeoutError') return 'no answer in time';
  if (error instanceof Error)
    return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  throw error;
}
