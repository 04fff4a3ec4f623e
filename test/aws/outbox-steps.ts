import assert from 'node:assert/strict';
import { changesIn } from './consumer.ts';
import type { DeployedContext } from './deployed-context.ts';
import { done, type Step } from '../../deploy/smoke/step.ts';
import { permissionsOf, without } from './permissions.ts';
import { sweepOnce } from './sweep-steps.ts';

/** They need an emulator that enforces policies: the bus refuses what the role may not send. */
export const outboxSteps: readonly Step<DeployedContext>[] = [
  {
    title: 'changes that the bus refuses are in the next sweep, once',
    run: async ({ deployment, changes, patienceSeconds }) => {
      const permissions = await permissionsOf(deployment);
      const bus = permissions.find(({ action }) => action === 'events:PutEvents');
      assert.ok(bus, 'The sweep has no permission for the bus.');
      await deployment.surroundings.declare();
      await without(deployment, bus, async () => {
        assert.equal((await sweepOnce(deployment)).unpublished, 3);
      });
      const { 'server-d': onNextPage } = await deployment.surroundings.states();
      assert.equal(onNextPage, undefined, 'The second page has come without the bus.');
      const { pending, problems } = await sweepOnce(deployment);
      assert.deepEqual({ published: pending.published, problems }, { published: 3, problems: [] });
      const came = await changes.receive((bodies) => bodies.length >= 4, patienceSeconds);
      assert.deepEqual(changesIn(came).toSorted(), [
        'server-a undefined -> Connected',
        'server-b undefined -> Connected',
        'server-c undefined -> Connecting',
        'server-d undefined -> Connected',
      ]);
      assert.equal((await sweepOnce(deployment)).pending.published, 0, 'They come again.');
      return done;
    },
  },
];
