import { expect, test } from 'vitest';
import { startLoopback } from '../../../cli/auth/loopback.ts';
import { stoppable } from '../../../cli/auth/stoppable.ts';

const aborted = { name: 'AbortError' };

test('work that ends is its outcome, and leaves no listener', async () => {
  const { signal } = new AbortController();
  expect(await stoppable(Promise.resolve(1), signal)).toBe(1);
  await expect(stoppable(Promise.reject(new Error('no')), signal)).rejects.toThrow('no');
});

test('Ctrl-C ends work that does not end by itself', async () => {
  const controller = new AbortController();
  const stopped = stoppable(new Promise(() => undefined), controller.signal);
  controller.abort();
  await expect(stopped).rejects.toMatchObject(aborted);
});

test('Ctrl-C ends the wait for a browser, also one that begins later', async () => {
  const controller = new AbortController();
  const { arrival, close } = await startLoopback('/callback', () => true);
  const wait = () => arrival(60_000, { info: () => {}, interrupted: controller.signal });
  const waiting = wait();
  controller.abort();
  await expect(waiting).rejects.toMatchObject(aborted);
  await expect(wait()).rejects.toMatchObject(aborted);
  close();
});
