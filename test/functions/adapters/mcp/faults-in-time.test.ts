/** Servers that are cut, slow, jittery or different from probe to probe, and what is written. */
import { createServer as createHttps } from 'node:https';
import { createServer } from 'node:net';
import { array, assert, asyncProperty, constantFrom, integer } from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { prober } from '../../../../functions/adapters/mcp/probe.ts';
import { trustStore } from '../../../../functions/adapters/network/connect.ts';
import { resolver } from '../../../../functions/adapters/network/dns.ts';
import { addressGuard } from '../../../../functions/adapters/network/guard.ts';
import { conditionOf, type McpServer } from '../../../../functions/model/mcpserver.ts';
import { classify } from '../../../../functions/reachability/classify.ts';
import { nextStatus } from '../../../../functions/reachability/status.ts';
import { createAuthority } from '../../../../local/certificates.ts';
import { listen } from '../../../../local/listen.ts';
import { type DnsFaults, type DnsZone, startDns } from '../../../world/dns-faults.ts';
import { type Pace, type PacedServer, startPacedServer } from '../../../world/paced-server.ts';
import { aServer } from '../../../world/server.ts';

const authority = await createAuthority();
const secureContext = trustStore(authority.caPem);
let paced: PacedServer;
let dns: DnsFaults;
beforeAll(async () => {
  [paced, dns] = await Promise.all([startPacedServer(), startDns({})]);
});
afterAll(() => Promise.all([paced.close(), dns.close()]));

const graceMs = 250;

/** One sweep after another sees this server. `probe` returns state and reason that are written. */
function watched(facts: Partial<McpServer>) {
  const probe = prober({
    resolve: resolver({ servers: [dns.server] }),
    guard: addressGuard({ allowLocal: true }),
    secureContext,
  });
  let server = aServer({ timeoutMs: 1_000, ...facts });
  let now = Date.parse('2026-11-26T12:00:00Z');
  return async (): Promise<string> => {
    const started = performance.now();
    const outcome = await probe(server, { classify: false });
    expect(performance.now() - started).toBeLessThan(server.timeoutMs + graceMs);
    server = { ...server, status: nextStatus(server, classify(outcome), new Date(now)) };
    now += 60_000;
    const { state } = server.status;
    return `${state} ${conditionOf(server.status, 'Reachable')?.reason}`;
  };
}

const head =
  'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer\r\n realm="x"\r\nContent-Length: 5\r\n\r\n';
const answers: Pace = { bytes: head, end: 'close' };
const up = 'Connected AuthenticationRequired';

describe('a head that is cut at any byte, of the GET and of the POST after it', () => {
  test.each(['close', 'reset', 'half-close'] as const)('by a %s', async (end) => {
    for (let at = 0; at <= head.length; at += 1) {
      paced.say({ bytes: head.slice(0, at), end });
      const right = at === head.length ? up : 'Connecting ConnectionReset';
      expect([at, await watched({ url: paced.url })()]).toEqual([at, right]);
    }
  });
  test('by silence is a timeout, at every byte', async () => {
    const servers = await Promise.all(
      Array.from({ length: head.length }, async (_, at) => {
        const server = await startPacedServer();
        server.say({ bytes: head.slice(0, at), end: 'silence' });
        return server;
      }),
    );
    const verdicts = await Promise.all(
      servers.map(({ url }) => watched({ url, timeoutMs: 800 })()),
    );
    expect(new Set(verdicts)).toEqual(new Set(['Connecting Timeout']));
    await Promise.all(servers.map(({ close }) => close()));
  });
  test('by a reset after any number of bytes of its body, the head decides', async () => {
    for (let bytes = 0; bytes <= 5; bytes += 1) {
      paced.say({ bytes: head + 'x'.repeat(bytes), end: 'reset' });
      expect(await watched({ url: paced.url })()).toBe(up);
    }
  });
});

test('whatever the delays between the pieces of an answer are, it counts if it is in time', async () => {
  const delays = array(integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 8 });
  await assert(
    asyncProperty(
      integer({ min: 0, max: 300 }),
      delays,
      constantFrom('close', 'silence', 'reset', 'half-close'),
      async (afterMs, everyMs, end) => {
        paced.say({ bytes: head, pieces: everyMs.length, afterMs, everyMs, end });
        expect(await watched({ url: paced.url, type: 'sse', timeoutMs: 2_000 })()).toBe(up);
      },
    ),
    { numRuns: 30 },
  );
});

test('one byte a second is a timeout at the deadline, for both requests', async () => {
  paced.say({ bytes: head, pieces: head.length, everyMs: 1_000, end: 'close' });
  expect(await watched({ url: paced.url, timeoutMs: 1_500 })()).toBe('Connecting Timeout');
});

describe('a server that flaps', () => {
  const faults = {
    ConnectionReset: { bytes: 'HTTP/1.1 4', end: 'reset' },
    UpstreamUnavailable: { bytes: 'HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n', end: 'close' },
    Timeout: { bytes: '', end: 'silence' },
    NotHTTP: { bytes: 'SSH-2.0\r\n', end: 'close' },
  } as const satisfies Record<string, Pace>;
  const kinds = ['up', 'ConnectionReset', 'UpstreamUnavailable', 'Timeout', 'NotHTTP'] as const;

  test('at every probe is Connected whenever it answers, and never Failed in between', async () => {
    const probe = watched({ url: paced.url });
    for (let round = 0; round < 20; round += 1) {
      paced.say(faults.ConnectionReset);
      expect(await probe()).toBe('Connecting ConnectionReset');
      paced.say(answers);
      expect(await probe()).toBe(up);
    }
  });
  test('in any order has the state of the table: Failed at once, or at the third in a row, until it answers', async () => {
    await assert(
      asyncProperty(
        array(constantFrom(...kinds), { minLength: 4, maxLength: 9 }),
        async (turns) => {
          const probe = watched({ url: paced.url, timeoutMs: 120 });
          let inARow = 0;
          let hasFailed = false;
          for (const turn of turns) {
            paced.say(turn === 'up' ? answers : faults[turn]);
            inARow = turn === 'up' ? 0 : inARow + 1;
            hasFailed = turn !== 'up' && (hasFailed || turn === 'NotHTTP' || inARow === 3);
            const right = turn === 'up' ? up : `${hasFailed ? 'Failed' : 'Connecting'} ${turn}`;
            expect(await probe()).toBe(right);
          }
        },
      ),
      { numRuns: 25 },
    );
  });
});

test('a certificate that expires between two sweeps, and one that is renewed', async () => {
  const secondMs = 1_000;
  // Certificates count whole seconds.
  const expiresAt = new Date((Math.floor(Date.now() / secondMs) + 2) * secondMs);
  const { certPem, keyPem } = await authority.issue({ hosts: ['localhost'], notAfter: expiresAt });
  const server = createHttps({ cert: certPem, key: keyPem }, (_request, response) =>
    response.writeHead(401).end(),
  );
  const { port, close } = await listen(server);
  const probe = watched({ url: `https://localhost:${port}/mcp` });
  expect(await probe()).toBe(up);
  await new Promise((done) => setTimeout(done, expiresAt.getTime() + secondMs - Date.now()));
  expect(await probe()).toBe('Failed TLSExpired');
  const renewed = await authority.issue({ hosts: ['localhost'] });
  server.setSecureContext({ cert: renewed.certPem, key: renewed.keyPem });
  expect(await probe()).toBe(up);
  await close();
});

test('a name whose answers change between sweeps', async () => {
  const { port, close } = await listen(
    createServer((socket) => {
      socket.on('error', () => {}).once('data', () => socket.end(head));
    }),
  );
  const at = (address: string): DnsZone => ({
    'mcp.test': { A: { says: 'answers', addresses: [address] } },
  });
  const servfail = { says: 'servfail' } as const;
  const probe = watched({ url: `http://mcp.test:${port}/mcp` });
  const seen: string[] = [];
  for (const zone of [
    at('127.0.0.1'),
    at('127.0.0.9'),
    at('127.0.0.1'),
    {},
    at('127.0.0.9'),
    at('127.0.0.1'),
    { 'mcp.test': { A: servfail, AAAA: servfail } },
    at('127.0.0.1'),
  ]) {
    dns.change(zone);
    seen.push(await probe());
  }
  expect(seen).toEqual([
    up,
    'Connecting ConnectionRefused',
    up,
    'Failed DNSFailure',
    'Failed ConnectionRefused',
    up,
    'Failed DNSFailure',
    up,
  ]);
  await close();
});
