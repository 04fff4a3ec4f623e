import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { resolver } from '../../../../functions/adapters/network/dns.ts';
import { type DnsAnswer, type DnsZone, startDns } from '../../../world/dns-faults.ts';
import { startFaultWorld } from '../../../world/fault-world.ts';

let world: Awaited<ReturnType<typeof startFaultWorld>>;
let folder: string;
beforeAll(async () => {
  world = await startFaultWorld();
  folder = await mkdtemp(join(tmpdir(), 'hosts-'));
});
afterAll(async () => {
  await world.end();
  await rm(folder, { recursive: true });
});

test('names of the hosts file work, and win over the resolver', async () => {
  const hostsFile = join(folder, 'hosts');
  await writeFile(
    hostsFile,
    '# mine\n10.9.8.7 MCP.internal alias # here\n::7 mcp.internal\nnonsense here\n',
  );
  const resolve = resolver({ servers: [world.resolvers.failing], hostsFile });
  expect(await resolve('mcp.internal')).toEqual({
    kind: 'addresses',
    addresses: ['10.9.8.7', '::7'],
  });
  expect(await resolve('ALIAS.')).toEqual({ kind: 'addresses', addresses: ['10.9.8.7'] });
});

test('localhost is never asked of a resolver', async () => {
  const resolve = resolver({ servers: [world.resolvers.silent], hostsFile: join(folder, 'none') });
  expect(await resolve('api.localhost')).toEqual({
    kind: 'addresses',
    addresses: ['127.0.0.1', '::1'],
  });
});

test('an IPv4 address is enough where IPv6 has none', async () => {
  expect(await resolver({ servers: [world.resolvers.answering] })('mcp.up.test')).toMatchObject({
    kind: 'addresses',
    addresses: ['127.0.0.1'],
  });
});

test('a missing name, a failing resolver and a resolver that is unavailable are three different things', async () => {
  expect(await resolver({ servers: [world.resolvers.answering] })('gone.test')).toMatchObject({
    kind: 'notFound',
  });
  expect(await resolver({ servers: [world.resolvers.failing] })('gone.test')).toMatchObject({
    kind: 'failed',
    detail: 'ESERVFAIL',
  });
  expect(
    await resolver({ servers: [new URL(world.urls['refused'] ?? '').host] })('gone.test'),
  ).toMatchObject({ kind: 'unavailable' });
});

test('garbage as the answer about one name says nothing about the names that are asked beside it', async () => {
  const A = { says: 'answers', addresses: ['127.0.0.1'], afterMs: 60 } as const;
  const dns = await startDns({
    'odd.test': { A: { says: 'garbage' }, AAAA: { says: 'garbage' } },
    'mcp.test': { A },
  });
  const resolve = resolver({ servers: [dns.server] });
  const [good, odd] = await Promise.all([resolve('mcp.test'), resolve('odd.test')]);
  expect(good).toMatchObject({ kind: 'addresses', addresses: ['127.0.0.1'] });
  expect(odd).toMatchObject({ kind: 'failed', detail: 'EBADRESP' });
  await dns.close();
});

test('a name whose answer takes over a second resolves, also after many quick answers', async () => {
  const quick = { says: 'answers', addresses: ['127.0.0.1'] } as const;
  const dns = await startDns({
    'quick.test': { A: quick },
    'slow.test': { A: { ...quick, afterMs: 1_100 } },
  });
  const resolve = resolver({ servers: [dns.server] });
  for (let count = 0; count < 20; count += 1) await resolve('quick.test');
  expect(await resolve('slow.test')).toMatchObject({ kind: 'addresses' });
  await dns.close();
});

describe('many names at once', () => {
  const many = Array.from({ length: 300 }, (_, index) => `mcp-${index}.test`);
  const zoneOf = (answer: DnsAnswer): DnsZone =>
    Object.fromEntries(many.map((name) => [name, { A: answer, AAAA: answer }]));

  test('are asked in turn: a resolver with a full buffer loses what comes', async () => {
    const dns = await startDns(zoneOf({ says: 'nothing' }));
    const resolve = resolver({ servers: [dns.server], turnMs: 60_000 });
    const answers = Promise.all(many.map((name) => resolve(name)));
    const asked = (): number => new Set(dns.asked()).size;
    await vi.waitFor(() => expect(asked()).toBeGreaterThanOrEqual(128));
    await new Promise((done) => setTimeout(done, 300));
    expect(asked()).toBe(128);
    await dns.close();
    await answers;
  });

  test('that are never answered keep no other name waiting for their whole time', async () => {
    const A = { says: 'answers', addresses: ['127.0.0.1'] } as const;
    const dns = await startDns({ ...zoneOf({ says: 'nothing' }), 'up.test': { A } });
    const resolve = resolver({ servers: [dns.server] });
    const dead = Promise.all(many.map((name) => resolve(name)));
    const first = await Promise.race([dead, resolve('up.test')]);
    expect(first).toMatchObject({ kind: 'addresses', addresses: ['127.0.0.1'] });
    await dns.close();
    await dead;
  });
});
