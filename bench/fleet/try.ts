import { startBus } from '../../local/event-bus.ts';
import { deployed } from './deployed.ts';
import { startFleet } from './fleet-order.ts';
import { everything, sandboxArguments } from './sandbox-order.ts';
const afterMs = Number(process.env['AFTER'] ?? 100);
const servers = Number(process.env['SERVERS'] ?? 1000);
const fleet = await startFleet({ kind: 'answers', servers, afterMs, timeoutSeconds: 10 });
const bus = await startBus([]);
const f = await deployed();
const order = (writes: boolean) => ({ event: everything, times: 1, reason: 'AuthenticationRequired', servers, writes });
try {
  const s = await f.start('sandbox', sandboxArguments({ kubeconfig: fleet.kubeconfig, bus: bus.url }, { PAGE_SIZE: String(servers), PROBE_CONCURRENCY: process.env['CONC'] ?? '400' }), (process.env['FLAGS'] ?? '').split(' ').filter(Boolean));
  const rss = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${s.pid}/status`, 'utf8'))?.[1]) / 1024;
  const anon = () => readFileSync(`/proc/${s.pid}/status`, 'utf8').split('\n').filter((l) => /Rss(Anon|File)|VmHWM/.test(l)).map((l) => l.replace(/\s+/g, ' ')).join(' ');
  await new Promise((d) => setTimeout(d, 1500));
  console.log('start', rss().toFixed(0), anon());
  for (let i = 0; i < Number(process.env['N'] ?? 6); i++) {
    const lap = await s.lap(order(i === 0));
    console.log(i, lap.ms.toFixed(0), 'peak', lap.peakMb.toFixed(0), 'now', rss().toFixed(0), anon(), JSON.stringify(lap.counts));
  }
} finally { fleet.end(); await f.end(); await bus.close(); }
import { readFileSync } from 'node:fs';
