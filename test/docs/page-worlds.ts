/**
 * The worlds that the console blocks of the pages run in. A block names its world in a comment above
 * it, `<!-- world: closed -->`; without one it runs in `demo`.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startWorld, type World, type WorldOptions } from '../../local/world.ts';
import { defined } from '../../functions/model/defined.ts';
import { type PageServers, startDemoServers } from './demo-servers.ts';
import { startFailingServers } from './failing-servers.ts';
import { objectsOf } from './declared-objects.ts';

export type PageWorld = {
  readonly world: World;
  /** A folder of its own: the home of the person, and the file for kubectl. */
  readonly home: string;
  readonly kubeconfigFile: string;
  /**
   * What `<!-- before: ... -->` can say besides commands: `sweep`, `stop server-a`, `start server-a`,
   * `refuse server-a`, `recreate server-a`, `move server-a`. Undefined: it is none of these.
   */
  readonly happen: (event: string) => Promise<unknown> | undefined;
  readonly end: () => Promise<void>;
};

/** What differs from the demo of `npm start`. Each has swept three times. */
export const pageWorlds = {
  /** The demo of `npm start`. */
  demo: {},
  /** The same with the default of a deployment: nobody who is signed out sees a list. */
  closed: { settings: { ANONYMOUS_LIST: 'off' } },
  /** The same servers with the address rules of a deployment. */
  guarded: { guard: true },
  /** The same servers, to which something can happen. */
  events: { servers: 'demo' },
  /** A server for each way to fail. */
  faults: { servers: 'faults' },
} as const satisfies Record<string, Difference>;

export type PageWorldName = keyof typeof pageWorlds;

type Difference = Pick<WorldOptions, 'settings' | 'guard'> & {
  readonly servers?: 'demo' | 'faults';
};

export const isPageWorld = (name: string): name is PageWorldName => Object.hasOwn(pageWorlds, name);

/** `declared`: a YAML file of the page, with its servers instead of those of the demo. */
export async function startPageWorld(name: PageWorldName, declared?: string): Promise<PageWorld> {
  const home = await mkdtemp(join(tmpdir(), 'muster-docs-'));
  const { servers, ...options }: Difference = pageWorlds[name];
  const own = await startServers(servers, home);
  const file = join(home, 'servers.yaml');
  if (own !== undefined) await writeFile(file, own.yaml);
  const world = await startWorld(
    defined({
      ...options,
      servers: own === undefined ? declared : file,
      settings: { ...options.settings, ...own?.settings },
    }),
  );
  for (let count = 0; count < 3; count += 1) await world.sweep({ everything: true });
  const kubeconfigFile = join(home, 'kubeconfig');
  const kubeconfig = world.environment['KUBECONFIG_YAML'] ?? '';
  await writeFile(kubeconfigFile, kubeconfig);
  return {
    world,
    home,
    kubeconfigFile,
    happen: eventsIn(world, own?.servers),
    end: async () => {
      await world.close();
      await own?.close();
      await rm(home, { recursive: true });
    },
  };
}

type OwnServers = {
  readonly yaml: string;
  readonly settings?: WorldOptions['settings'];
  readonly servers?: PageServers;
  readonly close: () => Promise<void>;
};

async function startServers(
  which: Difference['servers'],
  folder: string,
): Promise<OwnServers | undefined> {
  switch (which) {
    case undefined:
      return undefined;
    case 'demo': {
      const servers = await startDemoServers();
      return { yaml: servers.yaml, servers, close: servers.close };
    }
    case 'faults':
      return startFailingServers(folder);
  }
}

const eventsIn = (world: World, servers: PageServers | undefined): PageWorld['happen'] => {
  const objects = objectsOf(world.environment['KUBECONFIG_YAML'] ?? '');
  const ofServers = (): PageServers => {
    if (servers === undefined)
      throw new Error('Servers stop and start in the world "events" only.');
    return servers;
  };
  const events: Readonly<Record<string, (name: string) => Promise<unknown>>> = {
    sweep: () => world.sweep({ everything: true }),
    stop: (name) => ofServers().stop(name),
    start: (name) => ofServers().start(name),
    refuse: (name) => ofServers().refuse(name),
    recreate: (name) => objects.recreate(name),
    move: (name) => objects.move(name),
  };
  return (event) => {
    const [verb = '', name = ''] = event.split(' ');
    return events[verb]?.(name);
  };
};
