/**
 * The configuration of a deployment, read from the environment of `npx sst deploy`. SST also reads
 * `.env` and `.env.STAGE` into it.
 */
import { inspect } from 'node:util';
import { type BoundaryArguments, readBoundary } from './arguments/boundary.ts';
import { type CapacityArguments, readCapacity } from './arguments/capacity.ts';
import { type ClusterArguments, readCluster } from './arguments/cluster.ts';
import { type FrontArguments, readFront } from './arguments/front.ts';
import { argumentReader, type Environment } from './arguments/reader.ts';
import { environmentProblem } from './arguments/function-environment.ts';
import { checkRequired } from './arguments/required.ts';
import { readSettings } from './arguments/settings.ts';
import { readWatch, type WatchArguments } from './arguments/watch.ts';

export type Arguments = ClusterArguments &
  BoundaryArguments &
  CapacityArguments &
  Omit<FrontArguments, 'addresses'> &
  WatchArguments & {
    /** Settings of both functions, by the names of `functions/model/settings-table.ts`. */
    readonly settings: Readonly<Record<string, string>>;
  };

/**
 * Arguments are missing or invalid. The message has a line for each, with the command that fixes
 * it. Pulumi prints an error as `inspect` shows it, and the SST CLI prints that: here without the
 * stack, which says nothing about `.env`.
 */
export class ArgumentError extends Error {
  override readonly name = 'ArgumentError';
  [inspect.custom](): string {
    return this.message;
  }
}

/** Throws `ArgumentError`, which lists all problems at once. */
export function readArguments(environment: Environment): Arguments {
  const from = argumentReader(environment);
  checkRequired(from);
  const { addresses, ...front } = readFront(from);
  const read = {
    ...readCluster(from),
    ...readBoundary(from),
    ...readCapacity(from),
    ...front,
    ...readWatch(from),
    settings: { ...readSettings(from), ...addresses },
  };
  const tooLarge = environmentProblem(read, longStage);
  if (tooLarge !== undefined) from.report(tooLarge);
  if (from.problems.length > 0)
    throw new ArgumentError(
      `The deployment cannot start:\n${from.problems.map((line) => `- ${line}`).join('\n')}`,
    );
  return read;
}

// The stage is part of names in the environment, and longer than this in no deployment we know.
const longStage = 'x'.repeat(20);
