/** The whole journey on a deployment of its own: one emulator for all tests of a file. */
import { afterAll, beforeAll, describe, inject, test } from 'vitest';
import { buildMuster, removeMuster } from '../cli/run.ts';
import { expose } from '../world/leaks.ts';
import { type OpenContext, openContext } from './deployed-context.ts';
import { startDeployment } from './deployment.ts';
import { journey, type Step } from './journey.ts';
import { sweepSteps, tickBySchedule } from './sweep-steps.ts';
import { useSteps } from './use-steps.ts';

export const allSteps: readonly Step<OpenContext>[] = [...sweepSteps, ...journey, ...useSteps];

type Form = {
  readonly enforcesPolicies: boolean;
  /** Tests of the same deployment, when the journey is done. */
  readonly then?: (context: () => OpenContext) => void;
};

/** Registers its tests; they are skipped where MiniStack or SST is missing. */
export function testDeployedForm(title: string, { enforcesPolicies, then }: Form): void {
  const ministack = inject('ministack');
  const platform = inject('platform');
  const isMissing = ministack === undefined || platform === undefined;
  describe.skipIf(isMissing)(title, () => {
    let opened: OpenContext | undefined;
    const ending: (() => Promise<void>)[] = [];
    beforeAll(async () => {
      if (isMissing) return;
      const muster = await buildMuster();
      ending.push(() => removeMuster(muster));
      const deployment = await startDeployment({ ministack, platform, enforcesPolicies });
      ending.push(deployment.close);
      opened = await openContext({ deployment, muster, tick: tickBySchedule });
      ending.push(opened.close);
    });
    afterAll(async () => {
      const log = opened?.deployment.emulator.log ?? [];
      for (const end of ending.toReversed()) await end();
      expose('the log of MiniStack and of the functions', log.join('\n'));
    });
    const context = (): OpenContext => {
      if (opened === undefined) throw new Error('The deployment did not start.');
      return opened;
    };
    for (const { title: sentence, run } of allSteps) test(sentence, () => run(context()));
    then?.(context);
  });
}
