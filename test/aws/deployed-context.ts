/** Everything that the steps look at: a deployment, a person at a machine, and the queues. */
import { startClient, type BridgeClient } from '../world/client-of-bridge.ts';
import { openQueue, type Queue, startConsumer } from './consumer.ts';
import type { Deployment } from './deployment.ts';
import type { JourneyContext } from '../../deploy/smoke/step.ts';
import { startPerson } from './person.ts';

export type DeployedContext = Required<JourneyContext> & {
  readonly deployment: Deployment;
  /** Of another owner in the account. */
  readonly changes: Queue;
  readonly deadLetters: Queue;
  /** Starts a sweep. */
  readonly tick: (deployment: Deployment) => Promise<void>;
  /** How long a step waits for what should come. */
  readonly patienceSeconds: number;
  /** An MCP client of this person that starts `muster connect`. */
  readonly connect: (server: string) => Promise<BridgeClient>;
};

export type OpenContext = DeployedContext & { readonly close: () => Promise<void> };

/** `muster` is of `buildMuster`. */
export async function openContext({
  deployment,
  muster,
  tick,
  patienceSeconds,
}: Pick<DeployedContext, 'deployment' | 'tick' | 'patienceSeconds'> & {
  readonly muster: string;
}): Promise<OpenContext> {
  const { endpoint, nameOf } = deployment;
  const [person, changes, deadLetters] = await Promise.all([
    startPerson(muster, endpoint),
    startConsumer(deployment),
    openQueue(deployment, nameOf('Queue', 'DeadLetters')),
  ]);
  return {
    ...person,
    deployment,
    endpoint,
    server: 'server-a',
    changes,
    deadLetters,
    tick,
    patienceSeconds,
    connect: (server) =>
      startClient({
        command: process.execPath,
        args: [muster, 'connect', '--endpoint', endpoint, server],
        home: person.home,
      }),
    close: async () => {
      await Promise.all([person.close(), changes.close(), deadLetters.close()]);
    },
  };
}
