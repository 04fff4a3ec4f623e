import { spawnSync } from 'node:child_process';

const git = (...args: readonly string[]): string => {
  const { status, stdout } = spawnSync('git', args, { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : '';
};

const known = new Map<string, Date | undefined>();
let isWhole: boolean | undefined;

/**
 * When a file of the repository was last committed, by its path from the root. Undefined where the
 * history cannot say: outside git, in a shallow clone (every file would seem to be of its one
 * commit), and for a file that was never committed.
 */
export function lastChange(path: string): Date | undefined {
  isWhole ??= git('rev-parse', '--is-shallow-repository') === 'false';
  if (!isWhole) return undefined;
  if (!known.has(path)) {
    const time = git('log', '-1', '--format=%cI', '--', path);
    known.set(path, time === '' ? undefined : new Date(time));
  }
  return known.get(path);
}
