/** An endpoint that answers as a test says, beside the built site at the same address. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { List, Row } from '../../functions/model/wire/server-wire.ts';
import { type Listening, listen } from '../../local/listen.ts';
import { siteFiles } from '../../local/site-files.ts';
import { built } from './serve.ts';

export type JsonAnswer = {
  readonly status?: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

export type ListEndpoint = Listening & {
  /** Decides every answer of `/v1`, by its path and query, and by its headers. */
  answer: (path: string, headers: IncomingHttpHeaders) => JsonAnswer;
  /** Paths of `/v1` that were asked for. */
  readonly asked: string[];
};

export async function startListEndpoint(answer: ListEndpoint['answer']): Promise<ListEndpoint> {
  const files = siteFiles(built);
  const asked: string[] = [];
  const server = createServer((request, response) => {
    void files(request, response).then((isServed) => {
      if (isServed) return;
      const path = request.url ?? '';
      asked.push(path);
      const { status = 200, body, headers = {} } = endpoint.answer(path, request.headers);
      const isJson = typeof body !== 'string';
      response
        .writeHead(status, {
          'content-type': isJson ? 'application/json' : 'text/html',
          'cache-control': 'no-store',
          ...headers,
        })
        .end(isJson ? JSON.stringify(body) : body);
    });
  });
  const endpoint: ListEndpoint = { ...(await listen(server)), answer, asked };
  return endpoint;
}

export const aList = (items: readonly Row[], facts: Partial<List> = {}): JsonAnswer => ({
  body: { items, problems: [], ...facts },
});
