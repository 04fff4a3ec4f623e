import { expect, test } from 'vitest';
import {
  lanePages,
  type Leg,
  onward,
  pagesBeforeLanes,
} from '../../../functions/reachability/fanout.ts';

const aLeg = (leg: Partial<Leg> = {}): Leg => ({
  tick: '2026-01-01T00:00:00Z',
  hop: 0,
  everything: false,
  ...leg,
});

test('the last page hands nothing on', () => {
  expect(onward(aLeg(), undefined)).toEqual({ kind: 'nothing' });
});

test('one runner hands the next page to the next', () => {
  expect(onward(aLeg({ hop: 3, continue: 'c' }), 'd')).toEqual({
    kind: 'next',
    leg: aLeg({ hop: 4, continue: 'd' }),
  });
});

test('after ten pages lanes are started', () => {
  const last = aLeg({ hop: pagesBeforeLanes - 1, continue: 'c' });
  expect(onward(last, 'd')).toEqual({
    kind: 'lanes',
    first: aLeg({ hop: pagesBeforeLanes, continue: 'd', pages: lanePages }),
  });
});

test('a lane ends where the next one begins', () => {
  expect(onward(aLeg({ hop: 12, continue: 'c', pages: 2 }), 'd')).toEqual({
    kind: 'next',
    leg: aLeg({ hop: 13, continue: 'd', pages: 1 }),
  });
  expect(onward(aLeg({ hop: 13, continue: 'c', pages: 1 }), 'd')).toEqual({ kind: 'nothing' });
});
