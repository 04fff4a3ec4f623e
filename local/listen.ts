import { once } from 'node:events';
import { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:net';

/** The message is one line for the person who started us. */
export class PortInUse extends Error {
  override readonly name = 'PortInUse';
}

export type Listening = {
  readonly url: string;
  readonly port: number;
  readonly close: () => Promise<void>;
};

/**
 * Lets a server listen on loopback, for this machine only; port 0 takes a free one. The server must
 * have its handler already: what `refusal` refuses never reaches it. `close` also drops the
 * connections that are still open. Throws `PortInUse` when the port is taken.
 */
export async function listen(
  server: Server & { closeAllConnections(): void },
  port = 0,
): Promise<Listening> {
  guard(server);
  server.listen(port, '127.0.0.1');
  await once(server, 'listening').catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
    throw new PortInUse(
      `Port ${port} on 127.0.0.1 is in use. End what listens there, or choose another one with --port.`,
    );
  });
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new Error('The server does not listen on a port.');
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

/** As a Function URL: more is 413. What needs less, such as the cluster API, says so itself. */
export const mostBodyBytes = 6 * 1024 * 1024;

/** Stands before every handler of the server. */
function guard(server: Server): void {
  const handlers = server.listeners('request');
  server.removeAllListeners('request');
  server.on('request', (request: unknown, response: unknown) => {
    if (!(request instanceof IncomingMessage && response instanceof ServerResponse)) return;
    const refused = refusal(request);
    if (refused === undefined)
      for (const handler of handlers) handler.call(server, request, response);
    // The rest of a body is read and dropped by Node, so that the client gets to see the answer.
    else
      response
        .writeHead(refused.status, { 'content-type': 'text/plain; charset=utf-8' })
        .end(`${refused.message}\n`);
  });
}

/** 127.0.0.0/8, [::1], localhost and what is under it, with or without a port. */
const loopbackHost = /^(127(\.\d{1,3}){3}|\[::1\]|([a-z\d-]+\.)*localhost)(:\d{1,5})?$/i;

/**
 * Why a request goes no further. A page in the browser can give its own name our address (DNS
 * rebinding), and then reads everything as one of us; its `Host` still tells.
 */
function refusal({
  headers,
}: IncomingMessage): { readonly status: number; readonly message: string } | undefined {
  if (!loopbackHost.test(headers.host ?? ''))
    return {
      status: 403,
      message: 'This listener serves this machine only. Use 127.0.0.1 or localhost in the address.',
    };
  // Only a body with a length is bounded before its first byte.
  if (headers['transfer-encoding'] !== undefined)
    return { status: 411, message: 'Send the body with a Content-Length.' };
  if (Number(headers['content-length'] ?? 0) > mostBodyBytes)
    return { status: 413, message: `The body is larger than ${mostBodyBytes} bytes.` };
  return undefined;
}
