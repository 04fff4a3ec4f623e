import { once } from 'node:events';
import { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import {
  type Contest,
  firstConnection,
  type Open,
} from '../../../../functions/adapters/network/address-race.ts';

type Attempt = {
  readonly address: string;
  readonly at: number;
  readonly opens: () => Socket;
  readonly fails: (code: string) => void;
  isEnded: boolean;
};

/** Addresses that answer when the test says so. Each attempt is kept with its time. */
function attempts(): { open: Open; of: (address: string) => Attempt; all: Attempt[] } {
  const all: Attempt[] = [];
  const open: Open = (address, opened, failed) => {
    const attempt: Attempt = {
      address,
      at: performance.now(),
      opens: () => {
        const socket = new Socket();
        opened(socket);
        return socket;
      },
      fails: (code) => failed(Object.assign(new Error(code), { code })),
      isEnded: false,
    };
    all.push(attempt);
    return () => {
      attempt.isEnded = true;
    };
  };
  const of = (address: string): Attempt => {
    const found = all.find((attempt) => attempt.address === address);
    if (found === undefined) throw new Error(`${address} was not tried`);
    return found;
  };
  return { open, of, all };
}

const delayMs = 30;
const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
const race = (
  contest: Omit<Contest, 'later'> & Partial<Contest>,
  signal = new AbortController().signal,
): Promise<Socket> => firstConnection({ later: undefined, ...contest }, signal, delayMs);
const tried = (all: readonly Attempt[]): readonly string[] => all.map(({ address }) => address);

describe('several addresses are tried as RFC 8305 says', () => {
  test('the next one starts after the delay, the earlier ones go on, and the slow first one may win', async () => {
    const { open, of, all } = attempts();
    const opened = race({ addresses: ['192.0.2.1', '192.0.2.2', '192.0.2.3'], open });
    await pause(delayMs * 4);
    expect(tried(all)).toEqual(['192.0.2.1', '192.0.2.2', '192.0.2.3']);
    expect(of('192.0.2.2').at - of('192.0.2.1').at).toBeGreaterThanOrEqual(delayMs - 2);
    const socket = of('192.0.2.1').opens();
    expect(await opened).toBe(socket);
    expect(all.map(({ isEnded }) => isEnded)).toEqual([false, true, true]);
  });
  test('the next one starts at once when one fails', async () => {
    const { open, of, all } = attempts();
    const opened = race({ addresses: ['192.0.2.1', '192.0.2.2'], open });
    of('192.0.2.1').fails('ECONNREFUSED');
    expect(tried(all)).toEqual(['192.0.2.1', '192.0.2.2']);
    const socket = of('192.0.2.2').opens();
    expect(await opened).toBe(socket);
  });
  test('the families take turns, beginning with the preferred one', async () => {
    const { open, of, all } = attempts();
    const addresses = ['2001:db8::1', '2001:db8::2', '192.0.2.1', '192.0.2.2', '2001:db8::3'];
    const opened = race({ addresses, open });
    for (const address of ['2001:db8::1', '192.0.2.1', '2001:db8::2', '192.0.2.2'])
      of(address).fails('ENETUNREACH');
    of('2001:db8::3').opens();
    await opened;
    expect(tried(all)).toEqual([
      '2001:db8::1',
      '192.0.2.1',
      '2001:db8::2',
      '192.0.2.2',
      '2001:db8::3',
    ]);
  });
  test('addresses that come late join, and are next when they are of the other family', async () => {
    const { open, of, all } = attempts();
    const later = Promise.withResolvers<readonly string[]>();
    const opened = race({
      addresses: ['2001:db8::1', '2001:db8::2', '2001:db8::3'],
      later: later.promise,
      open,
    });
    later.resolve(['192.0.2.1', '2001:db8::1']);
    await pause(delayMs * 1.5);
    expect(tried(all)).toEqual(['2001:db8::1', '192.0.2.1']);
    of('192.0.2.1').opens();
    await opened;
  });
  test('when all have failed, those that may still come are waited for', async () => {
    const { open, of, all } = attempts();
    const later = Promise.withResolvers<readonly string[]>();
    const waits: boolean[] = [];
    const opened = race({
      addresses: ['192.0.2.1'],
      later: later.promise,
      open,
      waits: (isWaiting) => waits.push(isWaiting),
    });
    of('192.0.2.1').fails('ECONNREFUSED');
    expect(waits).toEqual([true]);
    later.resolve(['2001:db8::1']);
    await later.promise;
    expect(waits).toEqual([true, false]);
    expect(tried(all)).toEqual(['192.0.2.1', '2001:db8::1']);
    of('2001:db8::1').opens();
    await opened;
  });
  test('when all have failed and none will come, the error has the reason of each', async () => {
    const { open, of } = attempts();
    const opened = race({
      addresses: ['192.0.2.1', '2001:db8::1'],
      later: Promise.reject(new Error('no more')),
      open,
    });
    of('192.0.2.1').fails('ECONNREFUSED');
    of('2001:db8::1').fails('ENETUNREACH');
    await expect(opened).rejects.toMatchObject({
      errors: [{ code: 'ECONNREFUSED' }, { code: 'ENETUNREACH' }],
    });
  });
  test('no address at all is an error without a reason', async () => {
    const { open } = attempts();
    await expect(race({ addresses: [], open })).rejects.toMatchObject({ errors: [] });
  });
  test('a name with a thousand addresses costs sixteen attempts', async () => {
    const addresses = Array.from({ length: 1_000 }, (_, at) => `192.0.${at >> 8}.${at & 255}`);
    let count = 0;
    const open: Open = (_address, _opened, failed) => {
      count += 1;
      queueMicrotask(() => failed(new Error('no')));
      return () => {};
    };
    await expect(race({ addresses, open })).rejects.toBeInstanceOf(AggregateError);
    expect(count).toBe(16);
  });
});

describe('nothing is left', () => {
  test('an abort ends every attempt, and nothing starts after it', async () => {
    const { open, all } = attempts();
    const ending = new AbortController();
    const opened = race(
      { addresses: ['192.0.2.1', '192.0.2.2', '192.0.2.3'], open },
      ending.signal,
    );
    await pause(delayMs * 1.5);
    ending.abort(new Error('the deadline'));
    await expect(opened).rejects.toThrow('the deadline');
    await pause(delayMs * 2);
    expect(all.map(({ isEnded }) => isEnded)).toEqual([true, true]);
  });
  test('with a signal that has already aborted, no address is tried', async () => {
    const { open, all } = attempts();
    const signal = AbortSignal.abort(new Error('too late'));
    await expect(race({ addresses: ['192.0.2.1'], open }, signal)).rejects.toThrow('too late');
    expect(all).toEqual([]);
  });
  test('a connection that opens when another one has won is closed', async () => {
    const { open, of } = attempts();
    const opened = race({ addresses: ['192.0.2.1', '192.0.2.2'], open });
    await pause(delayMs * 1.5);
    of('192.0.2.1').opens();
    await opened;
    const loser = of('192.0.2.2').opens();
    await once(loser, 'close');
    expect(loser.destroyed).toBe(true);
  });
});
