import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resolver } from '../../../../functions/adapters/network/dns.ts';
import { addressGuard, connect, trustStore } from '../../../../functions/adapters/network/guard.ts';
import { guardedFetch } from '../../../../functions/adapters/network/http.ts';
import { prober } from '../../../../functions/adapters/mcp/probe.ts';
import { listen } from '../../../../local/listen.ts';
import { startFaultWorld } from '../../../world/fault-world.ts';
import { aServer } from '../../../world/server.ts';

describe('in the cloud', () => {
  const guard = addressGuard();

  test.each([
    ['loopback', '127.0.0.1'],
    ['loopback over IPv6', '::1'],
    ['loopback mapped into IPv6', '::ffff:127.0.0.1'],
    ['the unspecified address', '0.0.0.0'],
    ['the unspecified address of IPv6', '::'],
    ['private networks', '10.1.2.3'],
    ['private networks', '172.16.0.1'],
    ['private networks', '192.168.1.1'],
    ['unique local addresses', 'fd12::1'],
    ['carrier-grade NAT', '100.64.0.1'],
    ['link-local addresses', 'fe80::1'],
    ['multicast', '224.0.0.1'],
    ['benchmark networks', '198.18.0.1'],
    ['reserved addresses', '240.0.0.1'],
    ['a private address in NAT64', '64:ff9b::10.1.2.3'],
    ['6to4', '2002:a01:203::1'],
    ['cloud metadata', '169.254.169.254'],
    ['container credentials', '169.254.170.2'],
    ['metadata of AWS over IPv6', 'fd00:ec2::254'],
    ['metadata of Azure, a public address', '168.63.129.16'],
    ['metadata of Alibaba', '100.100.100.200'],
  ])('%s: %s is refused', (_what, address) => {
    expect(guard.refusesAddress(address)).toBeTruthy();
  });

  test.each(['93.184.215.14', '2606:2800:220:1::1', '64:ff9b::93.184.215.14'])(
    'the public address %s is let through',
    (address) => {
      expect(guard.refusesAddress(address)).toBeUndefined();
    },
  );

  test.each([
    'http://127.0.0.1/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://0177.0.0.1/',
    'http://127.1/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://0/',
    'http://①②⑦.0.0.1/',
    'http://169.254.169.254./',
  ])('the literal in %s is refused', (url) => {
    expect(guard.refusesUrl(new URL(url))).toBeTruthy();
  });

  test.each([22, 25, 2379, 6379, 9200, 10250])('port %i is refused', (port) => {
    expect(guard.refusesUrl(new URL(`http://example.com:${port}/`))).toContain(String(port));
  });
  test.each(['http://example.com/', 'https://example.com/', 'https://example.com:8443/'])(
    '%s is let through',
    (url) => {
      expect(guard.refusesUrl(new URL(url))).toBeUndefined();
    },
  );
});

describe('ranges the owner opened', () => {
  const guard = addressGuard({ allow: ['10.0.0.0/8', '169.254.0.0/16', '0.0.0.0/0'] });
  test('are let through', () => expect(guard.refusesAddress('10.1.2.3')).toBeUndefined());
  test('never open cloud metadata', () => {
    for (const address of [
      '169.254.169.254',
      '::ffff:169.254.169.254',
      '64:ff9b::a9fe:a9fe',
      '168.63.129.16',
    ]) {
      expect(guard.refusesAddress(address)).toContain('metadata');
    }
  });
  test('have to be CIDR ranges', () =>
    expect(() => addressGuard({ allow: ['10.0.0.1'] })).toThrow('"10.0.0.1" is not a CIDR range'));
});

test('one laptop may contact itself and its own network, never metadata', () => {
  const guard = addressGuard({ allowLocal: true });
  expect(guard.refusesAddress('127.0.0.1')).toBeUndefined();
  expect(guard.refusesAddress('192.168.1.1')).toBeUndefined();
  expect(guard.refusesAddress('169.254.169.254')).toContain('metadata');
});

describe('decided on the address really connected to', () => {
  let world: Awaited<ReturnType<typeof startFaultWorld>>;
  let port = 0;
  let connections = 0;
  const target = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  beforeAll(async () => {
    world = await startFaultWorld();
    ({ port } = await listen(target));
  });
  afterAll(async () => {
    target.close();
    await world.end();
  });
  const connector = (guard = addressGuard()) => ({
    resolve: resolver({ servers: [world.resolvers.answering] }),
    guard,
    secureContext: trustStore(),
  });

  test.each(['mcp.up.test', 'inside.up.test', 'localhost'])(
    'the name %s that leads inside is blocked, and nothing is contacted',
    async (host) => {
      const outcome = await prober(connector())(aServer({ url: `http://${host}:${port}/mcp` }), {
        classify: true,
      });
      expect(outcome).toMatchObject({ kind: 'refusedByPolicy' });
      expect(connections).toBe(0);
    },
  );
  test('a literal is blocked', async () => {
    const outcome = await prober(connector())(aServer({ url: `http://127.0.0.1:${port}/mcp` }), {
      classify: true,
    });
    expect(outcome).toMatchObject({ kind: 'refusedByPolicy' });
    expect(connections).toBe(0);
  });
  test('a resolver that answers differently the second time gains nothing: the name is resolved once, and the socket looked at again', async () => {
    let asked = 0;
    const rebinding = {
      ...connector(),
      resolve: async () => ({
        kind: 'addresses' as const,
        addresses: [asked++ === 0 ? '127.0.0.1' : '10.0.0.1'],
      }),
    };
    await expect(
      connect(
        { hostname: 'rebind.test', port, secure: false },
        rebinding,
        new AbortController().signal,
      ),
    ).rejects.toThrow('policy');
    expect([asked, connections]).toEqual([1, 0]);
  });
  test('a guard that lets a lookup pass but not the connected address closes the socket before a byte is sent', async () => {
    const guard = addressGuard({ allowLocal: true });
    let looks = 0;
    const strict = {
      ...guard,
      refusesAddress: () => (looks++ === 0 ? undefined : 'changed its mind'),
    };
    await expect(
      connect(
        { hostname: '127.0.0.1', port, secure: false },
        connector(strict),
        new AbortController().signal,
      ),
    ).rejects.toThrow('changed its mind');
  });
  test('guardedFetch goes through the same guard', async () => {
    await expect(
      guardedFetch(connector())(`http://mcp.up.test:${port}/.well-known/x`),
    ).rejects.toThrow('policy');
  });
  test('guardedFetch gives up on an answer that is too large, or never ends', async () => {
    const fetch = guardedFetch(connector(addressGuard({ allowLocal: true })), {
      timeoutMs: 500,
      maxBytes: 100_000,
    });
    await expect(fetch(world.urls['endless body'] ?? '')).rejects.toThrow('more than 100000 bytes');
    await expect(
      fetch(world.urls['200 with an event stream that never ends'] ?? ''),
    ).rejects.toThrow();
    await expect(fetch(world.urls['accepts and stays silent'] ?? '')).rejects.toThrow();
    expect(await (await fetch(world.urls['200 with JSON'] ?? '')).json()).toMatchObject({
      jsonrpc: '2.0',
    });
  });
});
