/** A probe over TLS, beside a bare loop of node:https that shares one secure context. */
import type { Lap } from '../laps.ts';
import type { Part } from '../part.ts';
import { inTurn, loadOf, onGround } from './probe-contenders.ts';
import { concurrency } from './probe-work.ts';

export const part: Part = {
  name: 'tls',
  title: 'A probe over TLS',
  measure: (size) => {
    // A handshake costs ten times as much as a plain probe.
    const load = size === 'full' ? { ...loadOf(size), lists: 1, warmUps: 2 } : loadOf(size);
    const { servers, lists } = load;
    return onGround(load, 'tls', async ({ port, caPem, start }) => {
      const https = await start('bare', 'node:https', servers, lists, port, caPem);
      const ours = await start('ours', servers, lists, `https://127.0.0.1:${port}`, caPem);
      const lapsOf = await inTurn(
        new Map<'https' | 'ours', () => Promise<Lap>>([
          ['https', https.lap],
          ['ours', ours.lap],
        ]),
        load,
      );
      const probes = servers * lists;
      const rates = (name: 'https' | 'ours') => lapsOf(name).map(({ ms }) => (probes / ms) * 1000);
      const costs = (name: 'https' | 'ours') => lapsOf(name).map(({ cpuMs }) => cpuMs / probes);
      return {
        rows: [
          {
            measure: 'probes over TLS per second',
            unit: '/s',
            rounds: rates('ours'),
            peers: [{ name: 'node:https', rounds: rates('https'), aim: { atLeast: 0.8 } }],
          },
          {
            measure: 'CPU time of a probe over TLS',
            unit: 'CPU ms',
            rounds: costs('ours'),
            peers: [{ name: 'node:https', rounds: costs('https') }],
          },
        ],
        missing: [],
        notes: [
          `${servers} servers, each with a full handshake of TLS 1.3. ${probes} probes a round, ${concurrency} at a time.`,
        ],
      };
    });
  },
};
