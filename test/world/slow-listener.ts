/**
 * A listener whose TCP handshake takes long, without rights of any kind: its backlog is full, so
 * the kernel drops the first packet of a connection, and the client sends it again after a second.
 */
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { once } from 'node:events';

export type SlowListener = {
  readonly port: number;
  /** Lets the handshakes through; until then they get no answer. */
  readonly open: () => void;
  readonly close: () => Promise<void>;
};

const thread = `
const { parentPort, workerData } = require('node:worker_threads');
const { createServer } = require('node:net');
const answer = (socket) => {
  socket.on('error', () => {});
  socket.once('data', () => socket.end('HTTP/1.1 401 Unauthorized\\r\\nContent-Length: 0\\r\\n\\r\\n'));
};
const listening = (host, port) =>
  new Promise((done) => {
    const server = createServer(answer);
    server.listen({ host, port, backlog: 1 }, () => done(server.address().port));
  });
(async () => {
  let { port } = workerData;
  for (const host of workerData.hosts) port = await listening(host, port);
  parentPort.postMessage(port);
  setImmediate(() => Atomics.wait(workerData.gate, 0, 0));
})();
`;

/** `host` is an address of this machine; port 0 takes a free one. */
export const startSlowListener = (host: string, port = 0): Promise<SlowListener> =>
  startSlowListeners([host], port);

/** The same for several addresses, with one port. */
export async function startSlowListeners(
  hosts: readonly string[],
  port = 0,
): Promise<SlowListener> {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(thread, { eval: true, workerData: { hosts, port, gate } });
  const [listening]: unknown[] = await once(worker, 'message');
  if (typeof listening !== 'number') throw new Error('the listener did not start');
  const fillers: Socket[] = [];
  for (const host of [...hosts, ...hosts]) {
    const filler = connect({ host, port: listening }).on('error', () => {});
    fillers.push(filler);
    await once(filler, 'connect');
  }
  const open = (): void => {
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
  };
  return {
    port: listening,
    open,
    close: async () => {
      open();
      for (const filler of fillers) filler.destroy();
      await worker.terminate();
    },
  };
}
