/** An MCP server of 2024-11-05: the GET is the session, POSTs go to an address of its own. */
import type { RequestListener, ServerResponse } from 'node:http';
import { mcpReply } from './mcp-answer.ts';

/** `first` is what the stream begins with; SESSION in it is replaced by that address. */
export function sseServer(first: string): RequestListener {
  const streams = new Map<string, ServerResponse>();
  let last = 0;
  return (request, response) => {
    const stream = streams.get(request.url ?? '');
    if (request.method === 'GET') {
      last += 1;
      const address = `/messages/${last}`;
      streams.set(address, response);
      response.once('close', () => streams.delete(address));
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(first.replace('SESSION', address));
    } else if (stream === undefined) response.writeHead(404).end();
    else {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { body } = mcpReply(Buffer.concat(chunks).toString());
        response.writeHead(202).end();
        if (body !== '') stream.write(`event: message\ndata: ${body}\n\n`);
      });
    }
  };
}
