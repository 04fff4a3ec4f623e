import { createServer } from 'node:http';
import { listen } from '../../local/listen.ts';

/** HTTP servers that answer 401, one at each address, all at the port that it returns. */
export async function startPlainServers(
  addresses: readonly string[],
  afterMs: number,
): Promise<number> {
  const answering = (): ReturnType<typeof createServer> =>
    createServer((_request, response) => {
      if (afterMs === 0) response.writeHead(401).end();
      else setTimeout(() => response.writeHead(401).end(), afterMs);
    });
  const [first = '127.0.0.1', ...others] = addresses;
  const { port } = await listen(answering(), 0, first);
  await Promise.all(
    others.map(
      (address) => new Promise<void>((done) => answering().listen(port, address, 1024, done)),
    ),
  );
  return port;
}
