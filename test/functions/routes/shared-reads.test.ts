import { expect, test } from 'vitest';
import { sharedReads } from '../../../functions/routes/shared-reads.ts';

/** Reads that end when the test says so; each gives its number. */
function world({ mostSize = 100, isSized = true } = {}) {
  let time = Date.UTC(2026, 10, 26);
  const reads: PromiseWithResolvers<number>[] = [];
  const shared = sharedReads<number>({
    now: () => new Date(time),
    freshMs: 1_000,
    sizeOf: () => (isSized ? 1 : undefined),
    mostSize,
  });
  return {
    reads,
    later: (ms: number) => void (time += ms),
    ask: (key = 'page') =>
      shared(key, () => {
        const read = Promise.withResolvers<number>();
        reads.push(read);
        return read.promise;
      }),
    end: (number: number) => reads[number - 1]?.resolve(number),
  };
}

/** A read that has ended at once. */
async function answered(made: ReturnType<typeof world>, key?: string): Promise<number> {
  const before = made.reads.length;
  const asked = made.ask(key);
  if (made.reads.length > before) made.end(made.reads.length);
  return asked;
}

test('requests for one thing at the same time share one read, and those for another do not', async () => {
  const made = world();
  const asked = [made.ask(), made.ask(), made.ask('other'), made.ask()];
  made.end(1);
  made.end(2);
  expect(await Promise.all(asked)).toEqual([1, 1, 2, 1]);
});

test('a value is given for a second from the start of its read, not from its end', async () => {
  const made = world();
  const first = made.ask();
  made.later(900);
  made.end(1);
  expect(await first).toBe(1);
  made.later(99);
  expect(await answered(made)).toBe(1);
  made.later(1);
  expect(await answered(made)).toBe(2);
});

test('a read that takes longer than that is not joined by who comes later', async () => {
  const made = world();
  const slow = made.ask();
  made.later(1_000);
  expect(await answered(made)).toBe(2);
  made.end(1);
  expect(await slow).toBe(1);
  expect(await answered(made)).toBe(2);
});

test('a failure reaches all that share the read, and is not kept', async () => {
  const made = world();
  const asked = [made.ask(), made.ask()];
  made.reads[0]?.reject(new Error('down'));
  for (const one of asked) await expect(one).rejects.toThrow('down');
  expect(await answered(made)).toBe(2);
});

test('a value without a size is given to those that wait for it, and to nobody else', async () => {
  const made = world({ isSized: false });
  const asked = [made.ask(), made.ask()];
  made.end(1);
  expect(await Promise.all(asked)).toEqual([1, 1]);
  expect(await answered(made)).toBe(2);
});

test('the oldest value makes room for a new one', async () => {
  const made = world({ mostSize: 2 });
  for (const key of ['one', 'two', 'three']) await answered(made, key);
  expect(await answered(made, 'two')).toBe(2);
  expect(await answered(made, 'three')).toBe(3);
  expect(await answered(made, 'one')).toBe(4);
});

test('a clock that was set back makes no value younger', async () => {
  const made = world();
  await answered(made);
  made.later(-500);
  expect(await answered(made)).toBe(2);
});
