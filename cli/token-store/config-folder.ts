import { userInfo } from 'node:os';
import { posix, win32 } from 'node:path';
import { CliError } from '../context.ts';

export type Surroundings = Readonly<Record<string, string | undefined>>;

/**
 * The folder of this command, `muster-serverless`: in `$XDG_CONFIG_HOME`, on Windows else in
 * `%APPDATA%`, else in `~/.config`. The XDG base directory specification ignores relative paths;
 * other empty or relative variables are ignored in the same way, so that a token never ends up in
 * the current folder. Throws where this user has no home folder at all.
 */
export function configFolder(
  environment: Surroundings,
  platform: NodeJS.Platform = process.platform,
): string {
  const paths = platform === 'win32' ? win32 : posix;
  const absolute = (path: string | undefined): string | undefined =>
    path !== undefined && paths.isAbsolute(path) ? path : undefined;
  const config =
    absolute(environment['XDG_CONFIG_HOME']) ??
    (platform === 'win32' ? absolute(environment['APPDATA']) : undefined) ??
    paths.join(absolute(environment['HOME']) ?? homeOfUser(absolute), '.config');
  return paths.join(config, 'muster-serverless');
}

/** From the user database, whatever HOME says. */
function homeOfUser(absolute: (path: string | undefined) => string | undefined): string {
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
