import { expect, test } from 'vitest';
import {
  shardPages,
  type SweepCursor,
  planNext,
  pagesBeforeFanOut,
} from '../../../functions/reachability/fanout.ts';

const aLeg = (cursor: Partial<SweepCursor> = {}): SweepCursor => ({
  tick: '2026-01-01T00:00:00Z',
  hop: 0,
  everything: false,
  ...cursor,
});

test('the last page hands nothing on', () => {
  expect(planNext(aLeg(), undefined)).toEqual({ kind: 'done' });
});

test('one runner hands the next page to the next', () => {
  expect(planNext(aLeg({ hop: 3, continue: 'c' }), 'd')).toEqual({
    kind: 'chain',
    cursor: aLeg({ hop: 4, continue: 'd' }),
  });
});

test('after ten pages shards are started', () => {
  const last = aLeg({ hop: pagesBeforeFanOut - 1, continue: 'c' });
  expect(planNext(last, 'd')).toEqual({
    kind: 'fanOut',
    first: aLeg({ hop: pagesBeforeFanOut, continue: 'd', pages: shardPages }),
  });
});

test('a shard ends where the next one begins', () => {
  expect(planNext(aLeg({ hop: 12, continue: 'c', pages: 2 }), 'd')).toEqual({
    kind: 'chain',
    cursor: aLeg({ hop: 13, continue: 'd', pages: 1 }),
  });
  expect(planNext(aLeg({ hop: 13, continue: 'c', pages: 1 }), 'd')).toEqual({ kind: 'done' });
});
