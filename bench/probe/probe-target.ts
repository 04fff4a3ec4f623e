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
// Reading a certificate takes time with the number of its names: few, as in those that people have.
const namesOfOne = 10;
const groups = Math.ceil(addresses.length / namesOfOne);
const hostsOf = (group: number): readonly string[] =>
  addresses.slice(group * namesOfOne, (group + 1) * namesOfOne);
const certificates =
  authority === undefined
    ? []
    : await Promise.all(
        Array.from({ length: groups }, (_, group) => authority.issue({ hosts: hostsOf(group) })),
      );
const serverAt = (index: number): Server => {
  const certificate = certificates[Math.floor(index / namesOfOne)];
  return certificate === undefined
    ? createServer(answering)
    : createTlsServer({ cert: certificate.certPem, key: certificate.keyPem }, answering);
};

const { port, close } = await listen(createServer());
await close();
await Promise.all(
  addresses.map(
    (address, index) =>
      new Promise<void>((done) => serverAt(index).listen(port, address, 1024, done)),
  ),
);
process.send?.({ port, caPem: authority?.caPem ?? '' });
process.once('disconnect', () => process.exit());
