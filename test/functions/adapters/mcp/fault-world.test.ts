/** The whole fault world, three probes a server: what is written after one and after three. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import pLimit from 'p-limit';
import { caseJudge } from '../../../world/cases/case-verdict.ts';
import { type Area, areas } from '../../../world/cases/fault-case.ts';
import { startCaseWorld, type StartedCases } from '../../../world/cases/start-case-world.ts';

let world: StartedCases;
beforeAll(async () => {
  world = await startCaseWorld();
});
afterAll(() => world.end());

const deadlineMs = 2_000;

test('every server of the fault world gets the right verdict, within its deadline', {
  timeout: 180_000,
}, async () => {
  const judge = caseJudge(world, deadlineMs);
  const limit = pLimit(24);
  const wrong: string[] = [];
  const counts = new Map<Area, number>();
  await Promise.all(
    world.cases.map((one) =>
      limit(async () => {
        const verdict = await judge(one, world.prepare);
        counts.set(one.area, (counts.get(one.area) ?? 0) + 1);
        if (verdict.wrong.length > 0)
          wrong.push(`${one.area}, ${one.name}: ${verdict.wrong.join(', ')}`);
      }),
    ),
  );
  for (const [area, count] of counts) console.log(`${String(count).padStart(4)}  ${areas[area]}`);
  console.log(`cases ${world.cases.length}, wrong verdicts ${wrong.length}`);
  expect(wrong).toEqual([]);
});

test('no two cases of an area have the same name', () => {
  const names = world.cases.map(({ area, name }) => `${area} ${name}`);
  expect(new Set(names).size).toBe(names.length);
});
