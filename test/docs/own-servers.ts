/** A page that has its reader write `my-server.yaml` is replayed with that file. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startMcpServer } from '../../local/mcp-servers.ts';
import { fencesIn } from './pages.ts';

/** Where the page says that the reference server listens. */
const port = '3001';

export type OwnServers = {
  /** The file of the page, with the address of a server that listens. */
  readonly file: string;
  /** The port of that server, and the one that the page names instead. */
  readonly ports: readonly [string, string];
  /** `npm start --silent -- --servers my-server.yaml ...` as a process of its own. */
  readonly start: (command: string) => Promise<string>;
  readonly end: () => Promise<void>;
};

/** Undefined: the page declares no server of its own. */
export async function ownServersOf(page: string): Promise<OwnServers | undefined> {
  const fence = fencesIn(page).find(({ info }) => info === 'title="my-server.yaml"');
  if (fence === undefined) return undefined;
  const server = await startMcpServer();
  const folder = await mkdtemp(join(tmpdir(), 'muster-docs-servers-'));
  const file = join(folder, 'my-server.yaml');
  await writeFile(file, fence.text.replace(`127.0.0.1:${port}`, new URL(server.url).host));
  return {
    file,
    ports: [new URL(server.url).port, port],
    start: (command) => started(command.replace('my-server.yaml', file)),
    end: async () => {
      await server.close();
      await rm(folder, { recursive: true });
    },
  };
}

const root = fileURLToPath(new URL('../../', import.meta.url));

async function started(command: string): Promise<string> {
  const [, args = ''] = / -- (.+)$/.exec(command) ?? [];
  const script = ['--import', './local/runtime.mjs', 'local/start.ts', ...args.split(' ')];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, script, { cwd: root });
  return stdout + stderr;
}
