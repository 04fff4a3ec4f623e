/** A result is as old as its probe, however long the rest of its page takes. */
import { expect, test } from 'vitest';
import type { McpServer, Status } from '../../../functions/model/mcpserver.ts';
import { nextStatus } from '../../../functions/reachability/status.ts';
import { type PagePorts, sweepPage } from '../../../functions/reachability/sweep-page.ts';
import { aServer, connected } from '../../world/server.ts';

const begin = Date.UTC(2026, 0, 1, 0, 1);
const options = {
  tick: new Date(begin),
  tickMs: 60_000,
  heartbeatMs: 300_000,
  concurrency: 10,
  everything: true,
};
const quick = aServer({ name: 'quick', uid: 'quick', status: connected('True') });
const slow = aServer({ name: 'slow', uid: 'slow', status: connected('True') });
const refused = { kind: 'failing', reason: 'ConnectionRefused', message: 'x' } as const;

/**
 * A page of a server that answers at once and one that hangs for ten seconds, and what is written
 * of the quick one. Five seconds into it, another sweep may write that it is down.
 */
async function sweep(overtaken: boolean): Promise<readonly Status[]> {
  let clock = begin;
  const written: Status[] = [];
  let quickEnded = (): void => {};
  const isQuickOver = new Promise<void>((done) => {
    quickEnded = done;
  });
  const fresh: McpServer = {
    ...quick,
    resourceVersion: '2',
    status: nextStatus(quick, refused, new Date(begin + 5_000)),
  };
  const ports: PagePorts = {
    now: () => new Date(clock),
    probe: async ({ name }) => {
      if (name === 'quick') {
        quickEnded();
        return { kind: 'answered', status: 500, bearerChallenge: false, timings: {} };
      }
      await isQuickOver;
      // After everything that follows the quick one at once.
      await new Promise(setImmediate);
      clock += 10_000;
      return { kind: 'proberTrouble', detail: 'out of descriptors', timings: {} };
    },
    patchStatus: async ({ resourceVersion }, next) => {
      if (overtaken && resourceVersion === '1') return { kind: 'conflict' };
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
  await sweepPage([quick, slow], ports, options);
  return written;
}

test('lastAttempt is when the probe ended, not when its page did', async () => {
  expect((await sweep(false)).map(({ lastAttempt }) => lastAttempt)).toEqual([new Date(begin)]);
});

test('what an overlapping sweep saw after it, and wrote before it, is not replaced', async () => {
  expect(await sweep(true)).toEqual([]);
});
