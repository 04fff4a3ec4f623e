import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { waitingLine } from '../../../cli/output/waiting-line.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

/** A terminal as far as one line goes: what was written, and what is visible now. */
function aTerminal(facts: { isTTY?: boolean; columns?: number } = {}) {
  let written = '';
  return {
    isTTY: facts.isTTY ?? true,
    columns: facts.columns ?? 80,
    write: (text: string) => {
      written += text;
      return true;
    },
    get written() {
      return written;
    },
    get visible() {
      return written.split('\r\u001B[K').at(-1);
    },
  };
}

const line = (stream: ReturnType<typeof aTerminal>, environment = {}) =>
  waitingLine(stream, environment, () => undefined);

test('an answer within 300 ms shows no line', async () => {
  const stream = aTerminal();
  const answer = line(stream).waitingFor('Checking server-a', Promise.resolve('up'));
  await vi.advanceTimersByTimeAsync(5_000);
  expect(await answer).toBe('up');
  expect(stream.written).toBe('');
});

test('a slow one shows what is waited for, how long, and leaves nothing behind', async () => {
  const stream = aTerminal();
  const { promise, resolve } = Promise.withResolvers<string>();
  const answer = line(stream).waitingFor('Checking server-a', promise);
  await vi.advanceTimersByTimeAsync(299);
  expect(stream.written).toBe('');
  await vi.advanceTimersByTimeAsync(1);
  expect(stream.visible).toBe('Checking server-a...');
  await vi.advanceTimersByTimeAsync(2_000);
  expect(stream.visible).toBe('Checking server-a... 2 s');
  resolve('up');
  expect(await answer).toBe('up');
  expect(stream.visible).toBe('');
});

test('one that fails leaves nothing behind either', async () => {
  const stream = aTerminal();
  const { promise, reject } = Promise.withResolvers<string>();
  const answer = line(stream).waitingFor('Checking server-a', promise);
  await vi.advanceTimersByTimeAsync(400);
  reject(new Error('refused'));
  await expect(answer).rejects.toThrow('refused');
  expect(stream.visible).toBe('');
});

test('it is gone while something else is printed, and comes back', async () => {
  const stream = aTerminal();
  const waiting = line(stream);
  void waiting.waitingFor('Checking server-a', new Promise<never>(() => undefined));
  await vi.advanceTimersByTimeAsync(400);
  waiting.erase();
  stream.write('Warning\n');
  expect(stream.visible).toBe('Warning\n');
  await vi.advanceTimersByTimeAsync(1_000);
  expect(stream.visible).toBe('Checking server-a... 1 s');
});

test('what a command waits for is shown before its requests, whichever began first', async () => {
  const stream = aTerminal();
  const waiting = line(stream);
  const [outer, inner] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const all = [
    waiting.waitingOn('Waiting for muster.example.com', inner.promise),
    waiting.waitingFor('Checking 2 servers', outer.promise),
  ];
  await vi.advanceTimersByTimeAsync(400);
  expect(stream.visible).toBe('Checking 2 servers...');
  inner.resolve();
  await vi.advanceTimersByTimeAsync(0);
  expect(stream.visible).toBe('Checking 2 servers...');
  outer.resolve();
  await Promise.all(all);
  expect(stream.visible).toBe('');
});

test('many short ones in a row are one long wait', async () => {
  const stream = aTerminal();
  const waiting = line(stream);
  const shown: (string | undefined)[] = [];
  for (let page = 0; page < 14; page += 1) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const one = waiting.waitingFor('Listing', promise);
    await vi.advanceTimersByTimeAsync(100);
    shown.push(stream.visible);
    resolve();
    await one;
  }
  expect(shown).toContain('Listing...');
  expect(shown).toContain('Listing... 1 s');
  expect(stream.visible).toBe('');
});

test('it never wraps: a wrapped line could not be erased', async () => {
  const stream = aTerminal({ columns: 20 });
  void line(stream).waitingFor('Checking a-very-long-name', new Promise<never>(() => undefined));
  await vi.advanceTimersByTimeAsync(400);
  expect(stream.visible).toBe('Checking a-very-lon');
});

test.each([
  ['in a pipe', { isTTY: false }, {}],
  ['on a terminal that cannot erase', {}, { TERM: 'dumb' }],
  ['in CI, whose log keeps every line', {}, { CI: 'true' }],
])('nothing is shown %s', async (_title, facts, environment) => {
  const stream = aTerminal(facts);
  void line(stream, environment).waitingFor('Checking', new Promise<never>(() => undefined));
  await vi.advanceTimersByTimeAsync(5_000);
  expect(stream.written).toBe('');
});
