import { lstatSync, type Stats } from 'node:fs';
import { link, rm, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { configFolder, type Surroundings } from './config-folder.ts';
import { codeOf, privateFolder, readPrivate } from './private-file.ts';

/**
 * Where early versions of this command stored the same files: in the folder `muster`, which upstream
 * muster uses for files of the same names.
 */
export const oldTokenFolder = (environment: Surroundings): string =>
  join(dirname(configFolder(environment)), 'muster', 'tokens');

export const oldTokenFile = (file: string, environment: Surroundings): string =>
  join(oldTokenFolder(environment), basename(file));

/**
 * Moves a sign-in of an early version to `file`, once, and returns its text. Only the content shows
 * whose it is: a file that `isOurs` does not know is upstream's, and stays as it is.
 */
export async function takeOldFile(
  file: string,
  environment: Surroundings,
  isOurs: (text: string) => boolean,
): Promise<string | undefined> {
  const old = oldTokenFile(file, environment);
  const text = await readOld(old, isOurs);
  if (text === undefined) return undefined;
  await privateFolder(dirname(file));
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(draft, text, { mode: 0o600, flag: 'wx', flush: true });
    // Unlike rename, this never replaces what another process has written in the meantime.
    await link(draft, file);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
  await rm(old, { force: true });
  return readPrivate(file, () => undefined);
}

/** Removes a sign-in of an early version. Whether there was one. */
export async function forgetOldFile(
  file: string,
  environment: Surroundings,
  isOurs: (text: string) => boolean,
): Promise<boolean> {
  const old = oldTokenFile(file, environment);
  if ((await readOld(old, isOurs)) === undefined) return false;
  await rm(old, { force: true });
  return true;
}

/** Whatever else is there, such as a link or another user's file, is none of ours. */
async function readOld(
  old: string,
  isOurs: (text: string) => boolean,
): Promise<string | undefined> {
  const facts = factsOf(old);
  // Ours had mode 0600. Reading must not set the mode of a file of upstream's.
  const isOpen = process.getuid !== undefined && ((facts?.mode ?? 0) & 0o077) !== 0;
  if (facts?.isFile() !== true || isOpen) return undefined;
  const text = await readPrivate(old, () => undefined).catch(() => undefined);
  return text !== undefined && isOurs(text) ? text : undefined;
}

function factsOf(file: string): Stats | undefined {
  try {
    return lstatSync(file);
  } catch (error) {
    if (codeOf(error) !== undefined) return undefined;
    throw error;
  }
}
