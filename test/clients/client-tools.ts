/**
 * Clients of MCP that are no dependency of ours, as their makers publish them: the Python SDK with
 * fastmcp, and the inspector. They are installed once by the ordinary clients of their registries,
 * into a cache outside the repository.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '../../functions/model/error-message.ts';

const run = promisify(execFile);

const python = { mcp: '2.3.0', fastmcp: '4.2.3' } as const;
const inspector = '2.12.0';
/** The Python SDK needs this version or a newer one. */
const oldestPython = 10;

export type Found =
  | { readonly kind: 'there'; readonly folder: string; readonly installMs?: number }
  | { readonly kind: 'missing'; readonly hint: string };

/** A virtual environment with `bin/python` and `bin/fastmcp`: 130 MB. */
export async function findPythonClients(): Promise<Found> {
  const command = await findPython();
  if (command === undefined)
    return {
      kind: 'missing',
      hint: `The Python clients need Python 3.${String(oldestPython)} with venv. Install it (Debian: apt-get install -y python3-venv).`,
    };
  return installed(`mcp-${python.mcp}-fastmcp-${python.fastmcp}`, async (folder) => {
    await run(command, ['-m', 'venv', folder]);
    const packages = Object.entries(python).map(([name, version]) => `${name}==${version}`);
    const quick = ['--quiet', '--no-compile', '--disable-pip-version-check', '--no-input'];
    await run(join(folder, 'bin/python'), ['-m', 'pip', 'install', ...quick, ...packages]);
  });
}

/** A folder with `node_modules/.bin/mcp-inspector`: 110 MB, too much for every checkout. */
export const findInspector = (): Promise<Found> =>
  installed(`inspector-${inspector}`, async (folder) => {
    const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
    const name = `@modelcontextprotocol/inspector@${inspector}`;
    await run('npm', ['install', '--prefix', folder, ...quiet, name]);
  });

/**
 * The folder in the cache. It is made in its place, since virtual environments cannot be moved; a
 * mark beside it says that it is complete.
 */
async function installed(name: string, make: (folder: string) => Promise<void>): Promise<Found> {
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
    return {
      kind: 'missing',
      hint: `${name} could not be installed: ${messageOf(error)}`,
    };
  }
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
