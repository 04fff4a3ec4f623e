/** Makes the tests of a case table: one for each case, and one for the hints that it brings up. */
import { afterAll, beforeAll, describe, test } from 'vitest';
import { type Driven, driveCase } from './drive-case.ts';
import { hintsLeadOn } from './task-meta.ts';
import type { Kind, WildCase } from './wild-case.ts';
import { startWildWorld, type WildWorld } from './wild-world.ts';

export function caseSuite(kinds: readonly Kind[]): void {
  let world: WildWorld | undefined;
  const driven = new Map<WildCase, Promise<Driven>>();
  beforeAll(async () => {
    world = await startWildWorld();
  });
  afterAll(async () => {
    await Promise.allSettled(driven.values());
    await world?.close();
  });
  /** Both tests of a case look at one run. */
  const drive = (wild: WildCase): Promise<Driven> => {
    if (world === undefined) throw new Error('The world has not started.');
    const run = driven.get(wild) ?? driveCase(world, wild);
    driven.set(wild, run);
    return run;
  };

  // `$name` would cut the sentences short.
  describe.concurrent.for(kinds.map((one) => [one.kind, one.cases] as const))('%s', ([, cases]) => {
    const rows = cases.map((wild) => [wild.name, wild] as const);
    test.for(rows)('%s', async ([, wild], { task, expect }) => {
      const { row, wrong } = await drive(wild);
      task.meta.wild = { ...row, kind: task.suite?.name ?? '' };
      expect(wrong).toEqual([]);
    });
    test.for(rows)(`%s${hintsLeadOn}`, async ([, wild], { task, expect }) => {
      const { astray, walked } = await drive(wild);
      task.meta.walked = walked;
      expect(astray).toEqual([]);
    });
  });
}
