/** A clock that was ahead has written times of the future. They must not freeze a server. */
import { expect, test } from 'vitest';
import type { McpServer, Status } from '../../../functions/model/mcpserver.ts';
import { isDue } from '../../../functions/reachability/due.ts';
import { nextStatus, reasonToWrite } from '../../../functions/reachability/status.ts';
import { type PagePorts, sweepPage } from '../../../functions/reachability/sweep-page.ts';
import { aServer, connected } from '../../world/server.ts';

const now = new Date('2026-01-01T00:00:00Z');
const tickMs = 60_000;
const heartbeatMs = 300_000;
const ahead = (ms: number): Date => new Date(now.getTime() + ms);

test('a retry that such a clock has set is due at once, and one of a small skew when it says', () => {
  const waiting = (skewMs: number) =>
    isDue(
      aServer({
        status: {
          ...connected(),
          lastAttempt: ahead(skewMs),
          nextRetryAfter: ahead(skewMs + 300_000),
        },
      }),
      now,
      tickMs,
    );
  expect([waiting(30 * 60_000), waiting(10_000), waiting(0)]).toEqual([true, false, false]);
});

test('a heartbeat does not wait until the time of such a clock has come', () => {
  const written = (skewMs: number) => {
    const server = aServer({ status: { ...connected(), lastAttempt: ahead(skewMs) } });
    const verdict = { kind: 'connected', reason: 'Responded', message: '' } as const;
    return reasonToWrite(server, nextStatus(server, verdict, now), now, heartbeatMs);
  };
  expect([written(30 * 60_000), written(1000)]).toEqual(['heartbeat', undefined]);
});

test('a conflict does not make an old time of the future a newer observation', async () => {
  const written: Status[] = [];
  const server = aServer({ status: { ...connected(), lastAttempt: ahead(3_600_000) } });
  const fresh: McpServer = { ...server, resourceVersion: '2' };
  const ports: PagePorts = {
    now: () => now,
    probe: async () => ({
      kind: 'answered',
      status: 401,
      bearerChallenge: true,
      timings: {},
    }),
    patchStatus: async ({ resourceVersion }, next) => {
      if (resourceVersion === '1') return { kind: 'conflict' };
      written.push(next);
      return { kind: 'written', resourceVersion: '3' };
    },
    readServer: async () => fresh,
    publish: async () => [],
    outbox: { record: async () => undefined, remove: async () => {} },
    keepChanges: async () => undefined,
    recordEvents: async () => ({ count: 0 }),
    isOnline: async () => true,
    backOff: async () => {},
  };
  const options = { tick: now, tickMs, heartbeatMs, concurrency: 1, everything: true };
  expect(await sweepPage([server], ports, options)).toMatchObject({ written: 1, conflicts: 1 });
  expect(written[0]?.lastAttempt).toEqual(now);
});
