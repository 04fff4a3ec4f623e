/** The spread of moments over uids: it must stay the same in every version. */
import { describe, expect, test } from 'vitest';
import { periodElapsed, stableJitter } from '../../../functions/reachability/jitter.ts';

// FNV-1a with the finalizer of MurmurHash3 (fmix32), computed apart from the code with big integers.
test.each<[key: string, hash: number]>([
  ['', 2_872_998_923],
  ['a', 444_641_715],
  ['uid-a', 697_689_421],
  ['uid-b/state', 1_362_557_159],
  ['0b5e7c1a-0000-4000-8000-000000000001', 2_378_047_979],
])('the hash of %j is that of FNV-1a and fmix32', (key, hash) => {
  expect(stableJitter(key, 2 ** 32)).toBe(hash);
  expect(stableJitter(key, 100)).toBe((hash * 100) / 2 ** 32);
});

describe('the moment of a key comes once in each period', () => {
  const periodMs = 600_000;
  const ofKey = periodMs - stableJitter('uid-a', periodMs);
  const elapsed = (afterMs: number, untilMs: number) =>
    periodElapsed('uid-a', periodMs, new Date(afterMs), new Date(untilMs));
  const moment = Math.ceil(ofKey);

  test('between the millisecond before it and its own', () => {
    expect(elapsed(moment - 1, moment)).toBe(true);
    expect(elapsed(moment, moment + 1)).toBe(false);
    expect(elapsed(moment - 2, moment - 1)).toBe(false);
  });
  test('and again one period later, not before', () => {
    expect(elapsed(moment, moment + periodMs - 1)).toBe(false);
    expect(elapsed(moment, moment + periodMs)).toBe(true);
    expect(elapsed(moment, moment)).toBe(false);
  });
});
