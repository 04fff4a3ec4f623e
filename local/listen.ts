import { once } from 'node:events';
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
 * Lets a server listen on loopback; port 0 takes a free one. `close` also drops the connections
 * that are still open, where the server can do that. Throws `PortInUse` when the port is taken.
 * Tests give another loopback address as `host`, always with port 0.
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
