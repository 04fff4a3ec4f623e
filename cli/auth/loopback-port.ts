import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { LoopbackRedirect } from '../../functions/model/loopback-redirect.ts';
import { CliError, exitCodes } from '../context.ts';
import { codeOf } from '../token-store/private-file.ts';

export type LoopbackPort = { readonly port: number; readonly close: () => void };

/**
 * Listens where the browser will come back to. `localhost` is both addresses of this machine:
 * browsers try one and then the other, and another program at one of them would get the code.
 * Throws with exit code 3 when the port is in use, before anything is sent to an issuer.
 */
export async function listenOnLoopback(
  { host, port }: Pick<LoopbackRedirect, 'host' | 'port'>,
  listener: RequestListener,
): Promise<LoopbackPort> {
  for (let attempt = 1; ; attempt += 1) {
    const servers: Server[] = [];
    try {
      const [first = '127.0.0.1', second] = addresses[host];
      const bound = await listen(servers, listener, first, port);
      if (second !== undefined)
        await listen(servers, listener, second, bound).catch(onlyWithoutFamily);
      return { port: bound, close: () => void servers.map(end) };
    } catch (error) {
      servers.map(end);
      // A free port of one address may be in use at the other one.
      if (port === 0 && codeOf(error) === 'EADDRINUSE' && attempt < mostAttempts) continue;
      throw notFree(host, port, error);
    }
  }
}

const mostAttempts = 5;

const addresses = {
  '127.0.0.1': ['127.0.0.1'],
  '[::1]': ['::1'],
  localhost: ['127.0.0.1', '::1'],
} as const satisfies Record<LoopbackRedirect['host'], readonly string[]>;

async function listen(
  servers: Server[],
  listener: RequestListener,
  address: string,
  port: number,
): Promise<number> {
  const server = createServer(listener);
  servers.push(server);
  server.listen(port, address);
  await once(server, 'listening');
  const bound = server.address();
  return bound === null || typeof bound === 'string' ? port : bound.port;
}

/** A machine without IPv6 has one address. */
function onlyWithoutFamily(error: unknown): void {
  const code = codeOf(error);
  if (code !== 'EADDRNOTAVAIL' && code !== 'EAFNOSUPPORT') throw error;
}

function end(server: Server): void {
  server.close();
  // Responses under way are still sent; connections that browsers open ahead of time do not keep
  // the process alive.
  setTimeout(() => server.closeAllConnections(), 500).unref();
}

function notFree(host: string, port: number, error: unknown): unknown {
  const why = causes[codeOf(error) ?? ''];
  if (why === undefined) return error;
  return new CliError(`${host}:${String(port)} ${why}, so the sign-in cannot start.`, {
    exitCode: exitCodes.signInFailed,
    hint: 'The issuer sends the browser back to this port only (OIDC_REDIRECT). End the program that listens there, perhaps another sign-in, then try again.',
  });
}

const causes: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use',
  EACCES: 'is not allowed to you',
  EADDRNOTAVAIL: 'does not exist on this machine',
};
