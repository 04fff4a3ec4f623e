/** A TCP server on loopback that answers each path with the bytes that were set for it. */
import { createServer, type Socket } from 'node:net';
import { listen } from '../../local/listen.ts';

export type RawAnswer = {
  readonly bytes: Uint8Array;
  /** Where the bytes are cut into writes of their own. */
  readonly cuts: readonly number[];
  readonly end: 'end' | 'reset' | 'silence';
};

export type RawServer = {
  /** The URL that is answered so. */
  readonly say: (answer: RawAnswer) => string;
  readonly forget: (url: string) => void;
  readonly close: () => Promise<void>;
};

export async function startRawServer(): Promise<RawServer> {
  const answers = new Map<string, RawAnswer>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).once('close', () => sockets.delete(socket));
    let head = '';
    socket.on('data', (chunk) => {
      head += chunk.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      const [, path = ''] = / (\/\d+)\S* /.exec(head) ?? [];
      head = '';
      const answer = answers.get(path);
      if (answer === undefined) socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n');
      else void give(socket, answer);
    });
  });
  const { url, close } = await listen(server);
  let last = 0;
  return {
    say: (answer) => {
      last += 1;
      answers.set(`/${last}`, answer);
      return `${url}/${last}`;
    },
    forget: (address) => void answers.delete(new URL(address).pathname),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await close();
    },
  };
}

async function give(socket: Socket, { bytes, cuts, end }: RawAnswer): Promise<void> {
  const places = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])];
  places.sort((one, other) => one - other);
  for (const [index, from] of places.entries()) {
    if (socket.destroyed) return;
    socket.write(bytes.subarray(from, places[index + 1]));
    await new Promise(setImmediate);
  }
  if (end === 'end') socket.end();
  if (end === 'reset') socket.resetAndDestroy();
}
