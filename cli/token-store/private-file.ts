import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  openSync,
  readFileSync,
  type Stats,
} from 'node:fs';
import { chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf } from '../../functions/model/error-message.ts';
import { CliError, exitCodes } from '../context.ts';

/** Above what any of our files needs. */
const maxBytes = 1024 * 1024;

/**
 * The text of a file that only this user may read; undefined where there is none. Throws where it
 * is a symbolic link, no file, or another user's: what it leads to was not written by this command.
 * A mode that lets others read is set back, with one warning.
 *
 * It reads synchronously: every command waits for this text, and node:fs/promises takes 2 ms to load.
 */
export async function readPrivate(
  file: string,
  warn: (line: string) => void,
): Promise<string | undefined> {
  const descriptor = openPrivate(file);
  if (descriptor === undefined) return undefined;
  try {
    const { mode, uid, size } = vetStat(descriptor, file);
    // Windows has no modes; the folder of the user is private there.
    const me = process.getuid?.();
    if (me !== undefined && me !== 0 && uid !== me)
      throw new CliError(`${file} belongs to another user, so it is not used.`, {
        hint: `Remove it: rm ${file}`,
      });
    if (me !== undefined && (mode & 0o077) !== 0) {
      fchmodSync(descriptor, 0o600);
      warn(
        `Warning: Other users of this machine could read ${file} (mode ${octal(mode)}). Its mode is now 0600. If others use this machine, sign out and sign in again.`,
      );
    }
    if (size > maxBytes) throw new CliError(`${file} is longer than 1 MB, so it is not used.`);
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}

function openPrivate(file: string): number | undefined {
  // Windows has neither; there they are undefined, which `|` reads as 0.
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  try {
    // Not blocking: a pipe in this place would hold the command forever.
    return openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT') return undefined;
    if (code === 'ELOOP' || code === 'EMLINK')
      throw new CliError(`${file} is a symbolic link, so it is not used.`, {
        hint: `Remove it: rm ${file}`,
      });
    throw new CliError(`${file} cannot be read: ${messageOf(error)}`);
  }
}

function vetStat(descriptor: number, file: string): Stats {
  const facts = fstatSync(descriptor);
  if (!facts.isFile()) throw new CliError(`${file} is not a file, so it is not used.`);
  return facts;
}

/**
 * Stores a text, readable by this user only. The file is replaced as a whole, so that a crash or a
 * second muster never leaves half of one, and a link in its place is replaced, not followed.
 */
export async function writePrivate(file: string, text: string): Promise<void> {
  await privateFolder(dirname(file));
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(draft, text, { mode: 0o600, flag: 'wx', flush: true });
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw cannotSave(dirname(file), error);
  }
}

/**
 * The folder, there for this user only and able to take a file. Throws with exit code 3 if not: a
 * person should know before the browser opens.
 */
export async function privateFolder(folder: string): Promise<void> {
  const probe = join(folder, `.probe-${randomBytes(6).toString('hex')}`);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    // mkdir does not change the mode of a folder that exists.
    await chmod(folder, 0o700);
    await writeFile(probe, '', { mode: 0o600, flag: 'wx' });
    await rm(probe, { force: true });
  } catch (error) {
    throw cannotSave(folder, error);
  }
}

function cannotSave(folder: string, error: unknown): unknown {
  if (codeOf(error) === undefined) return error;
  return new CliError(
    `The sign-in cannot be saved: ${folder} cannot be written (${codeOf(error) ?? ''}).`,
    {
      exitCode: exitCodes.signInFailed,
      hint: 'Set XDG_CONFIG_HOME to the absolute path of a folder that you can write to.',
    },
  );
}

/** Of an error of the file system; undefined for others. */
export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;

const octal = (mode: number): string => `0${(mode & 0o777).toString(8)}`;
