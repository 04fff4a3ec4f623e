/**
 * Programs that tests use and that are no dependency of ours. They are installed once, pinned, by
 * the ordinary clients of their registries, into a cache outside the repository.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '../../functions/model/error-message.ts';

const run = promisify(execFile);

const oldestPython = 10;

export type Found =
  | { readonly kind: 'there'; readonly folder: string; readonly installMs?: number }
  | { readonly kind: 'missing'; readonly hint: string };

/** A virtual environment with these packages (name -> version), and its programs in `bin/`. */
export async function findVirtualEnvironment(
  packages: Readonly<Record<string, string>>,
): Promise<Found> {
  const pinned = Object.entries(packages);
  const command = await findPython();
  if (command === undefined)
    return {
      kind: 'missing',
      hint: `For ${Object.keys(packages).join(' and ')}, install Python 3.${String(oldestPython)} with venv (Debian: apt-get install -y python3-venv).`,
    };
  const name = pinned.map((entry) => entry.join('-')).join('-');
  return installed(name, async (folder) => {
    await run(command, ['-m', 'venv', folder]);
    const quick = ['--quiet', '--no-compile', '--disable-pip-version-check', '--no-input'];
    const wanted = pinned.map((entry) => entry.join('=='));
    await run(join(folder, 'bin/python'), ['-m', 'pip', 'install', ...quick, ...wanted]);
  });
}

/**
 * The folder in the cache. It is made in its place, since virtual environments cannot be moved; a
 * mark beside it says that it is complete.
 */
export async function installed(
  name: string,
  make: (folder: string) => Promise<void>,
): Promise<Found> {
  const caches = join(
    process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'),
    'muster-serverless',
  );
  const folder = join(caches, name);
  const mark = `${folder}.complete`;
  if (existsSync(mark)) return { kind: 'there', folder };
  const started = performance.now();
  await mkdir(caches, { recursive: true });
  try {
    await rm(folder, { recursive: true, force: true });
    await make(folder);
    await writeFile(mark, '');
    return { kind: 'there', folder, installMs: performance.now() - started };
  } catch (error) {
    return { kind: 'missing', hint: `${name} could not be installed: ${messageOf(error)}` };
  }
}

/** The folder, with what has to be said: that it was installed just now, or what is not tested. */
export function folderOf(found: Found, what: string): string | undefined {
  if (found.kind === 'missing') {
    console.error(`\n${found.hint}\nNOTHING IS TESTED with ${what}: its tests are SKIPPED.\n`);
    return undefined;
  }
  const { folder, installMs } = found;
  if (installMs !== undefined)
    console.error(`Installed ${what} in ${(installMs / 1000).toFixed(0)} s: ${folder}`);
  return folder;
}

/** The first command that is new enough, and can make virtual environments. */
async function findPython(): Promise<string | undefined> {
  const check = `import ensurepip, sys; sys.exit(sys.version_info < (3, ${String(oldestPython)}))`;
  for (const command of ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11'])
    if (
      await run(command, ['-c', check]).then(
        () => true,
        () => false,
      )
    )
      return command;
  return undefined;
}
