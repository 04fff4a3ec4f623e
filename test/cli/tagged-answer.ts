import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';

/**
 * Answers as the list of an endpoint does: with an ETag of this caller, 304 for who has that answer
 * already, and gzip from 1 KB on for who reads it.
 */
export function taggedAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  value: unknown,
): void {
  const body = Buffer.from(JSON.stringify(value));
  const hash = createHash('sha256').update(request.headers.authorization ?? '');
  const etag = `"${hash.update(body).digest('base64url')}"`;
  response.setHeader('cache-control', 'no-store');
  response.setHeader('vary', 'authorization, accept-encoding');
  response.setHeader('etag', etag);
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304).end();
    return;
  }
  response.setHeader('content-type', 'application/json');
  const isSmall = body.length < 1024;
  const readsGzip = request.headers['accept-encoding']?.includes('gzip') === true;
  if (isSmall || !readsGzip) response.end(body);
  else response.setHeader('content-encoding', 'gzip').end(gzipSync(body));
}
