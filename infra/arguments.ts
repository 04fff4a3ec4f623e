/**
 * The configuration of a deployment, read from the environment of `npx sst deploy`. SST also reads
 * `.env` and `.env.STAGE` into it.
 */
import { defined } from '../functions/model/defined.ts';
import { type BoundaryArguments, readBoundary } from './arguments/boundary.ts';
import { type CapacityArguments, readCapacity } from './arguments/capacity.ts';
import { type ClusterArguments, readCluster } from './arguments/cluster.ts';
import { type FrontArguments, readFront } from './arguments/front.ts';
import { argumentReader, type Environment } from './arguments/reader.ts';
import { checkRequired } from './arguments/required.ts';
import { readSettings } from './arguments/settings.ts';

export type Arguments = ClusterArguments &
  BoundaryArguments &
  CapacityArguments &
  FrontArguments & {
    /** Settings of both functions, by the names of `functions/model/settings-table.ts`. */
    readonly settings: Readonly<Record<string, string>>;
    readonly alarmEmail?: string;
  };

/**
 * Arguments are missing or invalid. The message has a line for each, with the command that fixes
 * it.
 */
export class ArgumentError extends Error {
  override readonly name = 'ArgumentError';
}

/** Throws `ArgumentError`, which lists all problems at once. */
export function readArguments(environment: Environment): Arguments {
  const from = argumentReader(environment);
  checkRequired(from);
  const read = {
    ...readCluster(from),
    ...readBoundary(from),
    ...readCapacity(from),
    ...readFront(from),
    ...defined({ alarmEmail: from.text('ALARM_EMAIL') }),
    settings: readSettings(from),
  };
  if (from.problems.length > 0)
    throw new ArgumentError(
      `The deployment cannot start:\n${from.problems.map((line) => `  ${line}`).join('\n')}`,
    );
  return read;
}
