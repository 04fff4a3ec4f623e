import { describe, expect, test } from 'vitest';
import { allSteps, deployedForm, installed } from './deployed-form.ts';
import { permissionsOf, without } from './permissions.ts';
import { tickNow } from './sweep-steps.ts';

describe.skipIf(installed() === undefined)(
  'the deployed form with the policies of its roles',
  () => {
    const context = deployedForm({ enforcesPolicies: true });

    test.each(allSteps.map(({ title, run }) => [title, run] as const))(
      '%s',
      async (_title, run) => {
        await expect(run(context())).resolves.toBeUndefined();
      },
    );

    test('a sweep without its permission for the bus reaches one page and publishes nothing', async () => {
      const { deployment } = context();
      const [sweep] = allSteps;
      const permissions = await permissionsOf(deployment);
      const bus = permissions.find(({ action }) => action === 'events:PutEvents');
      if (bus === undefined || sweep === undefined) throw new Error('There is nothing to take.');
      await without(deployment, bus, async () => {
        const impatient = { ...context(), tick: tickNow, patienceSeconds: 3 };
        await expect(sweep.run(impatient)).rejects.toThrow();
      });
      const { 'server-a': first, 'server-d': last } = await deployment.surroundings.states();
      expect({ first, last }).toEqual({ first: 'Connected', last: undefined });
    });
  },
);
