/**
 * Runs the commands of a page one after another in its own world: the demo of `npm start`, swept
 * three times, with Ada as its user. A page with its own `my-server.yaml` has that server instead.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { ada } from '../../local/issuer.ts';
import { startWorld } from '../../local/world.ts';
import { runMuster } from '../cli/run.ts';
import { browserOf } from '../world/browser.ts';
import { kubectlTable } from './kubectl.ts';
import type { OwnServers } from './own-servers.ts';
import { defined } from '../../functions/model/defined.ts';

export type Replay = {
  /**
   * What the command prints, with addresses as `npm start` has them. Throws where the command
   * cannot be replayed.
   */
  readonly run: (command: string) => Promise<string>;
  readonly end: () => Promise<void>;
};

export async function startReplay(muster: string, own?: OwnServers): Promise<Replay> {
  const world = await startWorld(defined({ servers: own?.file }));
  const home = await mkdtemp(join(tmpdir(), 'muster-docs-'));
  for (let count = 0; count < 3; count += 1) await world.sweep({ everything: true });
  const kubeconfig = new KubeConfig();
  kubeconfig.loadFromString(world.environment['KUBECONFIG_YAML'] ?? '');
  const cluster = kubeconfig.getCurrentCluster()?.server ?? '';
  let code = 0;

  const type = async (line: string): Promise<string> => {
    // Pages name the endpoint as `npm start` does.
    const here = line.replaceAll('http://127.0.0.1:8787', world.url);
    const ended = await runMuster(muster, here, {
      // As `npm start` prints it for the reader.
      environment: { MUSTER_SERVERLESS_ENDPOINT: world.url },
      home,
      onAddress: (address) => browserOf(ada).visit(address),
    });
    code = ended.code ?? 1;
    return ended.stdout + ended.stderr.replace(pastePrompt, '');
  };
  const get = async (wide: boolean): Promise<string> => {
    const response = await fetch(`${cluster}/apis/muster.giantswarm.io/v1alpha1/mcpservers`, {
      headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
    });
    return kubectlTable(await response.json(), wide);
  };
  const run = (command: string): Promise<string> => {
    if (command.startsWith('muster ')) return type(command.slice('muster '.length));
    if (own !== undefined && command.startsWith('npm start --silent ')) return own.start(command);
    if (command === 'echo $?') return Promise.resolve(`${code}\n`);
    if (/^kubectl get mcpservers( -o wide)?$/.test(command)) return get(command.endsWith('wide'));
    throw new Error(
      `No test can run "${command}". Put it into an sh block, without output, or teach test/docs/replay.ts to run it.`,
    );
  };
  const known = new Map([
    [new URL(world.url).port, '8787'],
    ...(own === undefined ? [] : [own.ports]),
  ]);
  // `muster connect --print` names the files of this machine.
  const installed = (text: string): string =>
    text.replaceAll(process.execPath, '/usr/local/bin/node').replaceAll(muster, installedFile);
  return {
    run: async (command) => installed(withPorts(await run(command), known)),
    end: async () => {
      await world.close();
      await rm(home, { recursive: true });
    },
  };
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
    .replace(/127\.0\.0\.1:(\d{5})/g, (_, port: string) => {
      const name = known.get(port) ?? String(40_000 + known.size);
      known.set(port, name);
      return `127.0.0.1:${name}`;
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
    .replace(/ +/g, ' ');
