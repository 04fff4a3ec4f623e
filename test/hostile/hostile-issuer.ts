/**
 * An MCP server and its issuer on loopback, many of them behind one listener, that say whatever a
 * test lets them say.
 */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { resolver } from '../../functions/adapters/network/dns.ts';
import { trustStore } from '../../functions/adapters/network/connect.ts';
import type { Guard } from '../../functions/adapters/network/guard.ts';
import { guardedFetch } from '../../functions/adapters/network/http.ts';
import { challengeReader } from '../../functions/adapters/mcp/challenge-reader.ts';
import { tokenVerifier } from '../../functions/adapters/mcp/token-verifier.ts';
import { oauthClient } from '../../functions/adapters/oauth/oauth-client.ts';
import { sealer } from '../../functions/adapters/dynamodb/seal.ts';
import { sessionStore } from '../../functions/adapters/dynamodb/session-store.ts';
import { listen } from '../../local/listen.ts';
import { memoryTable } from '../../local/memory-table.ts';

/** One answer: JSON, text as it is, or whatever `pour` does with the response. */
export type Said = {
  readonly pour?: (response: ServerResponse) => void;
  readonly status?: number;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
};

/** What is said at each place. Without it, what an honest issuer says. */
export type Saying = {
  readonly challenge?: string;
  readonly resource?: Said;
  readonly metadata?: Said;
  readonly registration?: Said;
  readonly token?: Said;
  readonly revocation?: Said;
};

export type HostileIssuer = {
  /** A fresh issuer, and the MCP server that names it: its issuer, its URL, its honest metadata. */
  readonly open: (saying: (honest: Honest) => Saying) => Honest & { readonly close: () => void };
  readonly close: () => Promise<void>;
};

export type Honest = {
  readonly issuer: string;
  readonly url: string;
  readonly resource: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
};

export async function startHostileIssuer(): Promise<HostileIssuer> {
  const open = new Map<string, { readonly honest: Honest; readonly saying: Saying }>();
  const server = createServer((request, response) => {
    const [, key = ''] = /\/(case-\d+)(\/|$)/.exec(request.url ?? '') ?? [];
    const found = open.get(key);
    request.resume();
    if (found === undefined) response.writeHead(404).end();
    else answer(request, response, found);
  });
  const { url: origin, close } = await listen(server);
  let last = 0;
  return {
    open: (saying) => {
      last += 1;
      const key = `case-${last}`;
      const honest = honestAt(origin, key);
      open.set(key, { honest, saying: saying(honest) });
      return { ...honest, close: () => void open.delete(key) };
    },
    close,
  };
}

function honestAt(origin: string, key: string): Honest {
  const issuer = `${origin}/${key}`;
  const url = `${issuer}/mcp`;
  return {
    issuer,
    url,
    resource: { resource: url, authorization_servers: [issuer] },
    metadata: {
      issuer,
      authorization_endpoint: `${issuer}/auth`,
      token_endpoint: `${issuer}/token`,
      registration_endpoint: `${issuer}/register`,
      revocation_endpoint: `${issuer}/revoke`,
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['none'],
      authorization_response_iss_parameter_supported: true,
    },
  };
}

function answer(
  { url = '' }: IncomingMessage,
  response: ServerResponse,
  { honest, saying }: { readonly honest: Honest; readonly saying: Saying },
): void {
  if (url.startsWith('/.well-known/oauth-protected-resource'))
    say(response, saying.resource ?? { body: honest.resource });
  else if (url.startsWith('/.well-known/'))
    say(response, saying.metadata ?? { body: honest.metadata });
  else if (url.endsWith('/register'))
    say(response, saying.registration ?? { status: 201, body: { client_id: 'muster' } });
  else if (url.endsWith('/token'))
    say(response, saying.token ?? { body: { access_token: 'the-token', token_type: 'bearer' } });
  else if (url.endsWith('/revoke')) say(response, saying.revocation ?? { body: {} });
  else
    say(response, {
      status: 401,
      headers: { 'www-authenticate': saying.challenge ?? 'Bearer' },
      body: '',
    });
}

function say(
  response: ServerResponse,
  { status = 200, type = 'application/json', headers = {}, body, pour }: Said,
): void {
  if (pour !== undefined) {
    pour(response);
    return;
  }
  // What no HTTP server could send is not what this is about.
  const isSendable = /^[\t\x20-\x7e\x80-\xff]*$/;
  for (const [name, value] of Object.entries({ 'content-type': type, ...headers }))
    if (isSendable.test(value)) response.setHeader(name, value);
  const hasBody = status !== 204 && status !== 304;
  response.writeHead(status);
  response.end(hasBody ? (typeof body === 'string' ? body : JSON.stringify(body)) : undefined);
}

/** Everything that talks to such an issuer, by the address rules that are given. */
export function clientOf(guard: Guard, { timeoutMs = 2_000, patienceMs = 3_000 } = {}) {
  const now = () => new Date();
  const table = memoryTable();
  const connector = { guard, resolve: resolver(), secureContext: trustStore() };
  const fetch = guardedFetch(connector, { timeoutMs });
  const store = sessionStore({
    table,
    sealer: sealer([`k:${randomBytes(32).toString('base64url')}`]),
    now,
  });
  const oauth = oauthClient({
    fetch,
    readChallenge: challengeReader(fetch),
    publicUrl: 'http://127.0.0.1:8787',
    allowInsecure: true,
    now,
    clients: store,
    patienceMs,
  });
  return { oauth, store, table, connector, fetch, verify: tokenVerifier(connector) };
}
