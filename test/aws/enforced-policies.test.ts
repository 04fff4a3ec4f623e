import { describe, expect, test } from 'vitest';
import { done } from '../../deploy/smoke/step.ts';
import { allSteps, deployedForm, installed } from './deployed-form.ts';
import { outboxSteps } from './outbox-steps.ts';

describe.skipIf(installed() === undefined)(
  'the deployed form with the policies of its roles',
  () => {
    const context = deployedForm({ enforcesPolicies: true });

    test.each([...allSteps, ...outboxSteps].map(({ title, run }) => [title, run] as const))(
      '%s',
      async (_title, run) => {
        await expect(run(context())).resolves.toEqual(done);
      },
    );
  },
);
