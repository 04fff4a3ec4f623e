/** Clients of MCP that are no dependency of ours, as their makers publish them. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Found, findVirtualEnvironment, installed } from '../world/installed-tools.ts';

const inspector = '2.12.0';

/** A virtual environment with `bin/python` and `bin/fastmcp`: 130 MB. */
export const findPythonClients = (): Promise<Found> =>
  findVirtualEnvironment({ mcp: '2.3.0', fastmcp: '4.2.3' });

/** A folder with `node_modules/.bin/mcp-inspector`: 110 MB, too much for every checkout. */
export const findInspector = (): Promise<Found> =>
  installed(`inspector-${inspector}`, async (folder) => {
    const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
    const name = `@modelcontextprotocol/inspector@${inspector}`;
    await promisify(execFile)('npm', ['install', '--prefix', folder, ...quiet, name]);
  });
