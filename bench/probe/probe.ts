/** A probe with all that the product does around it, beside those that only ask. */
import type { Lap } from '../laps.ts';
import type { Part, Row } from '../part.ts';
import { peerProgram } from '../peers.ts';
import { startBlackbox } from './probe-blackbox.ts';
import { inTurn, type Load, loadOf, onGround } from './probe-contenders.ts';
import { concurrency } from './probe-work.ts';

export const part: Part = {
  name: 'probe',
  title: 'A plain probe',
  measure: (size) => {
    const load = loadOf(size);
    const { servers, lists } = load;
    return onGround(load, 'plain', async (ground) => {
      const bare = (how: string) => ground.start('bare', how, servers, lists, ground.port);
      const raw = await bare('net');
      const http = await bare('node:http');
      const undici = await bare('undici');
      const ours = await ground.start('ours', servers, lists, `http://127.0.0.1:${ground.port}`);
      const peer = peerProgram('blackbox');
      const blackbox =
        peer.kind === 'found' ? await startBlackbox(peer.command, load, ground) : undefined;
      try {
        const contenders = new Map<string, () => Promise<Lap>>([
          ['net', raw.lap],
          ['node:http', http.lap],
          ['undici', undici.lap],
          ['ours', ours.lap],
        ]);
        if (blackbox !== undefined) contenders.set('blackbox_exporter', blackbox.lap);
        const lapsOf = await inTurn(contenders, load);
        return {
          rows: rowsOf([...contenders.keys()], lapsOf, load),
          missing: peer.kind === 'missing' ? [peer.how] : [],
          notes: [
            `${servers} servers on ${servers} loopback addresses answer 401 at once. ${servers * lists} probes a round, ${concurrency} at a time.`,
            'Ours reads the list, checks what is due, checks the guard, probes, classifies and decides what to write. The loops only ask.',
            'blackbox_exporter is asked over HTTP, and only its own CPU time counts.',
          ],
        };
      } finally {
        blackbox?.end();
      }
    });
  },
};

function rowsOf(
  names: readonly string[],
  lapsOf: (name: string) => readonly Lap[],
  { servers, lists }: Load,
): readonly Row[] {
  const probes = servers * lists;
  const rates = (name: string) => lapsOf(name).map(({ ms }) => (probes / ms) * 1000);
  const costs = (name: string) => lapsOf(name).map(({ cpuMs }) => cpuMs / probes);
  const peers = names.filter((name) => name !== 'ours');
  const leastRatios: Readonly<Record<string, number>> = { net: 0.5, blackbox_exporter: 3 };
  return [
    {
      measure: 'probes per second',
      unit: '/s',
      rounds: rates('ours'),
      peers: peers.map((name) => {
        const atLeast = leastRatios[name];
        const peer = { name, rounds: rates(name) };
        return atLeast === undefined ? peer : { ...peer, aim: { atLeast } };
      }),
    },
    {
      measure: 'CPU time of a probe',
      unit: 'CPU ms',
      rounds: costs('ours'),
      aim: { atMost: 0.12 },
      peers: peers.map((name) => ({ name, rounds: costs(name) })),
    },
  ];
}
