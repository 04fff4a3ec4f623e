import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Certificate } from '../../local/certificates.ts';
import { listen } from '../../local/listen.ts';

export type HttpProxy = {
  readonly url: string;
  /** What was asked of it: `CONNECT host:443`, with the user if one came. */
  readonly asked: readonly string[];
  readonly close: () => Promise<void>;
};

export type HttpProxyOptions = {
  /** Where the names that it knows are: `muster.example.com:443` -> a port of this machine. */
  readonly routes?: Readonly<Record<string, number>>;
  /** Without exactly this, it answers 407. */
  readonly credentials?: string;
  /** Answers every request with this. */
  readonly status?: number;
  readonly tls?: Certificate;
};

/** A forward proxy as companies have one (RFC 9110, sections 7.3 and 9.3.6). */
export async function startHttpProxy(options: HttpProxyOptions): Promise<HttpProxy> {
  const { routes = {}, credentials, tls } = options;
  const asked: string[] = [];

  const refusal = ({ method, url, headers }: IncomingMessage, to: string): number | undefined => {
    const [, basic = ''] = /^Basic (.+)$/.exec(headers['proxy-authorization'] ?? '') ?? [];
    const given = Buffer.from(basic, 'base64').toString();
    asked.push(`${method} ${url}${given === '' ? '' : ` as ${given.split(':')[0]}`}`);
    if (credentials !== undefined && given !== credentials) return 407;
    if (options.status !== undefined) return options.status;
    return routes[to] === undefined ? 403 : undefined;
  };

  // Only tunnels: the command line speaks http to its own machine, and to nothing else.
  const forward: RequestListener = (incoming, response) => {
    response.writeHead(refusal(incoming, '') ?? 403).end();
  };

  const server =
    tls === undefined
      ? createServer(forward)
      : createTlsServer({ cert: tls.certPem, key: tls.keyPem }, forward);
  const tunnels = new Set<Duplex>();
  server.on('connect', (incoming: IncomingMessage, client: Duplex) => {
    tunnels.add(client);
    client.on('error', () => {});
    const to = incoming.url ?? '';
    const status = refusal(incoming, to);
    if (status !== undefined) return void client.end(`HTTP/1.1 ${status} No\r\n\r\n`);
    const onward = connect(routes[to] ?? 0, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.pipe(client);
      client.pipe(onward);
    });
    onward.on('error', () => void client.destroy());
  });
  const { port, close } = await listen(server);
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    asked,
    close: async () => {
      for (const tunnel of tunnels) tunnel.destroy();
      await close();
    },
  };
}
