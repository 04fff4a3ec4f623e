/** A TCP server on loopback that says bytes at its own pace, and ends as it is told. */
import { createServer, type Socket } from 'node:net';
import { listen } from '../../local/listen.ts';

export type Pace = {
  readonly bytes: string;
  /** Where the bytes are cut; default: in one piece. */
  readonly pieces?: number;
  /** Between two pieces; a list is gone through in turn. */
  readonly everyMs?: number | readonly number[];
  /** Before the first one. */
  readonly afterMs?: number;
  /** Before the request is there. */
  readonly atOnce?: boolean;
  readonly end: 'close' | 'half-close' | 'reset' | 'silence';
};

export type PacedServer = {
  readonly url: string;
  /** The pace of connections from now on. */
  readonly say: (pace: Pace) => void;
  /** The connections that are still open here. */
  readonly open: () => number;
  readonly requests: () => readonly string[];
  readonly close: () => Promise<void>;
};

export async function startPacedServer(): Promise<PacedServer> {
  let pace: Pace = { bytes: '', end: 'silence' };
  const sockets = new Set<Socket>();
  const requests: string[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const told = pace;
    sockets.add(socket);
    socket
      .on('error', () => {})
      .once('close', () => sockets.delete(socket))
      .once('end', () => socket.end());
    if (told.atOnce === true) void give(socket, told);
    socket.on('data', (chunk) => requests.push(chunk.toString('latin1')));
    if (told.atOnce !== true) socket.once('data', () => void give(socket, told));
  });
  const { url, close } = await listen(server);
  return {
    url: `${url}/mcp`,
    say: (next) => {
      pace = next;
    },
    open: () => sockets.size,
    requests: () => requests,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await close();
    },
  };
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

async function give(
  socket: Socket,
  { bytes, pieces = 1, everyMs = 0, afterMs = 0, end }: Pace,
): Promise<void> {
  if (afterMs > 0) await pause(afterMs);
  const all = Buffer.from(bytes, 'latin1');
  const size = Math.max(1, Math.ceil(all.length / pieces));
  for (let at = 0; at < all.length && !socket.destroyed; at += size) {
    if (at > 0) await pause(typeof everyMs === 'number' ? everyMs : (everyMs[at / size] ?? 0));
    await new Promise((done) => socket.write(all.subarray(at, at + size), done));
  }
  if (end === 'reset') socket.resetAndDestroy();
  else if (end === 'half-close' || end === 'close') socket.end();
  if (end === 'close') socket.destroySoon();
}
