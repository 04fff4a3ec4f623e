/** An MCP server that answers as a test wants it. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { isRecord, parseJson } from '../../../functions/model/json.ts';
import { type Listening, listen } from '../../../local/listen.ts';

export type Asked = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
};

type Respond = (asked: Asked, response: ServerResponse) => void;

export type OddServer = Listening & { readonly asked: Asked[]; respond: Respond };

export async function startOddServer(respond: Respond, port = 0): Promise<OddServer> {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const json = parseJson(text);
    const { method = '', url: path = '', headers } = request;
    const one = { method, path, headers, text, json: isRecord(json) ? json : {} };
    asked.push(one);
    odd.respond(one, response);
  });
  const listening = await listen(server, port);
  const odd: OddServer = { ...listening, url: `${listening.url}/mcp`, asked, respond };
  return odd;
}

export const result = (asked: Pick<Asked, 'json'>, value: unknown = {}) => ({
  jsonrpc: '2.0',
  id: asked.json['id'],
  result: value,
});

export const sendJson = (response: ServerResponse, body: unknown, status = 200): void =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

export const sendEvents = (response: ServerResponse, text: string): void =>
  void response.writeHead(200, { 'content-type': 'text/event-stream' }).end(text);

/** Answers everything with an empty result. */
export const obliging: Respond = (asked, response) => {
  if (asked.method === 'GET') response.writeHead(405).end();
  else if (asked.json['id'] === undefined) response.writeHead(202).end();
  else sendJson(response, result(asked));
};
