/** An outgoing proxy on loopback that only knows CONNECT, and what it was asked for. */
import { connect, createServer, type Socket } from 'node:net';
import { listen } from '../../local/listen.ts';

export type ConnectProxy = {
  readonly url: string;
  /** The first line and the headers of each CONNECT. */
  readonly asked: () => readonly string[];
  /** Answers so instead of connecting; undefined: connects again. */
  readonly reply: (raw: string | undefined) => void;
  readonly open: () => number;
  readonly close: () => Promise<void>;
};

export async function startConnectProxy(): Promise<ConnectProxy> {
  const sockets = new Set<Socket>();
  const asked: string[] = [];
  let reply: string | undefined;
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('error', () => {}).once('close', () => sockets.delete(socket));
  };
  const server = createServer((socket) => {
    keep(socket).once('data', (chunk) => {
      const head = chunk.toString('latin1');
      asked.push(head);
      if (reply !== undefined) return void socket.end(reply);
      const [, host = '', port = ''] = /^CONNECT \[?([^ \]]+)\]?:(\d+) /.exec(head) ?? [];
      const onward = keep(connect({ host, port: Number(port) }));
      onward.once('connect', () => {
        // Some proxies send their head in pieces.
        socket.write('HTTP/1.0 200 Connection');
        setImmediate(() => {
          socket.write(' established\r\nvia: test\r\n\r\n');
          socket.pipe(onward).pipe(socket);
        });
      });
      onward.once('error', () => socket.end('HTTP/1.1 503 Service Unavailable\r\n\r\n'));
      socket.once('close', () => onward.destroy());
      onward.once('close', () => socket.destroy());
    });
  });
  const { url, close } = await listen(server);
  return {
    url,
    asked: () => asked,
    reply: (raw) => {
      reply = raw;
    },
    open: () => sockets.size,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await close();
    },
  };
}
