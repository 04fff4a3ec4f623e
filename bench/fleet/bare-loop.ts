/**
 * The least anybody can do to ask every server once: a fresh connection, the status line, no
 * judgement, no list, no status.
 */
import pLimit from 'p-limit';
import { bareRequests } from '../bare-requests.ts';
import { lapsOf } from '../laps.ts';
import { addressAt } from './fleet-order.ts';

const [how = '', port, servers, concurrency] = process.argv.slice(2);
const origins = Array.from(
  { length: Number(servers) },
  (_, index) => `http://${addressAt(index)}:${port}`,
);
const headers = { accept: 'text/event-stream', 'mcp-protocol-version': '2026-07-28' };
if (how !== 'node:http' && how !== 'undici') throw new Error(`There is no loop ${how}.`);
const ask = bareRequests[how];

lapsOf(async () => {
  const limit = pLimit(Number(concurrency));
  const statuses = await Promise.all(
    origins.map((origin) => limit(() => ask(origin, '/mcp', headers))),
  );
  if (statuses.some((status) => status !== 401)) throw new Error('A server did not answer 401.');
});
