/** The loop of `muster wait`, with a clock that the test moves. */
import { expect, test } from 'vitest';
import { type Clock, waitUntil } from '../../../../cli/commands/server/wait-loop.ts';

const passing = new Error('down for a moment');

/** A clock that jumps to the end of each sleep, and what each look finds. */
function world(looks: readonly (string | Error)[], timeoutMs = 60_000) {
  let nowMs = 0;
  const sleeps: number[] = [];
  const said: string[] = [];
  const left = [...looks];
  const interrupt = new AbortController();
  const clock: Clock = {
    nowMs: () => nowMs,
    sleep: async (ms, signal) => {
      signal.throwIfAborted();
      sleeps.push(ms);
      nowMs += ms;
    },
  };
  const run = (servers: readonly string[] = ['a']) =>
    waitUntil(
      servers.map((server) => ({ server, seen: 'Failed' })),
      { timeoutMs, intervalMs: (round) => Math.min(round, 5) * 1_000 },
      {
        clock,
        interrupted: interrupt.signal,
        prepare: async () => async (server: string) => {
          const next = left.shift() ?? 'Failed';
          if (next instanceof Error) throw next;
          return next === 'interrupt' ? (interrupt.abort(), 'Failed') : next.replace('*', server);
        },
        isMet: (server, seen) => seen === 'Connected' || seen === `only ${server}`,
        onMet: (server, afterMs) => said.push(`${server} after ${String(afterMs)}`),
        isPassing: (error) => error === passing,
        onLoss: () => said.push('lost'),
      },
    );
  return { run, sleeps, said, interrupt };
}

test('what is met at the first look needs no other one', async () => {
  const { run, sleeps, said } = world(['Connected']);
  expect(await run([])).toEqual({ kind: 'met' });
  expect([sleeps, said]).toEqual([[], []]);
});

test('it looks again at growing intervals, and reports when it was met', async () => {
  const { run, sleeps, said } = world(['Failed', 'Failed', 'Connected']);
  expect(await run()).toEqual({ kind: 'met' });
  expect(sleeps).toEqual([1_000, 2_000, 3_000]);
  expect(said).toEqual(['a after 6000']);
});

test('each of several servers is reported once, and no longer asked', async () => {
  const { run, said } = world(['Failed', 'Connected', 'Connected']);
  expect(await run(['a', 'b'])).toEqual({ kind: 'met' });
  expect(said).toEqual(['b after 1000', 'a after 3000']);
});

test('when the time is over there is one last look, and what it saw is the result', async () => {
  const { run, sleeps } = world([], 7_000);
  expect(await run()).toEqual({ kind: 'timedOut', pending: [{ server: 'a', seen: 'Failed' }] });
  expect(sleeps).toEqual([1_000, 2_000, 3_000, 1_000]);
  const late = world(['Failed', 'Failed', 'Failed', 'Connected'], 7_000);
  expect(await late.run()).toEqual({ kind: 'met' });
});

test('a time of 0 looks once', async () => {
  const { run, sleeps } = world(['Connected'], 0);
  expect(await run()).toMatchObject({ kind: 'timedOut' });
  expect(sleeps).toEqual([]);
});

test('a network that is lost for a moment is reported once for each loss, and survived', async () => {
  const { run, said } = world([passing, passing, 'Failed', passing, 'Connected']);
  expect(await run()).toEqual({ kind: 'met' });
  expect(said).toEqual(['lost', 'lost', 'a after 15000']);
});

test('a network that is still lost at the end is part of the result', async () => {
  const { run } = world(['Failed', passing, passing, passing], 6_000);
  expect(await run()).toEqual({
    kind: 'timedOut',
    pending: [{ server: 'a', seen: 'Failed' }],
    loss: passing,
  });
});

test('what does not pass by itself ends the wait at once', async () => {
  const { run, sleeps } = world([new Error('sign in first')]);
  await expect(run()).rejects.toThrow('sign in first');
  expect(sleeps).toEqual([1_000]);
});

test('Ctrl-C ends it with an AbortError, also while the endpoint is asked', async () => {
  const { run } = world(['Failed', 'interrupt']);
  await expect(run()).rejects.toMatchObject({ name: 'AbortError' });
});
