/**
 * Runs the commands of a page one after another, each in the world that its block names. A world
 * starts when the first block names it, and lasts as long as the page. Its user is Ada.
 */
import { ada } from '../../local/issuer.ts';
import { type Run, runMuster } from '../cli/run.ts';
import { browserOf } from '../world/browser.ts';
import { printedTable } from './kubectl.ts';
import type { OwnServers } from './own-servers.ts';
import { isPageWorld, type PageWorld, startPageWorld } from './page-worlds.ts';

/** kubectl itself: the command line as in the page, and the file for KUBECONFIG. */
export type Kubectl = (
  command: string,
  kubeconfigFile: string,
) => Promise<{ readonly code: number; readonly text: string }>;

export type Replay = {
  /**
   * What the command prints, with addresses as `npm start` has them. Undefined: only a real kubectl
   * can run it. Throws where no test can. A command that stays sees the events of `during`, and then
   * gets Ctrl-C.
   */
  readonly run: (
    command: string,
    world?: string,
    during?: readonly string[],
  ) => Promise<string | undefined>;
  readonly end: () => Promise<void>;
};

export type ReplayOptions = {
  /** Without it, the lists of kubectl are printed from the Tables of the cluster. */
  readonly kubectl?: Kubectl;
  /** A page with its own `my-server.yaml` has that server instead of the demo. */
  readonly own?: OwnServers;
};

export function startReplay(muster: string, { kubectl, own }: ReplayOptions = {}): Replay {
  const worlds = new Map<string, Promise<PageWorld>>();
  const known = new Map(own === undefined ? [] : [own.ports]);
  /** Undefined: the command before was not run. */
  let code: number | undefined = 0;

  const worldOf = async (name: string): Promise<PageWorld> => {
    if (!isPageWorld(name)) throw new Error(`test/docs/page-worlds.ts has no world "${name}".`);
    const started = worlds.get(name) ?? startPageWorld(name, own?.file);
    worlds.set(name, started);
    const there = await started;
    known.set(new URL(there.world.url).port, '8787');
    return there;
  };
  const type = async (
    line: string,
    { world, home, happen }: PageWorld,
    during: readonly string[],
  ): Promise<string> => {
    const stay = / --watch\b/.test(line)
      ? watching(async () => {
          for (const event of during) await happen(event);
        })
      : undefined;
    // Pages name the endpoint as `npm start` does.
    const here = line.replaceAll('http://127.0.0.1:8787', world.url);
    const ended = await runMuster(muster, here, {
      // As `npm start` prints it for the reader.
      environment: { MUSTER_SERVERLESS_ENDPOINT: world.url },
      home,
      onAddress: (address) => browserOf(ada).visit(address),
      ...stay,
    });
    ({ code } = ended);
    return ended.stdout + ended.stderr.replace(pastePrompt, '');
  };
  const run = async (
    command: string,
    there: PageWorld,
    during: readonly string[],
  ): Promise<string | undefined> => {
    const happened = there.happen(command);
    if (happened !== undefined) return happened.then(() => '');
    if (command.startsWith('muster ')) return type(command.slice('muster '.length), there, during);
    if (own !== undefined && command.startsWith('npm start --silent ')) return own.start(command);
    if (command === 'echo $?') return code === undefined ? undefined : `${code}\n`;
    if (command.startsWith('kubectl ')) {
      if (kubectl === undefined) {
        const list = await printedTable(command, there.world.environment['KUBECONFIG_YAML'] ?? '');
        code = list === undefined ? undefined : 0;
        return list;
      }
      const ended = await kubectl(command, there.kubeconfigFile);
      ({ code } = ended);
      return ended.text;
    }
    throw new Error(
      `No test can run "${command}". Put it into an sh block, without output, or teach test/docs/replay.ts to run it.`,
    );
  };
  // `muster connect --print` names the files of this machine.
  const installed = (text: string): string =>
    text.replaceAll(process.execPath, '/usr/local/bin/node').replaceAll(muster, installedFile);
  return {
    run: async (command, world = 'demo', during = []) => {
      const printed = await run(command, await worldOf(world), during);
      return printed === undefined ? undefined : installed(withPorts(printed, known));
    },
    end: async () => {
      for (const started of worlds.values()) await (await started).end();
    },
  };
}

/** Things happen after the first output; Ctrl-C when a line with a time has reported one. */
function watching(happen: () => Promise<void>): Pick<Run, 'onOutput' | 'interrupted'> {
  let happened: Promise<void> | undefined;
  let end: () => void = () => {};
  const interrupted = new Promise<void>((resolve) => {
    end = resolve;
  });
  const onOutput = (stdout: string): void => {
    happened ??= happen();
    if (/^\d\d:\d\d:\d\d /m.test(stdout)) void happened.then(end);
  };
  return { onOutput, interrupted };
}

const installedFile = '/usr/local/lib/node_modules/muster-serverless/dist/muster.cjs';
/** The reader of the page has a browser; only the test has none. */
const pastePrompt = /^If the last page does not load, paste its whole address here: \n/m;

/**
 * `npm start` uses 8787. Other ports are free ones, so they are numbered in order. Codes and states
 * of a sign-in differ in every run.
 */
const withPorts = (text: string, known: Map<string, string>): string =>
  text
    .replace(/(127\.0\.0\.1|localhost):(\d{5})/g, (_, host: string, port: string) => {
      const name = known.get(port) ?? String(40_000 + known.size);
      known.set(port, name);
      return `${host}:${name}`;
    })
    .replace(/(\/auth)\?\S+/g, '$1?...');

/**
 * The text without what differs between runs: times and durations.
 */
export const masked = (text: string): string =>
  text
    .replace(/\d+(\.\d)? ms/g, 'N ms')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replace(/\b\d\d:\d\d:\d\d\b/g, 'TIME')
    .replace(/\b\d+s\b/g, 'Ns')
    .replace(/\b\d+m\b/g, 'Nm')
    .replace(/"?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"?/g, 'UID') // YAML quotes one that could be read as a number
    .replace(/(Resource Version: +)\d+/g, '$1N')
    .replace(/ +/g, ' ');
