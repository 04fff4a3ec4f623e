/**
 * The least that asks every server once: a fresh connection and the status, no judgement, no list,
 * no status to write.
 */
import { Agent as TlsAgent, get as getTls } from 'node:https';
import { connect } from 'node:net';
import { createSecureContext } from 'node:tls';
import { bareRequests } from '../bare-requests.ts';
import { lapsOf } from '../laps.ts';
import { addressesOf, forEachAtOnce, headers, path } from './probe-work.ts';

const [how = '', count = '', lists = '', port = '', caPem = ''] = process.argv.slice(2);
const secureContext = createSecureContext(caPem === '' ? {} : { ca: caPem });
// No session of TLS is kept: every server is another one.
const tlsAgent = new TlsAgent({ keepAlive: false, maxCachedSessions: 0 });

const originOf = (address: string): string => `http://${address}:${port}`;

const bytesOf = (address: string): string =>
  [
    `GET ${path} HTTP/1.1`,
    `host: ${address}:${port}`,
    'connection: keep-alive',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    '',
    '',
  ].join('\r\n');

const askers: Readonly<Record<string, (address: string) => Promise<number>>> = {
  net: (address) =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: address, port: Number(port) });
      socket.once('connect', () => socket.write(bytesOf(address), 'latin1'));
      socket.once('data', (head) => {
        socket.destroy();
        resolve(Number(head.toString('latin1', 9, 12)));
      });
      socket.once('error', reject);
    }),
  'node:http': (address) => bareRequests['node:http'](originOf(address), path, headers),
  'node:https': (host) =>
    new Promise((resolve, reject) => {
      const options = { agent: tlsAgent, host, port, path, headers, secureContext };
      getTls(options, (response) => {
        resolve(response.statusCode ?? 0);
        response.destroy();
      }).once('error', reject);
    }),
  undici: (address) => bareRequests.undici(originOf(address), path, headers),
};
const ask = askers[how];
if (ask === undefined) throw new Error(`There is no loop ${how}.`);
const addresses = addressesOf(Number(count));

lapsOf(async () => {
  for (let list = 0; list < Number(lists); list += 1)
    await forEachAtOnce(addresses, async (address) => {
      const status = await ask(address);
      if (status !== 401) throw new Error(`${address} answered ${status}, not 401.`);
    });
});
