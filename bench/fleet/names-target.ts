/**
 * A name server that never answers about some names, and the HTTP servers that the others lead to.
 * Arguments: rounds, names in each, every how many is dead.
 */
import { type DnsZone, startDns } from '../../test/world/dns-faults.ts';
import { addressAt } from './fleet-order.ts';
import { namesOf } from './names-order.ts';
import { startPlainServers } from './plain-servers.ts';

const [rounds = 0, names = 0, deadEach = 0] = process.argv.slice(2).map(Number);
const nothing = { says: 'nothing' } as const;
// A dead name and a live one of the same place: one fleet has this, the other one that.
const zone: DnsZone = Object.fromEntries(
  Array.from({ length: rounds }, (_, round) =>
    [0, deadEach].flatMap((each) => namesOf({ round, names, deadEach: each })),
  )
    .flat()
    .map(({ hostname, isDead, address }) => [
      hostname,
      isDead
        ? { A: nothing, AAAA: nothing }
        : { A: { says: 'answers', addresses: [address] }, AAAA: { says: 'answers' } },
    ]),
);
const { server } = await startDns(zone);
const addresses = Array.from({ length: names }, (_, index) => addressAt(index));
process.send?.({ dns: server, port: await startPlainServers(addresses, 0) });
process.once('disconnect', () => process.exit());
