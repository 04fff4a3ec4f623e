/**
 * The least anybody can do to ask every server once: a fresh connection, the status line, no
 * judgement, no list, no status.
 */
import { Agent, get } from 'node:http';
import pLimit from 'p-limit';
import { Client } from 'undici';
import { lapsOf } from '../laps.ts';
import { addressAt } from './fleet-order.ts';

const [how = '', port, servers, concurrency] = process.argv.slice(2);
const origins = Array.from(
  { length: Number(servers) },
  (_, index) => `http://${addressAt(index)}:${port}`,
);
const headers = { accept: 'text/event-stream', 'mcp-protocol-version': '2026-07-28' };
const agent = new Agent({ keepAlive: false });

const askers: Readonly<Record<string, (origin: string) => Promise<number>>> = {
  'node:http': (origin) =>
    new Promise((resolve, reject) => {
      get(`${origin}/mcp`, { agent, headers }, (response) => {
        resolve(response.statusCode ?? 0);
        response.destroy();
      }).once('error', reject);
    }),
  undici: async (origin) => {
    const client = new Client(origin, { allowH2: false });
    try {
      const { statusCode, body } = await client.request({ path: '/mcp', method: 'GET', headers });
      body.on('error', () => {}).destroy();
      return statusCode;
    } finally {
      await client.destroy();
    }
  },
};
const ask = askers[how];
if (ask === undefined) throw new Error(`There is no loop ${how}.`);

lapsOf(async () => {
  const limit = pLimit(Number(concurrency));
  const statuses = await Promise.all(origins.map((origin) => limit(() => ask(origin))));
  if (statuses.some((status) => status !== 401)) throw new Error('A server did not answer 401.');
});
