import { rm, stat, writeFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { CliError } from '../context.ts';

/** Longer than any holder needs; a lock that is older was left behind by a crash. */
const staleMs = 60_000;
const patienceMs = 70_000;

/**
 * Lets one process of this user at a time change a file. The others wait, and must read the file
 * again afterwards.
 */
export async function withLock<Outcome>(
  file: string,
  act: () => Promise<Outcome>,
): Promise<Outcome> {
  const lock = `${file}.lock`;
  const giveUpAt = Date.now() + patienceMs;
  while (!(await acquire(lock))) {
    if (Date.now() > giveUpAt)
      throw new CliError(`Timed out waiting for the lock ${lock}.`, {
        hint: 'If no other muster is running, remove this file and try again.',
      });
    if (await isStale(lock)) await rm(lock, { force: true });
    else await wait(50);
  }
  try {
    return await act();
  } finally {
    await rm(lock, { force: true });
  }
}

const acquire = (lock: string): Promise<boolean> =>
  writeFile(lock, '', { flag: 'wx', mode: 0o600 }).then(
    () => true,
    (error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
      throw error;
    },
  );

const isStale = (lock: string): Promise<boolean> =>
  stat(lock).then(
    ({ mtimeMs }) => Date.now() - mtimeMs > staleMs,
    (error: unknown) => {
      // Its holder has just released it.
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
      throw error;
    },
  );
