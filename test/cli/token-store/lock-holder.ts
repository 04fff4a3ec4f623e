/**
 * A process that takes the lock of a file each time it gets a line, and writes what came of it: it
 * fails where another process holds the lock at the same time.
 */
import { mkdir, rmdir } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { withLock } from '../../../cli/token-store/file-lock.ts';

const [, , file = '', holdMs = '1'] = process.argv;
const info = (line: string): void => void process.stderr.write(`${line}\n`);
process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  const outcome = await withLock(
    file,
    async () => {
      process.stdout.write(line === 'stay' ? 'held\n' : '');
      // Exclusive by itself: it exists only while somebody is inside.
      await mkdir(`${file}.inside`);
      await wait(Number(holdMs));
      await rmdir(`${file}.inside`);
      return 'alone';
    },
    { info },
  ).catch((error: unknown) => (error instanceof Error ? error.message : 'failed'));
  process.stdout.write(`${outcome}\n`);
}
