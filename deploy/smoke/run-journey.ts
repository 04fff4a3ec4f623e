import { messageOf } from '../../functions/model/error-message.ts';
import { oneLineWithoutSecrets } from '../../functions/model/outside-text.ts';
import { type Place, type Step, StepFailure, type StepOutcome } from './step.ts';

export type StepResult = { readonly title: string } & (
  | StepOutcome
  | { readonly kind: 'failed'; readonly message: string; readonly place: Place }
  /** A step before it failed. */
  | { readonly kind: 'notRun' }
);

/**
 * Makes the steps one after another and reports each as it ends. After the first failure only what
 * cleans up is run.
 */
export async function runJourney<Context>(
  steps: readonly Step<Context>[],
  context: Context,
  report: (result: StepResult) => void,
): Promise<readonly StepResult[]> {
  const results: StepResult[] = [];
  for (const step of steps) {
    const hasFailed = results.some(({ kind }) => kind === 'failed');
    const result: StepResult =
      hasFailed && step.isCleanUp === undefined
        ? { title: step.title, kind: 'notRun' }
        : await run(step, context);
    results.push(result);
    report(result);
  }
  return results;
}

async function run<Context>(step: Step<Context>, context: Context): Promise<StepResult> {
  const { title } = step;
  try {
    return { title, ...(await step.run(context)) };
  } catch (error) {
    if (error instanceof StepFailure)
      return { title, kind: 'failed', message: error.message, place: error.place };
    const message = oneLineWithoutSecrets(messageOf(error), 300);
    return { title, kind: 'failed', message, place: 'endpoint' };
  }
}
