/**
 * The servers: a listener for each address, in one process. Each writes the same bytes as soon as a
 * request comes, so that the process that asks has more to do than the one that answers.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { createAuthority } from '../../local/certificates.ts';
import { listen } from '../../local/listen.ts';
import { addressesOf, answer } from './probe-work.ts';

const [count = '', how] = process.argv.slice(2);
const addresses = addressesOf(Number(count));
const bytes = Buffer.from(answer);
const answering = (socket: Socket): void => {
  socket.on('data', () => socket.write(bytes)).on('error', () => {});
};

const authority = how === 'tls' ? await createAuthority() : undefined;
const certificate = await authority?.issue({ hosts: addresses });
const newServer = (): Server =>
  certificate === undefined
    ? createServer(answering)
    : createTlsServer({ cert: certificate.certPem, key: certificate.keyPem }, answering);

const { port, close } = await listen(createServer());
await close();
await Promise.all(
  addresses.map(
    (address) => new Promise<void>((done) => newServer().listen(port, address, 1024, done)),
  ),
);
process.send?.({ port, caPem: authority?.caPem ?? '' });
process.once('disconnect', () => process.exit());
