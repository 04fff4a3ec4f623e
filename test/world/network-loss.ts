/**
 * A process of its own, in a network namespace of its own: makes one sweep of 500 servers on ten
 * addresses, then takes their network away in the middle of the next, then makes a third. Prints the
 * reports and states as JSON. The API server stays on loopback.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createSweep } from '../../functions/sweep.ts';
import { ok, startFleet } from './fleet.ts';

const [, , kind = ''] = process.argv;
const network = '198.51.100.0/24';
const addresses = Array.from({ length: 11 }, (_, index) => `198.51.100.${index + 1}`);
const ip = (...words: readonly string[]): void => void execFileSync('ip', words);
for (const address of addresses) ip('address', 'add', `${address}/32`, 'dev', 'lo');

const check = createServer((_request, response) => response.end());
check.listen(0, addresses[10]);
await once(check, 'listening');
const bound = check.address();
const checkPort = typeof bound === 'object' && bound !== null ? bound.port : 0;

const fleet = await startFleet({
  count: 500,
  hosts: 10,
  addressOf: (host) => addresses[host] ?? '',
});
const sweep = createSweep({
  ...fleet.settings,
  GUARD_ALLOW: network,
  PROBE_CONCURRENCY: '50',
  PROBER_CHECK_URL: `http://${addresses[10] ?? ''}:${checkPort}/`,
});
const results: object[] = [];
const sweepOnce = async (): Promise<void> => {
  const { proberOffline = '', written } = await sweep({ kind: 'tick', everything: true });
  results.push({
    proberOffline,
    written,
    states: await fleet.count(({ status }) => status.state ?? '-'),
  });
};

await sweepOnce();
const begin = fleet.requests();
let isTaken = false;
fleet.onRequest = (request, response) => {
  if (!isTaken && fleet.requests() - begin >= 60) {
    isTaken = true;
    for (const address of addresses) ip('address', 'del', `${address}/32`, 'dev', 'lo');
    if (kind !== 'unplugged') ip('route', 'add', kind, network);
  }
  ok(request, response);
};
await sweepOnce();
await sweepOnce();
process.stdout.write(JSON.stringify(results), () => process.exit());
