/** The deployment that a command of the owner is about: its stage, and its arguments. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';

export type Deployment = {
  readonly stage: string;
  /** The real environment, then `.env.STAGE`, then `.env`: the first one that has a name counts. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The arguments of the command without `--stage`. */
  readonly rest: readonly string[];
};

/** The arguments name no stage, or one that SST refuses. */
export class StageError extends Error {
  override readonly name = 'StageError';
}

/**
 * Reads what `npx sst deploy --stage STAGE` would read in this folder (SST: "Environment
 * variables"). No stage is assumed. Throws `StageError`.
 */
export function readDeployment(argv: readonly string[], cwd: string = process.cwd()): Deployment {
  const { stage, rest } = stageIn(argv);
  const environment = {
    ...envFile(join(cwd, '.env')),
    ...envFile(join(cwd, `.env.${stage}`)),
    ...process.env,
  };
  return { stage, environment, rest };
}

function stageIn(argv: readonly string[]): { readonly stage: string; readonly rest: string[] } {
  const at = argv.findIndex((text) => text === '--stage' || text.startsWith('--stage='));
  const flag = argv[at];
  if (flag === undefined)
    throw new StageError('The stage is missing. Add it, for example: --stage production');
  const isApart = flag === '--stage';
  const stage = isApart ? (argv[at + 1] ?? '') : flag.slice('--stage='.length);
  // What SST takes. The name becomes part of a path.
  if (!/^[a-zA-Z0-9][a-zA-Z0-9-]*$/.test(stage))
    throw new StageError(
      'The name after --stage must have letters, digits and hyphens only, for example: --stage production',
    );
  return { stage, rest: [...argv.slice(0, at), ...argv.slice(at + (isApart ? 2 : 1))] };
}

/** A file that is not there sets nothing. */
function envFile(path: string): NodeJS.Dict<string> {
  try {
    return parseEnv(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    throw error;
  }
}
