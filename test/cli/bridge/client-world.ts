/** The whole system with a person who is signed in, for MCP clients that start `muster connect`. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { ada } from '../../../local/issuer.ts';
import { startWorld, type World } from '../../../local/world.ts';
import { browserOf } from '../../world/browser.ts';
import { buildMuster, type Ended, removeMuster, runMuster } from '../run.ts';

export type DeclaredServer = {
  readonly name: string;
  readonly url: string;
  readonly type?: 'streamable-http' | 'sse';
  /** The person signs in to it. */
  readonly signIn?: boolean;
};

export type ClientWorld = {
  readonly world: World;
  readonly file: string;
  readonly home: string;
  readonly muster: (line: string) => Promise<Ended>;
  /** How a client starts the bridge to this server. */
  readonly bridge: (name: string) => {
    readonly command: string;
    readonly args: string[];
    readonly env: Record<string, string>;
  };
  readonly close: () => Promise<void>;
};

export async function startClientWorld(servers: readonly DeclaredServer[]): Promise<ClientWorld> {
  const home = await mkdtemp(join(tmpdir(), 'muster-home-'));
  const manifests = join(home, 'servers.yaml');
  await writeFile(manifests, servers.map((server) => stringify(manifestOf(server))).join('---\n'));
  const [world, file] = await Promise.all([startWorld({ servers: manifests }), buildMuster()]);
  const muster = (line: string) =>
    runMuster(file, line, {
      endpoint: world.url,
      home,
      onAddress: (address) => browserOf(ada).visit(address),
    });
  const close = async () => {
    await Promise.all([world.close(), removeMuster(file), rm(home, { recursive: true })]);
  };
  await Promise.all([world.sweep({ everything: true }), succeed(muster, 'auth login')]);
  for (const { name } of servers.filter(({ signIn }) => signIn === true))
    await succeed(muster, `auth login --server ${name}`);
  return {
    world,
    file,
    home,
    muster,
    bridge: (name) => ({
      command: process.execPath,
      args: [file, 'connect', name, '--endpoint', world.url],
      env: { HOME: home, PATH: process.env['PATH'] ?? '' },
    }),
    close,
  };
}

async function succeed(muster: ClientWorld['muster'], line: string): Promise<void> {
  const { code, stderr } = await muster(line);
  if (code !== 0) throw new Error(`muster ${line}: ${stderr}`);
}

const manifestOf = ({ name, url, type = 'streamable-http' }: DeclaredServer): object => ({
  apiVersion: 'muster.giantswarm.io/v1alpha1',
  kind: 'MCPServer',
  metadata: { name, namespace: 'default' },
  spec: { type, url },
});
