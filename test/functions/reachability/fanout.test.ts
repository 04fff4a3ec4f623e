import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  limitOf,
  mostHops,
  pagesBeforeFanOut,
  planNext,
  reasonToDrop,
  shardPages,
  type SweepCursor,
} from '../../../functions/reachability/fanout.ts';

const aLeg = (cursor: Partial<SweepCursor> = {}): SweepCursor => ({
  tick: '2026-01-01T00:00:00Z',
  hop: 0,
  everything: false,
  ...cursor,
});
const pageSize = 500;

test('the last page hands nothing on', () => {
  expect(planNext(aLeg(), { count: 500 }, pageSize)).toEqual({ kind: 'done' });
});

test('one runner hands the next page to the next', () => {
  const page = { count: 500, continue: 'd' };
  expect(planNext(aLeg({ hop: 3, continue: 'c' }), page, pageSize)).toEqual({
    kind: 'chain',
    cursor: aLeg({ hop: 4, continue: 'd' }),
  });
});

test('after ten pages shards are started', () => {
  const last = aLeg({ hop: pagesBeforeFanOut - 1, continue: 'c' });
  expect(planNext(last, { count: 500, continue: 'd' }, pageSize)).toEqual({
    kind: 'fanOut',
    first: aLeg({ hop: pagesBeforeFanOut, continue: 'd', servers: pageSize * shardPages }),
  });
});

test('a shard ends where the next one begins', () => {
  const page = { count: 500, continue: 'd' };
  expect(planNext(aLeg({ hop: 12, continue: 'c', servers: 700 }), page, pageSize)).toEqual({
    kind: 'chain',
    cursor: aLeg({ hop: 13, continue: 'd', servers: 200 }),
  });
  const last = aLeg({ hop: 13, continue: 'c', servers: 200 });
  expect(limitOf(last, pageSize)).toBe(200);
  expect(planNext(last, { count: 200, continue: 'd' }, pageSize)).toEqual({ kind: 'done' });
});

describe('pages of large objects', () => {
  test('hand on how few fit, and later pages grow again', () => {
    const page = { count: 15, continue: 'd', smallerLimit: 15 };
    const next = planNext(aLeg(), page, pageSize);
    expect(next).toMatchObject({ kind: 'chain', cursor: { limit: 15 } });
    const limits: number[] = [];
    let cursor = aLeg({ limit: 15 });
    for (let hop = 0; hop < 6; hop += 1) {
      limits.push(limitOf(cursor, pageSize));
      const plan = planNext(cursor, { count: 1, continue: 'd' }, pageSize);
      if (plan.kind === 'chain') cursor = plan.cursor;
    }
    expect(limits).toEqual([15, 30, 60, 120, 240, 480]);
    expect(
      planNext(aLeg({ limit: 480 }), { count: 1, continue: 'd' }, pageSize),
    ).not.toHaveProperty('cursor.limit');
  });

  test('leave no MCPServer of a shard out, however short they get', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 500 })),
        (servers, fitting) => {
          let cursor = aLeg({ hop: 10, continue: 'c', servers });
          let swept = 0;
          for (;;) {
            const asked = limitOf(cursor, pageSize);
            const count = Math.min(asked, fitting.next().value ?? 1);
            swept += count;
            const smaller = count < asked ? { smallerLimit: count } : {};
            const plan = planNext(cursor, { count, continue: 'd', ...smaller }, pageSize);
            if (plan.kind !== 'chain') break;
            cursor = plan.cursor;
          }
          expect(swept).toBe(servers);
        },
      ),
    ));
});

describe('a page message of the bus', () => {
  const now = new Date('2026-01-01T12:00:00Z');
  const tickMs = 60_000;
  const at = (ms: number): string => new Date(now.getTime() + ms).toISOString();
  const dropped = (cursor: Partial<SweepCursor>): boolean =>
    reasonToDrop(aLeg({ hop: 1, continue: 'c', ...cursor }), now, tickMs) !== undefined;

  test('is swept only in the tick before its time and the tick after it', () =>
    fc.assert(
      fc.property(fc.integer({ min: -1e10, max: 1e10 }), fc.integer({ min: 1 }), (ms, hop) => {
        const isFine = Math.abs(ms) <= tickMs && hop <= mostHops;
        expect(dropped({ tick: at(ms), hop })).toBe(!isFine);
      }),
      {
        examples: [
          [0, 1],
          [60_000, 1],
          [60_001, 1],
          [-60_000, 1],
          [-60_001, 1],
        ],
      },
    ));

  test('is not made younger by a beginning that it claims', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: -1e10, max: 1e10 }),
        fc.integer({ min: -1e10, max: 1e10 }),
        (tick, began) => {
          const isFine = tick <= tickMs && tick >= -4 * tickMs && Math.abs(began) <= tickMs;
          expect(dropped({ tick: at(tick), began: at(began) })).toBe(!isFine);
        },
      ),
    ));

  test('of a tick that Scheduler delivered a minute late is swept', () =>
    expect(dropped({ tick: at(-90_000), began: at(-30_000) })).toBe(false));

  test('is no tick: that may be three ticks late, and not more than one ahead', () => {
    const tick = (ms: number): string | undefined =>
      reasonToDrop(aLeg({ tick: at(ms) }), now, tickMs);
    expect([tick(-180_000), tick(60_000)]).toEqual([undefined, undefined]);
    expect(tick(-180_001)).toContain('older than 3 ticks');
    expect(tick(60_001)).toContain('more than one tick ahead');
  });
});
