/** Probes servers by their names, as a page of a sweep does. Arguments: `namesWorld` in JSON. */
import pLimit from 'p-limit';
import { prober } from '../../functions/adapters/mcp/probe.ts';
import { watchedProber } from '../../functions/adapters/mcp/watched-prober.ts';
import { createConnector } from '../../functions/wiring/network-client.ts';
import { aServer } from '../../test/world/server.ts';
import { quantile } from '../figures.ts';
import { lapsOf } from '../laps.ts';
import { namesOf, namesOrder, namesWorld } from './names-order.ts';

const { dns, port } = namesWorld.parse(JSON.parse(process.argv[2] ?? ''));
const connector = createConnector({ dnsServers: [dns], allowLocal: true, guardAllow: [] });
const probe = watchedProber(prober(connector));

lapsOf(async (order) => {
  const { concurrency, timeoutMs, ...which } = namesOrder.parse(order);
  const limit = pLimit(concurrency);
  const probed = await Promise.all(
    namesOf(which).map(({ hostname, isDead }) =>
      limit(async () => {
        const started = performance.now();
        const server = aServer({ url: `http://${hostname}:${port}/mcp`, timeoutMs });
        const outcome = await probe(server, { classify: false });
        const isRight = isDead
          ? outcome.kind === 'unreachable' && outcome.stage === 'dns'
          : outcome.kind === 'answered' && outcome.status === 401;
        if (!isRight) throw new Error(`${hostname}: ${JSON.stringify(outcome)}`);
        const ms = performance.now() - started;
        return { isDead, ms, dnsMs: outcome.timings.dns ?? NaN };
      }),
    ),
  );
  const healthy = probed.filter(({ isDead }) => !isDead);
  const dead = probed.filter(({ isDead }) => isDead);
  const of = (figure: 'ms' | 'dnsMs'): number[] => healthy.map((one) => one[figure]);
  return {
    p50: quantile(of('ms'), 0.5),
    p99: quantile(of('ms'), 0.99),
    dnsP50: quantile(of('dnsMs'), 0.5),
    dnsP99: quantile(of('dnsMs'), 0.99),
    slowestDead: Math.max(0, ...dead.map(({ ms }) => ms)),
  };
});
