import { once } from 'node:events';
import { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:net';

/** The message is one line for the user of the command. */
export class PortInUse extends Error {
  override readonly name = 'PortInUse';
}

export type Listening = {
  readonly url: string;
  readonly port: number;
  readonly close: () => Promise<void>;
};

/**
 * Lets a server of `npm start` listen on loopback, for this machine only; port 0 takes a free one.
 * The server must have its handler already: what is refused here never reaches it. Throws
 * `PortInUse`.
 */
export function listenLocally(
  server: Server & { closeAllConnections(): void },
  port = 0,
): Promise<Listening> {
  guard(server);
  return listen(server, port);
}

/**
 * Lets a server listen; port 0 takes a free one. `close` also drops the connections that are still
 * open, where the server can do that. Throws `PortInUse` when the port is taken. Tests give another
 * loopback address as `host`, always with port 0.
 */
export async function listen(
  server: Server & { closeAllConnections?(): void },
  port = 0,
  host = '127.0.0.1',
): Promise<Listening> {
  server.listen(port, host);
  await once(server, 'listening').catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
    throw new PortInUse(
      `Port ${port} on 127.0.0.1 is in use. Stop the process that uses it, or choose another port with --port.`,
    );
  });
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new Error('The server does not listen on a port.');
  return {
    url: `http://${host}:${address.port}`,
    port: address.port,
    close: async () => {
      server.closeAllConnections?.();
      await new Promise((done) => server.close(done));
    },
  };
}

/** As a Function URL: more is 413. What needs less, such as the cluster API, says so itself. */
export const mostBodyBytes = 6 * 1024 * 1024;

/** Stands before every handler of the server, which sees whole requests only. */
function guard(server: Server): void {
  const handlers = server.listeners('request');
  server.removeAllListeners('request');
  server.on('request', (request: unknown, response: unknown) => {
    if (!(request instanceof IncomingMessage && response instanceof ServerResponse)) return;
    if (!loopbackHost.test(request.headers.host ?? '')) refuse(response, 403, notOurs);
    else if (Number(request.headers['content-length'] ?? 0) > mostBodyBytes)
      refuse(response, 413, tooLarge);
    else
      whole(
        request,
        () => handlers.forEach((handler) => handler.call(server, request, response)),
        () => refuse(response, 413, tooLarge),
      );
  });
}

/**
 * 127.0.0.0/8, [::1], localhost and what is under it, with or without a port. A page in the browser
 * can give its own name our address (DNS rebinding) and would read everything as its own; `Host`
 * still holds its name.
 */
const loopbackHost = /^(127(\.\d{1,3}){3}|\[::1\]|([a-z\d-]+\.)*localhost)(:\d{1,5})?$/i;

const notOurs =
  'This listener serves this machine only. Use 127.0.0.1 or localhost in the address.';
const tooLarge = `The body is larger than ${mostBodyBytes} bytes.`;

/** Node reads the rest of a body and drops it, so that the client gets to see the answer. */
const refuse = (response: ServerResponse, status: number, message: string): void =>
  void response
    .writeHead(status, { 'content-type': 'text/plain; charset=utf-8' })
    .end(`${message}\n`);

/**
 * Holds a body back until all of it is there; `exceeded` when it passes the bound. Of a body that
 * breaks off no handler hears: some would end the process. What the parser reads arrives by `push`.
 */
function whole(request: IncomingMessage, complete: () => void, exceeded: () => void): void {
  const push = request.push.bind(request);
  const chunks: Buffer[] = [];
  let size = 0;
  request.push = (chunk: Buffer | null): boolean => {
    if (chunk === null) {
      if (size > mostBodyBytes) return push(null);
      for (const held of chunks) push(held);
      push(null);
      complete();
    } else if (size <= mostBodyBytes) {
      size += chunk.length;
      if (size <= mostBodyBytes) chunks.push(chunk);
      else {
        chunks.length = 0;
        exceeded();
      }
    }
    return true;
  };
}
