/** A name server on loopback that answers as it is told, each address family on its own. */
import { createSocket } from 'node:dgram';
import packet from 'dns-packet';

/** RFC 1035, section 4.1.1. */
const codes = {
  answers: 0,
  formerr: 1,
  servfail: 2,
  nxdomain: 3,
  notimp: 4,
  refused: 5,
} as const;

export type DnsAnswer = {
  readonly says: keyof typeof codes | 'nothing' | 'garbage';
  /** The addresses are those of this other name. */
  readonly cname?: string;
  readonly addresses?: readonly string[];
  readonly afterMs?: number;
  /** Only the first so many questions are answered so; then come the addresses. */
  readonly times?: number;
};

export type DnsZone = Readonly<
  Record<string, { readonly A?: DnsAnswer; readonly AAAA?: DnsAnswer }>
>;

export type DnsFaults = {
  /** `address:port`. */
  readonly server: string;
  readonly asked: () => readonly string[];
  readonly change: (zone: DnsZone) => void;
  readonly close: () => Promise<void>;
};

/** A family that a name does not mention has no records (NODATA); other names are NXDOMAIN. */
export async function startDns(start: DnsZone, port = 0): Promise<DnsFaults> {
  let zone = start;
  const asked: string[] = [];
  const counts = new Map<string, number>();
  const timers = new Set<NodeJS.Timeout>();
  const socket = createSocket('udp4');
  socket.on('message', (message, from) => {
    const { id, questions = [] } = packet.decode(message);
    const [question] = questions;
    if (question === undefined || (question.type !== 'A' && question.type !== 'AAAA')) return;
    const { type, name } = question;
    asked.push(`${type} ${name}`);
    const count = (counts.get(`${type} ${name}`) ?? 0) + 1;
    counts.set(`${type} ${name}`, count);
    const known = zone[name.toLowerCase()];
    const told: DnsAnswer =
      known === undefined ? { says: 'nxdomain' } : (known[type] ?? { says: 'answers' });
    const says = told.times !== undefined && count > told.times ? 'answers' : told.says;
    if (says === 'nothing') return;
    const owner = told.cname ?? name;
    const records = (told.addresses ?? []).map((data) => ({ type, name: owner, ttl: 1, data }));
    const alias = { type: 'CNAME' as const, name, ttl: 1, data: owner };
    const reply =
      says === 'garbage'
        ? Buffer.alloc(12, 0xff)
        : packet.encode({
            type: 'response',
            ...(id === undefined ? {} : { id }),
            flags: packet.RECURSION_DESIRED | packet.RECURSION_AVAILABLE | codes[says],
            questions,
            answers: says !== 'answers' ? [] : owner === name ? records : [alias, ...records],
          });
    const timer = setTimeout(() => {
      timers.delete(timer);
      socket.send(reply, from.port, from.address);
    }, told.afterMs ?? 0);
    timers.add(timer);
  });
  await new Promise<void>((done) => socket.bind(port, '127.0.0.1', done));
  return {
    server: `127.0.0.1:${socket.address().port}`,
    asked: () => asked,
    change: (next) => {
      zone = next;
    },
    close: () => {
      for (const timer of timers) clearTimeout(timer);
      return new Promise((done) => socket.close(done));
    },
  };
}
