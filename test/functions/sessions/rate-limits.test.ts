import { expect, test } from 'vitest';
import { tableRateLimits } from '../../../functions/adapters/dynamodb/limit-counters.ts';
import type { AuditEvent } from '../../../functions/model/audit-event.ts';
import { type LimitName, limits, type ServerLimitName } from '../../../functions/model/limits.ts';
import { rateLimits } from '../../../functions/sessions/rate-limits.ts';
import { memoryTable } from '../../../local/memory-table.ts';
import { aPerson } from '../../world/person.ts';

const isPerServer = (name: LimitName): name is ServerLimitName =>
  limits[name].per === 'personAndServer';
const names = Object.keys(limits) as LimitName[];
const ada = aPerson();
const grace = aPerson({ subject: 'grace' });

/** Several processes of the endpoint over one table. */
function world({ processes = 1 } = {}) {
  let time = Date.UTC(2026, 10, 26, 12);
  const table = memoryTable();
  const audited: AuditEvent[] = [];
  const logged: unknown[] = [];
  const asked = { writes: 0, isDown: false };
  const counters = tableRateLimits(table);
  const make = () =>
    rateLimits({
      now: () => new Date(time),
      countUse: async (use) => {
        asked.writes += 1;
        if (asked.isDown) throw new Error('the table is unreachable');
        return counters.countUse(use);
      },
      audit: (event) => void audited.push(event),
      log: (line) => void logged.push(line),
    });
  const takes = Array.from({ length: processes }, make);
  const take = async (limit: LimitName, times: number, person = ada, serverUid = 'uid-a') => {
    const results = [];
    for (let index = 0; index < times; index += 1) {
      const one = takes[index % takes.length];
      if (one === undefined) continue;
      results.push(
        await (isPerServer(limit)
          ? one.takeServerLimit(person, limit, serverUid)
          : one.takeLimit(person, limit)),
      );
    }
    return results;
  };
  const allowed = async (...given: Parameters<typeof take>) =>
    (await take(...given)).filter(({ kind }) => kind === 'allowed').length;
  return { take, allowed, audited, logged, asked, later: (ms: number) => void (time += ms) };
}

test.each(names)(
  'the limit %s holds across eight processes, and for each person alone',
  async (limit) => {
    const { allowed } = world({ processes: 8 });
    const { count } = limits[limit];
    expect(await allowed(limit, count + 50)).toBe(count);
    expect(await allowed(limit, 5, grace)).toBe(5);
  },
);

test.each(names.filter(isPerServer))('the limit %s is for each server alone', async (limit) => {
  const { allowed, take } = world({ processes: 2 });
  const { count } = limits[limit];
  expect(await allowed(limit, count + 1, ada, 'uid-a')).toBe(count);
  expect(await allowed(limit, count + 1, ada, 'uid-b')).toBe(count);
  expect((await take(limit, 1, ada, 'uid-a'))[0]?.kind).toBe('reached');
});

test.each(names)('the limit %s begins again with the next window', async (limit) => {
  const { take, allowed, later } = world();
  const { count, windowSeconds } = limits[limit];
  later(1_000);
  const last = (await take(limit, count + 1)).at(-1);
  expect(last).toEqual({ kind: 'reached', retryAfterMs: (windowSeconds - 1) * 1_000 });
  later((windowSeconds - 1) * 1_000);
  expect(await allowed(limit, 1)).toBe(1);
});

test('two people whose names could be one text are two people', async () => {
  const { allowed } = world();
  await allowed('check', 10, aPerson({ issuer: 'https://a', subject: 'b","c' }));
  expect(await allowed('check', 10, aPerson({ issuer: 'https://a","b', subject: 'c' }))).toBe(10);
});

test('a flood past the limit costs one write and one audit event in each process', async () => {
  const { take, asked, audited } = world({ processes: 2 });
  await take('check', 1_000);
  expect(asked.writes).toBe(12);
  expect(audited).toEqual(
    [1, 2].map(() => ({
      kind: 'limitReached',
      limit: 'check',
      person: { issuer: ada.issuer, subject: ada.subject },
    })),
  );
});

test.each(names.filter((name) => limits[name].withoutTable === 'processOnly'))(
  'without the table %s goes on, counted in each process',
  async (limit) => {
    const { allowed, asked, logged } = world();
    asked.isDown = true;
    const { count } = limits[limit];
    expect(await allowed(limit, count + 20)).toBe(count);
    expect(logged[0]).toEqual({
      level: 'error',
      message: 'limits cannot be counted',
      limit,
      detail: 'the table is unreachable',
    });
  },
);

test.each(names.filter((name) => limits[name].withoutTable === 'refused'))(
  'without the table %s is refused, and nobody is locked out afterwards',
  async (limit) => {
    const { take, asked } = world();
    asked.isDown = true;
    expect(await take(limit, 2)).toEqual([{ kind: 'uncounted' }, { kind: 'uncounted' }]);
    asked.isDown = false;
    expect(await take(limit, 1)).toEqual([{ kind: 'allowed' }]);
  },
);
