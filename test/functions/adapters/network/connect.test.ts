import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resolver } from '../../../../functions/adapters/network/dns.ts';
import { connect, trustStore } from '../../../../functions/adapters/network/connect.ts';
import { addressGuard } from '../../../../functions/adapters/network/guard.ts';
import { guardedFetch } from '../../../../functions/adapters/network/http.ts';
import { prober } from '../../../../functions/adapters/mcp/probe.ts';
import { startFaultWorld } from '../../../world/fault-world.ts';
import { aServer } from '../../../world/server.ts';

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
    await new Promise<void>((done) => target.listen(0, '127.0.0.1', done));
    const address = target.address();
    port = typeof address === 'object' && address !== null ? address.port : 0;
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
