/** What an MCP server answers that supports `initialize` and 2026-07-28, over HTTP/1.1 and HTTP/2. */
import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';

export type AnyRequest = IncomingMessage | Http2ServerRequest;
/** What the responses of `node:http` and `node:http2` have in common. */
export type AnyResponse = {
  setHeader(name: string, value: string): unknown;
  writeHead(status: number, headers?: Readonly<Record<string, string>>): unknown;
  writeEarlyHints(hints: Readonly<Record<string, string>>): unknown;
  write(chunk: string): unknown;
  end(body: string): unknown;
};
export type Answers = (request: AnyRequest, response: AnyResponse) => void;

export const says =
  (status: number, headers: Readonly<Record<string, string>> = {}, body = ''): Answers =>
  (request, response) => {
    request.resume();
    response.writeHead(status, headers);
    response.end(body);
  };

const protocolVersion = '2025-11-25';

/** Results by method; what it does not know is -32601. */
const results: Readonly<Record<string, unknown>> = {
  initialize: {
    protocolVersion,
    capabilities: {},
    serverInfo: { name: 'server of the fault world', version: '1' },
  },
  'server/discover': { supportedVersions: ['2026-07-28'], capabilities: {} },
  ping: {},
};

/** The message of the body, and what is answered. */
export function mcpReply(text: string): { readonly status: number; readonly body: string } {
  const { id, method }: { id?: unknown; method?: string } = JSON.parse(text);
  if (id === undefined) return { status: 202, body: '' };
  const result = results[method ?? ''];
  const answer = result === undefined ? { error: { code: -32601, message: 'no' } } : { result };
  return { status: 200, body: JSON.stringify({ jsonrpc: '2.0', id, ...answer }) };
}

/** Reads a POST and answers it; every other method is 405. */
export const speaksMcp: Answers = (request, response) => {
  if (request.method !== 'POST') return says(405, { allow: 'POST' })(request, response);
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { status, body } = mcpReply(Buffer.concat(chunks).toString());
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(body);
  });
};

/** By POST as `speaksMcp`, by GET as told. */
export const speaksMcpBut =
  (get: Answers): Answers =>
  (request, response) =>
    request.method === 'POST' ? speaksMcp(request, response) : get(request, response);

export const asksForSignIn = says(401, { 'www-authenticate': 'Bearer realm="mcp"' });
