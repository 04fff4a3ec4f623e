/** A server that answers GET and POST in different ways, and notes what it was asked. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen } from '../../local/listen.ts';

export type ScriptedAnswer =
  | 'silent'
  | 'closed'
  | 'reset'
  | {
      readonly status: number;
      readonly type?: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
      /** The answer does not end. */
      readonly stays?: boolean;
    };

export type Script = { readonly get: ScriptedAnswer; readonly post: ScriptedAnswer };

export const json = (status: number, body: unknown): ScriptedAnswer => ({
  status,
  type: 'application/json',
  body: JSON.stringify(body),
});
export const html = (status: number): ScriptedAnswer => ({
  status,
  type: 'text/html',
  body: '<!doctype html><h1>Hello</h1>',
});
export const rpcResult = json(200, {
  jsonrpc: '2.0',
  id: 1,
  result: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    serverInfo: { name: 'scripted', version: '1' },
  },
});
export const rpcError = (status: number, code: number): ScriptedAnswer =>
  json(status, { jsonrpc: '2.0', id: null, error: { code, message: 'no' } });

export async function scriptedServer(script: Script) {
  const asked: { readonly method: string; readonly url: string }[] = [];
  const server = createServer((request, response) => {
    asked.push({ method: request.method ?? '', url: request.url ?? '' });
    let sent = '';
    request.on('data', (chunk) => (sent += String(chunk)));
    if (request.method === 'DELETE') response.writeHead(204).end();
    else if (request.method === 'GET') give(script.get, request, response);
    else request.on('end', () => give(withIdOf(script.post, sent), request, response));
  });
  const { url, port, close } = await listen(server);
  return { url: `${url}/mcp`, port, close, asked };
}

/** JSON-RPC answers repeat the id of the request. */
function withIdOf(answer: ScriptedAnswer, sent: string): ScriptedAnswer {
  if (typeof answer === 'string' || answer.body === undefined) return answer;
  const [id] = /(?<="id":)\d+/.exec(sent) ?? ['1'];
  return { ...answer, body: answer.body.replace('"id":1', `"id":${id}`) };
}

function give(answer: ScriptedAnswer, { socket }: IncomingMessage, response: ServerResponse): void {
  if (answer === 'silent') return;
  if (answer === 'closed') return void socket.end();
  if (answer === 'reset') return void socket.resetAndDestroy();
  const { status, type = '', headers = {}, body = '', stays = false } = answer;
  response.writeHead(status, type === '' ? headers : { 'content-type': type, ...headers });
  response.flushHeaders();
  if (body !== '') response.write(body);
  if (!stays) response.end();
}
