import { beforeAll, describe, expect, inject, test } from 'vitest';
import { lint } from './cfn-lint.ts';
import { done } from '../../deploy/smoke/step.ts';
import { allSteps, deployedForm, installed } from './deployed-form.ts';
import { withWrongValue, wrongValues } from './wrong-values.ts';

const cfnLint = inject('cfnLint');

describe.skipIf(installed() === undefined)('the deployed form', () => {
  const context = deployedForm({ enforcesPolicies: false, front: 'function-url' });

  let findings: ReturnType<typeof lint> = Promise.resolve({});
  // It runs while the first step waits for the schedule.
  beforeAll(() => {
    if (cfnLint === undefined) return;
    const { template, emulator } = context().deployment;
    const wrong = Object.keys(wrongValues).map((name) => [name, withWrongValue(template, name)]);
    const templates = { recorded: template, ...Object.fromEntries(wrong) };
    findings = lint(cfnLint, emulator.region, templates);
    // The tests below say what went wrong.
    findings.catch(() => undefined);
  });

  test.each(allSteps.map(({ title, run }) => [title, run] as const))('%s', async (_title, run) => {
    await expect(run(context())).resolves.toEqual(done);
  });

  describe.skipIf(cfnLint === undefined)('cfn-lint', () => {
    test('finds nothing in the template of the stack', async () => {
      expect((await findings)['recorded']).toEqual([]);
    });

    test.each(Object.entries(wrongValues))('would find %s', async (name, { rule }) => {
      expect((await findings)[name]).toContainEqual(expect.stringMatching(`^${rule} `));
    });
  });
});
