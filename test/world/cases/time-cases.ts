/** Servers that take their time, break off, or are another server in each probe. */
import { createServer as createHttps } from 'node:https';
import { createServer as createTcp } from 'node:net';
import { listen } from '../../../local/listen.ts';
import type { Certificate } from '../../../local/certificates.ts';
import type { State } from '../../../functions/model/mcpserver.ts';
import type { DnsZone } from '../dns-faults.ts';
import { type Pace, startPacedServer } from '../paced-server.ts';
import { startSlowListener } from '../slow-listener.ts';
import { at, silentAddress } from './case-names.ts';
import { type FaultCase, type Right, rightOf } from './fault-case.ts';
import { headRows, paceRows } from './head-rows.ts';
import { asksForSignIn } from './mcp-answer.ts';

const asks = rightOf('connected AuthenticationRequired');
const head = 'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer\r\nContent-Length: 0\r\n\r\n';
const answer: Pace = { bytes: head, end: 'close' };
const closes: Pace = { bytes: '', end: 'close' };
const resets: Pace = { bytes: '', end: 'reset' };
const silence: Pace = { bytes: '', end: 'silence' };
const gateway: Pace = { bytes: 'HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n', end: 'close' };

/** Called before each probe, with its number from 1. */
export type Prepare = (turn: number) => unknown;
export type PreparedCase = { readonly faultCase: FaultCase; readonly prepare?: Prepare };

const states = (right: Right, afterOne: State, afterThree: State): Right => ({
  ...right,
  states: [afterOne, afterThree],
});

/** What each probe meets, and what is right after the third. */
const changing: readonly (readonly [string, readonly Pace[], Right])[] = [
  ['answers every other probe', [answer, resets, answer], states(asks, 'Connected', 'Connected')],
  [
    'fails every other probe',
    [resets, answer, closes],
    states(rightOf('failing ConnectionReset'), 'Connecting', 'Connecting'),
  ],
  ['fails twice, then answers', [resets, closes, answer], states(asks, 'Connecting', 'Connected')],
  [
    'answers, then fails twice',
    [answer, resets, resets],
    states(rightOf('failing ConnectionReset'), 'Connected', 'Connecting'),
  ],
  [
    'fails in three ways',
    [closes, gateway, silence],
    states(rightOf('failing Timeout'), 'Connecting', 'Failed'),
  ],
  [
    'is not HTTP once',
    [answer, { bytes: 'SSH-2.0\r\n', end: 'close' }, answer],
    states(asks, 'Connected', 'Connected'),
  ],
];

const answersAt: DnsZone[string] = { A: at('127.0.0.1') };
const nothing: DnsZone[string] = { A: { says: 'nxdomain' }, AAAA: { says: 'nxdomain' } };
const servfail: DnsZone[string] = { A: { says: 'servfail' }, AAAA: { says: 'servfail' } };
const moved: DnsZone[string] = { A: at('127.0.0.9') };

const changingNames: readonly (readonly [string, readonly DnsZone[string][], Right])[] = [
  [
    'a name that goes away',
    [answersAt, answersAt, nothing],
    states(rightOf('failed DNSFailure'), 'Connected', 'Failed'),
  ],
  ['a name that comes', [nothing, servfail, answersAt], states(asks, 'Failed', 'Connected')],
  [
    'a name that moves to a dead address',
    [answersAt, moved, moved],
    states(rightOf('failing ConnectionRefused'), 'Connected', 'Connecting'),
  ],
  [
    'a name that moves to a living address',
    [moved, moved, answersAt],
    states(asks, 'Connecting', 'Connected'),
  ],
];

export type TimeWorld = {
  readonly setName: (name: string, answers: DnsZone[string]) => void;
  readonly valid: Certificate;
  readonly expired: Certificate;
};

export async function timeCases(world: TimeWorld): Promise<readonly PreparedCase[]> {
  const cases: PreparedCase[] = [];
  const paced = async (area: FaultCase['area'], name: string, pace: Pace, right: Right) => {
    const server = await startPacedServer();
    server.say(pace);
    const url = server.url;
    cases.push({ faultCase: { area, name, server: { url, timeoutMs: 1_000 }, right } });
  };
  for (const [name, bytes, reason] of headRows)
    await paced(
      'heads',
      name,
      { bytes, end: 'close' },
      rightOf(`${reason === 'NotHTTP' ? 'failed' : 'connected'} ${reason}`),
    );
  for (const [name, pace, reason] of paceRows)
    await paced(
      'time',
      `an answer ${name}`,
      pace,
      rightOf(`${reason === 'AuthenticationRequired' ? 'connected' : 'failing'} ${reason}`),
    );
  for (const bytes of [1, 9, 12, 30, head.length - 1])
    for (const end of ['close', 'half-close', 'reset', 'silence'] as const)
      await paced(
        'time',
        `a head that is cut after ${bytes} bytes by a ${end}`,
        { bytes: head.slice(0, bytes), end },
        rightOf(end === 'silence' ? 'failing Timeout' : 'failing ConnectionReset'),
      );
  for (const [name, turns, right] of changing) {
    const server = await startPacedServer();
    cases.push({
      faultCase: changes(`a server that ${name}`, server.url, right),
      prepare: (turn) => server.say(turns[turn - 1] ?? silence),
    });
  }
  const { port } = await listen(
    createTcp((socket) => void socket.on('error', () => {}).once('data', () => socket.end(head))),
  );
  for (const [name, turns, right] of changingNames) {
    const host = `${name.replaceAll(' ', '-')}.mcp.test`;
    cases.push({
      faultCase: changes(name, `http://${host}:${port}/mcp`, right),
      prepare: (turn) => world.setName(host, turns[turn - 1] ?? nothing),
    });
  }
  cases.push(
    ...(await portCases()),
    ...(await certificateCases(world)),
    await slowHandshake(world),
  );
  return cases;
}

const changes = (name: string, url: string, right: Right): FaultCase => ({
  area: 'time',
  name,
  server: { url },
  right,
  changes: true,
});

/** Servers that stop and start. */
async function portCases(): Promise<readonly PreparedCase[]> {
  const cases: PreparedCase[] = [];
  for (const [name, isUp, right] of [
    ['a server that starts', [false, false, true], states(asks, 'Connecting', 'Connected')],
    [
      'a server that stops',
      [true, false, false],
      states(rightOf('failing ConnectionRefused'), 'Connected', 'Connecting'),
    ],
    ['a server that restarts', [true, false, true], states(asks, 'Connected', 'Connected')],
  ] as const) {
    const make = () =>
      createTcp((socket) => void socket.on('error', () => {}).once('data', () => socket.end(head)));
    let now: Awaited<ReturnType<typeof listen>> | undefined = await listen(make());
    const { port, url } = now;
    cases.push({
      faultCase: changes(name, `${url}/mcp`, right),
      prepare: async (turn) => {
        await now?.close();
        now = isUp[turn - 1] === true ? await listen(make(), port) : undefined;
      },
    });
  }
  return cases;
}

async function certificateCases({ valid, expired }: TimeWorld): Promise<readonly PreparedCase[]> {
  const cases: PreparedCase[] = [];
  for (const [name, turns, right] of [
    [
      'a certificate that expires',
      [valid, valid, expired],
      states(rightOf('failed TLSExpired'), 'Connected', 'Failed'),
    ],
    [
      'a certificate that is renewed',
      [expired, expired, valid],
      states(asks, 'Failed', 'Connected'),
    ],
  ] as const) {
    const server = createHttps({ cert: valid.certPem, key: valid.keyPem }, asksForSignIn);
    const { port } = await listen(server);
    cases.push({
      faultCase: changes(name, `https://localhost:${port}/mcp`, right),
      prepare: (turn) => {
        const { certPem, keyPem } = turns[turn - 1] ?? valid;
        server.setSecureContext({ cert: certPem, key: keyPem });
      },
    });
  }
  return cases;
}

/** The handshake of one address takes more than a second, that of the other one never ends. */
async function slowHandshake({ setName }: TimeWorld): Promise<PreparedCase> {
  const host = 'slow-handshake.mcp.test';
  const silent = await startSlowListener(silentAddress);
  setName(host, { A: at('127.0.0.2', silentAddress) });
  let slow: Awaited<ReturnType<typeof startSlowListener>> | undefined;
  return {
    faultCase: {
      ...changes(
        'a TCP handshake that takes over 250 ms',
        `http://${host}:${silent.port}/mcp`,
        asks,
      ),
      source: 'nodejs/node#54359, nodejs/undici#2777',
    },
    prepare: async () => {
      await slow?.close();
      slow = await startSlowListener('127.0.0.2', silent.port);
      setTimeout(slow.open, 300);
    },
  };
}
