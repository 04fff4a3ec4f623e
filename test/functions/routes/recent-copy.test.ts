import { expect, test } from 'vitest';
import { recentCopy } from '../../../functions/routes/recent-copy.ts';

function world() {
  let time = Date.UTC(2026, 10, 26);
  let reads = 0;
  let isDown = false;
  const copy = recentCopy({
    now: () => new Date(time),
    freshMs: 60_000,
    keptMs: 600_000,
    read: async () => {
      reads += 1;
      if (isDown) throw new Error('down');
      return reads;
    },
  });
  return {
    copy,
    reads: () => reads,
    later: (ms: number) => void (time += ms),
    down: (value: boolean) => void (isDown = value),
  };
}

test('a hundred requests at the same time share one read', async () => {
  const { copy, reads } = world();
  await Promise.all(Array.from({ length: 100 }, () => copy()));
  expect(reads()).toBe(1);
});

test('a copy is given for a minute, and then read again', async () => {
  const { copy, reads, later } = world();
  await copy();
  later(59_999);
  expect(await copy()).toBe(1);
  later(1);
  expect(await copy()).toBe(2);
  expect(reads()).toBe(2);
});

test('while reading fails the last good copy is given for ten minutes, and no longer', async () => {
  const { copy, later, down } = world();
  await copy();
  down(true);
  later(599_999);
  expect(await copy()).toBe(1);
  later(1);
  await expect(copy()).rejects.toThrow('down');
  down(false);
  expect(await copy()).toBe(4);
});

test('without a copy the failure is that of the read, and is not kept', async () => {
  const { copy, down } = world();
  down(true);
  await expect(copy()).rejects.toThrow('down');
  down(false);
  expect(await copy()).toBe(2);
});
