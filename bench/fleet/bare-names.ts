/** The same names by c-ares and `node:http` alone, one family, one channel, no deadline. */
import { Resolver } from 'node:dns/promises';
import { Agent, get } from 'node:http';
import pLimit from 'p-limit';
import { quantile } from '../figures.ts';
import { lapsOf } from '../laps.ts';
import { namesOf, namesOrder, namesWorld } from './names-order.ts';

const { dns, port } = namesWorld.parse(JSON.parse(process.argv[2] ?? ''));
const agent = new Agent({ keepAlive: false });

const statusOf = (address: string, host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    get({ host: address, port, path: '/mcp', agent, headers: { host } }, (response) => {
      resolve(response.statusCode ?? 0);
      response.destroy();
    }).once('error', reject);
  });

lapsOf(async (order) => {
  const { concurrency, timeoutMs, ...which } = namesOrder.parse(order);
  const resolver = new Resolver({ timeout: timeoutMs / 4, tries: 2 });
  resolver.setServers([dns]);
  const limit = pLimit(concurrency);
  const times = await Promise.all(
    namesOf(which).map(({ hostname, isDead }) =>
      limit(async () => {
        const started = performance.now();
        const [address] = await resolver.resolve4(hostname).catch(() => []);
        if (isDead) return [];
        if (address === undefined || (await statusOf(address, hostname)) !== 401)
          throw new Error(`${hostname} did not answer 401.`);
        return [performance.now() - started];
      }),
    ),
  );
  return { p50: quantile(times.flat(), 0.5), p99: quantile(times.flat(), 0.99) };
});
