/** Names with several addresses, over real sockets: what reaches a server, and what is left. */
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, test } from 'vitest';
import { connect, trustStore } from '../../../../functions/adapters/network/connect.ts';
import { resolver } from '../../../../functions/adapters/network/dns.ts';
import { addressGuard } from '../../../../functions/adapters/network/guard.ts';
import { guardedFetch } from '../../../../functions/adapters/network/http.ts';
import { prober } from '../../../../functions/adapters/mcp/probe.ts';
import { classify } from '../../../../functions/reachability/classify.ts';
import { listen } from '../../../../local/listen.ts';
import { type DnsZone, startDns } from '../../../world/dns-faults.ts';
import { aServer } from '../../../world/server.ts';
import { startSlowListener } from '../../../world/slow-listener.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const hasIPv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
);
if (!hasIPv6) console.warn('skipped: this machine has no ::1, so nothing is tried over IPv6');

// TCP has no way to a multicast address, on any machine: ENETUNREACH, and no packet is sent.
const unrouted = 'ff0e::1';

async function network(zone: DnsZone, allowLocal = true) {
  const dns = await startDns(zone);
  closing.push(dns.close);
  const connector = {
    resolve: resolver({ servers: [dns.server] }),
    guard: addressGuard({ allowLocal, allow: ['ff00::/8'] }),
    secureContext: trustStore(),
  };
  const verdictOn = async (url: string, timeoutMs = 3_000): Promise<string> => {
    const verdict = classify(
      await prober(connector)(aServer({ url, timeoutMs }), { classify: false }),
    );
    return 'reason' in verdict ? verdict.reason : verdict.kind;
  };
  return { dns, connector, verdictOn };
}

/** A server that answers 401 and counts its connections. */
async function answering(host: string, port = 0) {
  const open = new Set<unknown>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    open.add(socket);
    socket.on('close', () => open.delete(socket)).on('error', () => {});
    socket.once('data', () => socket.end('HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n'));
  });
  await new Promise<void>((done) => server.listen(port, host, done));
  closing.push(() => new Promise((done) => server.close(done)));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('not listening');
  return { port: address.port, connections: () => connections, open };
}

async function closedPort(): Promise<number> {
  const { port, close } = await listen(createServer());
  await close();
  return port;
}

const says = (...addresses: string[]) => ({ says: 'answers', addresses }) as const;
const late = (afterMs: number, ...addresses: string[]) =>
  ({ says: 'answers', addresses, afterMs }) as const;
const sockets = (): number =>
  process.getActiveResourcesInfo().filter((kind) => /^TCP(?:Socket|Connect)Wrap$/.test(kind))
    .length;
const signal = (): AbortSignal => new AbortController().signal;

describe('a server behind one of several addresses is reached', () => {
  // nodejs/node#54359, nodejs/undici#2777, microsoft/playwright#42255: net drops an attempt after
  // 250 ms, so the address that works but is slow is never waited for.
  test('when its handshake takes over 250 ms and the other address stays silent', async () => {
    const slow = await startSlowListener('127.0.0.2');
    const silent = await startSlowListener('127.0.0.3', slow.port);
    closing.push(silent.close, slow.close);
    const { verdictOn } = await network({ 'mcp.test': { A: says('127.0.0.2', '127.0.0.3') } });
    setTimeout(slow.open, 300);
    expect(await verdictOn(`http://mcp.test:${slow.port}/mcp`, 5_000)).toBe(
      'AuthenticationRequired',
    );
  });
  test('by an OAuth request as well', async () => {
    const slow = await startSlowListener('127.0.0.2');
    const silent = await startSlowListener('127.0.0.3', slow.port);
    closing.push(silent.close, slow.close);
    const { connector } = await network({ 'mcp.test': { A: says('127.0.0.3', '127.0.0.2') } });
    setTimeout(slow.open, 600);
    const answer = await guardedFetch(connector)(`http://mcp.test:${slow.port}/token`);
    expect(answer.status).toBe(401);
  });
  test('when the first address refuses, at once', async () => {
    const { port } = await answering('127.0.0.2');
    const { verdictOn } = await network({ 'mcp.test': { A: says('127.0.0.9', '127.0.0.2') } });
    const started = performance.now();
    expect(await verdictOn(`http://mcp.test:${port}/mcp`)).toBe('AuthenticationRequired');
    expect(performance.now() - started).toBeLessThan(200);
  });
  test('when the first address stays silent, after 250 ms', async () => {
    const silent = await startSlowListener('127.0.0.3');
    closing.push(silent.close);
    await answering('127.0.0.2', silent.port);
    const { verdictOn } = await network({ 'mcp.test': { A: says('127.0.0.3', '127.0.0.2') } });
    const started = performance.now();
    expect(await verdictOn(`http://mcp.test:${silent.port}/mcp`)).toBe('AuthenticationRequired');
    expect(performance.now() - started).toBeLessThan(600);
  });
  test('when one address is private and the guard refuses it', async () => {
    const { port, connections } = await answering('127.0.0.1');
    const { connector } = await network({ 'mcp.test': { A: says('10.0.0.1', '127.0.0.1') } });
    const guard = addressGuard({ allow: ['127.0.0.1/32'] });
    const socket = await connect(
      { hostname: 'mcp.test', port, secure: false },
      { ...connector, guard },
      signal(),
    );
    socket.destroy();
    expect([socket.remoteAddress ?? '127.0.0.1', connections()]).toEqual(['127.0.0.1', 1]);
  });
});

describe('what one address family answers says nothing about the other', () => {
  // RFC 4074, section 4.2; docker/for-mac#5088, home-assistant/core#52667.
  test.each([
    ['NXDOMAIN', { says: 'nxdomain' }],
    ['no record', { says: 'answers' }],
    ['SERVFAIL', { says: 'servfail' }],
    ['REFUSED', { says: 'refused' }],
    ['nothing', { says: 'nothing' }],
    ['the records 120 ms later', late(120, '::1')],
  ] as const)('A has an address, AAAA answers %s', async (_what, AAAA) => {
    const { port } = await answering('127.0.0.1');
    for (const delay of [0, 80]) {
      const { verdictOn } = await network({
        'mcp.test': { A: late(delay, '127.0.0.1'), AAAA },
      });
      const started = performance.now();
      expect(await verdictOn(`http://mcp.test:${port}/mcp`)).toBe('AuthenticationRequired');
      expect(performance.now() - started).toBeLessThan(500);
    }
  });
  test.skipIf(!hasIPv6).each([
    ['NXDOMAIN', { says: 'nxdomain' }],
    ['no record', { says: 'answers' }],
    ['SERVFAIL', { says: 'servfail' }],
    ['nothing', { says: 'nothing' }],
  ] as const)('AAAA has an address, A answers %s', async (_what, A) => {
    const { port } = await answering('::1');
    for (const delay of [0, 80]) {
      const { verdictOn } = await network({ 'mcp.test': { A, AAAA: late(delay, '::1') } });
      expect(await verdictOn(`http://mcp.test:${port}/mcp`, 5_000)).toBe('AuthenticationRequired');
    }
  });
  test.skipIf(!hasIPv6)('the address that comes 150 ms late is the one that works', async () => {
    const { port } = await answering('::1');
    const { verdictOn } = await network({
      'mcp.test': { A: says('127.0.0.9'), AAAA: late(150, '::1') },
    });
    expect(await verdictOn(`http://mcp.test:${port}/mcp`)).toBe('AuthenticationRequired');
  });
  test('a failure that passes is asked about once more, for its family alone', async () => {
    const { port } = await answering('127.0.0.1');
    const { verdictOn, dns } = await network({
      'mcp.test': { A: { says: 'servfail', addresses: ['127.0.0.1'], times: 1 } },
    });
    expect(await verdictOn(`http://mcp.test:${port}/mcp`)).toBe('AuthenticationRequired');
    expect(dns.asked().filter((question) => question.startsWith('AAAA'))).toHaveLength(1);
  });
  test('an address without a route here, and a family whose lookup fails: the name could not be resolved', async () => {
    const { verdictOn } = await network({
      'mcp.test': { A: { says: 'servfail' }, AAAA: says(unrouted) },
    });
    expect(await verdictOn('http://mcp.test:8080/mcp')).toBe('DNSFailure');
  });
});

describe('when no address can be reached, the reason is the one that says most', () => {
  const unreachable = { says: 'answers', addresses: [unrouted] } as const;
  test('a refusal says more than a family without a route', async () => {
    const { verdictOn } = await network({
      'mcp.test': { A: says('127.0.0.1'), AAAA: unreachable },
    });
    expect(await verdictOn(`http://mcp.test:${await closedPort()}/mcp`)).toBe('ConnectionRefused');
  });
  test('only addresses without a route: no route', async () => {
    const { verdictOn } = await network({ 'mcp.test': { AAAA: unreachable } });
    expect(await verdictOn('http://mcp.test:8080/mcp')).toBe('HostUnreachable');
  });
  test('all of them refused by the guard: policy, and nothing is contacted', async () => {
    const { port, connections } = await answering('127.0.0.1');
    const { verdictOn } = await network(
      { 'mcp.test': { A: says('127.0.0.1', '10.0.0.1'), AAAA: late(100, '::1') } },
      false,
    );
    expect(await verdictOn(`http://mcp.test:${port}/mcp`)).toBe('BlockedByPolicy');
    expect(connections()).toBe(0);
  });
  test('every family without the name', async () => {
    const { verdictOn } = await network({
      'mcp.test': { A: { says: 'nxdomain' }, AAAA: { says: 'nxdomain', afterMs: 60 } },
    });
    expect(await verdictOn('http://mcp.test:8080/mcp')).toBe('DNSFailure');
  });
  test('silence of every address is a timeout at the deadline, and every socket is closed', async () => {
    const silent = await startSlowListener('127.0.0.2');
    const other = await startSlowListener('127.0.0.3', silent.port);
    closing.push(other.close, silent.close);
    const { verdictOn } = await network({ 'mcp.test': { A: says('127.0.0.2', '127.0.0.3') } });
    const started = performance.now();
    expect(await verdictOn(`http://mcp.test:${silent.port}/mcp`, 700)).toBe('Timeout');
    expect(performance.now() - started).toBeLessThan(950);
  });
});

test('the losers of a race are closed', async () => {
  const one = await answering('127.0.0.2');
  const silent = await startSlowListener('127.0.0.3', one.port);
  closing.push(silent.close);
  const { connector } = await network({ 'mcp.test': { A: says('127.0.0.3', '127.0.0.2') } });
  const target = { hostname: 'mcp.test', port: one.port, secure: false };
  const before = sockets();
  const socket = await connect(target, connector, signal());
  socket.destroy();
  await expect.poll(sockets).toBe(before);
});

test('the address of a name may change between two sweeps', async () => {
  const first = await answering('127.0.0.2');
  const second = await answering('127.0.0.4', first.port);
  const { dns, verdictOn } = await network({ 'mcp.test': { A: says('127.0.0.2') } });
  const url = `http://mcp.test:${first.port}/mcp`;
  expect(await verdictOn(url)).toBe('AuthenticationRequired');
  dns.change({ 'mcp.test': { A: says('127.0.0.4') } });
  expect(await verdictOn(url)).toBe('AuthenticationRequired');
  dns.change({});
  expect(await verdictOn(url)).toBe('DNSFailure');
  expect([first.connections(), second.connections()]).toEqual([1, 1]);
});

test('a silent resolver does not hold an abort back', async () => {
  const { connector } = await network({
    'mcp.test': { A: { says: 'nothing' }, AAAA: { says: 'nothing' } },
  });
  const started = performance.now();
  const target = { hostname: 'mcp.test', port: 8080, secure: false };
  await expect(connect(target, connector, AbortSignal.timeout(100))).rejects.toThrow();
  expect(performance.now() - started).toBeLessThan(350);
});
