/**
 * What DNS and TLS do on AWS: the emulator serves Function URLs and API Gateways by
 * their host, on its own port. A
 * loopback address in front of it says that host.
 */
import { createServer, request } from 'node:http';
import { type Listening, listen } from '../../local/listen.ts';

export type LoopbackFront = Listening & {
  /** The emulator, and the address as it gave it. Until then the answer is 503. */
  readonly lead: (emulator: { readonly port: number }, address: URL) => void;
};

export async function startLoopbackFront(): Promise<LoopbackFront> {
  let target: { readonly port: number; readonly host: string } | undefined;
  const server = createServer((incoming, outgoing) => {
    if (target === undefined) return void outgoing.writeHead(503).end();
    const { port, host } = target;
    const forwarded = request(
      {
        port,
        host: '127.0.0.1',
        method: incoming.method,
        path: incoming.url,
        headers: { ...incoming.headers, host },
      },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    forwarded.on('error', () => outgoing.writeHead(502).end());
    incoming.pipe(forwarded);
  });
  return {
    ...(await listen(server)),
    lead: ({ port }, { host }) => {
      target = { port, host };
    },
  };
}
