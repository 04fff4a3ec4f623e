import { stat, utimes } from 'node:fs/promises';
import type { Surroundings } from './config-folder.ts';
import { codeOf } from './private-file.ts';
import { tokenFile } from './token-files.ts';

/**
 * Lets other commands of this person on this machine know that a session with a server was changed:
 * a `muster connect` that runs asks the endpoint again. The token file is touched, not changed.
 */
export async function noteSessionChange(
  endpoint: string,
  environment: Surroundings,
  at: Date,
): Promise<void> {
  await utimes(tokenFile(endpoint, environment), at, at).catch(onlyMissing);
}

/** When the sign-in here or one of its sessions was last changed, in ms; undefined without one. */
export const lastSessionChange = (
  endpoint: string,
  environment: Surroundings,
): Promise<number | undefined> =>
  stat(tokenFile(endpoint, environment)).then(({ mtimeMs }) => mtimeMs, onlyMissing);

function onlyMissing(error: unknown): undefined {
  if (codeOf(error) !== 'ENOENT') throw error;
  return undefined;
}
