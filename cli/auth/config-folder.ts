import { userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { CliError } from '../context.ts';

export type Surroundings = Readonly<Record<string, string | undefined>>;

/**
 * The folder of this command: `$XDG_CONFIG_HOME/muster-serverless`, else
 * `~/.config/muster-serverless`. The XDG base directory specification ignores relative paths; an
 * empty or relative HOME is ignored in the same way, so that a token never ends up in the current
 * folder. Throws where this user has no home folder at all.
 */
export function configFolder(environment: Surroundings): string {
  const config =
    absolute(environment['XDG_CONFIG_HOME']) ??
    join(absolute(environment['HOME']) ?? homeOfUser(), '.config');
  return join(config, 'muster-serverless');
}

const absolute = (path: string | undefined): string | undefined =>
  path !== undefined && isAbsolute(path) ? path : undefined;

/** From the user database, whatever HOME says. */
function homeOfUser(): string {
  const home = absolute(databaseHome());
  if (home !== undefined) return home;
  throw new CliError('This user has no home folder, so a sign-in has no place.', {
    hint: 'Set HOME or XDG_CONFIG_HOME to the absolute path of a folder.',
  });
}

function databaseHome(): string | undefined {
  try {
    return userInfo().homedir;
  } catch (error) {
    // A container may run as a user that its database does not have.
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}
