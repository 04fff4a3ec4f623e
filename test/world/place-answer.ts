/** What wild issuers and servers write: JSON, pages, refusals, and the odd well-known document. */
import type { ServerResponse } from 'node:http';
import { defined } from '../../functions/model/defined.ts';
import type { Changes, PlaceAnswer, Refusal } from './issuer-quirks.ts';

/** What a well-known place of an issuer or a server answers. */
export function sendPlace(
  response: ServerResponse,
  answer: PlaceAnswer,
  document: () => Readonly<Record<string, unknown>>,
): void {
  switch (answer) {
    case 'document':
      return json(response, 200, document());
    case 'absent':
      return json(response, 404, {});
    case 'html':
      return page(response, 200, '<div id="root"></div>');
    case 'busy':
      return json(response, 503, {});
    case 'gateway':
      return page(response, 502, 'Bad Gateway');
    case 'limited':
      response.setHeader('retry-after', '1');
      return json(response, 429, {});
    case 'other':
      return json(response, 200, {
        ...document(),
        issuer: 'https://another.example',
        resource: 'https://another.example/mcp',
      });
    case 'empty':
      return json(response, 200, {});
    case 'redirect':
      response.writeHead(302, { location: '/login' }).end();
      return;
    case 'locked':
      response.writeHead(401, { 'www-authenticate': 'Bearer' }).end();
  }
}

export function refuse(
  response: ServerResponse,
  { status = 400, error, description, html, hangUp }: Refusal,
): void {
  if (hangUp) response.socket?.destroy();
  else if (html) page(response, status, 'Request blocked');
  else
    json(
      response,
      status,
      error === undefined ? '' : defined({ error, error_description: description }),
    );
}

export const json = (response: ServerResponse, status: number, body: unknown): void =>
  void response
    .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    .end(body === '' ? '' : JSON.stringify(body));

export const page = (response: ServerResponse, status: number, inside: string): void =>
  void response
    .writeHead(status, { 'content-type': 'text/html; charset=utf-8' })
    .end(`<!doctype html><html lang="en"><title>Sign-in</title><body>${inside}</body></html>`);

/** The quirks with these changes: `undefined` ends one. */
export const changed = <Quirks extends object>(quirks: Quirks, changes: Changes<Quirks>): Quirks =>
  Object.assign({}, quirks, changes);
