import { describe, expect, inject, test } from 'vitest';
import { done } from '../../deploy/smoke/step.ts';
import { lint } from './cfn-lint.ts';
import { allSteps, deployedForm, installed } from './deployed-form.ts';
import { outboxSteps } from './outbox-steps.ts';

const cfnLint = inject('cfnLint');

describe.skipIf(installed() === undefined)(
  'the deployed form with the policies of its roles, behind API Gateway',
  () => {
    const context = deployedForm({ enforcesPolicies: true, front: 'api-gateway' });

    test.each([...allSteps, ...outboxSteps].map(({ title, run }) => [title, run] as const))(
      '%s',
      async (_title, run) => {
        await expect(run(context())).resolves.toEqual(done);
      },
    );

    test.skipIf(cfnLint === undefined)('cfn-lint finds nothing in its template', async () => {
      const { template, emulator } = context().deployment;
      expect(await lint(cfnLint ?? '', emulator.region, { template })).toEqual({ template: [] });
    });
  },
);
