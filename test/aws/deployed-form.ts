/** A deployment for the tests of a file: one emulator and one world. */
import { afterAll, beforeAll, inject } from 'vitest';
import { journey } from '../../deploy/smoke/journey.ts';
import type { Step } from '../../deploy/smoke/step.ts';
import { buildMuster, removeMuster } from '../cli/run.ts';
import { expose } from '../world/leaks.ts';
import { type OpenContext, openContext } from './deployed-context.ts';
import { type DeploymentOptions, startDeployment } from './deployment.ts';
import { sweepSteps, tickBySchedule } from './sweep-steps.ts';
import { useSteps } from './use-steps.ts';

/** What the sweep does, then the journey of `npm run smoke`, then an MCP client of that person. */
export const allSteps: readonly Step<OpenContext>[] = [...sweepSteps, ...journey, ...useSteps];

/** What the setup has found; undefined where MiniStack or SST is missing. */
export const installed = (): Omit<DeploymentOptions, 'enforcesPolicies' | 'front'> | undefined => {
  const ministack = inject('ministack');
  const platform = inject('platform');
  return ministack === undefined || platform === undefined ? undefined : { ministack, platform };
};

/** Call it inside a `describe` that is skipped where nothing is installed. */
export function deployedForm(
  options: Pick<DeploymentOptions, 'enforcesPolicies' | 'front'>,
): () => OpenContext {
  let opened: OpenContext | undefined;
  const ending: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    const tools = installed();
    if (tools === undefined) return;
    const [muster, deployment] = await Promise.all([
      buildMuster(),
      startDeployment({ ...tools, ...options }),
    ]);
    ending.push(() => removeMuster(muster), deployment.close);
    // MiniStack looks for due schedules every 10 s.
    opened = await openContext({ deployment, muster, tick: tickBySchedule, patienceSeconds: 40 });
    ending.push(opened.close);
  });
  afterAll(async () => {
    const log = opened?.deployment.emulator.log ?? [];
    for (const end of ending.toReversed()) await end();
    expose('the log of MiniStack and of the functions', log.join('\n'));
  });
  return () => {
    if (opened === undefined) throw new Error('The deployment did not start.');
    return opened;
  };
}
