/** What the deployed sweep does, seen from around it. */
import assert from 'node:assert/strict';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  CreateScheduleCommand,
  GetScheduleCommand,
  SchedulerClient,
  UpdateScheduleCommand,
} from '@aws-sdk/client-scheduler';
import * as z from 'zod/mini';
import { changesIn } from './consumer.ts';
import type { DeployedContext } from './deployed-context.ts';
import { type Deployment, ownerAt } from './deployment.ts';
import { done, type Step } from '../../deploy/smoke/step.ts';

const allStates = {
  'server-a': 'Connected',
  'server-b': 'Connected',
  'server-c': 'Connecting',
  'server-d': 'Connected',
};
const allChanges = Object.entries(allStates).map(
  ([name, state]) => `${name} undefined -> ${state}`,
);

/** A page has three servers: those come from the tick, the fourth by the bus. */
export const sweepSteps: readonly Step<DeployedContext>[] = [
  {
    title: 'a tick and its second page publish each change to a queue behind the bus',
    run: async ({ deployment, changes, tick, patienceSeconds }) => {
      await deployment.surroundings.declare();
      await tick(deployment);
      const came = await changes.receive(
        (bodies) => bodies.length >= allChanges.length,
        patienceSeconds,
      );
      assert.deepEqual(changesIn(came).toSorted(), allChanges);
      return done;
    },
  },
  {
    title: 'the cluster has the status of every server',
    run: async ({ deployment }) => {
      assert.deepEqual(await deployment.surroundings.states(), allStates);
      return done;
    },
  },
  {
    title: 'two more failures make server-c Failed, without a problem on the way',
    run: async ({ deployment, changes, patienceSeconds }) => {
      for (const count of [1, 2]) {
        const { problems } = await sweepOnce(deployment);
        assert.deepEqual(problems, [], `Sweep ${String(count)}`);
      }
      const came = await changes.receive((bodies) => bodies.length > 0, patienceSeconds);
      assert.deepEqual(changesIn(came), ['server-c Connecting -> Failed']);
      return done;
    },
  },
  {
    title: 'a poisoned event ends among the dead letters',
    run: async ({ deployment, deadLetters, patienceSeconds }) => {
      const poisoned = { kind: 'tock' };
      await invokeSweep(deployment, poisoned);
      const [letter] = await deadLetters.receive((bodies) => bodies.length > 0, patienceSeconds);
      const { requestContext, requestPayload, responsePayload } = letterSchema.parse(letter);
      assert.deepEqual(requestPayload, poisoned);
      assert.equal(requestContext.condition, 'RetriesExhausted');
      assert.match(responsePayload.errorMessage, /kind/);
      return done;
    },
  },
];

const letterSchema = z.object({
  requestContext: z.object({ condition: z.string() }),
  requestPayload: z.unknown(),
  responsePayload: z.object({ errorMessage: z.string() }),
});

/** Without a wait for its end, as the schedule and the bus invoke it. */
async function invokeSweep(deployment: Deployment, event: object): Promise<void> {
  const client = new LambdaClient(ownerAt(deployment.emulator));
  await client.send(
    new InvokeCommand({
      FunctionName: deployment.nameOf('Function', 'SweepFunction'),
      InvocationType: 'Event',
      Payload: JSON.stringify(event),
    }),
  );
  client.destroy();
}

const reportSchema = z.looseObject({
  problems: z.array(z.unknown()),
  unpublished: z.number(),
  pending: z.object({ published: z.number(), waiting: z.number() }),
});

/** Probes every server of the first page, due or not. What the invocation reports. */
export async function sweepOnce(deployment: Deployment): Promise<z.infer<typeof reportSchema>> {
  const client = new LambdaClient(ownerAt(deployment.emulator));
  const { Payload } = await client.send(
    new InvokeCommand({
      FunctionName: deployment.nameOf('Function', 'SweepFunction'),
      Payload: JSON.stringify({ kind: 'tick', at: new Date().toISOString(), everything: true }),
    }),
  );
  client.destroy();
  return reportSchema.parse(JSON.parse(Buffer.from(Payload ?? []).toString()));
}

const scheduledTime = '<aws.scheduler.scheduled-time>';
const inSeconds = (time: Date): string => `${time.toISOString().slice(0, 19)}Z`;

/** The input of the recorded schedule, sent at once. */
export async function tickNow(deployment: Deployment): Promise<void> {
  const { Target } = await scheduleOf(deployment);
  const input = Target?.Input?.replace(scheduledTime, inSeconds(new Date())) ?? '';
  await invokeSweep(deployment, z.looseObject({}).parse(JSON.parse(input)));
}

/**
 * Lets a schedule invoke the sweep. MiniStack fires `rate(1 minute)` only after a minute and leaves
 * the scheduled time in the input as it stands. So this is the recorded schedule once more, for the
 * present second, with the time filled in; the recorded one is disabled.
 */
export async function tickBySchedule(deployment: Deployment): Promise<void> {
  const client = new SchedulerClient(ownerAt(deployment.emulator));
  const { Name, ScheduleExpression, FlexibleTimeWindow, Target } = await scheduleOf(deployment);
  if (Target === undefined) throw new Error('The schedule has no target.');
  const recorded = { Name, ScheduleExpression, FlexibleTimeWindow, Target };
  await client.send(new UpdateScheduleCommand({ ...recorded, State: 'DISABLED' }));
  const at = inSeconds(new Date());
  await client.send(
    new CreateScheduleCommand({
      ...recorded,
      Name: `${String(Name)}-now`,
      ScheduleExpression: `at(${at.replace('Z', '')})`,
      Target: { ...Target, Input: Target.Input?.replace(scheduledTime, at) },
    }),
  );
  client.destroy();
}

async function scheduleOf(deployment: Deployment) {
  const client = new SchedulerClient(ownerAt(deployment.emulator));
  const Name = deployment.nameOf('Schedule', 'TickSchedule');
  const schedule = await client.send(new GetScheduleCommand({ Name }));
  client.destroy();
  return schedule;
}
