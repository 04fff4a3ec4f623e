/** What fails on our own side says nothing about the server: the closed list of docs/operate.md. */
import { describe, expect, test } from 'vitest';
import { prober } from '../../../../functions/adapters/mcp/probe.ts';
import { trustStore } from '../../../../functions/adapters/network/connect.ts';
import { addressGuard } from '../../../../functions/adapters/network/guard.ts';
import { ProberError } from '../../../../functions/adapters/network/prober-error.ts';
import { conditionOf, type Status } from '../../../../functions/model/mcpserver.ts';
import { type PagePorts, sweepPage } from '../../../../functions/reachability/sweep-page.ts';
import { aServer, connected } from '../../../world/server.ts';

const connector = {
  guard: addressGuard({ allowLocal: true }),
  resolve: async () => ({ kind: 'addresses' as const, addresses: ['127.0.0.1'] }),
  secureContext: trustStore(),
};

const withCode = (code: string): Error => Object.assign(new Error('it failed'), { code });

/** Whatever the way to the server throws once the request is on its way. */
const failingWith = (error: unknown) => {
  const way = {
    ...connector,
    via: async (_request: object, _signal: AbortSignal, enter: (stage: 'headers') => void) => {
      enter('headers');
      throw error;
    },
  };
  return prober(way)(aServer(), { classify: true });
};

test.each([
  'EMFILE',
  'ENFILE',
  'ENOBUFS',
  'ENOMEM',
  'EADDRNOTAVAIL',
  'ERR_MEMORY_ALLOCATION_FAILED',
])('%s is a prober error, at whatever stage it comes', async (code) => {
  expect(await failingWith(withCode(code))).toMatchObject({ kind: 'proberTrouble' });
});

test('so is what the way itself reports', async () => {
  expect(await failingWith(new ProberError('no right to use the proxy'))).toMatchObject({
    kind: 'proberTrouble',
    detail: 'no right to use the proxy',
  });
});

describe('a page', () => {
  const page = async (error: unknown, minutes: number) => {
    const written: Status[] = [];
    const now = new Date(Date.parse('2026-01-01T00:00:00Z') + minutes * 60_000);
    const ports: PagePorts = {
      now: () => now,
      probe: async () => {
        throw error;
      },
      patchStatus: async (_server, next) => {
        written.push(next);
        return { kind: 'written', resourceVersion: '2' };
      },
      readServer: async () => undefined,
      publish: async () => [],
      outbox: { record: async () => undefined, remove: async () => {} },
      keepChanges: async () => undefined,
      recordEvents: async () => ({ count: 0 }),
      isOnline: async () => true,
      backOff: async () => {},
    };
    const report = await sweepPage([aServer({ status: connected() })], ports, {
      tick: now,
      tickMs: 60_000,
      heartbeatMs: 300_000,
      concurrency: 1,
      everything: true,
    });
    return { report, written };
  };
  // What node throws when a buffer cannot be allocated has no code.
  const noMemory = new RangeError('Array buffer allocation failed');

  test('in which memory runs out keeps the STATE, and says so', async () => {
    const { report, written } = await page(noMemory, 1);
    expect(written).toEqual([]);
    expect(report).toMatchObject({
      proberOffline: 'prober errors for 1 of 1 servers: Array buffer allocation failed',
      outcomes: { Undecided: 1 },
    });
  });

  test('is not silent about it forever', async () => {
    const { report, written } = await page(noMemory, 8);
    expect(written).toHaveLength(1);
    expect(written[0]).toMatchObject({ state: 'Connected' });
    expect(conditionOf(written[0] ?? connected(), 'Reachable')).toMatchObject({
      status: 'Unknown',
      reason: 'ProberOffline',
    });
    expect(report.changes).toBe(0);
  });
});
