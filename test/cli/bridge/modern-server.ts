/** A server that speaks revision 2026-07-28 and nothing else, from the SDK. */
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import * as z from 'zod';
import { type Listening, listen } from '../../../local/listen.ts';

export type ModernServer = Listening & {
  /** Resolves when the server has seen the end of a call of `wait`. */
  readonly aborted: Promise<void>;
  readonly toolsChanged: () => void;
  /** `Mcp-*` headers of each request, in order. */
  readonly headers: Readonly<Record<string, string>>[];
};

export async function startModernServer(): Promise<ModernServer> {
  let seenAbort = () => {};
  const aborted = new Promise<void>((resolve) => (seenAbort = resolve));
  const headers: Record<string, string>[] = [];
  const handler = createMcpHandler(() => newServer(() => seenAbort()), { legacy: 'reject' });
  const server = createServer(async (request, response) => {
    const given = Object.entries(request.headers).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value] as const] : [],
    );
    headers.push(Object.fromEntries(given.filter(([name]) => name.startsWith('mcp-'))));
    const ended = new AbortController();
    response.once('close', () => ended.abort());
    const chunks: Buffer[] = [];
    for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
    const body = chunks.length === 0 ? null : Buffer.concat(chunks);
    const answer = await handler.fetch(
      new Request(new URL(request.url ?? '/', 'http://127.0.0.1'), {
        method: request.method ?? 'GET',
        headers: given.map(([name, value]) => [name, value]),
        body,
        signal: ended.signal,
      }),
    );
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    response.flushHeaders();
    if (answer.body === null) response.end();
    else
      Readable.fromWeb(answer.body)
        .on('error', () => response.destroy())
        .pipe(response);
  });
  const listening = await listen(server);
  return {
    ...listening,
    url: `${listening.url}/mcp`,
    aborted,
    headers,
    toolsChanged: () => handler.notify.toolsChanged(),
    close: async () => {
      await handler.close();
      await listening.close();
    },
  };
}

function newServer(seenAbort: () => void): McpServer {
  const server = new McpServer(
    { name: 'modern', version: '1' },
    { capabilities: { tools: { listChanged: true } } },
  );
  const text = (value: string) => ({ content: [{ type: 'text' as const, text: value }] });
  server.registerTool('echo', { inputSchema: z.object({ message: z.string() }) }, ({ message }) =>
    text(message),
  );
  // The SDK warns of this name, at every request.
  const { warn } = console;
  console.warn = () => {};
  server.registerTool('région', { inputSchema: z.object({}) }, () => text('ici'));
  console.warn = warn;
  server.registerTool(
    'routed',
    {
      inputSchema: z.object({
        tenant: z.string().meta({ 'x-mcp-header': 'Tenant' }),
        count: z.int().meta({ 'x-mcp-header': 'Count' }),
      }),
    },
    ({ tenant, count }) => text(`${tenant} ${String(count)}`),
  );
  server.registerTool('wait', { inputSchema: z.object({}) }, async (_input, context) => {
    await new Promise<void>((resolve) => {
      context.mcpReq.signal.addEventListener('abort', () => resolve());
    });
    seenAbort();
    return text('never');
  });
  return server;
}
